import { describe, expect, it } from '@jest/globals'
import { foundShare, interval, median, middleMs, quantileMs, takenShare, tally } from './statistics'

const outcomes = [30, undefined, 5, 20, 10].map((takenBackMs) => ({ takenBackMs, lost: 2 }))

describe('a tally', () => {
  it('keeps what was taken back before the fault apart', () => {
    // The fault begins at 10: those of 5 and of 10 cannot have met it.
    expect(tally(outcomes, 10)).toEqual({ runs: 5, early: 2, times: [10, 20], lost: 2 })
  })

  it('shares what was found among those that came to the fault', () => {
    const found = tally(outcomes, 10)
    expect(foundShare(found)).toBe(2 / 3)
    expect(takenShare(found)).toBe(4 / 5)
  })

  it('counts a miss as never', () => {
    const found = tally(outcomes, 0) // 5, 10, 20, 30 and a miss
    expect([0, 0.5, 0.7].map((part) => quantileMs(found, part))).toEqual([5, 20, 30])
    expect(quantileMs(found, 0.9)).toBe(Infinity)
  })
})

describe('an interval', () => {
  it('is that of Wilson', () => {
    // 0 of 100: z^2/(n + z^2) = 3.8415/103.8415. 50 of 100: half is z sqrt(0.0025 + z^2/40000)/(1 + z^2/100) = 0.0962.
    expect(interval(0, 100)[0]).toBeCloseTo(0, 12)
    expect(interval(0, 100)[1]).toBeCloseTo(0.036994, 5)
    expect(interval(50, 100)[0]).toBeCloseTo(0.5 - 0.0962, 3)
    expect(interval(50, 100)[1]).toBeCloseTo(0.5 + 0.0962, 3)
  })
})

describe('a median', () => {
  it('is the upper of two in the middle', () => expect(median([4, 1, 3, 2])).toBe(3))
})

it('takes the mean of the fifth around the median for the middle', () => {
  const of = (times: number[], runs = times.length) => middleMs({ runs, early: 0, times, lost: 0 })
  // Of ten those from the fifth to the seventh: (50 + 60 + 70)/3.
  expect(of([10, 20, 30, 40, 50, 60, 70, 80, 90, 100])).toBe(60)
  expect(of([10, 10, 10, 10, 10, 10, 20, 20, 20, 20])).toBeCloseTo(40 / 3, 9)
  // Four of ten were never taken back, and one of these is of that fifth.
  expect(of([10, 20, 30, 40, 50, 60], 10)).toBe(Infinity)
})
