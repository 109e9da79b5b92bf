import { describe, expect, it } from '@jest/globals'
import type { ArmSample, Sample } from './sample'
import { createThresholdJudge } from './threshold-judge'
import type { FailAfter, Threshold } from './thresholds'
import type { Judgement } from './verdict'

const sample = (canary: Partial<ArmSample>, baseline?: Partial<ArmSample>): Sample => ({
  at: '',
  windowMs: 10_000,
  canary: { requests: 100, errors: 0, ...canary },
  ...(baseline && { baseline: { requests: 100, errors: 0, ...baseline } }),
  problems: [],
})
const took = (within2s: number, all: number): Partial<ArmSample> => ({
  latency: [
    { le: 1000, count: 0 },
    { le: 2500, count: within2s },
    { le: Infinity, count: all },
  ],
})
const inARow = (count: number): FailAfter => ({ inARow: count })
const errorRate = (max: number, failAfter: FailAfter): Threshold => ({
  ...{ metric: 'error-rate', max, measure: 'share', failAfter },
})
const cpu = (more: Partial<Threshold> = {}): Threshold => ({
  ...{ metric: 'cpu', max: 0.9, measure: 'share', failAfter: inARow(1) },
  ...more,
})

/** The judgements of the last of some samples; a number is a stage of 100 requests with so many errors. */
const after = (thresholds: Threshold[], samples: (Sample | number)[]): Judgement[] => {
  const judge = createThresholdJudge([{ thresholds }])
  return samples
    .map((one) => judge.judge(typeof one === 'number' ? sample({ errors: one }) : one, 0).judgements)
    .at(-1)!
}
const said = (judgements: Judgement[]): [string, string][] =>
  judgements.map(({ verdict, reason }) => [verdict, reason()])

describe('a runbook that says "error rate above 1 % for 2 consecutive checks, p99 above 2000 ms for 3"', () => {
  const rules = [
    errorRate(0.01, inARow(2)),
    { metric: 'latency-p99', max: 2000, measure: 'time', failAfter: inARow(3) } as const,
  ]
  const failsAt = (samples: Sample[]): number => {
    const judge = createThresholdJudge([{ thresholds: rules }])
    return samples.findIndex((one) =>
      judge.judge(one, 0).judgements.some(({ verdict }) => verdict === 'fail'),
    )
  }
  const fast = took(100, 100)
  /** 2 of 100 above the next bound: more than 1 % */
  const slow = took(98, 100)

  it.each([
    ['1 % is not above 1 %', [1, 1, 1], -1],
    ['the second in a row', [2, 2], 1],
    ['one between them begins anew', [2, 0, 2, 2], 3],
    ['never two in a row', [9, 0, 9, 0, 9], -1],
  ])('%s', (_, errors, index) =>
    expect(failsAt(errors.map((count) => sample({ errors: count, ...fast })))).toBe(index),
  )

  it.each([
    ['the third in a row', [slow, slow, slow], 2],
    ['one between them begins anew', [slow, slow, fast, slow, slow], -1],
    ['1 % above it is not more than 1 %', [took(99, 100), took(99, 100), took(99, 100)], -1],
  ])('%s, of the latency', (_, series, index) =>
    expect(failsAt(series.map((one) => sample(one)))).toBe(index),
  )

  it('counts each by itself: one sample of either is not two', () =>
    expect(
      failsAt([
        sample({ errors: 2, ...fast }),
        sample({ errors: 0, ...slow }),
        sample({ errors: 2, ...fast }),
      ]),
    ).toBe(-1))

  it('goes on counting over a sample without requests, which says nothing', () => {
    expect(failsAt([sample({ errors: 2 }), sample({ requests: 0 }), sample({ errors: 2 })])).toBe(2)
  })
})

describe('thresholds over stages', () => {
  const stages = [
    { thresholds: [errorRate(0.01, inARow(2)), cpu()] },
    { thresholds: [errorRate(0.005, inARow(2)), cpu({ max: 0.6 })] },
  ]

  it('are those of the stage of the sample', () => {
    const judge = createThresholdJudge(stages)
    const usage = { values: { cpu: 0.7 } }
    expect(judge.judge(sample(usage), 0).judgements.map(({ verdict }) => verdict)).toEqual(['pass', 'pass'])
    expect(judge.judge(sample(usage), 1).judgements.map(({ verdict }) => verdict)).toEqual(['pass', 'fail'])
  })

  it('count what follows each other from stage to stage', () => {
    const judge = createThresholdJudge(stages)
    judge.judge(sample({ errors: 2, values: { cpu: 0 } }), 0)
    const { judgements } = judge.judge(sample({ errors: 1, values: { cpu: 0 } }), 1)
    expect(judgements[0]?.verdict).toBe('fail')
  })
})

