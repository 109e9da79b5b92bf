import type { Counts } from './sample'
import { logMean } from './mixed-starts'
import { WOBBLE_MS, type Wobble } from './wobble'

/** How many times the highest harmless rate the canary's may be: one hypothesis each, with no hole next to the margin. */
export const RATIOS = [1.15, 1.5, 2.2, 3.5, 6, 12, 40] as const
/** What each weighs in the evidence: most faults are of those in the middle. They add up to 1. */
export const RATIO_SHARES = [0.08, 0.2, 0.22, 0.2, 0.15, 0.1, 0.05] as const

/** How much worse than the baseline is still harmless: `ratio` times its rate plus `absolute` (a rate, 0 to 1). */
export interface Margin {
  ratio: number
  absolute: number
}

/** What both arms were counted in the same stretch of time. */
export interface PairedCounts {
  canary: Counts
  baseline: Counts
  windowMs: number
}

/**
 * Factors of a sample, as natural logarithms, against "the canary's rate `p_c` is at most `rho p_b + delta`". With `a` errors of `n_c`
 * requests of the canary and `b` of `n_b` of the baseline it is `theta_0 = rho n_c/(rho n_c + n_b)`, `theta_k` the same with
 * `r_k rho`, `x_k = theta_k/theta_0`, and `f_k = x_k^a ((1 - theta_k)/(1 - theta_0))^b exp(-delta n_c (x_k - 1))`. Where
 * a and b are independent given the past and the requests, its expectation is at most
 * `exp(n_c (x_k - 1)(p_c - rho p_b - delta))`, by 1 + y <= e^y: 1 at most for every p_b, known or not, moving or not, of binomial
 * and of Poisson counts (compare Howard et al. 2020, doi 10.1214/18-PS321).
 *
 * Rates wander by themselves, each arm's apart: the exponent is divided by `phi_k = 1 + c^2 V (1 + ln x_k)` with
 * `V = p_b rho N_c N_b/(rho N_c + N_b)`, the requests N of a block in which a rate stays as it is; p_b and c are of the past alone.
 */
export function againstBaseline(
  { canary, baseline, windowMs }: PairedCounts,
  { ratio, absolute }: Margin,
  wobble: Pick<Wobble, 'rate' | 'variation'>,
): readonly number[] {
  const [allowed, beside] = [ratio * canary.requests, baseline.requests]
  if (allowed === 0 || beside === 0) return NOTHING
  const share = allowed / (allowed + beside)
  const scatter =
    wobble.variation() ** 2 * wobble.rate() * share * beside * (WOBBLE_MS / Math.max(1, windowMs))
  return RATIOS.map((ratio) => {
    const worse = (ratio * allowed) / (ratio * allowed + beside)
    const x = worse / share
    const log =
      canary.errors * Math.log(x) +
      baseline.errors * Math.log((1 - worse) / (1 - share)) -
      absolute * canary.requests * (x - 1)
    return log / (1 + scatter * (1 + Math.log(x)))
  })
}

/**
 * Factors of a sample, as natural logarithms, against "the canary's rate is at most `limit`" (0 to 1):
 * `f_k = r_k^a exp(-limit n (r_k - 1))`, whose expectation is at most `exp(n (r_k - 1)(p_c - limit))` of binomial and of Poisson
 * counts, and `phi_k = 1 + c^2 limit N (1 + ln r_k)`.
 */
export function againstLimit(
  { requests, errors }: Counts,
  windowMs: number,
  limit: number,
  wobble: Pick<Wobble, 'variation'>,
): readonly number[] {
  const expected = limit * requests
  const scatter = wobble.variation() ** 2 * expected * (WOBBLE_MS / Math.max(1, windowMs))
  return RATIOS.map((ratio) => {
    const log = errors * Math.log(ratio) - expected * (ratio - 1)
    return log / (1 + scatter * (1 + Math.log(ratio)))
  })
}

const NOTHING = RATIOS.map(() => 0)

/** Within this the highest rate is found. */
const PRECISION = 1e-4

/**
 * The highest rate (0 to 1) that counts leave possible, at any time at all with probability 1 - `alpha` or more: the lowest
 * rate q against which "the rate is q or more" the mean over r < 1 of `r^errors exp(q requests (1 - r))` has come to 1/alpha,
 * its exponents divided as above. Without requests it is 1.
 * @param overMs how long it was counted
 */
export function highestRate(
  { requests, errors }: Counts,
  overMs: number,
  alpha: number,
  wobble: Pick<Wobble, 'variation'>,
): number {
  const blocks = Math.max(1, overMs / WOBBLE_MS)
  const against = (rate: number): number => {
    const scatter = (wobble.variation() ** 2 * rate * requests) / blocks
    const logs = RATIOS.map((ratio) => {
      const log = -errors * Math.log(ratio) + rate * requests * (1 - 1 / ratio)
      return log / (1 + scatter * (1 + Math.log(ratio)))
    })
    return logMean(logs)
  }
  const bar = -Math.log(alpha)
  if (against(1) < bar) return 1
  let [low, high] = [requests === 0 ? 0 : errors / requests, 1]
  while (high - low > PRECISION * high) {
    const middle = (low + high) / 2
    if (against(middle) < bar) low = middle
    else high = middle
  }
  return high
}
