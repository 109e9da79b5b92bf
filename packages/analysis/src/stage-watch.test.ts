import { describe, expect, it } from '@jest/globals'
import {
  decide,
  LEAST_REQUESTS,
  requestsToSee,
  unreachable,
  type StageBudget,
  type StageDecision,
  type StageProgress,
} from './stage-watch'
import type { Judgement, Verdict } from './verdict'

const minutes = (count: number): number => count * 60_000

const budget: StageBudget = {
  watchMs: minutes(5),
  maxWatchMs: minutes(15),
  errorTimeoutMs: minutes(3),
  minRequests: 300,
  onFail: 'rollback',
  onError: 'rollback',
  onInconclusive: 'rollback',
}

/** `minute` of the stage, `verdicts` of the metrics, requests of the canary, minutes since the last good sample. */
function progress(minute: number, verdicts: Verdict[], requests = 300, sinceGood = 0): StageProgress {
  const judgements = verdicts.map((verdict) => ({
    metric: verdict,
    verdict,
    reason: () => `says ${verdict}`,
    observed: {},
  }))
  return { elapsedMs: minutes(minute), sinceGoodMs: minutes(sinceGood), requests, judgements }
}

const tooFew = 'the canary had 299 of the 300 requests that this stage needs'

describe('decide', () => {
  it.each<[string, Partial<StageBudget>, StageProgress, StageDecision]>([
    [
      'goes on while all is well',
      {},
      progress(4, ['pass']),
      { verdict: 'pass', final: false, reason: 'says pass' },
    ],
    [
      'ends well when the watch is over',
      {},
      progress(5, ['pass', 'pass']),
      { verdict: 'pass', final: true, then: 'next', reason: 'says pass' },
    ],
    [
      'waits for requests within the watch',
      {},
      progress(4, ['pass'], 299),
      { verdict: 'inconclusive', final: false, reason: tooFew },
    ],
    [
      'extends the watch for requests',
      {},
      progress(14, ['pass'], 299),
      { verdict: 'inconclusive', final: false, reason: tooFew },
    ],
    [
      'extended, passes as soon as they are there',
      {},
      progress(9, ['pass']),
      { verdict: 'pass', final: true, then: 'next', reason: 'says pass' },
    ],
    [
      'rolls back when the longest watch had too few',
      {},
      progress(15, ['pass'], 299),
      {
        verdict: 'inconclusive',
        final: true,
        then: 'rollback',
        reason: `after the longest watch of 15m ${tooFew}`,
      },
    ],
    [
      'promotes too few where that was asked for',
      { onInconclusive: 'promote' },
      progress(15, ['pass'], 299),
      {
        verdict: 'inconclusive',
        final: true,
        then: 'next',
        reason: `after the longest watch of 15m ${tooFew}`,
      },
    ],
    [
      'fails at once',
      {},
      progress(0.1, ['pass', 'fail'], 3),
      { verdict: 'fail', final: true, then: 'rollback', reason: 'says fail' },
    ],
    [
      'fails although another metric is an error',
      {},
      progress(1, ['error', 'fail']),
      { verdict: 'fail', final: true, then: 'rollback', reason: 'says fail' },
    ],
    [
      'only reports a fail',
      { onFail: 'report' },
      progress(1, ['fail']),
      { verdict: 'fail', final: false, reason: 'says fail' },
    ],
    [
      'goes on after a reported fail',
      { onFail: 'report' },
      progress(5, ['fail']),
      { verdict: 'fail', final: true, then: 'next', reason: 'says fail' },
    ],
    [
      'waits for requests beside a reported fail',
      { onFail: 'report' },
      progress(5, ['fail'], 299),
      { verdict: 'inconclusive', final: false, reason: tooFew },
    ],
    [
      'retries an error',
      {},
      progress(2, ['pass', 'error'], 300, 2),
      { verdict: 'error', final: false, reason: 'says error' },
    ],
    [
      'does not pass on an error',
      {},
      progress(6, ['error'], 300, 1),
      { verdict: 'error', final: false, reason: 'says error' },
    ],
    [
      'rolls back after the error timeout',
      {},
      progress(4, ['error'], 300, 3),
      { verdict: 'error', final: true, then: 'rollback', reason: 'no good sample for 3m: says error' },
    ],
    [
      'holds on through errors',
      { onError: 'hold' },
      progress(10, ['error'], 300, 9),
      { verdict: 'error', final: false, reason: 'says error' },
    ],
    [
      'holds on until the longest watch is over, and then rolls back, promote or not',
      { onError: 'hold', onInconclusive: 'promote' },
      progress(15, ['error'], 300, 14),
      {
        verdict: 'error',
        final: true,
        then: 'rollback',
        reason: 'after the longest watch of 15m says error',
      },
    ],
    [
      'takes one lost answer at the end of the longest watch for no verdict',
      {},
      progress(15, ['error'], 300, 1),
      { verdict: 'error', final: false, reason: 'says error' },
    ],
    [
      'takes it for one when no answer came in all of the error time',
      { onError: 'hold' },
      progress(15, ['error'], 300, 3),
      {
        verdict: 'error',
        final: true,
        then: 'rollback',
        reason: 'after the longest watch of 15m says error',
      },
    ],
    [
      'names the error, not the few requests that came of it',
      {},
      progress(15, ['error'], 299, 1),
      {
        verdict: 'error',
        final: true,
        then: 'rollback',
        reason: 'after the longest watch of 15m says error',
      },
    ],
    [
      'promotes no canary that had no request at all',
      { onInconclusive: 'promote' },
      progress(15, ['pass'], 0),
      {
        verdict: 'inconclusive',
        final: true,
        then: 'rollback',
        reason: 'after the longest watch of 15m the canary had 0 of the 300 requests that this stage needs',
      },
    ],
    [
      'promotes one that had a single request, where that was asked for',
      { onInconclusive: 'promote' },
      progress(15, ['pass'], 1),
      {
        verdict: 'inconclusive',
        final: true,
        then: 'next',
        reason: 'after the longest watch of 15m the canary had 1 of the 300 requests that this stage needs',
      },
    ],
    [
      'does not pass on nothing',
      {},
      progress(5, []),
      { verdict: 'inconclusive', final: false, reason: 'nothing was measured' },
    ],
    [
      'rolls back on nothing in the longest watch',
      {},
      progress(15, []),
      {
        verdict: 'inconclusive',
        final: true,
        then: 'rollback',
        reason: 'after the longest watch of 15m nothing was measured',
      },
    ],
    [
      'does not pass on an inconclusive metric',
      {},
      progress(5, ['pass', 'inconclusive']),
      { verdict: 'inconclusive', final: false, reason: 'says inconclusive' },
    ],
  ])('%s', (_, change, at, decision) => expect(decide({ ...budget, ...change }, at)).toEqual(decision))
})

