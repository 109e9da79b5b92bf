import { formatRate } from '@deploy-actions/rollout'
import { alikeSentence, failAlike } from './alike'
import type { Criterion, Shared } from './criterion'
import { exceedsLimit, type LimitEvidence } from './error-evidence'
import { add, total, type Counts } from './sample'
import type { Judgement } from './verdict'
import { failed, odds } from './wording'

/** Does the canary fail more than `limit` (0 to 1) allows? Asked and counted in the stages that have this limit. */
export function errorRateLimit(
  limit: number,
  hasLimit: (stage: number) => boolean,
  shared: Shared,
): Criterion {
  const evidence = exceedsLimit(limit)
  return ({ canary }, stage) => {
    if (!hasLimit(stage)) return []
    evidence.add(canary)
    const { canary: sum, baseline } = shared.counts.over(hasLimit)
    return [againstLimit('error-rate', { limit, evidence, sum, baseline }, shared)]
  }
}

/**
 * At 100 % the baseline is silent: what its rate can have been at most, with the margin, is one more limit. It is
 * fixed at the first sample, and does not exist when the baseline never had traffic.
 */
export function earlierBaseline(shared: Shared): Criterion {
  let test: LimitTest | undefined
  return ({ canary }) => {
    test ??= beginTest(shared.baseline.highestAllowed())
    if (!test) return []
    add(test.sum, canary)
    test.evidence.add(canary)
    return [againstLimit('errors-against-earlier-baseline', test, shared)]
  }
}

interface LimitTest {
  limit: number
  evidence: LimitEvidence
  /** of the samples that the evidence is made of */
  sum: Counts
  /** of the same samples, where it was asked */
  baseline?: Counts
}

function beginTest(limit: number | undefined): LimitTest | undefined {
  return limit === undefined ? undefined : { limit, evidence: exceedsLimit(limit), sum: total([]) }
}

function againstLimit(
  metric: string,
  { limit, evidence, sum, baseline: beside }: LimitTest,
  { baseline, bar, margin }: Shared,
): Judgement {
  const value = Math.exp(evidence.log(baseline.scatter()))
  const isAbove = ({ requests, errors }: Counts): boolean => errors > limit * requests
  const alike =
    value >= bar && beside !== undefined && failAlike({ canary: sum, baseline: beside }, margin, isAbove)
  const reason = `canary ${failed(sum)}, limit ${formatRate(limit)}, evidence ${odds(value)}, bar ${odds(bar)}`
  return {
    metric,
    verdict: value >= bar ? 'fail' : 'pass',
    reason: alike ? `${reason}${alikeSentence(beside)}` : reason,
    ...(alike && { alike }),
    evidence: { value, bar },
    limit,
    observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
  }
}
