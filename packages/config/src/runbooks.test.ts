import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import { createThresholdJudge, type ArmSample, type Sample } from '@deploy-actions/analysis'
import { stageLimitProblems, type Measured } from './limits'
import { analysis, stages } from './schema'
import { planStages } from './stage-plan'

/* Rules of runbooks as they stand there, written as stages, and when they take a release back. */

const measured: Measured = {
  latency: {},
  values: {
    pool: {},
    cpu: { unit: 'percent' },
    memory: { unit: 'percent' },
    throughput: {},
    'p99-value': { unit: 'ms' },
  },
}

/** At which of the samples, from 0, a release is taken back; -1: at none. */
function takenBackAt(written: object[], more: object, samples: readonly { stage: number; sample: Sample }[]) {
  const settings = analysis.parse({ judge: 'threshold', ...more })
  const parsed = stages.parse(written)
  expect(stageLimitProblems(parsed, settings, measured)).toEqual([])
  const judge = createThresholdJudge(planStages(parsed, settings, measured))
  return samples.findIndex(({ sample, stage }) =>
    judge.judge(sample, stage).judgements.some(({ verdict }) => verdict === 'fail'),
  )
}

/** Within bounds up to 500 ms, 1, 2 and 5 s. */
const took = (requests: number, [over500 = 0, over1000 = 0, over2000 = 0]: readonly number[]) => ({
  latency: [
    { le: 500, count: requests - over500 },
    { le: 1000, count: requests - over1000 },
    { le: 2000, count: requests - over2000 },
    { le: 5000, count: requests },
    { le: Infinity, count: requests },
  ],
})
const CALM = { pool: 10, cpu: 0.5, memory: 0.5, throughput: 60 }
const at = (
  stage: number,
  {
    over = [],
    errors = 0,
    values = {},
  }: { over?: number[]; errors?: number; values?: Record<string, number> },
) => {
  const arm = (more: Partial<ArmSample>): ArmSample => ({
    ...{ requests: 1000, errors: 0 },
    ...took(1000, []),
    ...more,
  })
  const sample: Sample = {
    ...{ at: '', windowMs: 10_000, problems: [] },
    canary: arm({ errors, ...took(1000, over), values: { ...CALM, ...values } }),
    baseline: arm({ values: CALM }),
  }
  return { stage, sample }
}

