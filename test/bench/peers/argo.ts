import type { NewRule } from './rule'
import { adjoiningWindows, successRate } from './windows'

/*
 * A metric of Argo Rollouts as its controller assesses it (argoproj/argo-rollouts 9f8d111: analysis/analysis.go,
 * utils/evaluate/evaluate.go), for a metric with a success condition alone, an interval and no count: it goes on until the
 * rollout ends, and its failure or error aborts that.
 */

const INTERVAL_MS = 60_000
/** An error is measured again after this, whatever the interval. */
const ERROR_RETRY_MS = 10_000
const CONSECUTIVE_ERROR_LIMIT = 4

export type Measured = 'Successful' | 'Failed' | 'Error'
export type Phase = 'Running' | 'Failed' | 'Error'

/**
 * `result[0] >= 0.99`. An empty result has no element 0, which is an error; NaN is not at least anything, so that it
 * fails.
 */
export function evaluate(result: number | undefined): Measured {
  if (result === undefined) return 'Error'
  return result >= 0.99 ? 'Successful' : 'Failed'
}

/** What is known of a metric after each of its measurements. It fails with more failures than `failureLimit`, not with as many. */
export function assess(failureLimit: number): (measured: Measured) => Phase {
  let failures = 0
  let consecutiveErrors = 0
  return (measured) => {
    if (measured === 'Failed') failures++
    consecutiveErrors = measured === 'Error' ? consecutiveErrors + 1 : 0
    // In this order: errors hide a failure limit that was exceeded before.
    if (consecutiveErrors > CONSECUTIVE_ERROR_LIMIT) return 'Error'
    return failures > failureLimit ? 'Failed' : 'Running'
  }
}

/** An analysis in the background of the whole rollout: each minute the success rate of the last one. */
export const argo =
  (failureLimit: number): NewRule =>
  () => {
    const minutes = adjoiningWindows(INTERVAL_MS)
    const retries = adjoiningWindows(ERROR_RETRY_MS)
    const next = assess(failureLimit)
    let hasErred = false
    return {
      takesBack(sample) {
        const minute = minutes(sample)
        const retry = retries(sample)
        const window = minute ?? (hasErred ? retry : undefined)
        if (!window) return false
        const measured = evaluate(successRate(window))
        hasErred = measured === 'Error'
        return next(measured) !== 'Running'
      },
    }
  }
