import { describe, expect, it } from '@jest/globals'
import { stagePower } from '@deploy-actions/analysis/power'
import { play } from './play'
import { MARGIN, sequential } from './rules'
import { lengthOf, type World } from './world'

// What a stage is said to find is found by the simulation of the bench, which shares the judge with it and nothing else.

const MINUTE_MS = 60_000
const ROLLOUTS = 150
const SCHEDULE = [0.1, 0.25, 0.5].map((weight) => ({ weight, watchMs: 10 * MINUTE_MS }))
const BASE_RATE = 0.001

/** Share of rollouts in which a canary that fails with that rate from the beginning of a stage on is taken back within it. */
function shareFound(requestsPerSecond: number, stage: number, rate: number): number {
  const fromMs = lengthOf(SCHEDULE.slice(0, stage))
  const world: World = {
    ...{ requestsPerSecond, baseRate: BASE_RATE, schedule: SCHEDULE },
    fault: { fromMs, times: 1, plus: rate - BASE_RATE },
  }
  const taken = Array.from({ length: ROLLOUTS }, (_, index) =>
    play(world, [sequential(0.01)], 90_000 + index),
  )
  const untilMs = fromMs + (SCHEDULE[stage]?.watchMs ?? 0)
  const found = taken.filter(([outcome]) => (outcome?.takenBackMs ?? Infinity) <= untilMs)
  return found.length / ROLLOUTS
}

describe.each([20, 300])('at %p requests/s', (requestsPerSecond) => {
  const power = stagePower({
    judge: { alpha: 0.01, margin: MARGIN },
    stages: SCHEDULE.map(({ weight, watchMs }) => ({
      ...{ weight: weight * 10_000, watchMs, maxWatchMs: watchMs, errorTimeoutMs: 300_000, minRequests: 20 },
      ...{ onFail: 'rollback', onError: 'rollback', onInconclusive: 'rollback' },
    })),
    ...{ intervalMs: 10_000, requestsPerSecond, baselineErrors: BASE_RATE },
  })

  it.each([0, 1, 2])('stage %p finds what it is said to find, and half of that far less often', (stage) => {
    const rate = power[stage]?.regression?.rate ?? NaN
    expect(shareFound(requestsPerSecond, stage, rate)).toBeGreaterThanOrEqual(0.85)
    expect(shareFound(requestsPerSecond, stage, BASE_RATE + (rate - BASE_RATE) / 2)).toBeLessThan(0.5)
  })
})
