import { unanswered, type Criterion, type Shared } from './criterion'
import { compareRates } from './error-evidence'
import type { CountsOfArms } from './stage-counts'
import type { Judgement } from './verdict'
import { failed, odds, times } from './wording'

/**
 * Does the canary fail more than the margin over the baseline allows? Its evidence and the counts that it names are
 * those of all stages. A baseline that could not be asked is not one without traffic: that is an error.
 */
export function baselineComparison({ baseline, counts, bar }: Shared): Criterion {
  const evidence = compareRates()
  return (sample) => {
    if (!sample.baseline) return [unanswered(sample)]
    // In this order: a margin made of the sample's own rate would void the bound on false alarms.
    evidence.add(sample.canary, sample.baseline, baseline.margin())
    baseline.learn(sample.baseline)
    const value = Math.exp(evidence.log(baseline.scatter()))
    return [
      compared(
        value,
        bar,
        counts.over(() => true),
      ),
    ]
  }
}

function compared(value: number, bar: number, { canary, baseline }: CountsOfArms): Judgement {
  return {
    metric: 'errors-against-baseline',
    verdict: value >= bar ? 'fail' : 'pass',
    reason: `canary ${failed(canary)}, baseline ${failed(baseline)}: ${times(canary, baseline)}, evidence ${odds(value)}, bar ${odds(bar)}`,
    evidence: { value, bar },
    observed: {
      canaryRequests: canary.requests,
      canaryErrors: canary.errors,
      baselineRequests: baseline.requests,
      baselineErrors: baseline.errors,
    },
  }
}
