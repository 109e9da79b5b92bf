import { describe, expect, it } from '@jest/globals'
import { againstBaseline, againstLimit, highestRate, RATIOS } from './error-evidence'

/** Written out again, so that a change of them shows. */
const ratios = [1.15, 1.5, 2.2, 3.5, 6, 12, 40]
const strict = { ratio: 1, absolute: 0 }
const calm = { rate: () => 0.001, variation: () => 0 }
const minutes = (count: number): number => count * 60_000

/** Probabilities of 0, 1, ... errors where `mean` are expected. */
function poissonOf(mean: number): number[] {
  const all = [Math.exp(-mean)]
  for (let count = 1; count < mean + 12 * Math.sqrt(mean) + 30; count++)
    all.push(((all[count - 1] ?? 0) * mean) / count)
  return all
}

function binomialOf(trials: number, rate: number): number[] {
  const all = [(1 - rate) ** trials]
  for (let count = 1; count <= trials; count++)
    all.push((((all[count - 1] ?? 0) * (trials - count + 1)) / count) * (rate / (1 - rate)))
  return all
}

it('asks for seven ratios, without a hole next to the margin', () => {
  expect(RATIOS).toEqual(ratios)
})

describe('evidence against the baseline', () => {
  const sampled = (canary: [number, number], baseline: [number, number], windowMs = 10_000) => ({
    canary: { requests: canary[0], errors: canary[1] },
    baseline: { requests: baseline[0], errors: baseline[1] },
    windowMs,
  })

  it('is the likelihood ratio of the division of the errors, counted by hand', () => {
    // 100 requests beside 900: theta_0 = 1/10, theta_k = r/(r + 9), x_k = 10 r/(r + 9). Two errors beside one:
    // x_k^2 (1 - theta_k)/(1 - theta_0) = 100 r^2/(r + 9)^2 * 10/(r + 9) = 1000 r^2/(r + 9)^3.
    const logs = againstBaseline(sampled([100, 2], [900, 1]), strict, calm)
    expect(logs).toHaveLength(7)
    for (const [k, r] of ratios.entries())
      expect(Math.exp(logs[k] ?? 0)).toBeCloseTo((1000 * r ** 2) / (r + 9) ** 3, 9)
  })

  it('allows the margin: its ratio by the requests, its absolute part by what is expected of it', () => {
    // 200 beside 300 with rho 1.25: 250 to 300, theta_0 = 5/11; with r = 6: 30/36, x = 11/6.
    // 0.001 of 200 requests are 0.2 errors: exp(-0.2 (11/6 - 1)) = exp(-1/6).
    const logs = againstBaseline(sampled([200, 3], [300, 1]), { ratio: 1.25, absolute: 0.001 }, calm)
    expect(logs[4]).toBeCloseTo(3 * Math.log(11 / 6) + Math.log(1 / 6 / (6 / 11)) - 1 / 6, 12)
  })

  it('counts a sample for less where rates wander', () => {
    // rho 1, 500 beside 500 in 10 s: 9,000 each in a block of 180 s, V = 0.01 * 4500 = 45; c = 0.2: c^2 V = 1.8.
    // With r = 3.5: theta = 7/9, x = 14/9, so phi = 1 + 1.8 (1 + ln(14/9)).
    const wandering = { rate: () => 0.01, variation: () => 0.2 }
    const sample = sampled([500, 20], [500, 5])
    const [plain, divided] = [calm, wandering].map(
      (wobble) => againstBaseline(sample, strict, wobble)[3] ?? 0,
    )
    expect(divided).toBeCloseTo((plain ?? 0) / (1 + 1.8 * (1 + Math.log(14 / 9))), 12)
  })

  it.each([sampled([0, 0], [900, 9]), sampled([100, 9], [0, 0])])('says nothing of %j', (sample) => {
    expect(againstBaseline(sample, strict, calm)).toEqual(ratios.map(() => 0))
  })

  // The bound that everything rests on, summed over all counts: at the margin itself, whatever the baseline's rate is.
  it.each([
    ['Poisson', 0, 400, 600],
    ['Poisson', 0.001, 400, 600],
    ['Poisson', 0.02, 100, 900],
    ['Poisson', 0.3, 50, 50],
    ['binomial', 0.02, 100, 300],
    ['binomial', 0.3, 40, 60],
    ['binomial', 0.6, 30, 20],
  ])('is expected to be 1 at most at the margin: %s, %d', (law, rate, canary, baseline) => {
    const margin = { ratio: 1.25, absolute: 0.001 }
    const harmless = margin.ratio * rate + margin.absolute
    const of = (requests: number, p: number): number[] =>
      law === 'Poisson' ? poissonOf(requests * p) : binomialOf(requests, p)
    const expected = RATIOS.map(() => 0)
    for (const [a, pa] of of(canary, harmless).entries())
      for (const [b, pb] of of(baseline, rate).entries())
        againstBaseline(sampled([canary, a], [baseline, b]), margin, calm).forEach((log, k) => {
          expected[k] = (expected[k] ?? 0) + pa * pb * Math.exp(log)
        })
    for (const value of expected) expect(value).toBeLessThanOrEqual(1 + 1e-9)
    // A bound that is never nearly met would cost what can be found. It is met by Poisson counts.
    if (law === 'Poisson') expect(Math.max(...expected)).toBeCloseTo(1, 9)
  })

  it('stays a number for a thousand million requests', () => {
    const logs = againstBaseline(sampled([1e9, 5e8], [1e9, 1e6]), { ratio: 1.25, absolute: 0.001 }, calm)
    for (const log of logs) expect(Number.isFinite(log)).toBe(true)
  })
})

