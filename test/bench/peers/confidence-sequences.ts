import { rootBetween } from './brent'

/*
 * Evidence that may be looked at any time, by mixtures of exponential supermartingales (Howard, Ramdas, McAuliffe, Sekhon:
 * Time-uniform, nonparametric, nonasymptotic confidence sequences, Annals of Statistics 49, 2021, arXiv:1810.08240): the mean over
 * lambda of exp(lambda s - psi(lambda) v), s a sum of deviations and v its variance. Each mean is the quotient of two integrals,
 * over the mixing density with and without the evidence, so that no special function is needed.
 */

/** log of the mean of exp(lambda s - psi(lambda) v) */
export type Mixture = (s: number, v: number) => number

/** What lambda, or what stands for it, is mixed by. */
interface Mixing {
  from: number
  to: number
  /** log of the density, but for a constant */
  logDensity(at: number): number
  /** lambda s - psi(lambda) v */
  exponent(at: number, s: number, v: number): number
}

const mixture =
  ({ from, to, logDensity, exponent }: Mixing): Mixture =>
  (s, v) =>
    logIntegral((at) => logDensity(at) + exponent(at, s, v), from, to) - logIntegral(logDensity, from, to)

const NODES = 3_000
/** Further out a node is nearer to its end than 1e-275 of the way: what a pole leaves there does not count. */
const FURTHEST = 6

/** log of the integral of e^f, by the double exponential formula (Takahasi, Mori 1974): exact also where f has a pole at an end. */
function logIntegral(f: (at: number) => number, from: number, to: number): number {
  const logs: number[] = []
  for (let node = -NODES; node <= NODES; node++) {
    const t = (FURTHEST * node) / NODES
    const u = (Math.PI / 2) * Math.sinh(t)
    // The nearer end is where digits count: the share of the way from it.
    const share = 1 / (1 + Math.exp(2 * Math.abs(u)))
    const at = u < 0 ? from + (to - from) * share : to - (to - from) * share
    const weight = (to - from) * share * (1 - share) * Math.PI * Math.cosh(t) * (FURTHEST / NODES)
    if (at > from && at < to) logs.push(f(at) + Math.log(weight))
  }
  const highest = Math.max(...logs)
  return highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0))
}

/** The mixing precision that makes the two-sided normal bound lowest at variance `v`; one-sided with twice alpha. */
export function bestRho(v: number, alpha: number): number {
  return v / (2 * Math.log(1 / alpha) + Math.log(1 + 2 * Math.log(1 / alpha)))
}

const rhoFor = (v: number, alpha: number, isOneSided: boolean): number =>
  bestRho(v, isOneSided ? 2 * alpha : alpha)

/** Where each mixture is best: at variance `v`, with probability of error `alpha`. */
interface Best {
  v: number
  alpha: number
}

/** psi is lambda^2/2; lambda is normal with variance 1/rho, its upper half where one-sided. */
export function normalMixture({ v, alpha }: Best, isOneSided: boolean): Mixture {
  const rho = rhoFor(v, alpha, isOneSided)
  const furthest = 40 / Math.sqrt(rho)
  return mixture({
    ...{ from: isOneSided ? 0 : -furthest, to: furthest },
    logDensity: (lambda) => (-rho * lambda ** 2) / 2,
    exponent: (lambda, s, v) => lambda * s - (lambda ** 2 / 2) * v,
  })
}

/** psi is (-ln(1 - c lambda) - c lambda)/c^2; u = 1 - c lambda, up to 1, has a gamma density. */
export function gammaExponentialMixture({ v, alpha }: Best, c: number): Mixture {
  const shape = rhoFor(v, alpha, true) / c ** 2
  return mixture({
    ...{ from: 0, to: 1 },
    logDensity: (u) => (shape - 1) * Math.log(u) - shape * u,
    exponent: (u, s, v) => ((1 - u) / c) * s - ((u - 1 - Math.log(u)) / c ** 2) * v,
  })
}

/** psi is (e^(c lambda) - c lambda - 1)/c^2; u = e^(c lambda), from 1, has a gamma density. */
export function gammaPoissonMixture({ v, alpha }: Best, c: number): Mixture {
  const shape = rhoFor(v, alpha, true) / c ** 2
  return mixture({
    ...{ from: 1, to: 1 + 100 / Math.min(1, shape) },
    logDensity: (u) => (shape - 1) * Math.log(u) - shape * u,
    exponent: (u, s, v) => (Math.log(u) / c) * s - ((u - 1 - Math.log(u)) / c ** 2) * v,
  })
}

/**
 * Of observations between -g and h, psi is ln((g e^(h lambda) + h e^(-g lambda))/(g + h))/(g h); p, the probability of h under
 * lambda, has a beta density, of which one-sided the part above p = g/(g + h) counts, where lambda is 0.
 */
export function betaBinomialMixture(
  { v, alpha }: Best,
  [g, h]: [number, number],
  isOneSided: boolean,
): Mixture {
  const r = Math.max(rhoFor(v, alpha, isOneSided) - g * h, 1e-3 * g * h)
  const [up, down] = [r / (h * (g + h)), r / (g * (g + h))]
  return mixture({
    ...{ from: isOneSided ? g / (g + h) : 0, to: 1 },
    logDensity: (p) => (up - 1) * Math.log(p) + (down - 1) * Math.log1p(-p),
    exponent(p, s, v) {
      const lambda = Math.log((p * h) / ((1 - p) * g)) / (g + h)
      const psi = (Math.log(g / (p * (g + h))) + h * lambda) / (g * h)
      return lambda * s - psi * v
    },
  })
}

/** The sum of deviations at which a mixture reaches 1/alpha, at variance `v`. */
export function boundOf(mixture: Mixture, v: number, alpha: number): number {
  const beyond = (s: number): number => mixture(s, v) + Math.log(alpha)
  let high = Math.sqrt(v)
  while (beyond(high) < 0) high *= 2
  return rootBetween(beyond, [0, high], 1e-7)
}

/**
 * Rates that `errors` of `requests` leave possible at any time with probability 1 - alpha; narrowest after `best` requests.
 * Against a rate p it is the mixture above with g = p and h = 1 - p, and the beta density that of k p and k (1 - p).
 */
export function rateInterval(
  errors: number,
  requests: number,
  { best, alpha }: { best: number; alpha: number },
): [low: number, high: number] {
  const k = Math.max(bestRho(best, alpha) - 1, 1e-3)
  const others = requests - errors
  const beyond = (p: number): number =>
    logRising(k * p, errors) +
    logRising(k * (1 - p), others) -
    logRising(k, requests) -
    (errors * Math.log(p) + others * Math.log(1 - p)) +
    Math.log(alpha)
  const [rate, least] = [errors / requests, 1e-9]
  const isLeft = (p: number): boolean => beyond(p) < 0
  return [
    rate === 0 || isLeft(least) ? 0 : rootBetween(beyond, [least, rate], 1e-7),
    rate === 1 || isLeft(1 - least) ? 1 : rootBetween(beyond, [rate, 1 - least], 1e-7),
  ]
}

/** log of x (x + 1) ... (x + n - 1): such products are what gamma functions of integers apart come to. */
function logRising(x: number, n: number): number {
  let log = 0
  for (let i = 0; i < n; i++) log += Math.log(x + i)
  return log
}
