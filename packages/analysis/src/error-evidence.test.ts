import { describe, expect, it } from '@jest/globals'
import { compareRates, exceedsLimit, upperBound } from './error-evidence'

/** The ratios over which the evidence is averaged, written out again so that a change of them shows. */
const ratios = [1.5, 2, 3, 5, 8, 13, 20, 40]
const mean = (numbers: number[]): number => numbers.reduce((sum, number) => sum + number, 0) / numbers.length

describe('evidence against the baseline', () => {
  it('is the mean likelihood ratio, counted by hand', () => {
    // 100 canary and 900 baseline requests: theta(r) = 100 r / (100 r + 900) = r / (r + 9), theta(1) = 1/10.
    // Two canary errors, one baseline error: (theta(r) / 0.1)^2 ((1 - theta(r)) / 0.9) = 1000 r^2 / (r + 9)^3,
    // that is 1.944, 3.005, 5.208, 9.111, 13.027, 15.871, 16.401 and 13.600; their mean is 9.771.
    const evidence = compareRates()
    evidence.add({ requests: 100, errors: 2 }, { requests: 900, errors: 1 }, 1)
    expect(Math.exp(evidence.log(1))).toBeCloseTo(mean(ratios.map((r) => (1000 * r ** 2) / (r + 9) ** 3)), 10)
    expect(Math.exp(evidence.log(1))).toBeCloseTo(9.771, 3)
  })

  it('multiplies from sample to sample, and takes the root of it for a dispersion of 2', () => {
    const evidence = compareRates()
    for (let sample = 0; sample < 2; sample++)
      evidence.add({ requests: 100, errors: 2 }, { requests: 900, errors: 1 }, 1)
    const factors = ratios.map((r) => (1000 * r ** 2) / (r + 9) ** 3)
    expect(Math.exp(evidence.log(1))).toBeCloseTo(mean(factors.map((factor) => factor ** 2)), 8)
    expect(Math.exp(evidence.log(2))).toBeCloseTo(mean(factors), 10)
  })

  it('measures from the margin: a canary that is not worse than it allows gives no evidence', () => {
    // With a margin of 2, 2 of 100 against 9 of 900 is just what is allowed.
    const evidence = compareRates()
    evidence.add({ requests: 100, errors: 2 }, { requests: 900, errors: 9 }, 2)
    expect(evidence.log(1)).toBeLessThan(0)
  })

  it.each([
    ['no error', { requests: 100, errors: 0 }, { requests: 900, errors: 0 }],
    ['no canary request', { requests: 0, errors: 0 }, { requests: 900, errors: 3 }],
    ['no baseline request', { requests: 100, errors: 3 }, { requests: 0, errors: 0 }],
  ])('learns nothing from %s', (_, canary, baseline) => {
    const evidence = compareRates()
    evidence.add(canary, baseline, 1)
    expect(evidence.log(1)).toBeCloseTo(0, 12)
  })

  it('stays finite however much it is', () => {
    const evidence = compareRates()
    for (let sample = 0; sample < 1000; sample++)
      evidence.add({ requests: 1000, errors: 1000 }, { requests: 1000, errors: 0 }, 1)
    expect(evidence.log(1)).toBeGreaterThan(1000)
    expect(Number.isFinite(evidence.log(1))).toBe(true)
  })
})

describe('evidence against a limit', () => {
  it('is the mean likelihood ratio, counted by hand', () => {
    // Limit 1 %, 1 error in 10 requests: r (1 - r/100)^9 / 0.99^9 for each r.
    const evidence = exceedsLimit(0.01)
    evidence.add({ requests: 10, errors: 1 })
    expect(Math.exp(evidence.log(1))).toBeCloseTo(
      mean(ratios.map((r) => r * ((1 - r / 100) / 0.99) ** 9)),
      10,
    )
    // One error in ten proves nothing at a bar of 1:100.
    expect(Math.exp(evidence.log(1))).toBeLessThan(10)
  })

  it('falls with every request that does not fail', () => {
    const evidence = exceedsLimit(0.01)
    evidence.add({ requests: 300, errors: 0 })
    expect(evidence.log(1)).toBeLessThan(0)
  })

  it('keeps rates below 1, where success would have no logarithm', () => {
    // 0.2 x 40 = 8: taken as 0.999, whose log(1 - 0.999) is finite. 0.9995 lies above and stays itself: no evidence.
    for (const limit of [0.2, 0.9995]) {
      const evidence = exceedsLimit(limit)
      evidence.add({ requests: 10, errors: 9 })
      expect(Number.isFinite(evidence.log(1))).toBe(true)
    }
    const certain = exceedsLimit(0.9995)
    certain.add({ requests: 10, errors: 10 })
    expect(certain.log(1)).toBeCloseTo(0, 12)
  })
})

describe('the upper bound of a rate', () => {
  it("is Wilson's score bound", () => {
    // n = 100, x = 10, z = 2: centre 0.1 + 4/200 = 0.12; spread 2 sqrt(0.09/100 + 4/40000) = 2 sqrt(0.001) = 0.063246;
    // (0.12 + 0.063246) / (1 + 4/100) = 0.176198.
    expect(upperBound({ requests: 100, errors: 10 }, 2)).toBeCloseTo(0.176198, 6)
  })

  it('is not 0 without errors, not above 1 with nothing else, and 1 without requests', () => {
    // x = 0: z^2 / (n + z^2) = 4 / 104.
    expect(upperBound({ requests: 100, errors: 0 }, 2)).toBeCloseTo(4 / 104, 12)
    expect(upperBound({ requests: 10, errors: 10 }, 2)).toBeLessThanOrEqual(1)
    expect(upperBound({ requests: 0, errors: 0 }, 2)).toBe(1)
  })
})
