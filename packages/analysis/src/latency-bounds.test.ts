import { describe, expect, it } from '@jest/globals'
import { addBuckets, chooseBounds, countAbove, timeWithin } from './latency-bounds'
import type { Bucket } from './sample'

/** The default buckets of Prometheus' client libraries, in milliseconds. */
const BOUNDS = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, Infinity]
const histogram = (counts: readonly number[], bounds: readonly number[] = BOUNDS): Bucket[] =>
  bounds.map((le, index) => ({ le, count: counts[index] ?? counts.at(-1) ?? 0 }))

// A median of 20 ms and a spread of e^0.5: 8.3 % within 10 ms, 67 % within 25, 96.7 % within 50, 99.93 % within 100.
const usual = histogram([28, 830, 6700, 9670, 9993, 10_000])

describe('bounds', () => {
  it('lie between the median and p99.9 of the baseline by their counterpart, and one beyond', () => {
    expect(chooseBounds(usual, 1.1)).toEqual([
      // Above 25 ms lie 33 %, above 50 ms 3.3 %, above 100 ms 0.07 %; above 10 ms 91.7 %, which tells little.
      { canary: 50, baseline: 25 },
      { canary: 100, baseline: 50 },
      { canary: 250, baseline: 100 },
    ])
  })

  it('are held against the largest that is faster by the tolerance', () => {
    // 100/1.1 = 90.9: of 80, 90 and 95 that is 90. Of 88/1.1 = 80 it is 80 itself.
    const fine = histogram([0, 600, 700, 800, 990, 1000], [80, 88, 90, 95, 100, Infinity])
    expect(chooseBounds(fine, 1.1).at(-1)).toEqual({ canary: 100, baseline: 90 })
    expect(chooseBounds(histogram([600, 900, 1000], [80, 88, Infinity]), 1.1)).toEqual([
      { canary: 88, baseline: 80 },
    ])
  })

  it('that have the same counterpart are one: the lowest sees the most', () => {
    const fine = histogram([600, 700, 800, 900, 1000], [50, 100, 101, 102, Infinity])
    expect(chooseBounds(fine, 1.1)).toEqual([{ canary: 100, baseline: 50 }])
  })

  it('are none where there is nothing to choose by', () => {
    expect(chooseBounds([], 1.1)).toEqual([])
    expect(chooseBounds(histogram([0]), 1.1)).toEqual([])
    expect(chooseBounds(histogram([1000], [Infinity]), 1.1)).toEqual([])
  })
})

describe('what lies above a bound', () => {
  it('is all that its bucket does not hold', () => {
    expect(countAbove(usual, 50)).toEqual({ requests: 10_000, errors: 330 })
    expect(countAbove(usual, 10_000)).toEqual({ requests: 10_000, errors: 0 })
  })

  it('is nothing without requests, and not known of another bound', () => {
    expect(countAbove([], 50)).toEqual({ requests: 0, errors: 0 })
    expect(countAbove(usual, 60)).toBeUndefined()
  })
})

describe('histograms that are added up', () => {
  const buckets = (...pairs: [le: number, count: number][]): Bucket[] =>
    pairs.map(([le, count]) => ({ le, count }))

  it('keep the bounds that all of them have: 2 of 7 within 5 is not known where one has no such bound', () => {
    const [one, other] = [buckets([10, 1], [Infinity, 4]), buckets([5, 2], [10, 3], [Infinity, 3])]
    const sum = buckets([10, 4], [Infinity, 7])
    expect(addBuckets([one, [], other])).toEqual(sum)
    expect(addBuckets([other, one])).toEqual(sum)
  })

  it('are nothing where none has any, and as they are where only one has', () => {
    expect(addBuckets([[], []])).toEqual([])
    expect(addBuckets([[], usual])).toEqual(usual)
  })
})

it.each([
  ['half of them', 0.5, '10 ms'],
  ['all but the slowest tenth, exactly', 0.9, '2.5 s'],
  ['more than the bounds tell', 0.91, 'over 2.5 s'],
])('tells how long %s took at most', (_, share, told) => {
  const buckets = [
    { le: 10, count: 60 },
    { le: 2500, count: 90 },
    { le: Infinity, count: 100 },
  ]
  expect(timeWithin(buckets, share)).toBe(told)
  expect(timeWithin([{ le: Infinity, count: 0 }], share)).toBeUndefined()
})
