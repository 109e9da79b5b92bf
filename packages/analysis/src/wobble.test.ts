import { describe, expect, it } from '@jest/globals'
import { poisson, seededRandom } from '@deploy-actions/testing'
import { watchWobble, type Wobble } from './wobble'

const LEAST = 0.13

/** Blocks of 180 s, one sample each. */
function after(errors: readonly number[], requests = 100_000): Wobble {
  const wobble = watchWobble()
  for (const count of errors) wobble.learn({ requests, errors: count }, 180_000)
  return wobble
}

describe('how rates wander', () => {
  it('is at least what nobody has seen yet', () => {
    expect(watchWobble().variation()).toBe(LEAST)
    expect(after([100, 200, 100, 200]).variation()).toBe(LEAST)
    expect(after(Array<number>(20).fill(1000)).variation()).toBe(LEAST)
    expect(after(Array<number>(20).fill(0)).variation()).toBe(LEAST)
  })

  it('is half the middle squared difference of neighbours, less what chance makes, by the middle rate', () => {
    // Rates 0.01 and 0.02 by turns, eleven of them: middle 0.01; all ten differences 0.01: 1e-4/0.4549 = 2.19829e-4.
    // Chance makes 0.01 * 2/100,000 = 2e-7 of it, and 5.825/sqrt(10) more are left to it: 5.68e-7; half of the rest is 1.09630e-4,
    // its root 0.010470: c = 1.0470.
    const turns = Array.from({ length: 11 }, (_, index) => (index % 2 === 0 ? 1000 : 2000))
    expect(after(turns).variation()).toBeCloseTo(1.047, 4)
  })

  it('is not moved by a bad block, nor by a trend', () => {
    const calm = Array<number>(20).fill(1000)
    expect(after([...calm, 60_000, ...calm]).variation()).toBe(LEAST)
    // From 1,000 to 2,950 in steps of 50, at a middle of 1,975: a step is 2.5 %.
    expect(after(Array.from({ length: 40 }, (_, index) => 1000 + 50 * index)).variation()).toBe(LEAST)
  })

  it('takes chance for what it is', () => {
    // A few errors to a block scatter by themselves, by up to 1: of ten rollouts of ten blocks each, in at most one a trace of that is
    // taken for wandering.
    const random = seededRandom(4)
    const blocks = (mean: number) => Array.from({ length: 10 }, () => poisson(mean, random))
    for (const mean of [1, 4, 10]) {
      const found = Array.from({ length: 10 }, () => after(blocks(mean), 1000 * mean).variation())
      expect(found.filter((one) => one > LEAST).length).toBeLessThanOrEqual(1)
    }
  })

  it('is that of the last two hours', () => {
    const wild = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? 500 : 5000))
    expect(after([...wild, ...Array<number>(39).fill(1000)]).variation()).toBe(LEAST)
    expect(after([...wild, ...Array<number>(10).fill(1000)]).variation()).toBeGreaterThan(1)
  })

  it('is told by whole blocks, of the samples that make them', () => {
    const wobble = watchWobble()
    for (let block = 0; block < 11; block++)
      for (let sample = 0; sample < 18; sample++)
        wobble.learn({ requests: 10_000, errors: block % 2 === 0 ? 100 : 200 }, 10_000)
    // As above, with 180,000 requests to a block: chance makes 1.11e-7 of 2.19829e-4, and 2.05e-7 are left to it.
    expect(wobble.variation()).toBeCloseTo(1.0476, 3)
  })
})

it('knows the rate of what it was shown, which is never 0', () => {
  expect(watchWobble().rate()).toBe(0.5)
  expect(after([10], 10_000).rate()).toBeCloseTo(10.5 / 10_001, 12)
  const begun = after([0], 999)
  begun.learn({ requests: 1000, errors: 3 }, 10_000)
  expect(begun.rate()).toBeCloseTo(3.5 / 2000, 12)
})
