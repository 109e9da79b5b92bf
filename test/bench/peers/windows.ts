import { total, type Counts, type Sample } from '@deploy-actions/analysis'

/** What the canary was counted in a window; `counts` are undefined when no sample of it had any of the canary. */
export interface Window {
  counts: Counts | undefined
}

/** Puts samples together to windows of `lengthMs` that adjoin; gives one with the sample that fills it. */
export function adjoiningWindows(lengthMs: number): (sample: Sample) => Window | undefined {
  let elapsedMs = 0
  let counts: Counts | undefined
  return ({ canary, windowMs }) => {
    if (canary) counts = total([counts, canary])
    elapsedMs += windowMs
    if (elapsedMs < lengthMs) return undefined
    const window = { counts }
    elapsedMs = 0
    counts = undefined
    return window
  }
}

/** Share of requests that went well, 0 to 1: NaN without requests, as a ratio of two sums is; undefined without data. */
export function successRate({ counts }: Window): number | undefined {
  return counts && 1 - counts.errors / counts.requests
}
