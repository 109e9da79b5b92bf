import { describe, expect, it } from '@jest/globals'
import { defined } from '@deploy-actions/rollout'
import { poisson, seededRandom } from '@deploy-actions/testing'
import type { ArmSample, Bucket, Sample } from './sample'
import type { SampleJudgement, StageLimits } from './judge'
import { createSequentialJudge } from './sequential'
import type { Judgement } from './verdict'

const settings = { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 }, latencyTolerance: 1.1 }
const HOUR = 3_600_000
const BOUNDS = [25, 50, 100, 250, Infinity]

/** An arm without errors of whose requests so many took over 25, 50, 100 and 250 ms. */
function timed(requests: number, over: readonly number[], bounds: readonly number[] = BOUNDS): ArmSample {
  const latency = bounds.map((le, index): Bucket => ({ le, count: requests - (over[index] ?? 0) }))
  return { requests, errors: 0, latency }
}

const sample = (canary?: ArmSample, baseline?: ArmSample, problems: Sample['problems'] = []): Sample =>
  defined({ at: '', windowMs: 10_000, canary, baseline, problems })

function judgeOf(...stages: Partial<StageLimits>[]) {
  const judge = createSequentialJudge(
    settings,
    (stages.length === 0 ? [{}] : stages).map((stage) => ({ watchMs: 720_000, ...stage })),
  )
  // 30 % over 25 ms, 3 % over 50, 0.05 % over 100.
  judge.learn(timed(100_000, [30_000, 3000, 50, 0]), HOUR)
  return judge
}

const about = ({ judgements }: SampleJudgement, metric = 'latency-against-baseline'): Judgement | undefined =>
  judgements.find((one) => one.metric === metric)

describe('latency against the baseline', () => {
  it('fails a canary that is slower, in one sentence that says by which bounds', () => {
    const judgement = about(
      judgeOf().judge(sample(timed(100, [100, 100, 98, 95]), timed(900, [270, 27, 1, 0])), 0),
    )
    expect(judgement).toMatchObject({
      verdict: 'fail',
      observed: {
        ...{ canaryRequests: 100, canarySlow: 95, canaryBound: 250 },
        ...{ baselineRequests: 900, baselineSlow: 1, baselineBound: 100 },
      },
    })
    expect(judgement?.reason()).toMatch(
      /^canary 95 of 100 requests took over 250 ms \(95%\), baseline 1 of 900 requests took over 100 ms \(0\.11%\): 860 times, evidence 1:[\d,]+, bar 1:233$/,
    )
  })

  it('lets one pass that takes as long', () => {
    const judge = judgeOf()
    for (let count = 0; count < 60; count++)
      expect(
        about(judge.judge(sample(timed(100, [30, 3, 0, 0]), timed(900, [270, 27, 0, 0])), 0)),
      ).toMatchObject({
        verdict: 'pass',
      })
  })

  it('finds a few requests that take ten times as long', () => {
    // 2 % over 250 ms, where the baseline has 0.05 % over 100.
    const judge = judgeOf()
    let samples = 0
    for (let failed = false; !failed && samples < 60; samples++)
      failed = judge
        .judge(sample(timed(500, [157, 25, 12, 10]), timed(500, [150, 15, samples % 4 === 0 ? 1 : 0, 0])), 0)
        .judgements.some(({ verdict }) => verdict === 'fail')
    expect(samples).toBeLessThanOrEqual(12)
  })

  it('is weighed with the other evidence: 0.3 of 0.7, and 0.3 of 1 beside limits', () => {
    const bars = [{}, { errorRate: 0.01 }].map((limits) => {
      const calm = sample(timed(100, [30, 3, 0, 0]), timed(900, [270, 27, 0, 0]))
      return about(judgeOf(limits).judge(calm, 0))?.evidence?.bar ?? 0
    })
    expect(bars[0]).toBeCloseTo(100 / (3 / 7), 9)
    expect(bars[1]).toBeCloseTo(100 / 0.3, 9)
  })

  it('leaves a cold start out, and is silent at 100 %, where there is no baseline', () => {
    const judge = createSequentialJudge({ ...settings, warmUpMs: 30_000 }, [
      { watchMs: 720_000 },
      { watchMs: 720_000, whole: true },
    ])
    judge.learn(timed(100_000, [30_000, 3000, 50, 0]), HOUR)
    const calm = timed(900, [270, 27, 0, 0])
    for (let count = 0; count < 3; count++)
      expect(about(judge.judge(sample(timed(100, [100, 100, 100, 100]), calm), 0))?.verdict).not.toBe('fail')
    expect(about(judge.judge(sample(timed(100, [30, 3, 0, 0]), calm), 0))).toMatchObject({
      observed: { canaryRequests: 100 },
    })
    expect(about(judge.judge(sample(timed(1000, [300, 30, 0, 0])), 1))).toBeUndefined()
  })

  it('holds what one arm was counted until the other answers, and nothing over a change of the weights', () => {
    const judge = judgeOf()
    const half = { canary: timed(50, [15, 2, 0, 0]), baseline: timed(450, [135, 13, 0, 0]) }
    judge.judge(sample(half.canary), 0)
    expect(about(judge.judge(sample(half.canary, timed(900, [270, 27, 0, 0])), 0))?.observed).toMatchObject({
      canaryRequests: 100,
      baselineRequests: 900,
    })
    judge.judge(sample(half.canary), 0)
    judge.restart()
    expect(about(judge.judge(sample(half.canary, half.baseline), 0))?.observed).toMatchObject({
      canaryRequests: 150,
      baselineRequests: 1350,
    })
  })

  it('is an error where the histogram gave no answer, or has other bounds', () => {
    const calm = timed(900, [270, 27, 0, 0])
    const { latency: _, ...untimed } = timed(100, [])
    const problem = { kind: 'provider', metric: 'latency', message: 'canary latency: 500' } as const
    const lost = judgeOf().judge(sample(untimed, calm, [problem]), 0)
    expect(lost.judgements.find(({ verdict }) => verdict === 'error')?.reason()).toBe(
      'the metrics gave no answer: canary latency: 500',
    )
    const other = about(judgeOf().judge(sample(timed(100, [50, 5, 0], [30, 60, Infinity]), calm), 0))
    expect(other?.verdict).toBe('error')
    expect(other?.reason()).toMatch(
      /^the histograms of the two arms, or of their replicas, have other buckets than before: the canary's needs a bound at/,
    )
  })

  it('begins once enough of the baseline is known to choose its bounds by', () => {
    const judge = createSequentialJudge(settings, [{ watchMs: 720_000 }])
    judge.learn(timed(50, [15, 2, 0, 0]), 10_000)
    const calm = sample(timed(100, [30, 3, 0, 0]), timed(900, [270, 27, 0, 0]))
    expect(about(judge.judge(calm, 0))).toBeUndefined()
    expect(about(judge.judge(calm, 0))).toMatchObject({ observed: { canaryRequests: 100 } })
  })

  it('raises no alarm at its margin, as often as it is asked', () => {
    // At the boundary itself: as many over the canary's bound as over the baseline's, at each of the pairs.
    const alarms = Array.from({ length: 100 }, (_, seed) => {
      const random = seededRandom(seed)
      const judge = createSequentialJudge({ ...settings, alpha: 0.05 }, [{ watchMs: 2_400_000 }])
      judge.learn(timed(100_000, [30_000, 3000, 50, 0]), HOUR)
      const drawn = (requests: number, shares: readonly number[]): ArmSample => {
        const over = shares.map((share) => poisson(requests * share, random))
        return timed(requests, over)
      }
      return Array.from({ length: 120 }).some(() =>
        judge
          .judge(sample(drawn(500, [0.6, 0.301, 0.031, 0.0015]), drawn(500, [0.3, 0.03, 0.0005, 0])), 0)
          .judgements.some(({ verdict }) => verdict === 'fail'),
      )
    }).filter(Boolean).length
    expect(alarms).toBeLessThanOrEqual(5)
  })
})

