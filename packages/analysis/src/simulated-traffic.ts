import { binomialQuantile } from './binomial'
import { createRandom } from './random'
import type { ArmSample, Bucket, Counts, Sample } from './sample'

/** A number of each arm. */
export type OfArms = Record<'baseline' | 'canary', number>

/** Samples of both arms as their counters would tell of them: requests come at random, and each fails with the rate of its arm. */
export interface SimulatedTraffic {
  /**
   * Of the same index always the same requests and the same luck: a sample at a higher rate has the errors of one at a lower rate,
   * and more.
   * @param rates of errors, 0 to 1
   */
  sample(index: number, rates: OfArms): Sample
}

interface Drawn {
  requests: OfArms
  luck: OfArms
}

/**
 * @param expected requests of each arm in a sample, in the mean
 * @param slowest every request takes at most so many milliseconds; undefined where that is not measured
 */
export function simulateTraffic(
  expected: OfArms,
  windowMs: number,
  { seed, slowest }: { seed: number; slowest: number | undefined },
): SimulatedTraffic {
  const random = createRandom(seed)
  const draw = (): Drawn => ({
    requests: { baseline: random.poisson(expected.baseline), canary: random.poisson(expected.canary) },
    luck: { baseline: random.uniform(), canary: random.uniform() },
  })
  const drawn: Drawn[] = []
  return {
    sample(index, rates) {
      while (drawn.length <= index) drawn.push(draw())
      const { requests, luck } = drawn[index] as Drawn
      const arm = (name: keyof OfArms): ArmSample => {
        const errors = binomialQuantile(luck[name], requests[name], rates[name])
        return withLatency({ requests: requests[name], errors }, slowest)
      }
      return { at: '', windowMs, problems: [], baseline: arm('baseline'), canary: arm('canary') }
    },
  }
}

function withLatency(counts: Counts, slowest: number | undefined): ArmSample {
  if (slowest === undefined) return counts
  const latency: Bucket[] = [slowest, Infinity].map((le) => ({ le, count: counts.requests }))
  return { ...counts, latency }
}
