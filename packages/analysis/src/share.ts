import { formatRate } from '@deploy-actions/rollout'
import type { ArmSample, Sample } from './sample'

/** So long it is looked back, in the milliseconds that samples cover, or until enough are due. */
const SHARE_WINDOW_MS = 60_000
/** Fewer than these say nothing: a healthy canary would miss half of them by chance once in some ten million minutes. */
export const DUE_AT_LEAST = 100
/** Less than this part of what is due is too little. */
export const LEAST_OF_SHARE = 0.5

/** The canary was counted far fewer requests than are due to it. */
export interface MissedShare {
  reason: string
  /** how long a time that is, back from the end of the last sample */
  windowMs: number
  /** what is due to it of all requests in that time */
  share: number
  /** the requests that were counted in it */
  counted: Record<'baseline' | 'canary', number>
}

/**
 * Sees when a canary is not counted the requests that are due to it. A rule, not a test: few connections that are
 * kept alive may all miss a healthy canary by chance, so by itself it fails nothing; but what was not seen has not passed.
 */
export interface ShareWatch {
  /**
   * A sample in which an arm, or a page of one, is missing is left out.
   * @param share what was due to the canary of all requests in the sample, above 0 and below 1
   */
  next(sample: Sample, share: number): MissedShare | undefined
}

const isWhole = (arm: ArmSample | undefined): arm is ArmSample => arm !== undefined && !arm.leftOut?.length

export function watchShare(): ShareWatch {
  const windows: { ms: number; canary: number; both: number; due: number }[] = []
  const sum = (of: 'ms' | 'canary' | 'both' | 'due'): number =>
    windows.reduce((total, window) => total + window[of], 0)
  /** Without its oldest part it is still long enough, and enough is due in it. */
  const canSpareOldest = (): boolean => {
    const oldest = windows[0] ?? { ms: 0, due: 0 }
    return sum('ms') - oldest.ms >= SHARE_WINDOW_MS && sum('due') - oldest.due >= DUE_AT_LEAST
  }
  return {
    next({ baseline, canary, windowMs }, dueShare) {
      if (!isWhole(baseline) || !isWhole(canary)) return undefined
      const all = baseline.requests + canary.requests
      windows.push({ ms: windowMs, canary: canary.requests, both: all, due: dueShare * all })
      while (canSpareOldest()) windows.shift()
      const [ms, got, both, due] = [sum('ms'), sum('canary'), sum('both'), sum('due')]
      if (ms < SHARE_WINDOW_MS || due < DUE_AT_LEAST || got >= LEAST_OF_SHARE * due) return undefined
      const share = due / both
      return {
        share,
        reason: `in the last ${Math.round(ms / 1000)} s the canary was counted ${got} of ${both} requests, and its share of ${formatRate(share)} is ${Math.round(due)}`,
        windowMs: ms,
        counted: { baseline: both - got, canary: got },
      }
    },
  }
}