describe('a limit of the latency', () => {
  it('is broken by more requests above the next bound than it allows, and says which bound', () => {
    // p95 within 80 ms: more than 5 % over 100 ms, the next bound. 12 % of 1,000 are, 70 more than allowed with each sample.
    const judge = judgeOf({ latency: { p95: 80 } })
    const slow = sample(timed(1000, [300, 200, 120, 0]), timed(9000, [2700, 1800, 1080, 0]))
    let judged = judge.judge(slow, 0)
    expect(about(judged, 'latency-p95')).toMatchObject({
      verdict: 'pass',
      limit: 80,
      observed: { canaryRequests: 1000, canaryErrors: 120 },
    })
    // As the baseline's share may wander, one sample of 10 s is not enough, and a minute and a half is.
    for (let count = 1; count < 9; count++) judged = judge.judge(slow, 0)
    const broken = about(judged, 'latency-p95')
    expect(broken?.verdict).toBe('fail')
    expect(broken?.reason()).toMatch(
      /^canary 1,080 of 9,000 requests took over 100 ms \(12%\), limit 5% above 80 ms, evidence 1:[\d,]+, bar 1:333/,
    )
  })

  it('is kept by fewer, and by one slow request in ten', () => {
    const judge = judgeOf({ latency: { p50: 50, p99: 250 } })
    const judged = judge.judge(sample(timed(10, [4, 4, 1, 1]), timed(90, [27, 3, 0, 0])), 0)
    expect(about(judged, 'latency-p50')?.verdict).toBe('pass')
    expect(about(judged, 'latency-p99')?.verdict).toBe('pass')
  })

  it('says where the baseline breaks it as much', () => {
    const judge = judgeOf({ latency: { p95: 100 } })
    const both = judge.judge(sample(timed(1000, [800, 700, 600, 0]), timed(9000, [7200, 6300, 5400, 0])), 0)
    const broken = about(both, 'latency-p95')
    expect(broken).toMatchObject({ verdict: 'fail', alike: true })
    expect(broken?.reason()).toContain(
      'the baseline fails as much (5,400 of 9,000 requests took over 100 ms (60%)), so taking the release back may not help',
    )
  })

  it('is an error where no bound lies at it or above', () => {
    const judge = judgeOf({ latency: { p95: 300 } })
    const judged = judge.judge(sample(timed(100, [30, 3, 0, 0]), timed(900, [270, 27, 0, 0])), 0)
    expect(about(judged, 'latency-p95')?.reason()).toBe('the histogram has no bound at 300 ms or above')
  })

  it('of a stage counts in that stage alone', () => {
    const judge = judgeOf({ latency: { p95: 100 } }, {})
    const calm = sample(timed(100, [30, 3, 0, 0]), timed(900, [270, 27, 0, 0]))
    judge.judge(calm, 0)
    expect(about(judge.judge(calm, 1), 'latency-p95')).toBeUndefined()
  })
})
