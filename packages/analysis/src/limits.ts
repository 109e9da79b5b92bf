import { formatRate } from '@deploy-actions/rollout'
import { alikeSentence, areAlike } from './alike'
import type { Criterion, Shared } from './criterion'
import { againstLimit, RATIOS } from './error-evidence'
import { mixedEvidence, planStarts } from './mixed-starts'
import type { Counts } from './sample'
import { failed, odds, oddsOf } from './wording'

/**
 * Does the canary fail more than the limit of the stage (0 to 1) allows? One evidence for the limits of all stages; what it
 * says is counted in the stages that have the same one.
 */
export function errorRateLimits(
  limits: readonly (number | undefined)[],
  plannedMs: number,
  { counts, baseline, margin }: Shared,
): Criterion {
  const evidence = mixedEvidence(RATIOS.length)
  const changes = limits.filter((limit, stage) => limit !== undefined && limit !== limits[stage - 1]).length
  const starts = planStarts(plannedMs, Math.max(1, changes))
  let elapsedMs = 0
  let held: number | undefined
  return {
    log: () => evidence.log(),
    next({ canary, windowMs }, stage, bar) {
      const limit = limits[stage]
      if (limit === undefined || !canary) return undefined
      evidence.multiply(
        againstLimit(canary, windowMs, limit, baseline),
        starts.next(elapsedMs, limit !== held),
      )
      elapsedMs += windowMs
      held = limit
      const value = oddsOf(evidence.log())
      const { canary: sum, baseline: beside } = counts.over((one) => limits[one] === limit)
      const isAbove = ({ requests, errors }: Counts): boolean => errors > limit * requests
      // It decides nothing but the words.
      const alike = isAbove(beside) && areAlike({ canary: sum, baseline: beside }, margin)
      return {
        metric: 'error-rate',
        reason: () =>
          `canary ${failed(sum)}, limit ${formatRate(limit)}, evidence ${odds(value)}, bar ${odds(bar)}`,
        ...(alike && { alike: () => alikeSentence(beside) }),
        evidence: { value, bar },
        limit,
        observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
      }
    },
  }
}
