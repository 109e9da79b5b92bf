import { describe, expect, it } from '@jest/globals'
import type { ArmSample } from '@deploy-actions/analysis'
import { chanceAlarms } from './chance-alarms'
import { limits, limitsInWords, planLimits, stageLimitProblems, type Judging, type Measured } from './limits'
import { analysis, stages } from './schema'
import { planStages } from './stage-plan'

const measured: Measured = {
  latency: {},
  values: {
    cpu: { unit: 'percent' },
    memory: { unit: 'ratio', 'report-only': true },
    pool: {},
    'wait-time': { unit: 's' },
  },
  ratios: { payments: { succeeded: {} }, lookups: {} },
}
const planned = (written: object, judging: Partial<Judging> = {}) =>
  planLimits(limits.parse(written), { judge: 'sequential', 'fail-after': 3, ...judging }, measured)
const problems = (written: object): string[] =>
  stageLimitProblems([{ limits: limits.parse(written) }], { judge: 'sequential' }, measured).map(
    ({ name, message }) => `${name}: ${message}`,
  )

describe('limits', () => {
  it('of counts are tested, of which a ratio of successes is one of failures', () =>
    expect(
      planned({ 'error-rate': '1%', 'latency-p99': '2s', payments: { min: '98%' }, lookups: '5%' }),
    ).toEqual({
      errorRate: 0.01,
      latency: { p99: 2000 },
      ratios: { payments: expect.closeTo(0.02, 9), lookups: 0.05 },
    }))

  it('of values are held against each sample, three in a row unless something else is said', () =>
    expect(
      planned({
        cpu: '90%',
        memory: { max: '70%', 'fail-after': { total: 4 } },
        pool: { min: 2, max: 18, 'fail-after': 1 },
        'wait-time': '300ms',
      }).thresholds,
    ).toEqual([
      { metric: 'cpu', max: 0.9, measure: 'share', failAfter: { inARow: 3 } },
      // What is only reported is counted by itself.
      { metric: 'memory', max: 0.7, measure: 'share', failAfter: { inARow: 4 }, reportOnly: true },
      { metric: 'pool', max: 18, min: 2, measure: 'number', failAfter: { inARow: 1 } },
      { metric: 'wait-time', max: 300, measure: 'time', failAfter: { inARow: 3 } },
    ]))

  it('of counts are held against each sample where they say how many breaches fail, or the judge is that', () => {
    const written = { 'error-rate': { max: '1%', 'fail-after': 2 }, 'latency-p99': '2s' }
    const errorRate = { metric: 'error-rate', max: 0.01, measure: 'share', failAfter: { inARow: 2 } }
    expect(planned(written)).toEqual({ latency: { p99: 2000 }, thresholds: [errorRate] })
    expect(planned(written, { judge: 'threshold', 'fail-after': { total: 5 } })).toEqual({
      thresholds: [errorRate, { metric: 'latency-p99', max: 2000, measure: 'time', failAfter: { inAll: 5 } }],
    })
  })

  it.each([
    [{ cpu: 0.9 }, 'cpu: is measured as a share such as 70%'],
    [{ cpu: '300ms' }, 'cpu: is measured as a share such as 70%'],
    [
      { pool: '90%' },
      'pool: is measured as a number; give it a unit (ratio, percent, s, ms) where it is not',
    ],
    [{ 'wait-time': 3 }, 'wait-time: is measured as a time such as 300ms'],
    [{ payments: '2%' }, 'payments: is of what succeeded: limit it by `min` alone'],
    [{ lookups: { min: '2%' } }, 'lookups: is limited by a maximum: write it alone, or as `max`'],
    [
      { cpus: '90%' },
      'cpus: nothing of that name is measured; known: error-rate, latency-p50, latency-p95, latency-p99, payments, lookups, cpu, memory, pool, wait-time. Did you mean cpu?',
    ],
    [
      { pool: { max: 90, of: 'baseline' } },
      'pool: with `of: baseline` it is a share of what the baseline has, such as 95%',
    ],
    [{ 'latency-p50': '0s' }, 'latency-p50: a limit is longer than 0s'],
  ])('%j is refused', (written, message) => expect(problems(written)).toEqual([message]))

  it('may be more than all of it, as of the baseline or of one core', () =>
    expect(planned({ cpu: { max: '250%' }, pool: { max: '110%', of: 'baseline' } }).thresholds).toMatchObject(
      [
        { metric: 'cpu', max: 2.5 },
        { metric: 'pool', max: 1.1, ofBaseline: true },
      ],
    ))

  it.each([{ pool: { min: '95%', of: 'baseline' } }, { cpu: '90%', pool: 18, payments: { min: '98%' } }])(
    '%j is not refused',
    (written) => expect(problems(written)).toEqual([]),
  )
})

