import { expect, it } from '@jest/globals'
import { watchSilence } from './silence'

const sample = (requests: number | undefined, windowMs = 10_000) => ({
  at: '2026-11-21T10:00:00.000Z',
  windowMs,
  ...(requests === undefined ? {} : { canary: { requests, errors: 0 } }),
  problems: [],
})
/** How many windows of 10 s pass without a request until it is called silence, at most 1,000. */
const patience = (before: (number | undefined)[]): number => {
  const watch = watchSilence(false)
  for (const requests of before) watch.next(sample(requests))
  for (let windows = 1; windows <= 1000; windows++) if (watch.next(sample(0))) return windows
  return Infinity
}

it.each([
  // Two windows of 10 s, which are more than 20 gaps of 0.1 s.
  ['frequent requests', Array<number>(10).fill(100), 2],
  // 2 requests in each window of 10 s: 5 gaps of 5 s are 25 s, so a minute; 20 are 100 s.
  ['requests that are neither', Array<number>(10).fill(2), 6],
  // 5 in each: 20 gaps of 2 s are 40 s.
  ['somewhat frequent requests', Array<number>(10).fill(5), 4],
  // One request in 100 s: five gaps of 100 s are 50 windows.
  ['rare requests', [...Array<number>(9).fill(0), 1], 50],
  // Half of the windows unanswered: they count neither as silence nor as time. 5 requests in 50 s: 5 gaps are 50 s, so a minute.
  ['answers missing in between', [1, undefined, 1, undefined, 1, undefined, 1, undefined, 1], 6],
  ['no request at all', [], 6],
])('calls it silence after %s', (_, before, windows) => expect(patience(before)).toBe(windows))

it('says for how long, and ends with the next request', () => {
  const watch = watchSilence(false)
  watch.next(sample(40))
  expect(watch.next(sample(0, 90_000))).toBe('the canary has had no request for 90 s, after 40 in this stage')
  expect(watch.next(sample(1))).toBeUndefined()
  expect(watch.next(sample(0))).toBeUndefined()
})

it('is not called so before a whole minute', () => {
  const watch = watchSilence(false)
  expect(watch.next(sample(0, 59_999))).toBeUndefined()
  watch.next(sample(40))
  expect(watch.next(sample(0, 59_999))).toBeUndefined()
  expect(watch.next(sample(0, 1))).toMatch(/no request for 60 s/)
})

it('is not of the canary where the baseline has no request either, unless it gets none by design', () => {
  const quiet = { ...sample(0, 90_000), baseline: { requests: 0, errors: 0 } }
  const [shared, whole] = [watchSilence(false), watchSilence(true)]
  for (const watch of [shared, whole]) watch.next(sample(40))
  expect(shared.next(quiet)).toBeUndefined()
  expect(whole.next(quiet)).toMatch(/no request for 90 s/)
})
