import { describe, expect, it } from '@jest/globals'
import { createFakeClock, createFakePorts } from '@deploy-actions/testing'
import { createArmSampler, type ArmSampler } from './arm-sampler'
import { preflight } from './preflight'

type Counts = Partial<Record<'blue' | 'green', { requests?: number; errors?: number | string }>>

/** A sampler of blue (baseline) and green (canary) whose page is what `counts` says at the moment. */
async function sampler(counts: () => Counts | 'down') {
  const clock = createFakeClock()
  const ports = createFakePorts({
    clock,
    http: () => {
      const now = counts()
      if (now === 'down') return { status: 503 }
      const lines = Object.entries(now).flatMap(([arm, { requests, errors }]) => [
        ...(requests === undefined ? [] : [`requests{arm="${arm}"} ${requests}`]),
        ...(errors === undefined ? [] : [`errors{arm="${arm}"} ${errors}`]),
      ])
      return { body: ['up 1', ...lines].join('\n') }
    },
  })
  const queries = (arm: string) => ({
    requests: { source: 'web', sum: [`requests{arm="${arm}"}`] },
    errors: { source: 'web', sum: [`errors{arm="${arm}"}`] },
  })
  const made: ArmSampler = await createArmSampler(
    {
      sources: { web: { type: 'scrape', pages: ['http://127.0.0.1:1/'], timeout: 1000 } },
      baseline: queries('blue'),
      canary: queries('green'),
    },
    { http: ports.http, secrets: new Map(), clock },
  )
  return { sampler: made, clock, signal: ports.signal }
}

/** The one sample that is taken 10 s after `before`. */
async function second(before: Counts, after: Counts | 'down') {
  let now: Counts | 'down' = before
  const { sampler: taken, clock, signal } = await sampler(() => now)
  await taken.restart(signal)
  clock.advance(10_000)
  now = after
  return taken.sample(signal)
}

describe('a sample', () => {
  it('holds what happened in both arms since the restart', async () => {
    const before = { blue: { requests: 1000, errors: 10 }, green: { requests: 100, errors: 5 } }
    const after = { blue: { requests: 1090, errors: 11 }, green: { requests: 110, errors: 7 } }
    expect(await second(before, after)).toEqual({
      at: '2026-11-21T10:00:10.000Z',
      windowMs: 10_000,
      baseline: { requests: 90, errors: 1 },
      canary: { requests: 10, errors: 2 },
      problems: [],
    })
  })

  it('takes absent requests for no traffic, and absent errors beside requests for none', async () => {
    const sample = await second({ blue: { requests: 5 } }, { blue: { requests: 25 } })
    expect(sample).toMatchObject({
      baseline: { requests: 20, errors: 0 },
      canary: { requests: 0, errors: 0 },
      problems: [],
    })
  })

  it('never reaches back over a restart whose levels could not be read', async () => {
    const level = (requests: number): Counts => ({
      blue: { requests, errors: 0 },
      green: { requests, errors: 0 },
    })
    let now: Counts | 'down' = level(1000)
    const { sampler: taken, signal } = await sampler(() => now)
    await taken.restart(signal)
    now = 'down'
    // The weights changed, and nobody knows what had been counted until then.
    await taken.restart(signal)
    now = level(5000)
    const first = await taken.sample(signal)
    expect(first).not.toHaveProperty('canary')
    expect(first).not.toHaveProperty('baseline')
    expect(first.problems).toMatchObject([{ kind: 'stale' }])
    now = level(5010)
    expect(await taken.sample(signal)).toMatchObject({
      canary: { requests: 10 },
      baseline: { requests: 10 },
      problems: [],
    })
  })

  it('takes an error that was counted before its request for both', async () => {
    expect(
      (await second({ blue: { requests: 5, errors: 0 } }, { blue: { requests: 6, errors: 3 } })).baseline,
    ).toEqual({ requests: 3, errors: 3 })
  })

  it('leaves out the arm whose numbers are none, and says why', async () => {
    const sample = await second(
      { blue: { requests: 5, errors: 0 } },
      { blue: { requests: 6, errors: 'NaN' } },
    )
    expect(sample.baseline).toBeUndefined()
    expect(sample.canary).toEqual({ requests: 0, errors: 0 })
    expect(sample.problems).toEqual([
      { kind: 'nan', message: 'baseline errors: errors{"arm":"blue"} is NaN' },
    ])
  })

  it('has no arm when the provider fails', async () => {
    const sample = await second({}, 'down')
    expect([sample.baseline, sample.canary]).toEqual([undefined, undefined])
    expect(sample.problems.map(({ kind }) => kind)).toEqual(['provider', 'provider', 'provider', 'provider'])
  })
})

describe('the preflight', () => {
  /** `perInterval` requests of blue in every interval of 10 s. */
  async function check(perInterval: number, from: 'start' | 'never' = 'start') {
    let asked = 0
    const {
      sampler: taken,
      clock,
      signal,
    } = await sampler(() =>
      from === 'never' ? 'down' : { blue: { requests: perInterval * asked++, errors: 0 } },
    )
    return { result: await preflight(taken, 10_000, { clock, signal }), intervals: asked - 1 }
  }

  it('looks once at plenty of traffic, and says how much it can be at most', async () => {
    // 400 in 10 s: (400 + 3 sqrt(400)) / 10 = 46 a second.
    expect(await check(400)).toEqual({
      result: { ok: true, baseline: { requests: 400, errors: 0 }, requestsPerSecond: 46 },
      intervals: 1,
    })
  })

  it('looks longer at little traffic, at most six times', async () => {
    expect((await check(40)).intervals).toBe(3)
    // 1 in each: (6 + 3 sqrt(6)) / 60 s.
    expect(await check(1)).toEqual({
      result: {
        ok: true,
        baseline: { requests: 6, errors: 0 },
        requestsPerSecond: (6 + 3 * Math.sqrt(6)) / 60,
      },
      intervals: 6,
    })
  })

  it('refuses a baseline without a request', async () => {
    const { result } = await check(0)
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(/^the baseline arm had no request in 6 intervals/),
    })
  })

  it('refuses metrics that do not answer', async () => {
    const { result } = await check(0, 'never')
    expect(result).toMatchObject({
      ok: false,
      reason: expect.stringMatching(
        /^the metrics gave no answer: baseline requests: http:\/\/127\.0\.0\.1:1\/ answered 503;/,
      ),
    })
  })
})
