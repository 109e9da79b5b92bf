import { formatRate } from '@deploy-actions/rollout'
import type { Counts } from './sample'

/** Made where it is first needed: it would cost every start of an action what most never need. */
let whole: Intl.NumberFormat | undefined
const count = (value: number): string =>
  (whole ??= new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })).format(value)

/** `43 of 5,120 requests failed (0.84%)` */
export function failed({ requests, errors }: Counts, what = 'requests'): string {
  return `${count(errors)} of ${count(requests)} ${what} failed (${formatRate(requests === 0 ? 0 : errors / requests)})`
}

/** `43 of 5,120 requests took over 250 ms (0.84%)`, of counts whose errors are those that did. */
export function slow({ requests, errors }: Counts, bound: number): string {
  return `${count(errors)} of ${count(requests)} requests took over ${formatMs(bound)} (${formatRate(requests === 0 ? 0 : errors / requests)})`
}

/** `250 ms`, `2.5 s` */
export const formatMs = (ms: number): string =>
  ms < 1000 ? `${Number(ms.toPrecision(6))} ms` : `${Number((ms / 1000).toPrecision(6))} s`

/** How many times the baseline's rate the canary's is, or why there is no such number. */
export function times(canary: Counts, baseline: Counts): string {
  if (canary.requests === 0 || baseline.requests === 0) return 'no ratio yet'
  if (baseline.errors === 0) return canary.errors === 0 ? 'neither has any' : 'the baseline had none'
  return `${Number((canary.errors / canary.requests / (baseline.errors / baseline.requests)).toPrecision(2))} times`
}

/** Odds of which the logarithm is known, as a number that JSON can hold. */
export const oddsOf = (log: number): number => Math.exp(Math.min(log, HIGHEST_LOG))
const HIGHEST_LOG = 700

/** Evidence as people bet on it: 9,400 -> `1:9,400`; below 1 it speaks for the canary. */
export function odds(value: number): string {
  return value >= 1
    ? `1:${count(Math.min(value, 1e15))}`
    : `${Number((1 / value).toPrecision(2)) > 1e6 ? 'over 1,000,000' : count(1 / value)}:1`
}
