/** Starts are planned in blocks of this length: a fault that begins within one is met by the next at the latest. */
const BLOCK_MS = 180_000
const FIRST = 3 / 4
const PLANNED = 3 / 16
const BEYOND = 1 / 16

/** How much of the evidence begins at a sample, so that a fault that comes late meets some that no calm past has used up. */
export interface Starts {
  /**
   * @param elapsedMs since the first sample; never less than the time before
   * @param isFirst it is the first sample, or the first of those that are held against something else
   */
  next(elapsedMs: number, isFirst: boolean): number
}

/**
 * Weights that add up to 1 at most: three quarters for the first sample, or shared by several that are, three sixteenths evenly over
 * the blocks of 180 s that are planned, and a sixteenth as 1/(j (j - 1)), j >= 2, for those beyond, which add up to 1: it is never
 * blind. Most faults are there from the start; one that comes late pays its smaller weight with a tenth more time.
 */
export function planStarts(plannedMs: number, firsts = 1): Starts {
  const planned = Math.max(1, Math.ceil(plannedMs / BLOCK_MS))
  const weightOf = (block: number): number => {
    if (block < planned) return PLANNED / planned
    const j = block - planned + 2
    return BEYOND / (j * (j - 1))
  }
  let begun = 0
  return {
    next(elapsedMs, isFirst) {
      let weight = isFirst ? FIRST / firsts : 0
      for (const block = Math.floor(elapsedMs / BLOCK_MS); begun <= block; begun++) weight += weightOf(begun)
      return weight
    },
  }
}

/** log(e^a + e^b), also where one of them is log 0. */
export function logSum(a: number, b: number): number {
  const [high, low] = a > b ? [a, b] : [b, a]
  return low === -Infinity ? high : high + Math.log1p(Math.exp(low - high))
}

/** log of the mean of e^log, without overflow. */
export function logMean(logs: readonly number[]): number {
  const highest = Math.max(...logs)
  if (highest === -Infinity) return -Infinity
  return highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0) / logs.length)
}

/**
 * Evidence that may begin at any sample. Of each hypothesis k it is `A_k <- (A_k + w) f_k`, w the weight that begins now and f_k the
 * factor of the sample, whose expectation is 1 at most while nothing is wrong. Their mean, by shares, and the weight that is left
 * make a supermartingale that begins at 1, so that by Ville's inequality they ever reach 1/alpha with probability alpha or less
 * (compare the e-detectors of Shin, Ramdas, Rinaldo, arXiv:2203.03532).
 */
export interface MixedEvidence {
  /** @param logFactors of each hypothesis, natural logarithms */
  multiply(logFactors: readonly number[], weight: number): void
  /** natural logarithm of it */
  log(): number
}

/** @param shares of the hypotheses in their mean, which add up to 1 */
export function mixedEvidence(shares: readonly number[]): MixedEvidence {
  const logShares = shares.map(Math.log)
  const logs = shares.map(() => -Infinity)
  let left = 1
  return {
    multiply(logFactors, weight) {
      const begins = Math.log(weight)
      left = Math.max(0, left - weight)
      for (const [k, log] of logs.entries())
        logs[k] = logSum(log, begins + (logShares[k] ?? 0)) + (logFactors[k] ?? 0)
    },
    log: () => logs.reduce(logSum, Math.log(left)),
  }
}
