import { describe, expect, it } from '@jest/globals'
import type { SequentialSettings } from './sequential'
import { stagePower, type SimulationSettings } from './power'
import { simulateRollout } from './simulated-rollout'

const MINUTE_MS = 60_000
type Stage = SimulationSettings['stages'][number]

const stage = (weight: number, minutes: number, more: Partial<Stage> = {}): Stage => ({
  ...{ weight: weight * 100, watchMs: minutes * MINUTE_MS, maxWatchMs: 3 * minutes * MINUTE_MS },
  ...{ errorTimeoutMs: 5 * MINUTE_MS, minRequests: 20 },
  ...{ onFail: 'rollback', onError: 'rollback', onInconclusive: 'rollback' },
  ...more,
})
const JUDGE: SequentialSettings = { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 } }
const settings = (change: Partial<SimulationSettings> = {}): SimulationSettings => ({
  judge: JUDGE,
  stages: [stage(10, 5), stage(50, 5)],
  ...{ intervalMs: 10_000, requestsPerSecond: 20, baselineErrors: 0.001 },
  ...change,
})
const first = (change: Partial<SimulationSettings>) => stagePower(settings(change))[0]
const rateOf = (change: Partial<SimulationSettings>): number => first(change)?.regression?.rate ?? Infinity

describe('what a stage finds', () => {
  it('is nothing at all where it has too few requests for anything to show', () => {
    // About 1.5 requests of the canary: the evidence of an error is at most 1/theta_0 = 1 + 0.9/0.125 = 8.2, and half of it begins at
    // the first sample, so that three errors come to 276, divided by the seven hypotheses, of which most say far less: not 100.
    const power = first({ stages: [stage(10, 5, { minRequests: 1 })], requestsPerSecond: 0.05 })
    expect(power).toEqual({ requests: expect.closeTo(1.5) })
  })

  it('is the half of twenty requests where that is all it can see', () => {
    // Nothing is worse than such a margin, and there is no limit. Of sixty requests there are forty times twenty in a row, so that
    // half of some of them fail a little below one in two, too.
    const rate = rateOf({
      ...{ stages: [stage(100, 10)], requestsPerSecond: 0.1, baselineErrors: 0.2 },
      judge: { alpha: 0.01, margin: { ratio: 1.25, absolute: 1 } },
    })
    expect(rate).toBeGreaterThan(0.4)
    expect(rate).toBeLessThan(0.6)
  })

  it('is never less with more traffic, with a longer watch, or with a larger alpha', () => {
    const byTraffic = [2, 20, 200, 2000].map((requestsPerSecond) => rateOf({ requestsPerSecond }))
    expect(byTraffic).toEqual(byTraffic.toSorted((a, b) => b - a))
    expect(byTraffic.at(-1)).toBeLessThan((byTraffic[0] ?? 0) / 10)
    expect(rateOf({ stages: [stage(10, 20)] })).toBeLessThan(rateOf({ stages: [stage(10, 5)] }))
    const judge = JUDGE
    expect(rateOf({ judge: { ...judge, alpha: 0.1 } })).toBeLessThan(rateOf({ judge }))
  })

  it('is less after a warm-up, and where a failure is only reported, since what may be one passes then', () => {
    const judge = JUDGE
    const stages = [stage(10, 5)]
    const warmUpMs = 4 * MINUTE_MS
    expect(rateOf({ stages, judge: { ...judge, warmUpMs } })).toBeGreaterThan(rateOf({ stages }))
    const reported = rateOf({ stages: [stage(10, 5, { onFail: 'report' })] })
    expect(reported).toBeGreaterThan(rateOf({ stages }))
    expect(reported).toBeLessThan(0.1)
  })

  it('is lost meanwhile by the requests, the time and the rate', () => {
    const [power] = stagePower(settings())
    const { rate = 0, times, medianMs = 0, lost } = power?.regression ?? {}
    expect(power?.requests).toBe(600)
    // Two requests of the canary in a second.
    expect((lost ?? 0) / ((2 * medianMs * (rate - 0.001)) / 1000)).toBeCloseTo(1, 1)
    expect(times).toBeCloseTo(rate / 0.001)
    expect(medianMs).toBeLessThanOrEqual(5 * MINUTE_MS)
  })

  it('is a multiple of nothing where the baseline never fails', () =>
    expect(Object.keys(first({ baselineErrors: 0 })?.regression ?? {})).not.toContain('times'))

  it('is nothing where no rollout gets as far', () => {
    const stages = [stage(10, 5, { minRequests: 100_000 }), stage(50, 5)]
    const [own, next] = stagePower(settings({ stages }))
    expect(next?.regression).toBeUndefined()
    // What is taken back for having had too few requests was not found.
    expect(own?.regression?.rate).toBeGreaterThan(0.005)
  })

  it('is a healthy canary where the baseline itself fails more than the limit allows', () =>
    expect(
      first({ stages: [stage(50, 30, { errorRate: 0.01 })], requestsPerSecond: 100, baselineErrors: 0.02 })
        ?.regression,
    ).toMatchObject({ rate: 0.02, times: 1, lost: 0 }))

  it('of thresholds alone is what lies above them, in the first samples', () => {
    const limit = { metric: 'error-rate', max: 0.5, measure: 'share', failAfter: { inARow: 2 } } as const
    // A value is not simulated: it neither fails anything nor keeps a stage from passing.
    const value = { metric: 'cpu', max: 0.9, measure: 'share', failAfter: { inARow: 1 } } as const
    const [power] = stagePower(
      settings({
        ...{ judge: undefined, requestsPerSecond: 1000 },
        stages: [{ ...stage(10, 5), thresholds: [limit, value] }],
      }),
    )
    // Of 1,000 requests a sample 51 % are above a half nearly always: rates are tried in steps of about 10 %.
    expect(power?.regression?.rate).toBeGreaterThan(0.5)
    expect(power?.regression?.rate).toBeLessThan(0.57)
    expect(power?.regression?.medianMs).toBeGreaterThanOrEqual(20_000)
    expect(power?.regression?.medianMs).toBeLessThanOrEqual(60_000)
    expect(power?.limit).toBeUndefined()
  })

  it('is the same each time', () => expect(stagePower(settings())).toEqual(stagePower(settings())))
})

