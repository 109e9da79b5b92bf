import { describe, expect, it } from '@jest/globals'
import { defined } from '@deploy-actions/rollout'
import { poisson, seededRandom } from '@deploy-actions/testing'
import type { ArmSample, Sample } from './sample'
import { createSequentialJudge, type SampleJudgement, type SequentialSettings } from './sequential'
import type { Judgement } from './verdict'

const strict: SequentialSettings = { alpha: 0.01, margin: { ratio: 1, absolute: 0 } }
const usual: SequentialSettings = { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 } }

const arm = (requests: number, errors = 0): ArmSample => ({ requests, errors })
const sample = (canary: ArmSample | undefined, baseline: ArmSample | undefined): Sample =>
  defined({
    at: '2026-11-21T10:00:10.000Z',
    windowMs: 10_000,
    canary,
    baseline,
    problems: canary && baseline ? [] : [{ kind: 'provider' as const, message: 'prod answered 500' }],
  })
const only = ({ judgements }: SampleJudgement, metric: string): Judgement => {
  const [judgement, ...more] = judgements.filter((one) => one.metric === metric)
  if (!judgement || more.length > 0) throw new Error(`not one ${metric} in ${JSON.stringify(judgements)}`)
  return judgement
}

describe('the comparison with the baseline', () => {
  it('says in one sentence what it rests on', () => {
    // The evidence is 9.771 (error-evidence.test.ts); 2/100 is 18 times 1/900; alpha is split over two tests.
    const { judgements } = createSequentialJudge(strict, [{}]).judge(sample(arm(100, 2), arm(900, 1)), 0)
    const [judgement] = judgements
    expect(judgement).toMatchObject({
      metric: 'errors-against-baseline',
      verdict: 'pass',
      reason:
        'canary 2 of 100 requests failed (2%), baseline 1 of 900 requests failed (0.11%): 18 times, evidence 1:10, bar 1:200',
      observed: { canaryRequests: 100, canaryErrors: 2, baselineRequests: 900, baselineErrors: 1 },
    })
    expect(judgement?.evidence?.value).toBeCloseTo(9.771, 3)
    expect(judgement?.evidence?.bar).toBeCloseTo(200, 9)
  })

  it('fails when the evidence reaches the bar', () => {
    const judge = createSequentialJudge(strict, [{}])
    expect(
      only(judge.judge(sample(arm(1000, 100), arm(9000, 1)), 0), 'errors-against-baseline').verdict,
    ).toBe('fail')
  })

  it('carries its evidence and its counts over from stage to stage', () => {
    const judge = createSequentialJudge(strict, [{}, {}])
    const first = judge.judge(sample(arm(100, 2), arm(900, 1)), 0)
    const second = judge.judge(sample(arm(100, 2), arm(900, 1)), 1)
    const { evidence, observed } = only(second, 'errors-against-baseline')
    // Mean over r of (1000 r^2 / (r + 9)^3)^2, as two samples multiply.
    const factors = [1.5, 2, 3, 5, 8, 13, 20, 40].map((r) => ((1000 * r ** 2) / (r + 9) ** 3) ** 2)
    expect(evidence?.value).toBeCloseTo(factors.reduce((sum, factor) => sum + factor, 0) / 8, 6)
    expect(observed).toEqual({
      canaryRequests: 200,
      canaryErrors: 4,
      baselineRequests: 1800,
      baselineErrors: 2,
    })
    // Stage by stage, though: what was seen is what a stage's own budget asks for.
    expect([first.seen, second.seen]).toEqual([
      { canary: arm(100, 2), baseline: arm(900, 1) },
      { canary: arm(100, 2), baseline: arm(900, 1) },
    ])
  })

  it('allows the margin, whose absolute part only rests on earlier samples', () => {
    // Nothing seen before: the rate counts as 0.5/1, so the margin of the first sample is 1.25 + 0.001/0.5 = 1.252.
    // Learnt 0.1 %: (10 + 0.5)/(10000 + 1) = 0.00104990, the margin is 1.25 + 0.95247 = 2.20247.
    const evidenceAfter = (learnt: ArmSample | undefined): number => {
      const judge = createSequentialJudge(usual, [{}])
      if (learnt) judge.learn(learnt)
      return (
        only(judge.judge(sample(arm(100, 2), arm(900, 1)), 0), 'errors-against-baseline').evidence?.value ??
        NaN
      )
    }
    // theta(r m) = r m / (r m + 9) against theta(m) = m / (m + 9).
    const expected = (m: number): number => {
      const theta = (r: number): number => (r * m) / (r * m + 9)
      const factors = [1.5, 2, 3, 5, 8, 13, 20, 40].map(
        (r) => (theta(r) / theta(1)) ** 2 * ((1 - theta(r)) / (1 - theta(1))),
      )
      return factors.reduce((sum, factor) => sum + factor, 0) / 8
    }
    expect(evidenceAfter(undefined)).toBeCloseTo(expected(1.252), 9)
    expect(evidenceAfter(arm(10_000, 10))).toBeCloseTo(expected(1.25 + 0.001 / (10.5 / 10_001)), 9)
  })

  it('trusts errors less when the baseline itself scatters', () => {
    const calm = createSequentialJudge(strict, [{}])
    const wild = createSequentialJudge(strict, [{}])
    for (const errors of [5, 5]) calm.learn(arm(1000, errors))
    for (const errors of [0, 10]) wild.learn(arm(1000, errors))
    const bad = sample(arm(100, 10), arm(900, 4))
    const value = (result: SampleJudgement): number =>
      only(result, 'errors-against-baseline').evidence?.value ?? NaN
    expect(value(wild.judge(bad, 0))).toBeLessThan(value(calm.judge(bad, 0)))
  })

  it('remembers the scatter of two hours of samples, no more', () => {
    const judge = createSequentialJudge(strict, [{}])
    for (const errors of [0, 40]) judge.learn(arm(1000, errors))
    // 720 calm samples push the wild ones out: the exponent is 1 again.
    for (let count = 0; count < 720; count++) judge.learn(arm(1000, 1))
    expect(
      only(judge.judge(sample(arm(100, 2), arm(900, 1)), 0), 'errors-against-baseline').evidence?.value,
    ).toBeCloseTo(9.771, 3)
  })

  it.each([
    [arm(0), arm(900, 1), 'no ratio yet'],
    [arm(100), arm(900), 'both without errors'],
    [arm(100, 1), arm(900), 'the baseline had none'],
  ])('has words for %j against %j', (canary, baseline, words) => {
    expect(
      createSequentialJudge(strict, [{}]).judge(sample(canary, baseline), 0).judgements[0]?.reason,
    ).toContain(`: ${words}, evidence`)
  })

  it('tells how much speaks for the canary, up to a number that nobody reads', () => {
    const judge = createSequentialJudge(strict, [{}])
    const after = (count: number): string => {
      let reason = ''
      for (let index = 0; index < count; index++)
        reason = judge.judge(sample(arm(1000), arm(1000, 10)), 0).judgements[0]?.reason ?? ''
      return reason
    }
    expect(after(1)).toMatch(/evidence [\d,]+:1, bar 1:200$/)
    expect(after(20)).toMatch(/evidence over 1,000,000:1, bar 1:200$/)
  })
})

