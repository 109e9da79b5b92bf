import type { Bucket, Counts } from './sample'
import { formatMs } from './wording'

/**
 * A bucket bound of the canary, and the one of the baseline that it is held against (milliseconds): the largest that is faster
 * by the tolerance.
 */
export interface BoundPair {
  canary: number
  baseline: number
}

/** Above this share of the baseline's requests a bound tells less than those beyond. */
const HIGHEST_SHARE = 0.5
/** Below this share too few requests lie above a bound; one such is kept, above which nearly none of the baseline lies. */
const LEAST_SHARE = 0.001

/**
 * The bounds over which the arms are compared, by what is known of the baseline: those whose counterpart lies between its median
 * and its p99.9, and the next beyond. Between two bounds nothing is interpolated: 99 % at 95 ms between the bounds 50 and 100
 * would read as 2.6 times as many above 60 ms when they take 6 % longer, and really are 990 times as many.
 * @param tolerance so many times slower is harmless
 */
export function chooseBounds(baseline: readonly Bucket[], tolerance: number): BoundPair[] {
  const bounds = baseline.map(({ le }) => le).filter(Number.isFinite)
  const pairs = bounds.flatMap((canary) => {
    const faster = bounds.findLast((bound) => bound <= canary / tolerance)
    return faster === undefined ? [] : [{ canary, baseline: faster }]
  })
  // Several bounds may have the same counterpart: of these the lowest sees the most.
  const distinct = pairs.filter((pair, index) => pair.baseline !== pairs[index - 1]?.baseline)
  const shareAbove = ({ baseline: bound }: BoundPair): number => {
    const { requests, errors } = countAbove(baseline, bound) ?? { requests: 0, errors: 0 }
    return requests === 0 ? 1 : errors / requests
  }
  const worth = distinct.filter((pair) => shareAbove(pair) <= HIGHEST_SHARE)
  const rare = worth.findIndex((pair) => shareAbove(pair) < LEAST_SHARE)
  return rare < 0 ? worth : worth.slice(0, rare + 1)
}

/**
 * How many requests took longer than a bound, and of how many; none of a histogram without buckets, as of an arm without
 * requests. Undefined where the histogram has other bounds.
 */
export function countAbove(buckets: readonly Bucket[], bound: number): Counts | undefined {
  const all = buckets.at(-1)
  if (!all) return { requests: 0, errors: 0 }
  const within = buckets.find(({ le }) => le === bound)
  return within && { requests: all.count, errors: Math.max(0, all.count - within.count) }
}

/** The lowest bound that is not below a limit (milliseconds); undefined where all are. */
export const boundAbove = (buckets: readonly Bucket[], limit: number): number | undefined =>
  buckets.find(({ le }) => le >= limit && Number.isFinite(le))?.le

/** The lowest bound within which that share of the requests lies, by its index; -1 without requests. */
export function bucketWithin(buckets: readonly Bucket[], share: number): number {
  const all = buckets.at(-1)?.count ?? 0
  return all === 0 ? -1 : buckets.findIndex(({ count }) => count >= share * all)
}

/**
 * How long that share of the requests took at most, as far as the buckets tell: `100 ms`, or `over 10 s` where it is beyond
 * them all. Undefined without requests.
 */
export function timeWithin(buckets: readonly Bucket[], share: number): string | undefined {
  const found = bucketWithin(buckets, share)
  const le = buckets[found]?.le
  if (le === undefined) return undefined
  return Number.isFinite(le) ? formatMs(le) : `over ${formatMs(buckets[found - 1]?.le ?? 0)}`
}

/**
 * Adds up histograms by the bounds that all of them have: what one of them counts up to a bound of another nobody knows. Those
 * without buckets count nothing. Bounds ascend, as they do in each of them.
 */
export function addBuckets(all: readonly (readonly Bucket[])[]): Bucket[] {
  const [first = [], ...others] = all.filter((buckets) => buckets.length > 0)
  return first.flatMap(({ le, count }) => {
    const same = others.flatMap((buckets) => buckets.find((bucket) => bucket.le === le) ?? [])
    return same.length < others.length
      ? []
      : [{ le, count: same.reduce((sum, one) => sum + one.count, count) }]
  })
}
