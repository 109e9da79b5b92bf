import { describe, expect, it } from '@jest/globals'
import { logSum, mixedEvidence, planStarts } from './mixed-starts'

const minutes = (count: number): number => count * 60_000

describe('starts', () => {
  it('are three quarters at first, three sixteenths over the planned blocks, and the rest beyond, falling', () => {
    // Nine minutes are three blocks of 180 s: 1/16 each. Beyond: 1/16 of 1/2, of 1/6, of 1/12.
    const starts = planStarts(minutes(9))
    const weights = [0, 3, 6, 9, 12, 15].map((minute) => starts.next(minutes(minute), minute === 0))
    const expected = [3 / 4 + 1 / 16, 1 / 16, 1 / 16, 1 / 32, 1 / 96, 1 / 192]
    for (const [index, weight] of weights.entries()) expect(weight).toBeCloseTo(expected[index] ?? NaN, 12)
  })

  it('come once a block, however many samples it has', () => {
    const starts = planStarts(minutes(9))
    expect([0, 1, 2].map((minute) => starts.next(minutes(minute), minute === 0))).toEqual([0.8125, 0, 0])
  })

  it('of blocks without a sample come with the next', () => {
    const starts = planStarts(minutes(9))
    starts.next(0, true)
    expect(starts.next(minutes(7), false)).toBeCloseTo(2 / 16, 12)
  })

  it('share the three quarters among several that are first', () => {
    const starts = planStarts(minutes(30), 4)
    const block = 3 / 16 / 10
    expect(starts.next(0, true)).toBeCloseTo(3 / 16 + block, 12)
    expect(starts.next(minutes(1), true)).toBeCloseTo(3 / 16, 12)
  })

  it.each([0, 1, 30, 600])('never add up to more than 1 when %d minutes are planned', (planned) => {
    const starts = planStarts(minutes(planned))
    let sum = 0
    for (let minute = 0; minute < 3000; minute++) sum += starts.next(minutes(minute), minute === 0)
    expect(sum).toBeLessThanOrEqual(1 + 1e-12)
    expect(sum).toBeGreaterThan(0.95)
  })
})

describe('evidence that may begin late', () => {
  it('is what has begun and what has not', () => {
    // (0 + 1/2) * 4 = 2 and a half is left: 2.5. Then (2 + 1/4) * 2 = 4.5 and a quarter is left: 4.75.
    const evidence = mixedEvidence([1])
    evidence.multiply([Math.log(4)], 1 / 2)
    expect(Math.exp(evidence.log())).toBeCloseTo(2.5, 12)
    evidence.multiply([Math.log(2)], 1 / 4)
    expect(Math.exp(evidence.log())).toBeCloseTo(4.75, 12)
  })

  it('is the mean over its hypotheses', () => {
    const evidence = mixedEvidence([0.5, 0.5])
    evidence.multiply([Math.log(10), Math.log(2)], 1)
    expect(Math.exp(evidence.log())).toBeCloseTo(6, 12)
  })

  it('begins at 1', () => {
    expect(mixedEvidence([0.1, 0.7, 0.2]).log()).toBe(0)
  })

  it('finds what comes after a long calm, and after an outage that spoke for the canary', () => {
    const evidence = mixedEvidence([1])
    const starts = planStarts(minutes(30))
    for (let minute = 0; minute < 27; minute++)
      evidence.multiply([minute === 10 ? -1000 : -1], starts.next(minutes(minute), minute === 0))
    expect(evidence.log()).toBeLessThan(0)
    // The block that begins at 27 min has a tenth of 3/16: 0.01875 e^(3 + 3 + 3) = 152.
    for (let minute = 27; minute < 30; minute++) evidence.multiply([3], starts.next(minutes(minute), false))
    expect(Math.exp(evidence.log())).toBeGreaterThan(0.01875 * Math.exp(9))
  })

  it('overflows at no number that comes', () => {
    const evidence = mixedEvidence([0.5, 0.5])
    evidence.multiply([1e9, -1e9], 1)
    evidence.multiply([1e9, -1e9], 0)
    expect(evidence.log()).toBeCloseTo(2e9 - Math.log(2), 3)
  })
})

it('adds logarithms, of nothing as well', () => {
  expect(logSum(Math.log(2), Math.log(3))).toBeCloseTo(Math.log(5), 12)
  expect(logSum(-Infinity, Math.log(3))).toBe(Math.log(3))
  expect(logSum(-Infinity, -Infinity)).toBe(-Infinity)
  expect(logSum(-5000, -5000)).toBeCloseTo(-5000 + Math.log(2), 9)
})