describe('a limit of a stage', () => {
  it('shares alpha with the other tests, each distinct limit once', () => {
    const judge = createSequentialJudge(strict, [
      { errorRate: 0.01 },
      { errorRate: 0.01 },
      { errorRate: 0.005 },
      {},
    ])
    // 2 + 2 distinct limits over 1 %: 1:400.
    expect(only(judge.judge(sample(arm(100), arm(900)), 0), 'error-rate').evidence?.bar).toBeCloseTo(400, 9)
  })

  it('counts the stages that have it, and only those', () => {
    const judge = createSequentialJudge(strict, [
      { errorRate: 0.01 },
      { errorRate: 0.01 },
      { errorRate: 0.005 },
    ])
    judge.judge(sample(arm(100, 1), arm(900)), 0)
    expect(only(judge.judge(sample(arm(100, 1), arm(900)), 1), 'error-rate').observed).toEqual({
      canaryRequests: 200,
      canaryErrors: 2,
    })
    expect(only(judge.judge(sample(arm(100, 1), arm(900)), 2), 'error-rate')).toMatchObject({
      limit: 0.005,
      observed: { canaryRequests: 100, canaryErrors: 1 },
    })
  })

  it('is broken by evidence, not by one error in ten', () => {
    const judge = createSequentialJudge(strict, [{ errorRate: 0.01 }])
    expect(only(judge.judge(sample(arm(10, 1), arm(90, 9)), 0), 'error-rate').verdict).toBe('pass')
    const broken = only(judge.judge(sample(arm(1000, 100), arm(9000, 900)), 0), 'error-rate')
    expect(broken.verdict).toBe('fail')
    expect(broken.reason).toMatch(
      /^canary 101 of 1,010 requests failed \(10%\), limit 1%, evidence 1:[\d,]+, bar 1:300; the baseline fails as much/,
    )
  })

  it('does not exist where the stage has none', () => {
    expect(
      createSequentialJudge(strict, [{}])
        .judge(sample(arm(100), arm(900)), 0)
        .judgements.map(({ metric }) => metric),
    ).toEqual(['errors-against-baseline'])
  })
})

