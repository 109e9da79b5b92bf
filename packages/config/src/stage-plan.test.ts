import { describe, expect, it } from '@jest/globals'
import { analysis, stages, type AnalysisConfig } from './schema'
import { planStages, stagesOutOfReach, type StagePlan } from './stage-plan'

const settings = (more: object = {}): AnalysisConfig => analysis.parse(more)
const plan = (list: object[], more: object = {}): StagePlan[] =>
  planStages(stages.parse(list), settings(more), { latency: {} })

describe('planStages', () => {
  it('asks for what the limit needs: 299 requests at 1 %, 20 without one', () => {
    const plans = plan([
      { weight: '10%', watch: '5m', limits: { 'error-rate': '1%' } },
      { weight: '100%', watch: '30m' },
    ])
    expect(plans.map(({ minRequests, errorRate }) => [minRequests, errorRate])).toEqual([
      [299, 0.01],
      [20, undefined],
    ])
  })

  it('takes the number of the stage before that of the analysis before its own', () => {
    const list = [
      { weight: '10%', watch: '5m', 'min-requests': 7, limits: { 'error-rate': '1%' } },
      { weight: '100%', watch: '5m', limits: { 'error-rate': '1%' } },
    ]
    expect(plan(list, { 'min-requests': 80 }).map(({ minRequests }) => minRequests)).toEqual([7, 80])
  })

  it('watches three times as long at most, or as long as max-watch says, never shorter than the watch', () => {
    const list = [
      { weight: '10%', watch: '5m' },
      { weight: '100%', watch: '30m' },
    ]
    expect(plan(list).map(({ watchMs, maxWatchMs }) => [watchMs / 60_000, maxWatchMs / 60_000])).toEqual([
      [5, 15],
      [30, 90],
    ])
    expect(plan(list, { 'max-watch': '10m' }).map(({ maxWatchMs }) => maxWatchMs / 60_000)).toEqual([10, 30])
  })

  it('watches the last stage beside a baseline where last-watch says so, and gives it all of the traffic then', () => {
    const list = [
      { weight: '50%', watch: '5m' },
      { weight: '100%', watch: '30m', limits: { 'error-rate': '1%' }, confirm: {} },
    ]
    const plans = plan(list, { 'last-watch': '90%' })
    expect(
      plans.map(({ weight, watchMs, maxWatchMs, minRequests, confirm }) => [
        weight,
        watchMs / 60_000,
        maxWatchMs / 60_000,
        minRequests,
        confirm !== undefined,
      ]),
    ).toEqual([
      [5000, 5, 15, 20, false],
      [9000, 30, 90, 299, true],
      [10_000, 0, 90, 20, false],
    ])
  })

  it('refuses a last watch that is not above the stage before', () => {
    const list = [
      { weight: '90%', watch: '5m' },
      { weight: '100%', watch: '30m' },
    ]
    expect(() => plan(list, { 'last-watch': '90%' })).toThrow(
      /last-watch: the last stage is watched at 90%, which is not above the 90% of the stage before/,
    )
    expect(plan(list, { 'last-watch': '91%' })).toHaveLength(3)
  })

  it('carries the budgets', () => {
    const [stage] = plan([{ weight: '100%', watch: '5m' }], {
      'on-fail': 'report',
      'on-error': 'hold',
      'on-inconclusive': 'promote',
      'error-timeout': '2m',
    })
    expect(stage).toMatchObject({
      onFail: 'report',
      onError: 'hold',
      onInconclusive: 'promote',
      errorTimeoutMs: 120_000,
    })
  })
})

it('names the stages that cannot see enough requests by their place and weight', () => {
  // 10 % of 1/s for 15 min is 90 of 299; 100 % for 90 min is 5400.
  const plans = plan([
    { weight: '10%', watch: '5m', limits: { 'error-rate': '1%' } },
    { weight: '100%', watch: '30m', limits: { 'error-rate': '1%' } },
  ])
  expect(stagesOutOfReach({ requestsPerSecond: 1, baseline: {} }, plans)).toEqual([
    expect.stringMatching(/^canary\.stages\[0\] \(10%\): needs 299 requests .* the canary sees 90 /),
  ])
})

describe('limits of the latency', () => {
  const plans = plan([
    { weight: '10%', watch: '5m', limits: { 'latency-p95': '2s', 'latency-p99': '5s' } },
    { weight: '100%', watch: '30m', limits: { 'error-rate': '0.1%', 'latency-p50': '200ms' } },
  ])

  it('are part of the plan, and of what a stage must see: 299 requests for 1 % of them', () => {
    expect(plans.map(({ latency, minRequests }) => [latency, minRequests])).toEqual([
      [{ p95: 2000, p99: 5000 }, 299],
      [{ p50: 200 }, 2995],
    ])
  })

  it('are out of reach as well where each sample is held against them', () => {
    const each = plan([
      { weight: '100%', watch: '5m', limits: { 'latency-p99': { max: '20s', 'fail-after': 3 } } },
    ])
    const judged = plan([{ weight: '100%', watch: '5m', limits: { 'latency-p99': '20s' } }], {
      judge: 'threshold',
    })
    for (const plans of [each, judged])
      expect(
        stagesOutOfReach(
          {
            requestsPerSecond: 100,
            baseline: {
              latency: [
                { le: 10_000, count: 1 },
                { le: Infinity, count: 2 },
              ],
            },
          },
          plans,
        ),
      ).toEqual([expect.stringContaining('limits latency-p99 to 20000 ms, but the highest bound')])
  })

  it('are out of reach where the histogram has no bound at them or above, or nothing in it', () => {
    const seen = (bounds: number[]) => ({
      requestsPerSecond: 100,
      baseline: { latency: bounds.map((le) => ({ le, count: 1 })) },
    })
    expect(stagesOutOfReach(seen([100, 5000, Infinity]), plans)).toEqual([])
    expect(stagesOutOfReach(seen([100, 2500, Infinity]), plans)).toEqual([
      'canary.stages[0] (10%): limits latency-p99 to 5000 ms, but the highest bound of the histogram (metrics.latency) is 2500 ms; give it one above, or lower the limit',
    ])
    expect(stagesOutOfReach({ requestsPerSecond: 100, baseline: {} }, plans)).toHaveLength(3)
  })
})