describe('"99 %, 500 ms, 5 failed checks" in all of a rollout', () => {
  const rules = [
    errorRate(0.01, { inAll: 5 }),
    cpu({ metric: 'p99', max: 500, measure: 'time', failAfter: { inAll: 5 } }),
  ]
  const check = (errors: number, p99: number) => sample({ errors, values: { p99 } })

  it('counts a check in which both fail once, and any that fails', () => {
    const checks = [check(2, 600), check(0, 100), check(2, 100), check(0, 600), check(0, 100), check(2, 600)]
    expect(after(rules, checks).map(({ verdict }) => verdict)).toEqual(['inconclusive', 'inconclusive'])
    expect(said(after(rules, [...checks, check(2, 100)]))).toEqual([
      [
        'fail',
        'error-rate: canary 2 of 100 requests failed (2%), limit 1%, 5 of 5 samples of the rollout that fail it',
      ],
      ['pass', 'p99: canary is at 100 ms, limit 500 ms'],
    ])
  })
})

describe('what is said', () => {
  it('names what the canary shows, the limit, and how often it was broken', () => {
    expect(
      said(after([errorRate(0.01, inARow(2)), cpu()], [sample({ errors: 3, values: { cpu: 0.955 } })])),
    ).toEqual([
      [
        'inconclusive',
        'error-rate: canary 3 of 100 requests failed (3%), limit 1%, 1 of 2 samples in a row that fail it',
      ],
      ['fail', 'cpu: canary is at 95.5%, limit 90%'],
    ])
    const range = cpu({ metric: 'replicas', min: 2, max: 5, measure: 'number' })
    expect(said(after([range], [sample({ values: { replicas: 1 } })]))).toEqual([
      ['fail', 'replicas: canary is at 1, limit 2 to 5'],
    ])
    const least = cpu({ metric: 'free', min: 0.2, failAfter: inARow(1) })
    delete least.max
    expect(said(after([least], [sample({ values: { free: 0.1 } })]))).toEqual([
      ['fail', 'free: canary is at 10%, at least 20%'],
    ])
  })

  it('says that the baseline breaks it, too', () => {
    const values = { values: { cpu: 0.95 } }
    const [both] = after([cpu()], [sample(values, values)])
    expect(both).toMatchObject({ verdict: 'fail', alike: true })
    expect(both?.reason()).toContain('the baseline breaks it, too, so taking the release back may not help')
    const [alone] = after([cpu()], [sample(values, { values: { cpu: 0.5 } })])
    expect(alone?.alike).toBeUndefined()
  })

  it('of a value that is missing is an error, by its own problem, and no breach is forgotten', () => {
    const missing: Sample = {
      ...sample({}),
      problems: [
        { kind: 'provider', metric: 'cpu', message: 'canary cpu: HTTP 503' },
        { kind: 'provider', metric: 'memory', message: 'canary memory: HTTP 503' },
      ],
    }
    expect(said(after([cpu()], [missing]))).toEqual([['error', 'cpu gave no answer: canary cpu: HTTP 503']])
    const high = sample({ values: { cpu: 0.95 } })
    expect(after([cpu({ failAfter: inARow(2) })], [high, missing, high])[0]?.verdict).toBe('fail')
  })

  it.each<[string, Partial<ArmSample>, Sample['problems'], string]>([
    [
      'has no bound as high as the limit',
      {
        latency: [
          { le: 1000, count: 0 },
          { le: Infinity, count: 100 },
        ],
      },
      [],
      'latency-p99 gave no answer: the histogram has no bound at 15 s or above',
    ],
    [
      'gave no answer',
      {},
      [{ kind: 'provider', metric: 'latency', message: 'canary latency: HTTP 503' }],
      'latency-p99 gave no answer: canary latency: HTTP 503',
    ],
    [
      'stands still',
      {
        latency: [
          { le: 20_000, count: 0 },
          { le: Infinity, count: 0 },
        ],
      },
      [],
      'the canary has answered 100 requests, and its histogram (metrics.latency) shows none of them',
    ],
    [
      'is not there',
      {},
      [],
      'the canary has answered 100 requests, and its histogram (metrics.latency) shows none of them',
    ],
  ])('of a histogram that %s is an error', (_, canary, found, reason) => {
    const p99: Threshold = { metric: 'latency-p99', max: 15_000, measure: 'time', failAfter: inARow(1) }
    expect(said(after([p99], [{ ...sample(canary), problems: found }]))).toContainEqual(['error', reason])
  })

  it('of a ratio that only the baseline counts is an error', () => {
    const paid: Threshold = { metric: 'paid', max: 0.05, measure: 'share', failAfter: inARow(1) }
    const none = sample(
      { ratios: { paid: { requests: 0, errors: 0 } } },
      { ratios: { paid: { requests: 50, errors: 0 } } },
    )
    expect(said(after([paid], [none]))).toEqual([
      ['error', expect.stringContaining('the canary has counted no paid')],
    ])
    // Where nothing has such a limit nobody asks.
    expect(after([errorRate(0.01, inARow(1))], [none]).map(({ verdict }) => verdict)).toEqual(['pass'])
  })

  it('of an arm that gave no answer is an error', () => {
    const { canary: _, ...unknown } = sample({})
    expect(said(after([cpu()], [{ ...unknown, problems: [{ kind: 'provider', message: 'down' }] }]))).toEqual(
      [['error', 'the metrics gave no answer: down']],
    )
  })
})