describe('5, 25, 50 and 100 %, each with its limits, checked every ten seconds', () => {
  const STAGES = [
    {
      ...{ weight: '5%', watch: '5m' },
      limits: {
        'error-rate': { max: '1%', 'fail-after': 2 },
        'latency-p99': { max: '2000ms', 'fail-after': 3 },
        // Below 18 of 20 connections.
        pool: { max: 17, 'fail-after': 1 },
        ...{ cpu: '90%', memory: '90%' },
      },
    },
    {
      ...{ weight: '25%', watch: '10m' },
      limits: {
        ...{ 'error-rate': '0.5%', 'latency-p99': '1000ms' },
        throughput: { min: '100%', of: 'baseline', 'fail-after': 3 },
      },
    },
    { weight: '50%', watch: '10m', limits: { 'error-rate': '0.2%' } },
    {
      ...{ weight: '100%', watch: '30m' },
      limits: {
        ...{ 'error-rate': '0.1%', 'latency-p99': '500ms', pool: { max: 14, 'fail-after': 1 } },
        ...{ cpu: '60%', memory: '60%', throughput: { min: '100%', of: 'baseline' } },
      },
    },
  ]
  const taken = (samples: ReturnType<typeof at>[]) =>
    takenBackAt(STAGES, { interval: '10s', 'fail-after': 2 }, samples)

  it.each([
    ['calm', [at(0, {}), at(1, {}), at(2, {}), at(3, {})], -1],
    ['1 % of errors twice', [at(0, { errors: 10 }), at(0, { errors: 10 })], -1],
    ['1.1 % of errors twice', [at(0, { errors: 11 }), at(0, { errors: 11 })], 1],
    [
      '1.1 % of errors, with a calm check between',
      [at(0, { errors: 11 }), at(0, {}), at(0, { errors: 11 })],
      -1,
    ],
    [
      '0.6 % of errors at 5 %, then at 25 %',
      [at(0, { errors: 6 }), at(1, { errors: 6 }), at(1, { errors: 6 })],
      2,
    ],
    [
      '0.3 % of errors at 25 %, then at 50 %',
      [at(1, { errors: 3 }), at(2, { errors: 3 }), at(2, { errors: 3 })],
      2,
    ],
    [
      '0.2 % of errors at 50 %, then at 100 %',
      [at(2, { errors: 2 }), at(3, { errors: 2 }), at(3, { errors: 2 })],
      2,
    ],
    ['p99 above 2000 ms twice', [11, 11].map((over) => at(0, { over: [over, over, over] })), -1],
    ['p99 above 2000 ms three times', [11, 11, 11].map((over) => at(0, { over: [over, over, over] })), 2],
    ['p99 of 2000 ms, 1 % above', [10, 10, 10].map((over) => at(0, { over: [over, over, over] })), -1],
    ['p99 above 1000 ms at 25 %', [11, 11].map((over) => at(1, { over: [over, over] })), 1],
    [
      'p99 above 1000 ms at 50 %, where nobody asks',
      [11, 11].map((over) => at(2, { over: [over, over] })),
      -1,
    ],
    ['p99 above 500 ms at 100 %', [11, 11].map((over) => at(3, { over: [over] })), 1],
    ['17 of 20 connections', [at(0, { values: { pool: 17 } })], -1],
    ['18 of 20 connections', [at(0, { values: { pool: 18 } })], 0],
    ['15 of 20 connections at 100 %', [at(3, { values: { pool: 15 } })], 0],
    ['91 % of CPU twice', [0.91, 0.91].map((cpu) => at(0, { values: { cpu } })), 1],
    ['91 % of memory once', [at(0, { values: { memory: 0.91 } }), at(0, {})], -1],
    ['61 % of memory twice at 100 %', [0.61, 0.61].map((memory) => at(3, { values: { memory } })), 1],
    [
      '59 of 60 invoices a minute, three times',
      [59, 59, 59].map((throughput) => at(1, { values: { throughput } })),
      2,
    ],
  ])('%s', (_, samples, index) => expect(taken(samples)).toBe(index))
})

describe('five stages, each with a limit of errors and of the latency, three checks in a row', () => {
  const LIMITS = [
    ['10%', '1%', '2000ms'],
    ['25%', '0.8%', '1000ms'],
    ['50%', '0.5%', '1000ms'],
    ['75%', '0.3%', '500ms'],
    ['100%', '0.2%', '500ms'],
  ]
  const STAGES = LIMITS.map(([weight, errors, p95]) => ({
    ...{ weight, watch: '5m' },
    limits: { 'error-rate': errors, 'latency-p95': p95, cpu: '70%', memory: '70%' },
  }))
  const taken = (samples: ReturnType<typeof at>[]) => takenBackAt(STAGES, {}, samples)
  const thrice = (make: () => ReturnType<typeof at>) => [make(), make(), make()]

  it.each([
    ['0.9 % of errors at 10 %', thrice(() => at(0, { errors: 9 })), -1],
    ['0.9 % of errors at 25 %', thrice(() => at(1, { errors: 9 })), 2],
    ['0.6 % of errors at 50 %', thrice(() => at(2, { errors: 6 })), 2],
    ['0.4 % of errors at 75 %', thrice(() => at(3, { errors: 4 })), 2],
    ['0.3 % of errors at 100 %', thrice(() => at(4, { errors: 3 })), 2],
    ['5 % above 1 s at 50 %', thrice(() => at(2, { over: [50, 50] })), -1],
    ['5.1 % above 1 s at 50 %', thrice(() => at(2, { over: [51, 51] })), 2],
    ['5.1 % above 500 ms at 75 %', thrice(() => at(3, { over: [51] })), 2],
    ['71 % of CPU', thrice(() => at(4, { values: { cpu: 0.71 } })), 2],
  ])('%s', (_, samples, index) => expect(taken(samples)).toBe(index))
})

