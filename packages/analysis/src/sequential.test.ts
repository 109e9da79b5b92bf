import { describe, expect, it } from '@jest/globals'
import { defined } from '@deploy-actions/rollout'
import { poisson, seededRandom } from '@deploy-actions/testing'
import type { ArmSample, Sample } from './sample'
import type { SampleJudgement, StageLimits } from './judge'
import { createSequentialJudge, type SequentialSettings } from './sequential'
import type { Judgement } from './verdict'

const strict: SequentialSettings = { alpha: 0.01, margin: { ratio: 1, absolute: 0 } }
const usual: SequentialSettings = { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 } }

/** One stage of ten minutes and more, four blocks of 180 s: 3/4 and 3/64 of the evidence begin with its first sample. */
const watchMs = 720_000
const BEGUN = 3 / 4 + 3 / 64
const judgeOf = (settings: SequentialSettings, ...limits: Omit<StageLimits, 'watchMs'>[]) =>
  createSequentialJudge(
    settings,
    limits.map((limit) => ({ ...limit, watchMs: watchMs / limits.length })),
  )

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

/** What is expected of `requests`, so that the judge knows how the baseline is. */
const HOUR = 3_600_000

describe('the comparison with the baseline', () => {
  it('says in one sentence what it rests on', () => {
    // Mean, by shares, over r of 1000 r^2/(r + 9)^3 (error-evidence.test.ts) where nothing wanders; as the baseline's rate and scatter are
    // of the past, phi = 1 + 0.13^2 V (1 + ln x): rate 10.5/10,001, V = rate * 1/10 * 900 * 18 = 1.7009.
    const judge = judgeOf(strict, {})
    judge.learn(arm(10_000, 10), HOUR)
    const { judgements } = judge.judge(sample(arm(100, 2), arm(900, 1)), 0)
    const [judgement] = judgements
    const scatter = 0.13 ** 2 * (10.5 / 10_001) * 0.1 * 900 * 18
    const factors = [1.15, 1.5, 2.2, 3.5, 6, 12, 40].map((r) => {
      const x = (10 * r) / (r + 9)
      return ((1000 * r ** 2) / (r + 9) ** 3) ** (1 / (1 + scatter * (1 + Math.log(x))))
    })
    const shares = [0.08, 0.2, 0.22, 0.2, 0.15, 0.1, 0.05]
    const mean = factors.reduce((sum, factor, k) => sum + (shares[k] ?? 0) * factor, 0)
    expect(judgement?.evidence?.value).toBeCloseTo(BEGUN * mean + (1 - BEGUN), 9)
    expect(judgement?.evidence?.bar).toBeCloseTo(100, 9)
    expect(judgement).toMatchObject({
      metric: 'errors-against-baseline',
      verdict: 'pass',
      observed: { canaryRequests: 100, canaryErrors: 2, baselineRequests: 900, baselineErrors: 1 },
    })
    expect(judgement?.reason()).toBe(
      'canary 2 of 100 requests failed (2%), baseline 1 of 900 requests failed (0.11%): 18 times, evidence 1:5, bar 1:100',
    )
  })

  it('fails when the evidence reaches the bar', () => {
    const judge = judgeOf(strict, {})
    judge.learn(arm(10_000, 1), HOUR)
    expect(
      only(judge.judge(sample(arm(1000, 100), arm(9000, 1)), 0), 'errors-against-baseline').verdict,
    ).toBe('fail')
  })

  it('carries its evidence and its counts over from stage to stage', () => {
    const judge = judgeOf(strict, {}, {})
    judge.learn(arm(10_000, 10), HOUR)
    const first = judge.judge(sample(arm(100, 2), arm(900, 1)), 0)
    judge.restart()
    const second = judge.judge(sample(arm(100, 2), arm(900, 1)), 1)
    const [before, after] = [first, second].map((one) => only(one, 'errors-against-baseline'))
    expect(after?.evidence?.value).toBeGreaterThan(before?.evidence?.value ?? NaN)
    expect(after?.observed).toEqual({
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

  it('allows the margin, also where nothing is known of the baseline beforehand', () => {
    // 125 of 10,000 are 1.25 %, the baseline has 1 %; with the absolute part 1.35 % would be harmless.
    const judge = judgeOf(usual, {})
    for (let count = 0; count < 30; count++) {
      const judged = judge.judge(sample(arm(10_000, 125), arm(10_000, 100)), 0)
      expect(only(judged, 'errors-against-baseline').verdict).toBe('pass')
    }
  })

  it('trusts errors less when the baseline itself wanders', () => {
    const [calm, wild] = [0, 1].map((wild) => {
      const judge = judgeOf(strict, {})
      for (let block = 0; block < 20; block++)
        judge.learn(arm(10_000, wild === 1 && block % 2 === 0 ? 20 : 100), 180_000)
      return only(judge.judge(sample(arm(100, 10), arm(900, 4)), 0), 'errors-against-baseline')
    })
    expect(wild?.evidence?.value).toBeLessThan(calm?.evidence?.value ?? NaN)
  })

  it('uses nothing of a sample against itself: how it scatters counts from the next one on', () => {
    const evidenceOf = (before: [number, number]) => {
      const judge = judgeOf(strict, {})
      judge.learn(arm(10_000, 10), HOUR)
      judge.judge(sample(arm(0), arm(...before)), 0)
      return only(judge.judge(sample(arm(100, 2), arm(900, 1)), 0), 'errors-against-baseline').evidence?.value
    }
    // A wild sample without a canary changes only what the baseline's rate is known to be.
    expect(evidenceOf([900, 450])).toBeLessThan(evidenceOf([900, 1]) ?? NaN)
  })

  it('finds a fault that comes late, and one after an outage of both arms', () => {
    for (const outage of [0, 200]) {
      const judge = createSequentialJudge(usual, [{ watchMs: 2_400_000 }])
      judge.learn(arm(360_000, 360), HOUR)
      for (let count = 0; count < 150; count++) {
        const down = count === 60 ? outage : 0
        judge.judge(sample(arm(500, count % 2 || down), arm(500, down || (count + 1) % 2)), 0)
      }
      let samples = 0
      for (let failed = false; !failed && samples < 100; samples++)
        failed = judge
          .judge(sample(arm(500, 5), arm(500, samples % 2)), 0)
          .judgements.some(({ verdict }) => verdict === 'fail')
      // Ten times the errors: 4.5 more than are harmless with each sample of 10 s.
      expect(samples).toBeLessThanOrEqual(20)
    }
  })

  it('leaves a cold start out of it, passes nothing meanwhile, and judges limits all the same', () => {
    const warming = createSequentialJudge({ ...usual, warmUpMs: 60_000 }, [{ watchMs, errorRate: 0.2 }])
    warming.learn(arm(10_000, 10), HOUR)
    const cold = Array.from({ length: 6 }, () => warming.judge(sample(arm(100, 10), arm(900, 1)), 0))
    for (const one of cold)
      expect(one.judgements.map(({ metric, verdict }) => [metric, verdict])).toEqual([
        ['errors-against-baseline', 'inconclusive'],
        ['error-rate', 'pass'],
      ])
    expect(cold[0]?.judgements[0]?.reason()).toBe(
      'nothing is compared with the baseline for 1m: the canary warms up',
    )
    const warm = only(warming.judge(sample(arm(100), arm(900, 1)), 0), 'errors-against-baseline')
    expect(warm).toMatchObject({ verdict: 'pass', observed: { canaryRequests: 100, canaryErrors: 0 } })
    for (let count = 0; count < 3; count++) warming.judge(sample(arm(100, 30), arm(900, 1)), 0)
    expect(
      warming
        .judge(sample(arm(100, 30), arm(900, 1)), 0)
        .judgements.some(({ verdict }) => verdict === 'fail'),
    ).toBe(true)
  })

  it('does not pass what may be a failure, and says why', () => {
    const judge = judgeOf(usual, {})
    judge.learn(arm(10_000, 10), HOUR)
    const judgement = only(judge.judge(sample(arm(100, 4), arm(900, 1)), 0), 'errors-against-baseline')
    expect(judgement.evidence?.value).toBeGreaterThan(10)
    expect(judgement).toMatchObject({ verdict: 'inconclusive', suspected: true })
    expect(judgement.reason()).toMatch(/bar 1:100: too much to pass, which takes less than 1:10$/)
  })

  it('holds what one arm was counted while the other gave no answer', () => {
    const evidenceOf = (samples: Sample[]) => {
      const judge = judgeOf(strict, {})
      judge.learn(arm(10_000, 10), HOUR)
      const judged = samples.map((one) => judge.judge(one, 0))
      return only(judged.at(-1)!, 'errors-against-baseline').evidence?.value
    }
    const lost = evidenceOf([sample(arm(50, 1), undefined), sample(arm(50, 1), arm(900, 1))])
    const whole = evidenceOf([{ ...sample(arm(100, 2), arm(900, 1)), windowMs: 20_000 }])
    expect(lost).toBeCloseTo(whole ?? NaN, 9)
  })

  it.each([
    [arm(0), arm(900, 1), 'no ratio yet'],
    [arm(100), arm(900), 'neither has any'],
    [arm(100, 1), arm(900), 'the baseline had none'],
  ])('has words for %j against %j', (canary, baseline, words) => {
    expect(judgeOf(strict, {}).judge(sample(canary, baseline), 0).judgements[0]?.reason()).toContain(
      `: ${words}, evidence`,
    )
  })

  it('tells how much speaks for the canary', () => {
    const judge = judgeOf(strict, {})
    let reason = ''
    for (let count = 0; count < 100; count++)
      reason = judge.judge(sample(arm(1000), arm(1000, 10)), 0).judgements[0]?.reason() ?? ''
    // What has not begun yet is left of it: evidence never falls far, so that it can rise again.
    expect(reason).toMatch(/evidence \d+:1, bar 1:100$/)
  })
})

describe('a limit of a stage', () => {
  it('has three parts of seven in the one bar, whatever the number of limits', () => {
    const judge = judgeOf(strict, { errorRate: 0.01 }, { errorRate: 0.01 }, { errorRate: 0.005 }, {})
    const judged = judge.judge(sample(arm(100), arm(900)), 0)
    // 0.4 and 0.3 of 0.7: alone the comparison would need 1:175, the limits 1:233.
    expect(only(judged, 'errors-against-baseline').evidence?.bar).toBeCloseTo(175, 9)
    expect(only(judged, 'error-rate').evidence?.bar).toBeCloseTo(100 / (3 / 7), 9)
  })

  it('counts the stages that have it, and only those', () => {
    const judge = judgeOf(strict, { errorRate: 0.01 }, { errorRate: 0.01 }, { errorRate: 0.005 })
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
    const judge = judgeOf(strict, { errorRate: 0.01 })
    expect(only(judge.judge(sample(arm(10, 1), arm(90, 9)), 0), 'error-rate').verdict).toBe('pass')
    const broken = only(judge.judge(sample(arm(1000, 100), arm(9000, 900)), 0), 'error-rate')
    expect(broken.verdict).toBe('fail')
    expect(broken.reason()).toMatch(
      /^canary 101 of 1,010 requests failed \(10%\), limit 1%, evidence 1:[\d,]+, bar 1:233; the baseline fails as much/,
    )
  })

  it('fails together with the comparison where neither would alone, and the sentence says so', () => {
    // 2.5 % beside 1 %: neither is over its own bar when both together are.
    const judge = judgeOf(strict, { errorRate: 0.01 })
    judge.learn(arm(100_000, 1000), HOUR)
    let failed: Judgement | undefined
    for (let count = 0; failed === undefined && count < 60; count++) {
      const { judgements } = judge.judge(sample(arm(40, 1), arm(200, 2)), 0)
      failed = judgements.find(({ verdict }) => verdict === 'fail')
    }
    const { value = 0, bar = 0 } = failed?.evidence ?? {}
    expect(value).toBeLessThan(bar)
    expect(failed?.reason()).toMatch(/; with all that was found before it is 1:1\d\d, bar 1:100$/)
  })

  it('does not say that the baseline fails as much where that was before, or where there is none', () => {
    // With such a margin only the limit can fail, and everything is alike.
    const lenient = { ...usual, margin: { ratio: 1, absolute: 1 } }
    const judge = judgeOf(lenient, { errorRate: 0.01 }, { errorRate: 0.01, whole: true })
    judge.learn(arm(100_000, 100), HOUR)
    // Both fail 2 % for a while, and recover; then the canary alone, with all of the traffic.
    for (let count = 0; count < 3; count++) judge.judge(sample(arm(100, 2), arm(100, 2)), 0)
    for (let count = 0; count < 30; count++) judge.judge(sample(arm(100), arm(100)), 0)
    let broken: Judgement | undefined
    for (let count = 0; count < 10; count++)
      broken = only(judge.judge(sample(arm(200, 30), arm(0)), 1), 'error-rate')
    expect(broken?.verdict).toBe('fail')
    expect(broken?.alike).toBeUndefined()
    expect(broken?.reason()).not.toContain('the baseline fails as much')
  })

  it('does not exist where the stage has none', () => {
    expect(
      judgeOf(strict, {})
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
    const judge = judgeOf(strict, {})
    let judgements: Judgement[] = []
    for (const canary of canaries) ({ judgements } = judge.judge(sample(canary, arm(0)), 0))
    expect(judgements.some(({ metric, verdict }) => metric === 'gross-failure' && verdict === 'fail')).toBe(
      gross,
    )
  })

  it('says so', () => {
    expect(
      judgeOf(strict, {})
        .judge(sample(arm(20, 15), arm(0)), 0)
        .judgements[0]?.reason(),
    ).toBe('canary 15 of 20 requests failed (75%): half or more of at least 20')
  })
})

describe('with all traffic on the canary', () => {
  it('takes what the baseline can have been at most as one more limit, and part of alpha for it', () => {
    const judge = judgeOf(usual, { whole: true })
    judge.learn(arm(10_000, 10), HOUR)
    const good = only(judge.judge(sample(arm(1000, 1), arm(0)), 0), 'errors-against-earlier-baseline')
    // 0.1 % and the margin alone would be 0.225 %; 10 errors leave room above that.
    expect(good.limit).toBeGreaterThan(0.00225)
    expect(good.limit).toBeLessThan(0.006)
    expect(good.evidence?.bar).toBeCloseTo(1 / 0.009, 9)
    expect(good.verdict).toBe('pass')
    expect(
      only(judge.judge(sample(arm(1000, 50), arm(0)), 0), 'errors-against-earlier-baseline'),
    ).toMatchObject({
      verdict: 'fail',
      observed: { canaryRequests: 2000, canaryErrors: 51 },
    })
  })

  it('fixes that limit when it begins', () => {
    const judge = judgeOf(usual, { whole: true })
    judge.learn(arm(10_000, 10), HOUR)
    const limits = [1, 2].map(() => {
      const { limit } = only(judge.judge(sample(arm(1000, 1), arm(0)), 0), 'errors-against-earlier-baseline')
      judge.learn(arm(10_000, 500), HOUR)
      return limit
    })
    expect(limits[0]).toBe(limits[1])
  })

  it('allows anything where all of the baseline failed', () => {
    const judge = judgeOf(usual, { whole: true })
    judge.learn(arm(10, 10), HOUR)
    expect(judge.judge(sample(arm(10, 5), arm(0)), 0).judgements[0]).toMatchObject({
      limit: 1,
      verdict: 'pass',
    })
  })

  it('has nothing to say when there never was any', () => {
    const judge = judgeOf(usual, { whole: true })
    expect(judge.judge(sample(arm(10), arm(0)), 0).judgements).toEqual([])
  })
})

describe('without an answer', () => {
  it('is an error that says why, once', () => {
    const { problems } = sample(undefined, undefined)
    const twice = { at: '', windowMs: 0, problems: [...problems, ...problems] }
    const { judgements } = judgeOf(usual, {}).judge(twice, 0)
    expect(judgements).toMatchObject([{ metric: 'errors', verdict: 'error', observed: {} }])
    expect(judgements[0]?.reason()).toBe('the metrics gave no answer: prod answered 500')
  })

  it('of the baseline does not pass, and its limit may still fail', () => {
    const judge = judgeOf(usual, { errorRate: 0.01 })
    judge.learn(arm(10_000, 10), HOUR)
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
        shares.map(() => defined({ watchMs: 300_000, errorRate: limit })),
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
