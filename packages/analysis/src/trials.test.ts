import { describe, expect, it } from '@jest/globals'
import { medianFoundMs, smallestFound, tryStage } from './trials'

const RATES = [0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08]

/** Rollouts of which each finds its fault from its own rate on, the sooner the higher the rate. */
const rolloutsFrom = (rates: readonly number[]) =>
  tryStage(
    rates.map((from) => ({
      foundAfterMs: ({ rates: { canary } }) => (canary >= from ? Math.round(1 / canary) : undefined),
    })),
    0,
    0.001,
  )
const times = (count: number, rate: number): number[] => Array<number>(count).fill(rate)

describe('the smallest rate that is found in 90 % of the trials', () => {
  it.each([
    ['where all are alike', times(100, 0.03), 0.03],
    ['where ten of a hundred need more', [...times(90, 0.03), ...times(10, 0.08)], 0.03],
    ['where eleven do', [...times(89, 0.03), ...times(11, 0.05)], 0.05],
    ['where the first few find more than the others', [...times(20, 0.01), ...times(80, 0.07)], 0.07],
    ['where the first few find less than the others', [...times(10, 0.08), ...times(90, 0.02)], 0.02],
    ['where the first rate is enough', times(100, 0.001), 0.01],
  ])('is found %s', (_, froms, rate) => expect(smallestFound(rolloutsFrom(froms), RATES)).toBe(rate))

  it('does not exist where the highest is found less often', () =>
    expect(smallestFound(rolloutsFrom([...times(89, 0.01), ...times(11, 0.09)]), RATES)).toBeUndefined())
})

describe('the median time', () => {
  it('is that of all trials, those that find nothing included', () => {
    expect(medianFoundMs(rolloutsFrom([...times(60, 0.01), ...times(40, 0.08)]), 0.02)).toBe(50)
    expect(medianFoundMs(rolloutsFrom([...times(40, 0.01), ...times(60, 0.08)]), 0.02)).toBeUndefined()
  })
})