describe('evidence against a limit', () => {
  it('is the likelihood ratio of Poisson counts, counted by hand', () => {
    // 4 errors of 200 requests, limit 1 %: 2 are expected, so r^4 exp(-2 (r - 1)).
    const logs = againstLimit({ requests: 200, errors: 4 }, 10_000, 0.01, calm)
    for (const [k, r] of ratios.entries()) expect(logs[k]).toBeCloseTo(4 * Math.log(r) - 2 * (r - 1), 12)
  })

  it('counts for less where rates wander', () => {
    // 2 expected in 10 s are 36 in 180 s; c = 0.5: 9 (1 + ln r).
    const [plain, divided] = [0, 0.5].map(
      (c) => againstLimit({ requests: 200, errors: 9 }, 10_000, 0.01, { variation: () => c })[2] ?? 0,
    )
    expect(divided).toBeCloseTo((plain ?? 0) / (1 + 9 * (1 + Math.log(2.2))), 12)
  })

  it.each([0.001, 0.05, 0.5])('is expected to be 1 at most at the limit %d', (limit) => {
    const expected = RATIOS.map(() => 0)
    for (const [errors, probability] of binomialOf(100, limit).entries())
      againstLimit({ requests: 100, errors }, 10_000, limit, calm).forEach((log, k) => {
        expected[k] = (expected[k] ?? 0) + probability * Math.exp(log)
      })
    for (const value of expected) expect(value).toBeLessThanOrEqual(1 + 1e-9)
  })
})

describe('the highest rate that counts leave possible', () => {
  const bound = (errors: number, requests: number, alpha = 0.001, c = 0) =>
    highestRate({ requests, errors }, minutes(30), alpha, { variation: () => c })

  it('is where the evidence against it has come to 1/alpha', () => {
    // No error in n requests: the mean of exp(q n (1 - 1/r)), found to a ten-thousandth.
    const sum = (mean: number): number =>
      ratios.reduce((all, r) => all + Math.exp(mean * (1 - 1 / r)), 0) / ratios.length
    const q = bound(0, 10_000)
    expect(sum(q * 10_000)).toBeGreaterThanOrEqual(1000)
    expect(sum(q * 10_000 * (1 - 2e-4))).toBeLessThan(1000)
  })

  it('lies above what was seen, the nearer the more was seen, and is higher the surer it must be', () => {
    const few = bound(10, 10_000)
    const many = bound(100, 100_000)
    expect(many).toBeGreaterThan(0.001)
    expect(many).toBeLessThan(few)
    expect(bound(10, 10_000, 0.05)).toBeLessThan(few)
  })

  it('is higher where rates wander', () => {
    expect(bound(1000, 1_000_000, 0.001, 0.5)).toBeGreaterThan(1.2 * bound(1000, 1_000_000))
  })

  it('is 1 where nothing is known, or all failed', () => {
    expect([bound(0, 0), bound(10, 10), bound(0, 2)]).toEqual([1, 1, 1])
  })
})
