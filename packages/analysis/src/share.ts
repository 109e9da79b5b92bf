import { formatRate } from '@deploy-actions/rollout'
import type { ArmSample, Sample } from './sample'

/** So long it is looked back, in the milliseconds that samples cover, or until enough are due. */
const SHARE_WINDOW_MS = 60_000
/** Fewer than these say nothing: a healthy canary would miss half of them by chance once in some ten million minutes. */
export const DUE_AT_LEAST = 100
/** Less than this part of what is due is too little. */
export const LEAST_OF_SHARE = 0.5

/** The canary was counted far fewer requests than its weight gives it. */
export interface MissedShare {
  reason: string
  /** how long a time that is, back from the end of the last sample */
  windowMs: number
  /** the requests that were counted in it */
  counted: Record<'baseline' | 'canary', number>
}

/**
 * Sees when a canary is not counted the requests that its weight gives it. A rule, not a test: few connections that are
 * kept alive may all miss a healthy canary by chance, so by itself it fails nothing; but what was not seen has not passed.
 */
export interface ShareWatch {
  /** A sample in which an arm, or a page of one, is missing is left out. */
  next(sample: Sample): MissedShare | undefined
}

const isWhole = (arm: ArmSample | undefined): arm is ArmSample => arm !== undefined && !arm.leftOut?.length

/** @param share what the canary's weight gives it of all requests, above 0 and below 1 */
export function watchShare(share: number): ShareWatch {
  const windows: { ms: number; canary: number; both: number }[] = []
  const sum = (of: 'ms' | 'canary' | 'both'): number =>
    windows.reduce((total, window) => total + window[of], 0)
  /** Without its oldest part it is still long enough, and enough is due in it. */
  const canSpareOldest = (): boolean => {
    const oldest = windows[0] ?? { ms: 0, both: 0 }
    return sum('ms') - oldest.ms >= SHARE_WINDOW_MS && share * (sum('both') - oldest.both) >= DUE_AT_LEAST
  }
  return {
    next({ baseline, canary, windowMs }) {
      if (!isWhole(baseline) || !isWhole(canary)) return undefined
      windows.push({ ms: windowMs, canary: canary.requests, both: baseline.requests + canary.requests })
      while (canSpareOldest()) windows.shift()
      const [ms, got, both] = [sum('ms'), sum('canary'), sum('both')]
      const due = share * both
      if (ms < SHARE_WINDOW_MS || due < DUE_AT_LEAST || got >= LEAST_OF_SHARE * due) return undefined
      return {
        reason: `in the last ${Math.round(ms / 1000)} s the canary was counted ${got} of ${both} requests, and its share of ${formatRate(share)} is ${Math.round(due)}`,
        windowMs: ms,
        counted: { baseline: both - got, canary: got },
      }
    },
  }
}