describe('what may be a failure', () => {
  const at = (minute: number, more: Partial<StageProgress> = {}): StageProgress => ({
    ...progress(minute, []),
    judgements: [
      { metric: 'm', verdict: 'inconclusive', suspected: true, reason: () => 'suspected', observed: {} },
    ],
    ...more,
  })

  it('does not pass, and takes nothing back by itself: it goes on after the longest watch', () => {
    expect(decide(budget, at(5))).toEqual({ verdict: 'inconclusive', final: false, reason: 'suspected' })
    expect(decide(budget, at(15))).toMatchObject({
      then: 'next',
      reason: 'after the longest watch of 15m suspected',
    })
  })

  it('is taken back when the canary had too few requests, or something bars it', () => {
    expect(decide(budget, at(15, { requests: 299 }))).toMatchObject({ then: 'rollback' })
    expect(decide(budget, at(15, { barred: 'silent' }))).toMatchObject({ then: 'rollback' })
  })

  it('only shows where failures only do', () => {
    expect(decide({ ...budget, onFail: 'report' }, at(5))).toMatchObject({ then: 'next', final: true })
  })

  it('does not excuse what is inconclusive otherwise', () => {
    const [may] = at(15).judgements
    const judgements = [...progress(15, ['inconclusive']).judgements, ...(may ? [may] : [])]
    expect(decide(budget, at(15, { judgements }))).toMatchObject({ then: 'rollback' })
  })
})

it('says of what is taken back undecided that both fail alike', () => {
  const judgements: Judgement[] = [
    { metric: 'm', verdict: 'inconclusive', alike: true, reason: () => 'both', observed: {} },
  ]
  expect(decide(budget, { ...progress(15, []), judgements })).toMatchObject({ then: 'rollback', alike: true })
  expect(decide(budget, { ...progress(14, []), judgements })).not.toHaveProperty('alike')
})

describe('requestsToSee', () => {
  // ln 0.05 / ln(1 - p): 298.07, 597.65, 1496.37; this many without an error leave a rate of p a chance of 5 %.
  it.each([
    [0.01, 299],
    [0.005, 598],
    [0.002, 1497],
  ])('at a limit of %d is %d', (limit, requests) => expect(requestsToSee(limit)).toBe(requests))
})

describe('unreachable', () => {
  it('says how long a stage would have to watch', () => {
    // 10 % of 2 requests/s is 0.2/s: 180 in 15 min. 299 need 299 / 0.2 = 1495 s.
    expect(unreachable(2, [{ weight: 1000, maxWatchMs: minutes(15), minRequests: 299 }])).toEqual([
      {
        stage: 0,
        message:
          'needs 299 requests (min-requests), but at 2 requests/s at most the canary sees 180 in its longest watch of 15m; it would have to watch for 24m55s; lower min-requests or watch longer',
      },
    ])
  })

  it('names only the stages that cannot', () => {
    // 1/s: 10 % gives 90, 100 % gives 900 in 15 min.
    const stages = [1000, 10_000].map((weight) => ({ weight, maxWatchMs: minutes(15), minRequests: 299 }))
    expect(unreachable(1, stages).map(({ stage }) => stage)).toEqual([0])
    expect(unreachable(4, stages)).toEqual([])
  })

  it('counts whole requests, and names a time that is long enough', () => {
    // 10 % of 1.999 requests/s: 179.91 in 15 min; 180 need 900.5 s.
    const stage = { weight: 1000, maxWatchMs: minutes(15), minRequests: 180 }
    expect(unreachable(1.999, [stage])[0]?.message).toMatch(
      /the canary sees 179 in its longest watch of 15m; it would have to watch for 15m1s;/,
    )
    expect(unreachable(2, [stage])).toEqual([])
  })

  it('names no time where there is no traffic', () => {
    expect(
      unreachable(0, [{ weight: 1000, maxWatchMs: 1000, minRequests: LEAST_REQUESTS }])[0]?.message,
    ).toMatch(/the canary sees 0 in its longest watch of 1s; lower/)
  })
})
