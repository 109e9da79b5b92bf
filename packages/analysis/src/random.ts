/** Draws from distributions; the same seed gives the same draws. */
export interface Random {
  /** 0 to 1, without 1 */
  uniform(): number
  normal(): number
  /** with mean and variance `shape` */
  gamma(shape: number): number
  poisson(mean: number): number
  binomial(trials: number, probability: number): number
}

/** Up to such a mean, counts are drawn event by event. */
const FEW = 20

/** None of these is an approximation: far tails matter where false alarms are counted. */
export function createRandom(seed: number): Random {
  const uniform = xoshiro128(seed)
  /** 0 to 1, without 0, so that it has a logarithm */
  const positive = (): number => 1 - uniform()
  const normal = (): number => Math.sqrt(-2 * Math.log(positive())) * Math.cos(2 * Math.PI * uniform())

  /** Marsaglia, Tsang: A simple method for generating gamma variables (2000). */
  const gamma = (shape: number): number => {
    if (shape < 1) return gamma(shape + 1) * positive() ** (1 / shape)
    const d = shape - 1 / 3
    for (;;) {
      const x = normal()
      const v = (1 + x / Math.sqrt(9 * d)) ** 3
      if (v > 0 && Math.log(positive()) < (x * x) / 2 + d - d * v + d * Math.log(v)) return d * v
    }
  }

  /** The events of a large mean are split at the time of one of them (Ahrens, Dieter 1974). */
  const poisson = (mean: number): number => {
    if (mean <= FEW) return eventsBefore(mean)
    const event = Math.floor((7 * mean) / 8)
    const time = gamma(event)
    return time > mean ? binomial(event - 1, mean / time) : event + poisson(mean - time)
  }

  const eventsBefore = (mean: number): number => {
    let [events, time] = [0, -Math.log(positive())]
    for (; time < mean; time -= Math.log(positive())) events++
    return events
  }

  /** Many trials are split at the middle one of their ordered uniform draws, which is of a beta distribution (Devroye 1986, chapter X.4). */
  const binomial = (trials: number, probability: number): number => {
    if (probability > 0.5) return trials - binomial(trials, 1 - probability)
    if (trials * probability <= FEW) return successes(trials, probability)
    const middle = 1 + Math.floor(trials / 2)
    const below = gamma(middle)
    const draw = below / (below + gamma(trials + 1 - middle))
    return draw >= probability
      ? binomial(middle - 1, probability / draw)
      : middle + binomial(trials - middle, (probability - draw) / (1 - draw))
  }

  /** From success to success: the trials until the next one are geometric. */
  const successes = (trials: number, probability: number): number => {
    if (probability <= 0) return 0
    const scale = Math.log1p(-probability)
    const skipped = (): number => 1 + Math.floor(Math.log(positive()) / scale)
    let [count, trial] = [0, skipped()]
    for (; trial <= trials; trial += skipped()) count++
    return count
  }

  return { uniform, normal, gamma, poisson, binomial }
}

/** xoshiro128**, by Blackman and Vigna (2018), its state filled by SplitMix32. */
function xoshiro128(seed: number): () => number {
  let mixed = seed >>> 0
  const fill = (): number => {
    mixed = (mixed + 0x9e3779b9) >>> 0
    let z = mixed
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b)
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35)
    return z ^ (z >>> 16)
  }
  let [a, b, c, d] = [fill(), fill(), fill(), fill()]
  return () => {
    const by5 = Math.imul(b, 5)
    const drawn = Math.imul((by5 << 7) | (by5 >>> 25), 9) >>> 0
    const shifted = b << 9
    c ^= a
    d ^= b
    b ^= c
    a ^= d
    c ^= shifted
    d = (d << 11) | (d >>> 21)
    return drawn / 2 ** 32
  }
}
