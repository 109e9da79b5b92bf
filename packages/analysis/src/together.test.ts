import { describe, expect, it } from '@jest/globals'
import { poisson, seededRandom } from '@deploy-actions/testing'
import type { ArmSample, Counts, Sample } from './sample'
import { createSequentialJudge } from './sequential'
import type { Judgement } from './verdict'

const MARGIN = { ratio: 1.25, absolute: 0.001 }
const settings = { alpha: 0.05, margin: MARGIN, latencyTolerance: 1.1, ratios: ['payments'] }
const verdictOf = (judgements: readonly Judgement[], metric: string) =>
  judgements.find((one) => one.metric === metric)?.verdict

describe('all that is compared, at the very edge of what is harmless', () => {
  const ROLLOUTS = 400
  const random = seededRandom(20261203)
  const some = (requests: number, share: number): number =>
    Math.min(requests, poisson(requests * share, random))
  /** 30 % of the baseline above 50 ms; of the canary 0.1 % more above the next bound, and 5 % above the limit. */
  const latency = (requests: number, [above50, above100, above250]: readonly number[]) => {
    const over250 = some(requests, above250!)
    const over100 = Math.max(over250, some(requests, above100!))
    const over50 = Math.max(over100, some(requests, above50!))
    return [
      { le: 50, count: requests - over50 },
      { le: 100, count: requests - over100 },
      { le: 250, count: requests - over250 },
      { le: Infinity, count: requests },
    ]
  }
  const counts = (requests: number, share: number): Counts => ({ requests, errors: some(requests, share) })

  it('raises an alarm in 5 % of the rollouts at most', () => {
    let alarms = 0
    for (let rollout = 0; rollout < ROLLOUTS; rollout++) {
      const judge = createSequentialJudge(settings, [
        { watchMs: 300_000, errorRate: 0.0118, ratios: { payments: 0.04 }, latency: { p95: 200 } },
        { watchMs: 300_000 },
      ])
      for (let index = 0; index < 60; index++) {
        // The base rate moves, and the canary moves with it, up to the limit: 1.25 * 1.2 * 0.0072 + 0.001.
        const base = 0.0072 * (index % 2 === 0 ? 1.2 : 0.8)
        const [requests, all] = [poisson(100, random), poisson(300, random)]
        const baseline: ArmSample = {
          ...counts(all, base),
          ratios: { payments: counts(poisson(60, random), 0.0312) },
          latency: latency(all, [0.3, 0.05, 0.005]),
        }
        const canary: ArmSample = {
          ...counts(requests, MARGIN.ratio * base + MARGIN.absolute),
          ratios: { payments: counts(poisson(20, random), 0.04) },
          latency: latency(requests, [0.5, 0.301, 0.05]),
        }
        const sample: Sample = { at: '', windowMs: 10_000, baseline, canary, problems: [] }
        if (index === 0) judge.learn(baseline, 10_000)
        const { judgements } = judge.judge(sample, index < 30 ? 0 : 1)
        if (!judgements.some(({ verdict }) => verdict === 'fail')) continue
        alarms++
        break
      }
    }
    const highest = 0.05 + 3 * Math.sqrt((0.05 * 0.95) / ROLLOUTS)
    expect(alarms / ROLLOUTS).toBeLessThanOrEqual(highest)
  })
})

describe('a ratio', () => {
  const judged = (payments: { canary: Counts; baseline: Counts } | undefined, more: object = {}) => {
    const judge = createSequentialJudge({ ...settings, ...more }, [
      { watchMs: 600_000, ratios: { payments: 0.5 } },
    ])
    const before = { requests: 2000, errors: 10 }
    judge.learn({ ...before, ratios: { payments: before } }, 60_000)
    const arm = (counts?: Counts): ArmSample => ({
      ...{ requests: 1000, errors: 0 },
      ...{ latency: [{ le: Infinity, count: 1000 }] },
      ...(counts && { ratios: { payments: counts } }),
    })
    const sample: Sample = {
      ...{ at: '', windowMs: 10_000 },
      ...{ canary: arm(payments?.canary), baseline: arm(payments?.baseline) },
      problems: payments
        ? []
        : [{ kind: 'provider', metric: 'payments', message: 'canary payments of: HTTP 503' }],
    }
    return judge.judge(sample, 0).judgements
  }
  const bad = { canary: { requests: 200, errors: 40 }, baseline: { requests: 200, errors: 1 } }

  it('that is worse than the baseline fails, by its name', () => {
    const failed = judged(bad).find(({ verdict }) => verdict === 'fail')
    expect(failed?.metric).toBe('payments-against-baseline')
    expect(failed?.reason()).toMatch(
      /^canary 40 of 200 payments failed \(20%\), baseline 1 of 200 payments failed \(0\.5%\): 40 times, evidence/,
    )
  })

  it('that gave no answer is an error of its own', () => {
    const judgements = judged(undefined)
    expect(verdictOf(judgements, 'errors-against-baseline')).toBe('pass')
    const lost = judgements.filter(({ verdict }) => verdict === 'error')
    expect(new Set(lost.map(({ metric }) => metric))).toEqual(new Set(['payments']))
    expect(lost[0]?.reason()).toBe('the metrics gave no answer: canary payments of: HTTP 503')
  })

  it('that the canary alone does not count is an error, where it decides', () => {
    const none = { canary: { requests: 0, errors: 0 }, baseline: { requests: 200, errors: 1 } }
    expect(judged(none).filter(({ verdict }) => verdict === 'error')).toMatchObject([{ metric: 'payments' }])
    expect(judged(none, { reportOnly: ['payments'] }).filter(({ verdict }) => verdict === 'error')).toEqual(
      [],
    )
  })

  it('that is only reported fails nothing, and moves the evidence of the others by nothing', () => {
    const reported = judged(bad, { reportOnly: ['payments'] })
    const alone = judged(
      { canary: { requests: 0, errors: 0 }, baseline: { requests: 0, errors: 0 } },
      { reportOnly: ['payments'] },
    )
    expect(reported.filter(({ verdict }) => verdict === 'fail')).toMatchObject([
      { metric: 'payments-against-baseline', reportOnly: true },
    ])
    const evidence = (all: readonly Judgement[]) =>
      all.find(({ metric }) => metric === 'errors-against-baseline')?.evidence
    expect(evidence(reported)).toEqual(evidence(alone))
  })
})
