import { table } from '@deploy-actions/action-kit'
import { judgedCanary, powerInWords, powerOf, powerWarnings, type RegionConfig } from '@deploy-actions/config'
import { formatDuration, formatPercent } from '@deploy-actions/rollout'

/** A region, and what its baseline did when it was looked at. */
export interface SeenRegion {
  config: RegionConfig
  baseline: { requests: number; errors: number }
  windowMs: number
}

/**
 * What the stages find in the region with the least traffic. Of one alone, since that takes a second or two of CPU; undefined where
 * no region was seen.
 */
export async function summarisePower(seen: readonly SeenRegion[]): Promise<string | undefined> {
  const least = seen.toSorted((a, b) => perSecond(a) - perSecond(b))[0]
  if (!least) return undefined
  const { config, baseline, windowMs } = least
  const { requests, errors } = baseline
  const canary = judgedCanary(config)
  const traffic = { requestsPerSecond: perSecond(least), baselineErrors: errors / requests }
  const power = await powerOf(canary, traffic)
  const rows = power.map(({ weight, power }) => {
    const { finds, after, lost, limit } = powerInWords(power)
    return [formatPercent(weight), finds, after || '-', lost || '-', limit || '-']
  })
  const which = seen.length > 1 ? ', which has the least traffic' : ''
  const looked = formatDuration(Math.round(windowMs / 1000) * 1000)
  return [
    `What the stages find in ${config.region.name}${which}: ${Number(traffic.requestsPerSecond.toPrecision(3))} requests/s, and ${errors} of ${requests} failed in ${looked}. Of simulated rollouts 90% find such an error rate of the canary, from the beginning of the stage on; \`deploy-actions power\` tells it for other traffic, rates and stages.`,
    '',
    table(['Stage', 'Finds', 'After (median)', 'Lost requests', 'Error limit'], rows),
    ...powerWarnings(canary.stages, power, traffic).map((warning) => `\n${warning}.`),
  ].join('\n')
}

const perSecond = ({ baseline, windowMs }: SeenRegion): number => (1000 * baseline.requests) / windowMs