describe('gross failure', () => {
  it.each([
    [[arm(20, 10)], true],
    [[arm(20, 9)], false],
    [[arm(19, 19)], false],
    [[arm(10, 10), arm(10, 10)], true],
    // The newest 20 count: a good past does not hide them.
    [[arm(5000), arm(20, 12)], true],
    // A bad past does not stick either: of the newest 20, 8 failed.
    [[arm(10, 10), arm(12), arm(8, 8)], false],
  ])('of %j is %s', (canaries, gross) => {
    const judge = createSequentialJudge(strict, [{}])
    let judgements: Judgement[] = []
    for (const canary of canaries) ({ judgements } = judge.judge(sample(canary, arm(0)), 0))
    expect(judgements.some(({ metric, verdict }) => metric === 'gross-failure' && verdict === 'fail')).toBe(
      gross,
    )
  })

  it('says so', () => {
    expect(
      createSequentialJudge(strict, [{}]).judge(sample(arm(20, 15), arm(0)), 0).judgements[0]?.reason,
    ).toBe('canary 15 of 20 requests failed (75%): half or more of at least 20')
  })
})

describe('with all traffic on the canary', () => {
  it('takes what the baseline can have been at most as one more limit', () => {
    const judge = createSequentialJudge(usual, [{ whole: true }])
    judge.learn(arm(10_000, 10))
    // Wilson at z = 2.326: p = 0.001, z^2/n = 0.000541; centre 0.00127052, spread 0.00077982... ; times 1.25 plus 0.001.
    const [z, n, p] = [2.326, 10_000, 0.001]
    const bound =
      (p + z ** 2 / (2 * n) + z * Math.sqrt((p * (1 - p)) / n + z ** 2 / (4 * n ** 2))) / (1 + z ** 2 / n)
    const good = only(judge.judge(sample(arm(1000, 1), arm(0)), 0), 'errors-against-earlier-baseline')
    expect(good.limit).toBeCloseTo(bound * 1.25 + 0.001, 12)
    expect(good.verdict).toBe('pass')
    expect(
      only(judge.judge(sample(arm(1000, 50), arm(0)), 0), 'errors-against-earlier-baseline'),
    ).toMatchObject({
      verdict: 'fail',
      observed: { canaryRequests: 2000, canaryErrors: 51 },
    })
  })

  it('keeps that limit below 1', () => {
    const judge = createSequentialJudge(usual, [{ whole: true }])
    judge.learn(arm(10, 10))
    expect(judge.judge(sample(arm(10), arm(0)), 0).judgements[0]?.limit).toBe(0.99)
  })

  it('has nothing to say when there never was any', () => {
    const judge = createSequentialJudge(usual, [{ whole: true }])
    expect(judge.judge(sample(arm(10), arm(0)), 0).judgements).toEqual([])
  })
})

