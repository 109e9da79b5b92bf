import { describe, expect, it } from '@jest/globals'
import { anyBreach, consecutiveBreaches } from './runbook'
import { repeated, takenBackAfter, tenSeconds } from './sample.fixture'

const rollout = { schedule: [], rates: () => ({ baseline: 0, canary: 0 }) }
const [good, bad] = [tenSeconds({ requests: 100, errors: 1 }), tenSeconds({ requests: 100, errors: 2 })]

describe('a runbook', () => {
  it('that asks for two consecutive breaches of 1 % is not met by 1 % itself, nor by every other check', () => {
    expect(takenBackAfter(consecutiveBreaches(rollout), [good, good, bad, good, bad])).toBeUndefined()
    expect(takenBackAfter(consecutiveBreaches(rollout), [bad, good, bad, bad])).toBe(40)
  })

  it('does not hear of requests that could not be counted', () => {
    expect(takenBackAfter(consecutiveBreaches(rollout), [bad, tenSeconds(), bad])).toBeUndefined()
  })

  it('that takes any breach has tighter limits in later stages, the last of them for all others', () => {
    // 6 samples of 1 in 500: 0.2 % of the minute.
    const minute = repeated(6, { requests: 500, errors: 1 })
    const breaks = (stage: number): boolean => {
      const rule = anyBreach(rollout)
      return minute.some((sample) => rule.takesBack(sample, stage))
    }
    expect([0, 1, 2, 3, 4].map(breaks)).toEqual([false, false, false, true, true])
  })
})
