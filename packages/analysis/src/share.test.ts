import { expect, it } from '@jest/globals'
import type { Sample } from './sample'
import { watchShare, type MissedShare } from './share'

const sample = (canary: number | undefined, baseline: number | undefined, windowMs = 10_000): Sample => ({
  at: '2026-11-21T10:00:00.000Z',
  windowMs,
  ...(canary === undefined ? {} : { canary: { requests: canary, errors: 0 } }),
  ...(baseline === undefined ? {} : { baseline: { requests: baseline, errors: 0 } }),
  problems: [],
})
/** What is said after the last of these, at 10 %. */
const after = (...samples: Sample[]): MissedShare | undefined => {
  const watch = watchShare()
  return samples.map((one) => watch.next(one, 0.1)).at(-1)
}
const times = (count: number, canary: number, baseline: number): Sample[] =>
  Array.from({ length: count }, () => sample(canary, baseline))

it.each([
  // A tenth of 6 x 200 are 120; half of that is 60.
  ['60 of 1,200 are half of its share', times(6, 10, 190), false],
  ['54 of 1,200 are less', times(6, 9, 191), true],
  ['within the first minute nothing is said', times(5, 0, 400), false],
  // A tenth of 6 x 166 is less than 100.
  ['of fewer than a hundred nothing is said', times(6, 0, 166), false],
  ['where requests are rare it is looked back for longer', times(20, 1, 49), true],
  ['of a hundred it is', times(6, 0, 167), true],
  ['what is longer ago than a minute does not count', [...times(6, 0, 200), ...times(6, 20, 180)], false],
  ['nor does it make up for the last minute', [...times(30, 40, 160), ...times(6, 2, 198)], true],
  [
    'a sample without one of the arms is left out',
    [...times(5, 2, 198), sample(undefined, 198), sample(2, undefined), sample(2, 198)],
    true,
  ],
  [
    'so is one that lacks a page',
    [
      ...times(6, 20, 180),
      ...times(6, 2, 180).map((one) => ({
        ...one,
        canary: { requests: 2, errors: 0, leftOut: ['http://10.0.0.2/metrics'] },
      })),
    ],
    false,
  ],
])('%s', (_, samples, missed) => expect(after(...samples) !== undefined).toBe(missed))

it('is what was due in each sample: less where less was in effect', () => {
  const watch = watchShare()
  for (const one of times(3, 10, 190)) watch.next(one, 0.1)
  // 3 x 200 at 10 % and 3 x 200 at 2.7 % are 76; with the share that was written they would be 120.
  for (const one of times(3, 5, 195)) expect(watch.next(one, 0.027)).toBeUndefined()
  const missed = times(6, 20, 780)
    .map((one) => watch.next(one, 0.1))
    .at(-1)
  expect(missed).toMatchObject({ share: expect.closeTo(0.1) })
})

it('tells what was counted, what was due, and how long back', () => {
  expect(after(...times(6, 2, 198))).toEqual({
    reason: 'in the last 60 s the canary was counted 12 of 1200 requests, and its share of 10% is 120',
    windowMs: 60_000,
    share: expect.closeTo(0.1),
    counted: { baseline: 1188, canary: 12 },
  })
})