describe('without an answer', () => {
  it('is an error that says why, once', () => {
    const { problems } = sample(undefined, undefined)
    const twice = { at: '', windowMs: 0, problems: [...problems, ...problems] }
    expect(createSequentialJudge(usual, [{}]).judge(twice, 0).judgements).toEqual([
      {
        metric: 'errors',
        verdict: 'error',
        reason: 'the metrics gave no answer: prod answered 500',
        observed: {},
      },
    ])
  })

  it('of the baseline does not pass, and its limit may still fail', () => {
    const judge = createSequentialJudge(usual, [{ errorRate: 0.01 }])
    judge.learn(arm(10_000, 10))
    expect(
      judge.judge(sample(arm(100), undefined), 0).judgements.map(({ metric, verdict }) => [metric, verdict]),
    ).toEqual([
      ['errors', 'error'],
      ['error-rate', 'pass'],
    ])
    expect(only(judge.judge(sample(arm(1000, 100), undefined), 0), 'error-rate').verdict).toBe('fail')
  })
})

describe('false alarms', () => {
  /** Runs of 20 minutes at 10 to 75 %, 100 requests/s: how many alarm, and how many samples the median one took. */
  function alarms(
    runs: number,
    settings: SequentialSettings,
    limit: number | undefined,
    rates: { canary: number; baseline: number },
  ) {
    const found: number[] = []
    for (let seed = 0; seed < runs; seed++) {
      const random = seededRandom(seed)
      const shares = [0.1, 0.25, 0.5, 0.75]
      const judge = createSequentialJudge(
        settings,
        shares.map(() => defined({ errorRate: limit })),
      )
      for (let index = 0; index < 120; index++) {
        const stage = Math.floor(index / 30)
        const requests = Math.round(1000 * (shares[stage] ?? 0))
        const count = (all: number, rate: number): ArmSample =>
          arm(all, Math.min(all, poisson(all * rate, random)))
        const { judgements } = judge.judge(
          sample(count(requests, rates.canary), count(1000 - requests, rates.baseline)),
          stage,
        )
        if (!judgements.some(({ verdict }) => verdict === 'fail')) continue
        found.push(index)
        break
      }
    }
    return { share: found.length / runs, median: found.sort((a, b) => a - b)[Math.floor(found.length / 2)] }
  }

  // alpha of 5 % for the whole rollout: at the boundary itself no more may alarm, and a bad canary is still found.
  const settings: SequentialSettings = { alpha: 0.05, margin: { ratio: 1.25, absolute: 0 } }

  it('at the margin stay below alpha', () => {
    expect(alarms(100, settings, undefined, { canary: 0.0125, baseline: 0.01 }).share).toBeLessThanOrEqual(
      0.05,
    )
  })

  it('at the limit stay below alpha', () => {
    expect(alarms(100, settings, 0.01, { canary: 0.01, baseline: 0.01 }).share).toBeLessThanOrEqual(0.05)
  })

  it('are not bought by missing what is bad: ten times the errors are found in every run', () => {
    // Found in every run, in the median after 2.5 min (15 samples) at most: what people who watch a dashboard need.
    const { share, median } = alarms(40, usual, undefined, { canary: 0.01, baseline: 0.001 })
    expect(share).toBe(1)
    expect(median).toBeLessThanOrEqual(15)
  })
})
