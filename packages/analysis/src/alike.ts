import type { Margin } from './error-evidence'
import type { Counts } from './sample'

/** With fewer requests of the baseline in the window its rate says nothing. */
export const LEAST_OF_BASELINE = 20
/** By so many standard errors of the difference the canary may be above what is harmless. */
const STANDARD_ERRORS = 4

/** Both arms in the window that was judged: the same samples. */
export interface BothArms {
  canary: Counts
  baseline: Counts
}

/**
 * Do both arms fail alike, as they do when something that both depend on is down? They do when the baseline had at
 * least 20 requests in the judged window and failed there, and the canary's rate `p_c` is not above what the margin allows over the
 * baseline's `p_b` by more than four standard errors of the difference:
 * `p_c <= ratio p_b + absolute + 4 sqrt(p_b (1 - p_b) (1/n_c + 1/n_b))`.
 */
export function areAlike({ canary, baseline }: BothArms, { ratio, absolute }: Margin): boolean {
  if (canary.requests === 0 || baseline.requests < LEAST_OF_BASELINE || baseline.errors === 0) return false
  const rate = baseline.errors / baseline.requests
  const spread = Math.sqrt(rate * (1 - rate) * (1 / canary.requests + 1 / baseline.requests))
  return canary.errors / canary.requests <= ratio * rate + absolute + STANDARD_ERRORS * spread
}

/** What a sentence that blames the canary has to add when both fail alike. */
export const alikeSentence = (baseline: string): string =>
  `; the baseline fails as much (${baseline}), so taking the release back may not help`
