import { messageOf, providerPorts, type Ports } from '@deploy-actions/action-kit'
import { resolveRegion, type RegionConfig, type RolloutFile, type Traffic } from '@deploy-actions/config'
import { createArmSampler, preflight } from '@deploy-actions/metrics'
import { findArms, formatWeights } from '@deploy-actions/rollout'
import { SAMPLE_VARIABLES } from '../validate-command'

/** What the baseline of a region was seen to do. */
export interface Measured {
  requests: number
  errors: number
  /** how long it was looked at, in milliseconds */
  windowMs: number
}

/** Errors are rare: it is looked on for six intervals where there is less traffic than that. */
const ENOUGH_REQUESTS = 3000

/** Asks the router which arm serves, and the metrics what it does; or says why that is not known. */
export async function liveBaseline(
  file: RolloutFile,
  { region: { name }, traffic, arms, canary }: RegionConfig,
  ports: Ports,
): Promise<{ traffic: Traffic; measured: Measured } | { why: string }> {
  const asked = providerPorts(ports)
  const metricsOf = async (arm: string) => {
    const variables = { ...SAMPLE_VARIABLES, arm }
    return (await resolveRegion(file, name, { variables, secrets: ports.secrets })).metrics
  }
  try {
    const { weights } = await traffic.canary.router.open(asked, arms.names).read(ports.signal)
    const found = findArms(weights)
    if (!found)
      return { why: `neither arm carries all the traffic: the router holds ${formatWeights(weights)}` }
    const queries = { baseline: await metricsOf(found.baseline), canary: await metricsOf(found.canary) }
    const sampler = createArmSampler(queries, asked)
    const seen = await preflight(sampler, canary.analysis.interval, ports, ENOUGH_REQUESTS)
    if (!seen.ok) return { why: seen.reason }
    const { requests, errors } = seen.baseline
    const { windowMs } = seen
    return {
      measured: { requests, errors, windowMs },
      traffic: { requestsPerSecond: (1000 * requests) / windowMs, baselineErrors: errors / requests },
    }
  } catch (error) {
    return { why: messageOf(error) }
  }
}
