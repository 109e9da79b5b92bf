import { describe, expect, it } from '@jest/globals'
import type { NewRule } from '../peers/rule'
import { play } from './play'
import type { World } from './world'

const WORLD: World = {
  ...{ requestsPerSecond: 10, baseRate: 0, fault: { fromMs: 10_000, times: 1, plus: 0.1 } },
  ...{ arrivals: 'steady', schedule: [{ weight: 0.5, watchMs: 60_000 }] },
}

/** Takes back with its `count`-th sample. */
const after =
  (count: number): NewRule =>
  () => {
    let seen = 0
    return { takesBack: () => ++seen >= count }
  }

describe('a rollout that is played', () => {
  it('ends for each rule when that takes it back, and costs what was lost until then', () => {
    // From the second sample on 10 % of 50 requests fail.
    expect(play(WORLD, [after(1), after(3), after(7)], 1)).toEqual([
      { takenBackMs: 10_000, lost: 0 },
      { takenBackMs: 30_000, lost: 10 },
      { takenBackMs: undefined, lost: 25 },
    ])
  })

  it('shows the same counts to all rules, and others with another seed', () => {
    const seen: number[][] = []
    const watching: NewRule = () => {
      const errors: number[] = []
      seen.push(errors)
      return { takesBack: ({ canary }) => errors.push(canary!.errors) < 0 }
    }
    play(WORLD, [watching, watching], 1)
    play(WORLD, [watching], 2)
    expect(seen[1]).toEqual(seen[0])
    expect(seen[2]).not.toEqual(seen[0])
  })

  it('tells the rates of the newest sample to who asks', () => {
    const rates: number[] = []
    const asking: NewRule = (rollout) => ({ takesBack: () => rates.push(rollout.rates().canary) < 0 })
    play(WORLD, [asking], 1)
    expect(rates).toEqual([0, 0.1, 0.1, 0.1, 0.1, 0.1])
  })

  it('teaches the hour before to a rule that learns', () => {
    let learnt = 0
    const learning: NewRule = () => ({ learn: () => (learnt += 1), takesBack: () => true })
    play(WORLD, [learning], 1)
    expect(learnt).toBe(60)
  })
})
