import type { Bucket, Random } from '@deploy-actions/analysis'

/** How long requests take: lognormal, half of them no longer than `medianMs`. */
export interface Latencies {
  medianMs: number
  sigma: number
  /** upper bounds of the histogram, milliseconds, ascending */
  bounds: readonly number[]
  /** what the canary's requests take so many times as long as the baseline's, and which part of them (0 to 1) */
  slow?: { times: number; share: number }
}

/** The default buckets of Prometheus' client libraries. */
export const DEFAULT_BOUNDS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000]
/** Each 1.2 times the one before, from 5 ms to 2 s. */
export const FINE_BOUNDS = Array.from({ length: 34 }, (_, index) => 5 * 1.2 ** index)

/** Draws the buckets of an arm, cumulative, for so many requests. */
export type DrawBuckets = (requests: number, random: Random) => Bucket[]

/** For both arms, with what each bucket gets computed once. */
export function bucketsOf(latencies: Latencies): Record<'canary' | 'baseline', DrawBuckets> {
  const { bounds, slow } = latencies
  const within = (ms: number): number => normal(Math.log(ms / latencies.medianMs) / latencies.sigma)
  const canary = (ms: number): number =>
    slow ? (1 - slow.share) * within(ms) + slow.share * within(ms / slow.times) : within(ms)
  return { baseline: drawing(bounds, bounds.map(within)), canary: drawing(bounds, bounds.map(canary)) }
}

/** One bucket after the other: of those who are in none before it as many as its share of what is left. */
function drawing(bounds: readonly number[], within: readonly number[]): DrawBuckets {
  const shares = within.map((share, index) => {
    const before = within[index - 1] ?? 0
    return before < 1 ? Math.min(1, Math.max(0, (share - before) / (1 - before))) : 0
  })
  return (requests, random) => {
    let counted = 0
    const buckets = bounds.map((le, index): Bucket => {
      counted += random.binomial(requests - counted, shares[index] ?? 0)
      return { le, count: counted }
    })
    return [...buckets, { le: Infinity, count: requests }]
  }
}

const STEPS = 2000

/** Standard normal distribution function, by Simpson's rule from 0. */
function normal(z: number): number {
  const end = Math.min(8, Math.abs(z))
  const width = end / STEPS
  const density = (x: number): number => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)
  let sum = density(0) + density(end)
  for (let step = 1; step < STEPS; step++) sum += (step % 2 === 1 ? 4 : 2) * density(step * width)
  const half = (sum * width) / 3
  return z < 0 ? 0.5 - half : 0.5 + half
}
