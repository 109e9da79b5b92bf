import type { RegionConfig } from '@deploy-actions/config'
import type { EnvironmentSetting } from '@deploy-actions/github-emulator'
import type { WorldPlan, WorldPlanInput } from '@deploy-actions/embedded-regions'
import { FIRST_RELEASES } from './releases'
import type { Scenario } from './scenario'
import { firstRouter } from './shares'

/** Who approves in the emulated repository. */
export const REVIEWER = 'sre-on-call'

/** Requests per second and region in scaled time, and how fast that is. */
interface Pace {
  rps: number
  speed: number
}

/** The name of a region's backend: that of its own config where it has one, so that its queries find their series. */
function backendOf({ traffic }: RegionConfig): string {
  const { backend } = traffic.canary.router.written
  return typeof backend === 'string' ? backend : 'app'
}

/** The regions as they are before the first rehearsal. */
export function firstWorld(configs: readonly RegionConfig[], { rps, speed }: Pace): WorldPlanInput {
  return {
    v: 1,
    rps: rps * speed,
    speed,
    router: firstRouter(configs),
    regions: configs.map((config) => {
      const { region, arms } = config
      const [serving, idle] = arms.names
      return {
        name: region.name,
        backend: backendOf(config),
        baseline: serving,
        arms: { [serving]: FIRST_RELEASES.serving, [idle]: FIRST_RELEASES.idle },
      }
    }),
  }
}

/** A kept world as it was left, under this config. */
export function sameWorld(
  plan: WorldPlan,
  configs: readonly RegionConfig[],
  { rps, speed }: Pace,
): WorldPlan {
  const regions = plan.regions.map((region) => {
    const config = configs.find((candidate) => candidate.region.name === region.name)
    return { ...region, ...(config ? { backend: backendOf(config) } : {}) }
  })
  const router = firstRouter(configs) && (plan.router ?? firstRouter(configs))
  return { ...plan, rps: rps * speed, speed, regions, router }
}

/** As docs/environments.md asks for: reviewers and branches for the region, nobody for its guard. */
export function environmentsOf(configs: readonly RegionConfig[], scenario: Scenario): EnvironmentSetting[] {
  const branchPolicy = { protected_branches: true, custom_branch_policies: false }
  return configs.flatMap(({ region }) => {
    const proper: EnvironmentSetting[] = [
      {
        name: region.environment,
        reviewers: [REVIEWER],
        preventSelfReview: true,
        canAdminsBypass: false,
        branchPolicy,
      },
      { name: region['guard-environment'], canAdminsBypass: false, branchPolicy },
    ]
    return proper.map((environment) => {
      const { reviewers, 'wait-timer': waitTimer } = scenario.environments[environment.name] ?? {}
      return { ...environment, ...(reviewers ? { reviewers } : {}), ...(waitTimer ? { waitTimer } : {}) }
    })
  })
}
