import type { NewRule } from './rule'

/*
 * How fast it can be done at all: Wald's sequential probability ratio test (Annals of Mathematical Statistics 16, 1945) by someone who knows
 * both true rates at any time, and with them when a fault begins. Its null is the highest rate that our margin
 * calls harmless, 1.25 times the baseline's and 0.1 %.
 */

const ALPHA = 0.01
const harmless = (baseline: number): number => 1.25 * baseline + 0.001

/** Log likelihood ratio of Poisson counts: a ln(p1/p0) - n (p1 - p0). It takes a release back at 1/alpha or more. */
export const oracle: NewRule = ({ rates }) => {
  let evidence = 0
  return {
    takesBack({ canary }) {
      const { baseline, canary: rate } = rates()
      const allowed = harmless(baseline)
      if (!canary || rate <= allowed) return false
      evidence += canary.errors * Math.log(rate / allowed) - canary.requests * (rate - allowed)
      return evidence >= -Math.log(ALPHA)
    },
  }
}