describe('a limit', () => {
  const limited = (errorRate: number, requestsPerSecond = 100) =>
    first({ requestsPerSecond, stages: [stage(10, 5, { errorRate })] })

  it('is seen alone from a higher rate on than together with the baseline', () => {
    const { limit, regression } = limited(0.01) ?? {}
    expect(limit?.limit).toBe(0.01)
    expect(limit?.foundFrom).toBeGreaterThan(0.01)
    expect(limit?.foundFrom).toBeGreaterThan(regression?.rate ?? Infinity)
    expect(limit?.foundFrom).toBeLessThan(0.03)
  })

  it('is seen later the tighter it is, where twice of it is still few errors', () => {
    const [wide, tight] = [limited(0.05)?.limit?.twiceMedianMs, limited(0.005)?.limit?.twiceMedianMs]
    expect(wide).toBeLessThan(tight ?? 0)
  })

  it('is not seen where twice of it is hardly an error', () =>
    expect(limited(0.002, 1)?.limit).not.toHaveProperty('twiceMedianMs'))
})

describe('a simulated rollout', () => {
  const failing = (rate: number, of: SimulationSettings = settings()) =>
    Array.from({ length: 60 }, (_, index) =>
      simulateRollout(of, index + 1).foundAfterMs({
        stage: 1,
        rates: { baseline: of.baselineErrors, canary: rate },
      }),
    )
  const found = (times: readonly (number | undefined)[]) => times.filter((ms) => ms !== undefined).length

  it('finds of the same luck at a higher rate what it finds at a lower one, and no later', () => {
    const [less, more] = [failing(0.012), failing(0.02)]
    expect(found(less)).toBeGreaterThan(5)
    less.forEach((ms, index) => expect(more[index] ?? Infinity).toBeLessThanOrEqual(ms ?? Infinity))
  })

  it('finds less where latencies are compared, too, which takes a part of the evidence', () => {
    const judge = { ...JUDGE, latencyTolerance: 1.1 }
    const timed = found(failing(0.012, settings({ judge })))
    expect(timed).toBeGreaterThan(0)
    expect(timed).toBeLessThan(found(failing(0.012)))
  })

  it('finds nothing in a healthy canary', () => expect(found(failing(0.001))).toBe(0))

  it('finds about as much by samples of minutes as by those of seconds', () => {
    const of = (intervalMs: number) => found(failing(0.013, settings({ intervalMs })))
    expect(Math.abs(of(60_000) - of(5_000))).toBeLessThan(15)
  })
})
