import { dispersion } from './dispersion'
import { upperBound } from './error-evidence'
import { add, total, type Counts } from './sample'

/** How much worse than the baseline is still harmless: `ratio` times its rate plus `absolute` (a rate, 0 to 1). */
export interface Margin {
  ratio: number
  absolute: number
}

/** What is known of the baseline from the samples that it was shown. */
export interface KnownBaseline {
  learn(sample: Counts): void
  /** how many times its rate a canary's may be */
  margin(): number
  /** how much more its counts scatter than by chance, at least 1: evidence of errors is divided by it */
  scatter(): number
  /** the highest rate (0 to 1) that a canary may have without a baseline beside it; undefined when it never had traffic */
  highestAllowed(): number | undefined
}

/** Scatter is measured over at most this many of the newest samples, so that memory does not grow with time. */
const REMEMBERED = 720
/** One-sided 99 % point of the normal distribution. */
const Z_99 = 2.326
/** The highest limit: evidence that a rate of 1 is exceeded cannot exist. */
const HIGHEST_LIMIT = 0.99

export function knowBaseline({ ratio, absolute }: Margin): KnownBaseline {
  const newest: Counts[] = []
  const sum = total([])
  return {
    learn(sample) {
      newest.push(total([sample]))
      if (newest.length > REMEMBERED) newest.shift()
      add(sum, sample)
    },
    // Half an error and one request more than were seen: the rate of a baseline without errors must not be 0.
    margin: () => ratio + absolute / ((sum.errors + 0.5) / (sum.requests + 1)),
    scatter: () => dispersion(newest),
    highestAllowed: () =>
      sum.requests === 0 ? undefined : Math.min(HIGHEST_LIMIT, upperBound(sum, Z_99) * ratio + absolute),
  }
}
