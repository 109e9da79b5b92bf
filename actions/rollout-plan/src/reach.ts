import { messageOf, providerPorts, type Ports, type Problem } from '@deploy-actions/action-kit'
import {
  chanceAlarms,
  planStages,
  sharePlanOf,
  stagesOutOfReach,
  type RegionConfig,
} from '@deploy-actions/config'
import { blindSpot, createArmSampler, preflight } from '@deploy-actions/metrics'
import { findArms, formatWeights, type Arms } from '@deploy-actions/rollout'
import { obstacleTo } from '@deploy-actions/traffic'
import { findShare } from '@deploy-actions/transaction'
import type { SeenRegion } from './power-summary'

/** What is known of the regions' arms. */
export interface KnownArms {
  /** a region's config as it is for one arm */
  forArm: (region: string, arm: string) => Promise<RegionConfig>
  /** the arms of regions that an earlier attempt of this run left split: they are restored before anything else */
  leftOpen: ReadonlyMap<string, Arms>
}

/** What keeps a canary from being judged, and what was seen of the regions that have told it. */
export interface Reached {
  problems: Problem[]
  seen: SeenRegion[]
}

const refused = (...problems: Problem[]): Reached => ({ problems, seen: [] })
const UNKNOWN: Reached = { problems: [], seen: [] }

/**
 * Asks each region's router and metrics, from here, whether a canary could be judged there. What cannot be reached
 * from this job is a warning: the deploy job asks again before anything is written.
 */
export async function reach(
  configs: readonly RegionConfig[],
  known: KnownArms,
  ports: Ports,
): Promise<Reached> {
  const reached = await Promise.all(
    configs.map(async (config) => {
      await warnOfShare(config, ports)
      try {
        return await reachOne(config, known, ports)
      } catch (error) {
        ports.log.warning(
          `${config.region.name} could not be asked from this job; it is asked again before anything is written: ${messageOf(error)}`,
        )
        return UNKNOWN
      }
    }),
  )
  return {
    problems: reached.flatMap(({ problems }) => problems),
    seen: reached.flatMap(({ seen }) => seen),
  }
}

/** By the time of its deploy another region may serve again, or somebody have put the router right. */
async function warnOfShare(config: RegionConfig, ports: Ports): Promise<void> {
  const [router, plan] = [config.traffic.regions?.router, sharePlanOf(config)]
  if (!router || !plan) return
  try {
    await findShare(router, plan, providerPorts(ports))
  } catch (error) {
    ports.log.warning(
      `the share of ${plan.region} could not be drained now, and is looked at again before anything is written: ${messageOf(error)}`,
    )
  }
}

async function reachOne(
  config: RegionConfig,
  { forArm, leftOpen }: KnownArms,
  ports: Ports,
): Promise<Reached> {
  const { name } = config.region
  const asked = providerPorts(ports)
  const reading = await config.traffic.canary.router.open(asked, config.arms.names).read(ports.signal)
  const { weights, differs } = reading
  const problem = (leftOpen.has(name) ? undefined : differs) ?? obstacleTo(reading)
  if (problem !== undefined) return refused({ where: name, message: problem })
  const arms = findArms(weights) ?? leftOpen.get(name)
  if (!arms)
    return refused({
      where: name,
      message: `neither arm carries all the traffic: the router holds ${formatWeights(weights)}; put all of it on the arm that serves first`,
    })
  const [baseline, canary] = [await forArm(name, arms.baseline), await forArm(name, arms.canary)]
  const { analysis, stages } = config.canary
  const sampler = createArmSampler({ baseline: baseline.metrics, canary: canary.metrics }, asked)
  const blind = blindSpot(canary.metrics)
  if (blind !== undefined) ports.log.warning(`${name}: ${blind}`)
  const seen = await preflight(sampler, analysis.interval, ports)
  if (!seen.ok && seen.misnamed)
    return refused(...seen.misnamed.map(({ where, message }) => ({ where: `${name}: ${where}`, message })))
  if (!seen.ok) {
    ports.log.warning(`${name}: ${seen.reason}`)
    return UNKNOWN
  }
  for (const warning of seen.warnings) ports.log.warning(`${name}: ${warning}`)
  const plans = planStages(stages, analysis, config.metrics)
  const alarms = chanceAlarms(seen, plans, analysis)
  if (alarms !== undefined) ports.log.warning(`${name}: ${alarms}`)
  const problems = stagesOutOfReach(seen, plans).map((message) => ({
    where: name,
    message,
  }))
  return { problems, seen: [{ config, baseline: seen.baseline, windowMs: seen.windowMs }] }
}