describe('a success rate of 99 %, 500 ms, an interval of a minute and five failed checks', () => {
  const STAGES = ['20%', '40%', '100%'].map((weight) => ({
    ...{ weight, watch: '5m' },
    limits: { 'error-rate': '1%', 'p99-value': '500ms' },
  }))
  const taken = (checks: readonly { errors?: number; 'p99-value'?: number }[]) =>
    takenBackAt(
      STAGES,
      { interval: '1m', 'fail-after': { total: 5 } },
      checks.map(({ errors = 0, 'p99-value': p99 = 100 }, index) =>
        at(Math.min(2, Math.floor(index / 3)), { errors, values: { 'p99-value': p99 } }),
      ),
    )
  const [calm, failing, slow] = [{}, { errors: 11 }, { 'p99-value': 501 }]

  it('counts failed checks over the whole rollout, whatever fails in them', () => {
    expect(taken([failing, calm, slow, calm, { ...failing, ...slow }, calm, slow, calm])).toBe(-1)
    expect(taken([failing, calm, slow, calm, { ...failing, ...slow }, calm, slow, calm, failing])).toBe(8)
  })

  it('takes 99 % and 500 ms for good enough', () =>
    expect(taken(Array.from({ length: 9 }, () => ({ errors: 10, 'p99-value': 500 })))).toBe(-1))
})

describe('recorded series', () => {
  const recorded = JSON.parse(
    readFileSync(new URL('recorded-series.fixture.json', import.meta.url), 'utf8'),
  ) as Record<'healthy' | 'slow-tail', [number, number, number[], number[] | null][]> & {
    boundsMs: (number | string)[]
  }
  const armOf = ([requests = 0, errors = 0, ...counts]: number[]): ArmSample => ({
    ...{ requests, errors },
    latency: recorded.boundsMs.map((le, index) => ({
      le: le === '+Inf' ? Infinity : Number(le),
      count: counts[index] ?? 0,
    })),
  })
  const series = (name: 'healthy' | 'slow-tail') =>
    recorded[name].map(([stage, windowMs, canary, baseline]) => ({
      stage,
      sample: {
        ...{ at: '', windowMs, problems: [], canary: armOf(canary) },
        ...(baseline && { baseline: armOf(baseline) }),
      } satisfies Sample,
    }))
  const rules = (limits: object) =>
    ['10%', '25%', '50%', '75%', '100%'].map((weight) => ({ weight, watch: '1m', limits }))
  const BOOK = {
    'error-rate': { max: '1%', 'fail-after': 2 },
    'latency-p99': { max: '100ms', 'fail-after': 3 },
  }

  it('of a healthy release at 20 requests/s are taken back by chance, and not by three in a row', () => {
    // One failure of 49 requests, and one of 53: both are above 1 %.
    expect(takenBackAt(rules(BOOK), {}, series('healthy'))).toBe(10)
    const patient = { ...BOOK, 'error-rate': { max: '1%', 'fail-after': 3 } }
    expect(takenBackAt(rules(patient), {}, series('healthy'))).toBe(-1)
  })

  it('of a slow tail are taken back at the third check in a row with more than 1 % above the bound', () => {
    // Above 100 ms: none in the first six checks, then 2 of 51, 0 of 50, 1 of 49, 2 of 52 and 2 of 51.
    expect(takenBackAt(rules(BOOK), {}, series('slow-tail'))).toBe(10)
    const half = { ...BOOK, 'latency-p99': { max: '500ms', 'fail-after': 3 } }
    expect(takenBackAt(rules(half), {}, series('slow-tail'))).toBe(-1)
  })
})