it('are told to people as they are judged', () =>
  expect(
    limitsInWords(
      planned({
        ...{ 'error-rate': '1%', 'latency-p95': '500ms', payments: { min: '98%' } },
        ...{ cpu: '90%', memory: '70%', 'wait-time': { max: '1s', 'fail-after': 1 } },
        pool: { min: '95%', of: 'baseline', 'fail-after': { total: 5 } },
      }),
    ),
  ).toEqual([
    'error-rate 1%',
    'latency-p95 500ms',
    'payments 2% failed',
    'cpu at most 90% (3 samples in a row)',
    'memory at most 70% (3 samples in a row, only reported)',
    'wait-time at most 1s (any sample)',
    'pool at least 95% of the baseline (5 samples of the rollout)',
  ]))

describe('alarms by chance', () => {
  const settings = (more: object) => analysis.parse({ judge: 'threshold', interval: '10s', ...more })
  /** 0.1 % of 10 requests/s, seen for a long time: 9.5 + 0.5 of 9,999 + 1 */
  const seen = { baseline: { requests: 9999, errors: 9.5 } as ArmSample, windowMs: 999_900 }
  const plan = (written: object, more: object = {}) =>
    planStages(stages.parse([{ weight: '100%', watch: '5m', limits: written }]), settings(more), measured)

  it('are told with the most of them where they are more than alpha', () => {
    // 30 samples of about 100 requests; with 0.1 each, one failure is not above 1.5 %, two are: 1 - 1.1 e^-0.1 = 0.00468 of samples, and
    // one of 30 in 1 - (1 - 0.00468)^30 = 13.1 %.
    expect(chanceAlarms(seen, plan({ 'error-rate': '1.5%' }, { 'fail-after': 1 }), settings({}))).toMatch(
      /^limits that each sample is held against by itself take back 13\.\d+% of the releases .* at 10 requests\/s \(9\.5 of 9999 failed: 0\.1% is taken for its rate\), most of them by error-rate;/,
    )
  })

  it('are not told where they are less, of values, of what is only reported, or without such limits', () => {
    expect(
      chanceAlarms(seen, plan({ 'error-rate': '1.5%' }, { 'fail-after': 2 }), settings({})),
    ).toBeUndefined()
    expect(chanceAlarms(seen, plan({ cpu: '1%' }), settings({}))).toBeUndefined()
    const tested = planStages(
      stages.parse([{ weight: '100%', watch: '5m', limits: { 'error-rate': '0.1%' } }]),
      settings({ judge: 'sequential' }),
      measured,
    )
    expect(chanceAlarms(seen, tested, settings({}))).toBeUndefined()
  })

  it('of the latency are those of the bound that is counted', () => {
    const latency = [
      { le: 1000, count: 9800 },
      { le: 2500, count: 9999 },
      { le: Infinity, count: 9999 },
    ]
    const timed = { ...seen, baseline: { ...seen.baseline, latency } }
    const alarms = (limit: string) =>
      chanceAlarms(timed, plan({ 'latency-p99': limit }, { 'fail-after': 2 }), settings({}))
    // 2 % take longer than 1 s, which is more than the 1 % of a p99; none takes longer than 2.5 s.
    expect(alarms('900ms')).toContain('most of them by latency-p99')
    expect(alarms('2s')).toBeUndefined()
  })
})
