import { describe, expect, it } from '@jest/globals'
import { flagger, passes, ticks } from './flagger'
import { repeated, takenBackAfter } from './sample.fixture'

const rollout = { schedule: [], rates: () => ({ baseline: 0, canary: 0 }) }

describe("Flagger's check", () => {
  it.each([
    [1, true],
    [0.99, true],
    [0.9899, false],
    [NaN, false],
    [undefined, false],
  ])('of %p: passes is %p', (rate, passed) => expect(passes(rate)).toBe(passed))
})

describe("Flagger's loop", () => {
  it('takes back one tick after the last of the failed checks, whatever passed in between', () => {
    const tick = ticks(2)
    expect([false, true, false, true].map(tick)).toEqual([false, false, false, true])
  })

  it('takes (threshold + 1) intervals for a canary that is bad from the start', () => {
    // 2 of 100 fail; 5 failed checks, and the tick that looks at them.
    expect(takenBackAfter(flagger(5)(rollout), repeated(60, { requests: 100, errors: 2 }))).toBe(360)
  })

  it('counts no data and no requests as failed checks', () => {
    expect(takenBackAfter(flagger(1)(rollout), repeated(60))).toBe(120)
    expect(takenBackAfter(flagger(1)(rollout), repeated(60, { requests: 0, errors: 0 }))).toBe(120)
  })
})
