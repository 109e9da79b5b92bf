import type { NewRule } from './rule'
import { adjoiningWindows, successRate } from './windows'

/*
 * The loop of Flagger's controller (fluxcd/flagger 15bd6ad: pkg/controller/scheduler.go, scheduler_metrics.go) with its metric
 * request-success-rate. Its own steps of weight are left to the schedule of the benchmark; a failed check would hold them.
 */

const INTERVAL_MS = 60_000
const LEAST_SUCCESS_RATE = 0.99

/** A success rate below the least one, NaN and no data at all are one and the same: a failed check. */
export function passes(rate: number | undefined): boolean {
  return rate !== undefined && rate >= LEAST_SUCCESS_RATE
}

/**
 * One tick of the loop, asked with whether its check passes: is the release taken back? Failed checks are counted over the whole
 * rollout, and looked at before the check of the tick, so that it is one interval later than the last of them.
 */
export function ticks(threshold: number): (passed: boolean) => boolean {
  let failedChecks = 0
  return (passed) => {
    if (failedChecks >= threshold) return true
    if (!passed) failedChecks++
    return false
  }
}

export const flagger =
  (threshold: number): NewRule =>
  () => {
    const minutes = adjoiningWindows(INTERVAL_MS)
    const tick = ticks(threshold)
    return {
      takesBack(sample) {
        const minute = minutes(sample)
        return minute !== undefined && tick(passes(successRate(minute)))
      },
    }
  }
