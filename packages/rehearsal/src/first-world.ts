import type { RegionConfig } from '@deploy-actions/config'
import type { EnvironmentSetting } from '@deploy-actions/github-emulator'
import type { WorldPlanInput } from '@deploy-actions/embedded-regions'
import type { Scenario } from './scenario'

/** Who approves in the emulated repository. */
export const REVIEWER = 'sre-on-call'

/** What runs before the first rehearsal: two releases, the older one idle. */
const FIRST_RELEASES = {
  serving: { version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` },
  idle: { version: '0.9.0', digest: `sha256:${'9'.repeat(64)}` },
}

/** The regions as they are before the first rehearsal. */
export function firstWorld(configs: readonly RegionConfig[], rps: number): WorldPlanInput {
  return {
    v: 1,
    rps,
    regions: configs.map(({ region, arms: { names } }) => ({
      name: region.name,
      baseline: names[0],
      arms: { [names[0]]: FIRST_RELEASES.serving, [names[1]]: FIRST_RELEASES.idle },
    })),
  }
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