describe('a limit of the baseline', () => {
  const throughput: Threshold = {
    ...{ metric: 'throughput', min: 0.95, ofBaseline: true, measure: 'number', failAfter: inARow(1) },
  }
  const at = (canary: number, baseline?: number): Sample =>
    sample(
      { values: { throughput: canary } },
      baseline === undefined ? undefined : { values: { throughput: baseline } },
    )

  it('is a share of what it has in the same sample', () => {
    expect(after([throughput], [at(95, 100)])[0]?.verdict).toBe('pass')
    expect(said(after([throughput], [at(94, 100)]))).toEqual([
      ['fail', "throughput: canary is at 94, at least 95% of the baseline's 100"],
    ])
  })

  it('is one of what it had last where it has no traffic any more', () => {
    expect(said(after([throughput], [at(100, 100), at(94)]))).toEqual([
      ['fail', "throughput: canary is at 94, at least 95% of the baseline's 100 of before"],
    ])
    const judge = createThresholdJudge([{ thresholds: [throughput] }])
    judge.learn({ requests: 100, errors: 0, values: { throughput: 200 } }, 60_000)
    expect(judge.judge(at(94), 0).judgements[0]?.verdict).toBe('fail')
  })

  it('is not one of what an idle arm shows', () => {
    const judge = createThresholdJudge([
      { thresholds: [throughput] },
      { thresholds: [throughput], whole: true },
    ])
    const idle = (canary: number): Sample =>
      sample({ values: { throughput: canary } }, { requests: 0, values: { throughput: 0.1 } })
    judge.judge(at(100, 100), 0)
    // Nothing calls it any more, in a stage beside it or with all of the traffic elsewhere: what it had before counts.
    expect(judge.judge(idle(94), 0).judgements[0]?.verdict).toBe('fail')
    expect(judge.judge(idle(96), 1).judgements[0]?.verdict).toBe('pass')
    // A health check now and then is no traffic either.
    expect(
      judge.judge(sample({ values: { throughput: 94 } }, { requests: 2, values: { throughput: 0.1 } }), 1)
        .judgements[0]?.verdict,
    ).toBe('fail')
  })

  it.each([0, -10])('of %d is none', (baseline) =>
    expect(after([throughput], [at(94, baseline)])[0]?.verdict).toBe('error'),
  )

  it('is an error where the baseline never had any', () =>
    expect(said(after([throughput], [at(94)]))).toEqual([
      ['error', 'throughput gave no answer: the baseline shows nothing of which a share can be told'],
    ]))
})

it('what is only reported says so, and does not count where all breaches are counted', () => {
  const rules = [cpu({ reportOnly: true, failAfter: { inAll: 1 } }), errorRate(0.01, { inAll: 1 })]
  const judgements = after(rules, [sample({ values: { cpu: 1 } }), sample({ values: { cpu: 1 } })])
  expect(judgements.map(({ verdict, reportOnly }) => [verdict, reportOnly])).toEqual([
    ['inconclusive', true],
    ['pass', undefined],
  ])
})
