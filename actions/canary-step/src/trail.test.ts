import { describe, expect, it } from '@jest/globals'
import type { Verdict } from '@deploy-actions/analysis'
import { createTrail, type JudgedSample } from './trail'

const HOUR = 360

/** The sample at `place`, of a canary with 100 requests. */
function judged(place: number, more: { stage?: number; verdict?: Verdict; errors?: number } = {}) {
  const { stage = 0, verdict = 'inconclusive', errors = 0 } = more
  return {
    stage,
    sample: {
      ...{ at: new Date(place * 10_000).toISOString(), windowMs: 10_000, problems: [] },
      canary: { requests: 100, errors },
    },
    judgements: [{ metric: 'errors-against-baseline', verdict, reason: () => '', observed: {} }],
  } satisfies JudgedSample
}

/** A trail of so many samples, and the places of those that are kept. */
function walk(count: number, more: (place: number) => Parameters<typeof judged>[1] = () => ({})) {
  const trail = createTrail()
  for (let place = 0; place < count; place++) trail.add(judged(place, more(place)))
  const places = trail.samples().map(({ sample }) => Date.parse(sample.at) / 10_000)
  return { trail, places }
}

const all = (count: number): number[] => Array.from({ length: count }, (_, place) => place)

describe('the trail of a walk', () => {
  it.each([0, 1, 2, HOUR])('of %d samples is all of them', (count) => {
    const { trail, places } = walk(count)
    expect(places).toEqual(all(count))
    expect(trail.leftOut()).toBe(0)
  })

  it.each([
    [HOUR + 3, HOUR + 2],
    [6 * HOUR, HOUR + 2],
    [40 * HOUR, HOUR + 2],
  ])('of %d samples is %d or fewer, evenly from all of it, and says how many are left out', (count, most) => {
    const { trail, places } = walk(count)
    expect(places.length).toBeLessThanOrEqual(most)
    expect(places.length).toBeGreaterThan(most / 2)
    expect(trail.leftOut()).toBe(count - places.length)
    expect(places).toEqual([...new Set(places)].sort((a, b) => a - b))
    expect([places[0], places.at(-1)]).toEqual([0, count - 1])
    const gaps = places.slice(1).map((place, index) => place - (places[index] ?? 0))
    expect(Math.max(...gaps)).toBeLessThan(4 * (count / most))
  })

  it('holds the first and the last of each stage, and each change of the verdict', () => {
    const stageOf = (place: number): number => [701, 1403, 1404].findIndex((end) => place < end)
    const errors = [777, 1001, 1002, 1399]
    const { places } = walk(1404, (place) => ({
      stage: stageOf(place),
      verdict: errors.includes(place) ? 'error' : 'pass',
    }))
    const turns = [0, 700, 701, 777, 778, 1001, 1003, 1399, 1400, 1402, 1403]
    expect(places).toEqual(expect.arrayContaining(turns))
    expect(places.length).toBeLessThan(HOUR + turns.length)
  })

  it('holds the worst of its neighbours', () => {
    const worst = [301, 1000, 1007, 1337, 2159]
    const { places } = walk(6 * HOUR, (place) => ({ errors: worst.includes(place) ? 9 : place % 3 }))
    // Of 1000 and 1007, neighbours by now, one stands for both.
    expect(places).toEqual(expect.arrayContaining([301, 1000, 1337, 2159]))
  })

  it('has an end, too, where the verdict wavers for hours', () => {
    const { trail, places } = walk(12 * HOUR, (place) => ({ verdict: place % 2 === 0 ? 'pass' : 'error' }))
    expect(places.length).toBeLessThanOrEqual(HOUR)
    expect(trail.leftOut()).toBe(12 * HOUR - places.length)
    expect(places.at(-1)).toBe(12 * HOUR - 1)
  })
})
