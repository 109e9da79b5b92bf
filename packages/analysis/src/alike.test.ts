import { describe, expect, it } from '@jest/globals'
import { areAlike } from './alike'
import type { ArmSample } from './sample'
import { createSequentialJudge } from './sequential'
import { decide, type StageBudget } from './stage-watch'
import type { Judgement } from './verdict'

const margin = { ratio: 1.25, absolute: 0.001 }
const arm = (requests: number, errors: number): ArmSample => ({ requests, errors })

describe('both arms fail alike', () => {
  it.each<[string, boolean, [number, number], [number, number]]>([
    ['when a dependency of both is down', true, [50, 45], [450, 405]],
    ['when the canary is within the margin', true, [100, 62], [900, 450]],
    // 95 % beside 60 %: four standard errors of so few requests are 45 points.
    ['when chance explains the difference', true, [20, 19], [400, 240]],
    // 60 % of the baseline make 75.1 % harmless, and four standard errors of 200 beside 400 are 16.97 points: 92.07 %.
    ['up to what chance explains', true, [200, 184], [400, 240]],
    ['not above it', false, [200, 185], [400, 240]],
    ['by a single request of the canary', true, [1, 1], [450, 405]],
    ['as soon as the baseline had enough requests', true, [10, 9], [20, 18]],
    ['not when the canary is worse than that', false, [200, 190], [400, 240]],
    ['not when the baseline stands', false, [50, 45], [450, 4]],
    ['not when it has no error', false, [50, 45], [450, 0]],
    ['not when the baseline fails, but not as the canary does', false, [50, 45], [450, 180]],
    ['not when the baseline had too few requests to tell', false, [50, 45], [19, 19]],
    ['not without a baseline', false, [50, 45], [0, 0]],
    ['not without requests of the canary', false, [0, 0], [450, 450]],
  ])('%s: %s', (_, alike, canary, baseline) => {
    expect(areAlike({ canary: arm(...canary), baseline: arm(...baseline) }, margin)).toBe(alike)
  })
})

it('is alike where all requests of both fail, and no difference at all would be harmless', () => {
  const down = { canary: arm(50, 50), baseline: arm(450, 450) }
  expect(areAlike(down, { ratio: 1, absolute: 0 })).toBe(true)
})

describe('the sentence of a fail', () => {
  const judge = (limits: { errorRate?: number }, samples: [ArmSample, ArmSample | undefined][]) => {
    const judging = createSequentialJudge({ alpha: 0.01, margin }, [{ watchMs: 600_000, ...limits }])
    const judged = samples.map(([canary, baseline]) =>
      judging.judge({ at: '', windowMs: 10_000, canary, ...(baseline && { baseline }), problems: [] }, 0),
    )
    return judged.at(-1)!.judgements
  }
  const of = (metric: string, judgements: Judgement[]) => judgements.find((one) => one.metric === metric)

  it('says that a gross failure is shared, by the very samples that were judged: it does not fail, and nothing passes', () => {
    const down: [ArmSample, ArmSample] = [arm(10, 9), arm(90, 80)]
    // A day without errors before it changes nothing: only the newest samples are judged.
    const failure = of('gross-failure', judge({}, [[arm(10_000, 0), arm(90_000, 0)], down, down]))
    expect(failure).toMatchObject({ verdict: 'inconclusive', alike: true })
    expect(failure?.reason()).toBe(
      'canary 18 of 20 requests failed (90%): half or more of at least 20; the baseline fails as much (160 of 180 requests failed (88.9%)), so taking the release back may not help',
    )
  })

  it('looks for a baseline of few requests in older samples, too, which are those of both', () => {
    // 15 to 5 in each: after the fourth the baseline has had 20, of which 12 failed, as 45 of 60 of the canary did.
    const beside: [ArmSample, ArmSample] = [arm(15, 12), arm(5, 3)]
    const shared = judge({}, [beside, [arm(15, 9), arm(5, 3)], beside, beside])
    expect(of('gross-failure', shared)).toMatchObject({
      verdict: 'inconclusive',
      alike: true,
      observed: { canaryRequests: 30, canaryErrors: 24 },
    })
    expect(of('gross-failure', judge({}, [beside, beside, beside]))).toMatchObject({ verdict: 'fail' })
  })

  it('blames the canary alone where the baseline stands or was not asked', () => {
    for (const baseline of [arm(90, 0), undefined]) {
      const failure = of('gross-failure', judge({}, [[arm(30, 27), baseline]]))
      expect(failure?.verdict).toBe('fail')
      expect(failure?.reason()).toBe('canary 27 of 30 requests failed (90%): half or more of at least 20')
      expect(failure).not.toHaveProperty('alike')
    }
  })

  it('of a limit says it, too, and only of one that is broken', () => {
    const sampled: [ArmSample, ArmSample] = [arm(1000, 80), arm(9000, 700)]
    const broken = of('error-rate', judge({ errorRate: 0.01 }, [sampled]))
    expect(broken).toMatchObject({ verdict: 'fail', alike: true })
    expect(broken?.reason()).toMatch(
      /; the baseline fails as much \(700 of 9,000 requests failed \(7\.78%\)\)/,
    )
    const kept = of('error-rate', judge({ errorRate: 0.1 }, [sampled]))
    expect(kept).toMatchObject({ verdict: 'pass' })
    expect(kept).not.toHaveProperty('alike')
  })

  it('is that of a judgement which speaks against the canary alone, where there is one', () => {
    const budget: StageBudget = {
      watchMs: 1,
      maxWatchMs: 1,
      errorTimeoutMs: 1,
      minRequests: 1,
      onFail: 'rollback',
      onError: 'rollback',
      onInconclusive: 'rollback',
    }
    const progress = { elapsedMs: 0, sinceGoodMs: 0, requests: 1 }
    const fail = (reason: string, alike?: true): Judgement => ({
      metric: 'm',
      verdict: 'fail',
      reason: () => reason,
      observed: {},
      ...(alike && { alike }),
    })
    const both = decide(budget, { ...progress, judgements: [fail('both', true), fail('worse')] })
    expect(both.reason).toBe('worse')
    expect(both).not.toHaveProperty('alike')
    expect(decide(budget, { ...progress, judgements: [fail('both', true)] })).toMatchObject({
      reason: 'both',
      alike: true,
    })
  })
})
