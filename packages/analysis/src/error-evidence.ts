import type { Counts } from './sample'

/**
 * Rate ratios over which the evidence is averaged. The average of e-processes is an e-process, so no ratio has to be
 * guessed beforehand (Lindon & Malek, arXiv:2011.03567).
 */
const RATIOS = [1.5, 2, 3, 5, 8, 13, 20, 40] as const

/** Rates are kept below 1, where the logarithm of success is still finite. */
const HIGHEST_RATE = 0.999

/**
 * Evidence, as it grows, that a rate is higher than it may be. By Ville's inequality it reaches 1/alpha at any time
 * at all with probability alpha or less when the rate is allowed, so every sample may be looked at.
 */
export interface Evidence {
  /** natural logarithm of the evidence; the exponent of every factor is divided by `dispersion` (>= 1) */
  log(dispersion: number): number
}

/** Against the baseline: is the canary's error rate more than `margin` times the baseline's? */
export interface ComparisonEvidence extends Evidence {
  /** `margin` may only depend on samples before this one */
  add(canary: Counts, baseline: Counts, margin: number): void
}

export function compareRates(): ComparisonEvidence {
  const hypotheses = RATIOS.map((ratio) => ({ ratio, log: 0 }))
  // Of all errors of an interval, the share expected in the canary when its rate is r times the baseline's.
  const share = (r: number, canary: number, baseline: number): number =>
    (r * canary) / (r * canary + baseline)
  return {
    add(canary, baseline, margin) {
      if (canary.requests === 0 || baseline.requests === 0 || canary.errors + baseline.errors === 0) return
      const allowed = share(margin, canary.requests, baseline.requests)
      for (const hypothesis of hypotheses) {
        const worse = share(hypothesis.ratio * margin, canary.requests, baseline.requests)
        hypothesis.log +=
          canary.errors * Math.log(worse / allowed) + baseline.errors * Math.log((1 - worse) / (1 - allowed))
      }
    },
    log: (dispersion) => logMean(hypotheses, dispersion),
  }
}

/** Against a number: is the canary's error rate above `limit` (0 to 1, exclusive)? */
export interface LimitEvidence extends Evidence {
  add(canary: Counts): void
}

export function exceedsLimit(limit: number): LimitEvidence {
  const hypotheses = RATIOS.map((ratio) => ({
    rate: Math.min(ratio * limit, Math.max(HIGHEST_RATE, limit)),
    log: 0,
  }))
  return {
    add({ requests, errors }) {
      for (const hypothesis of hypotheses)
        hypothesis.log +=
          errors * Math.log(hypothesis.rate / limit) +
          (requests - errors) * Math.log((1 - hypothesis.rate) / (1 - limit))
    },
    log: (dispersion) => logMean(hypotheses, dispersion),
  }
}

/** log of the mean of exp(log / dispersion), without overflow. */
function logMean(hypotheses: readonly { log: number }[], dispersion: number): number {
  const scaled = hypotheses.map(({ log }) => log / dispersion)
  const highest = Math.max(...scaled)
  return highest + Math.log(scaled.reduce((sum, log) => sum + Math.exp(log - highest), 0) / scaled.length)
}

/**
 * Upper confidence bound of a rate from `errors` of `requests`: Wilson's score bound (JASA 22, 1927) at `z` standard
 * errors. Returns 1 without requests.
 */
export function upperBound({ requests, errors }: Counts, z: number): number {
  if (requests === 0) return 1
  const rate = errors / requests
  const centre = rate + z ** 2 / (2 * requests)
  const spread = z * Math.sqrt((rate * (1 - rate)) / requests + z ** 2 / (4 * requests ** 2))
  return Math.min(1, (centre + spread) / (1 + z ** 2 / requests))
}
