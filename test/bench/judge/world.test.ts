import { describe, expect, it } from '@jest/globals'
import { createRandom } from '@deploy-actions/analysis'
import { hourBefore, rollOut, type Moment, type World } from './world'

const MINUTE_MS = 60_000
const HALF: World = {
  ...{ requestsPerSecond: 100, baseRate: 0.01, arrivals: 'steady' },
  schedule: [{ weight: 0.5, watchMs: 20 * MINUTE_MS }],
}

const played = (world: Partial<World>): Moment[] => [...rollOut({ ...HALF, ...world }, createRandom(1))]
/** Both rates in the sample that begins then, in percent. */
const ratesFrom = (world: Partial<World>, minute: number): [baseline: number, canary: number] => {
  const { baseline, canary } = played(world)[minute * 6]!.rates
  return [Number((baseline * 100).toFixed(6)), Number((canary * 100).toFixed(6))]
}
const sum = (values: number[]): number => values.reduce((all, value) => all + value, 0)

describe('a world', () => {
  it('divides requests by the weights of its stages, sample by sample of 10 s', () => {
    const schedule = [0.1, 1].map((weight) => ({ weight, watchMs: MINUTE_MS }))
    const all = played({ schedule })
    expect(all.map(({ stage }) => stage)).toEqual([0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1])
    expect(all.at(-1)!.atMs).toBe(2 * MINUTE_MS)
    expect(
      [all[0]!, all[6]!].map(({ sample }) => [sample.canary!.requests, sample.baseline!.requests]),
    ).toEqual([
      [100, 900],
      [1000, 0],
    ])
  })

  it('lets requests fail with the rate of their arm', () => {
    // 120 samples of 500 requests at 1 %: 600 errors, and five times sqrt(600 * 0.99) = 122 more or less.
    const errors = sum(played({}).map(({ sample }) => sample.baseline!.errors))
    expect(Math.abs(errors - 600)).toBeLessThan(122)
  })

  it('has an hour before it, all of it the baseline', () => {
    const hour = hourBefore(HALF, createRandom(1))
    expect(hour).toHaveLength(60)
    // 360,000 requests, and five times sqrt(360,000) = 3,000 more or less.
    expect(Math.abs(sum(hour.map(({ requests }) => requests)) - 360_000)).toBeLessThan(3_000)
  })

  it('has a fault from its onset on, and knows what it costs', () => {
    const fault = { fromMs: 10 * MINUTE_MS, times: 2, plus: 0.03 }
    expect(ratesFrom({ fault }, 9)).toEqual([1, 1])
    expect(ratesFrom({ fault }, 10)).toEqual([1, 5])
    // 60 samples of 500 requests, of which 4 % more fail than without it.
    expect(sum(played({ fault }).map(({ lost }) => lost))).toBeCloseTo(60 * 500 * 0.04, 6)
  })

  it('has outages of both arms or of the baseline alone', () => {
    const outage = { fromMs: 5 * MINUTE_MS, forMs: MINUTE_MS, rate: 0.2 }
    expect(ratesFrom({ outage: { ...outage, of: 'both' } }, 5)).toEqual([20, 20])
    expect(ratesFrom({ outage: { ...outage, of: 'baseline' } }, 5)).toEqual([20, 1])
    expect(ratesFrom({ outage: { ...outage, of: 'both' } }, 6)).toEqual([1, 1])
  })

  it('begins cold', () => {
    const coldStart = { rate: 0.05, forMs: MINUTE_MS }
    expect(ratesFrom({ coldStart }, 0)).toEqual([1, 6])
    expect(ratesFrom({ coldStart }, 1)).toEqual([1, 1])
  })

  it('drifts evenly', () => {
    // Half-way to four times it is at twice.
    const drift = { requests: 4, rate: 4 }
    expect(ratesFrom({ drift }, 10)).toEqual([2, 2])
    expect(played({ drift })[60]!.sample.canary!.requests).toBe(1000)
  })

  it('falls silent', () => {
    const requests = played({ silentFromMs: 10 * MINUTE_MS }).map(({ sample }) => sample.canary!.requests)
    expect([requests[59], requests[60]]).toEqual([500, 0])
  })

  it.each(['shared', 'each', 'canary'] as const)('wobbles: %s', (of) => {
    const rates = played({ wobble: { cv: 0.5, holdMs: MINUTE_MS, of } }).map(({ rates }) => rates)
    const [first, held, next] = [rates[0]!, rates[5]!, rates[6]!]
    expect(held).toEqual(first)
    expect(next.canary).not.toBe(first.canary)
    expect(first.canary === first.baseline).toBe(of === 'shared')
    expect(first.baseline === 0.01).toBe(of === 'canary')
  })

  it('has counters that are late, and tell everything with their next answer', () => {
    const schedule = [{ weight: 0.5, watchMs: 600 * MINUTE_MS }]
    const canary = played({ readings: 'late', schedule }).map(({ sample }) => sample.canary)
    const answered = canary.slice(0, canary.findLastIndex((counts) => counts !== undefined) + 1)
    expect(answered).toContain(undefined)
    expect(sum(answered.map((counts) => counts?.requests ?? 0))).toBe(answered.length * 500)
  })

  it.each([
    // A tenth never comes: 90 %, and three times sqrt(0.1 * 0.9 / 120) = 8 % more or less.
    ['missing', 0.82, 0.98],
    // Of a tenth half is lost: 95 %, and as much more or less.
    ['reset', 0.87, 0.99],
  ] as const)('has counters that are %s', (readings, least, most) => {
    const canary = played({ readings }).map(({ sample }) => sample.canary)
    const share = sum(canary.map((counts) => counts?.requests ?? 0)) / (120 * 500)
    expect(share).toBeGreaterThanOrEqual(least)
    expect(share).toBeLessThanOrEqual(most)
    expect(canary.includes(undefined)).toBe(readings !== 'reset')
  })
})
