import { describe, expect, it } from '@jest/globals'
import type { Sample } from '@deploy-actions/analysis'
import type { ArmSampler } from '@deploy-actions/metrics'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { judgeFor, watchStage, type JudgedSample } from './stage'

const minutes = (count: number): number => count * 60_000
const plan = {
  weight: 1000,
  watchMs: minutes(5),
  maxWatchMs: minutes(15),
  errorTimeoutMs: minutes(5),
  minRequests: 20,
  onFail: 'rollback',
  onError: 'rollback',
  onInconclusive: 'rollback',
} as const

/** Healthy traffic whose windows are complete `lag` after their end, as long as `answers` says so. */
function lagging(ports: FakePorts, lag: number, answers: () => boolean = () => true): ArmSampler {
  let from = 0
  return {
    lag,
    resolution: 0,
    lookback: lag,
    async restart() {
      from = ports.clock.now().getTime()
    },
    async sample(): Promise<Sample | undefined> {
      const to = ports.clock.now().getTime() - lag
      if (to <= from) return undefined
      const about = { at: new Date(to).toISOString(), windowMs: to - from }
      if (!answers()) return { ...about, problems: [{ kind: 'provider', message: 'the API answered 503' }] }
      const seconds = (to - from) / 1000
      from = to
      return {
        ...about,
        baseline: { requests: seconds * 90, errors: 0 },
        canary: { requests: seconds * 10, errors: 0 },
        problems: [],
      }
    },
  }
}

async function watch(lag: number, answers?: () => boolean) {
  const ports = createFakePorts()
  const trail: JudgedSample[] = []
  const judge = judgeFor([plan], { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 } })
  const sampler = lagging(ports, lag, answers)
  const end = await watchStage({ index: 0, plan, judge, sampler, intervalMs: 10_000, trail, ...ports })
  return { end, trail, ports }
}

describe('a stage whose metrics lag', () => {
  it('lasts its watch and the lag, and counts what is in the watch only', async () => {
    const { end, trail } = await watch(minutes(2))
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: minutes(7) })
    // Ten requests a second for five minutes.
    expect(end.seen).toMatchObject({ requests: 3000, errors: 0 })
    expect(trail.reduce((sum, { sample }) => sum + sample.windowMs, 0)).toBe(minutes(5))
  })

  it('lasts its watch where nothing lags', async () => {
    expect((await watch(0)).end).toMatchObject({ verdict: 'pass', durationMs: minutes(5) })
  })

  it('does not take the lag for a time without answers', async () => {
    // Longer than the error time: no sample can be there earlier.
    expect((await watch(minutes(6))).end).toMatchObject({ verdict: 'pass', durationMs: minutes(11) })
  })

  it('is an error when no answer comes in all of the error time after that', async () => {
    const { end } = await watch(minutes(2), () => false)
    expect(end).toMatchObject({ verdict: 'error', then: 'rollback', durationMs: minutes(7) })
    expect(end.reason).toContain('the API answered 503')
  })
})
