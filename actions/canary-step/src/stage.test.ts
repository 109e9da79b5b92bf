import { describe, expect, it } from '@jest/globals'
import type { Sample } from '@deploy-actions/analysis'
import type { NamedChecks } from '@deploy-actions/checks'
import type { StagePlan } from '@deploy-actions/config'
import type { ArmSampler } from '@deploy-actions/metrics'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import type { RouterReading, RouterWatch, Standing } from '@deploy-actions/traffic'
import { judgeFor, watchStage, type JudgedSample } from './stage'

const minutes = (count: number): number => count * 60_000
const plan: StagePlan = {
  weight: 1000,
  watchMs: minutes(5),
  maxWatchMs: minutes(15),
  errorTimeoutMs: minutes(5),
  minRequests: 20,
  onFail: 'rollback',
  onError: 'rollback',
  onInconclusive: 'rollback',
  checks: [],
}

/** Healthy traffic whose windows are complete `lag` after their end, as long as `answers` says so. */
function lagging(
  ports: FakePorts,
  lag: number,
  answers: () => boolean = () => true,
  requests: (elapsedMs: number) => boolean = () => true,
): ArmSampler {
  let from = 0
  const began = ports.clock.now().getTime()
  return {
    lag,
    resolution: 0,
    lookback: lag,
    async restart() {
      from = ports.clock.now().getTime()
    },
    async sample(): Promise<Sample | undefined> {
      const to = ports.clock.now().getTime() - lag
      if (to <= from) return undefined
      const about = { at: new Date(to).toISOString(), windowMs: to - from }
      if (!answers()) return { ...about, problems: [{ kind: 'provider', message: 'the API answered 503' }] }
      const seconds = (to - from) / 1000
      from = to
      return {
        ...about,
        baseline: { requests: seconds * 90, errors: 0 },
        canary: { requests: requests(to - began) ? seconds * 10 : 0, errors: 0 },
        problems: [],
      }
    },
  }
}

const arms = { baseline: 'blue', canary: 'green' }
const holds = (): Standing => ({ state: 'holds' })

async function watch(
  lag: number,
  answers?: () => boolean,
  standing: (elapsedMs: number) => Standing = holds,
  more: {
    requests?: (elapsedMs: number) => boolean
    plan?: Partial<StagePlan>
    checks?: NamedChecks
    rewrite?: (found: RouterReading) => Promise<RouterWatch>
    /** the ledger's word, which may take its time */
    mayGoOn?: (elapsedMs: () => number) => Promise<void>
  } = {},
) {
  const ports = createFakePorts()
  const trail: JudgedSample[] = []
  const told: string[] = []
  const judge = judgeFor([plan], { alpha: 0.01, margin: { ratio: 1.25, absolute: 0.001 } })
  const sampler = lagging(ports, lag, answers, more.requests)
  const began = ports.clock.now().getTime()
  const look = () => Promise.resolve(standing(ports.clock.now().getTime() - began))
  const end = await watchStage({
    index: 0,
    plan: { ...plan, ...more.plan },
    judge,
    sampler,
    mayGoOn: async () => more.mayGoOn?.(() => ports.clock.now().getTime() - began),
    standing: { look },
    rewrite: more.rewrite ?? (() => Promise.reject(new Error('there was no reload'))),
    arms,
    checks: more.checks ?? new Map(),
    onBaselineLost: (reason) => told.push(reason),
    intervalMs: 10_000,
    trail,
    ...ports,
  })
  return { end, trail, ports, told }
}

describe('a stage whose router is reloaded', () => {
  const found: RouterReading = {
    weights: { blue: 10_000, green: 0 },
    effective: { blue: 10_000, green: 0 },
    members: {},
    readAt: '2026-11-21T10:02:00.000Z',
  }
  const reloaded: Standing = { state: 'reloaded', reason: 'a reload put it back', found }
  const at =
    (...moments: number[]) =>
    (elapsedMs: number): Standing =>
      moments.includes(elapsedMs) ? reloaded : { state: 'holds' }

  it('is written again once, and watched for as long as from its beginning', async () => {
    const over: RouterReading[] = []
    const { end, trail, ports } = await watch(0, undefined, at(minutes(2)), {
      rewrite: (what) => {
        over.push(what)
        return Promise.resolve({ look: () => Promise.resolve(holds()) })
      },
    })
    expect(over).toEqual([found])
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: minutes(7) })
    // Of the window in which the reload was seen nothing is judged.
    expect(trail.reduce((sum, { sample }) => sum + sample.windowMs, 0)).toBe(minutes(7) - 10_000)
    expect(ports.recorded.log).toContainEqual(
      expect.objectContaining({
        level: 'warning',
        line: expect.stringMatching(/^a reload put it back; it is written/),
      }),
    )
  })

  it('ends at the second time', async () => {
    const look = () => Promise.resolve(reloaded)
    const { end } = await watch(0, undefined, at(minutes(1)), { rewrite: () => Promise.resolve({ look }) })
    expect(end).toMatchObject({
      verdict: 'error',
      then: 'rollback',
      reason: 'for the second time a reload put it back',
    })
  })
})

describe('a stage whose metrics lag', () => {
  it('lasts its watch and the lag, and counts what is in the watch only', async () => {
    const { end, trail } = await watch(minutes(2))
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: minutes(7) })
    // Ten requests a second for five minutes.
    expect(end.seen).toMatchObject({ requests: 3000, errors: 0 })
    expect(trail.reduce((sum, { sample }) => sum + sample.windowMs, 0)).toBe(minutes(5))
  })

  it('lasts its watch where nothing lags', async () => {
    expect((await watch(0)).end).toMatchObject({ verdict: 'pass', durationMs: minutes(5) })
  })

  it('does not take the lag for a time without answers', async () => {
    // Longer than the error time: no sample can be there earlier.
    expect((await watch(minutes(6))).end).toMatchObject({ verdict: 'pass', durationMs: minutes(11) })
  })

  it('is an error when no answer comes in all of the error time after that', async () => {
    const { end } = await watch(minutes(2), () => false)
    expect(end).toMatchObject({ verdict: 'error', then: 'rollback', durationMs: minutes(7) })
    expect(end.reason).toContain('the API answered 503')
  })
})

describe('a stage that has passed while the ledger does not answer', () => {
  const until =
    (ms: number, then: () => void = () => {}) =>
    async (elapsedMs: () => number): Promise<void> => {
      while (elapsedMs() < ms) await new Promise((resolve) => setImmediate(resolve))
      then()
    }

  it('is watched on until it does, beyond its longest watch', async () => {
    const { end, trail, ports } = await watch(0, undefined, holds, { mayGoOn: until(minutes(16)) })
    expect(end).toMatchObject({ verdict: 'pass', then: 'next' })
    expect(end.durationMs).toBeGreaterThanOrEqual(minutes(16))
    expect(trail.length).toBeGreaterThan(90)
    expect(ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)).toEqual([
      'the stage has passed and is watched on: the ledger does not answer yet',
    ])
  })

  it('fails when its canary dies in the meantime', async () => {
    const dies = (elapsedMs: number): Standing =>
      elapsedMs < minutes(8) ? holds() : { state: 'lost', arms: ['green'], reason: 'green is down' }
    const { end } = await watch(0, undefined, dies, { mayGoOn: () => new Promise(() => {}) })
    expect(end).toMatchObject({ verdict: 'fail', then: 'rollback', durationMs: minutes(8) })
  })

  it('ends with what the ledger says in the end', async () => {
    const taken = until(minutes(6), () => {
      throw new Error('the transaction is restoring')
    })
    await expect(watch(0, undefined, holds, { mayGoOn: taken })).rejects.toThrow(
      'the transaction is restoring',
    )
  })

  it('is not watched longer for an answer that is there', async () => {
    let asked = 0
    const { end } = await watch(0, undefined, holds, {
      mayGoOn: async () => {
        asked++
      },
    })
    expect(end.durationMs).toBe(minutes(5))
    expect(asked).toBe(1)
  })
})

describe('a stage whose router does not hold what was written', () => {
  const from = (ms: number, standing: Standing) => (elapsedMs: number) =>
    elapsedMs >= ms ? standing : holds()

  it('fails at once when the canary is lost', async () => {
    const { end } = await watch(
      0,
      undefined,
      from(minutes(2), { state: 'lost', arms: ['green'], reason: 'green is down' }),
    )
    expect(end).toMatchObject({
      verdict: 'fail',
      then: 'rollback',
      reason: 'green is down',
      durationMs: minutes(2),
    })
    expect(end.seen.requests).toBe(1100)
  })

  it('ends when somebody else has changed it, also where failures are only reported', async () => {
    const standing = from(minutes(2), { state: 'changed', reason: 'somebody else changed the weights' })
    const { end } = await watch(0, undefined, standing, { plan: { onFail: 'report' } })
    expect(end).toMatchObject({ verdict: 'error', then: 'rollback', durationMs: minutes(2) })
  })

  it('ends although no metric answers', async () => {
    const lost: Standing = { state: 'lost', arms: ['green'], reason: 'green is down' }
    const { end } = await watch(minutes(30), () => false, from(minutes(1), lost))
    expect(end).toMatchObject({ verdict: 'fail', durationMs: minutes(1) })
  })

  it('neither ends nor passes on one doubtful reading', async () => {
    let looks = 0
    const doubted: Standing = { state: 'doubted', reason: 'green is down' }
    const { end } = await watch(0, undefined, () => (++looks === 30 ? doubted : holds()))
    expect(end).toMatchObject({ verdict: 'pass', durationMs: minutes(5) + 10_000 })
  })

  it('is not ended by a doubtful reading at the end of the longest watch', async () => {
    let looks = 0
    const doubted: Standing = { state: 'doubted', reason: 'green is down' }
    const { end } = await watch(0, undefined, () => (++looks === 30 ? doubted : holds()), {
      plan: { maxWatchMs: minutes(5) },
    })
    expect(end).toMatchObject({ verdict: 'pass', then: 'next' })
  })

  it('waits while the baseline is lost, and passes when it is back', async () => {
    const lost: Standing = { state: 'lost', arms: ['blue'], reason: 'blue is down' }
    const { end, ports, told } = await watch(0, undefined, (ms) =>
      ms > minutes(3) && ms < minutes(8) ? lost : holds(),
    )
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: minutes(8) })
    expect(told).toEqual(['blue is down'])
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      '[3m10s] 10%: inconclusive: blue is down; nothing is taken from the arm that serves, and the stage waits',
    )
  })

  it('never promotes without the baseline that it was to be compared with, whatever the config says', async () => {
    const standing = from(minutes(3), { state: 'lost', arms: ['blue'], reason: 'blue is down' })
    const { end } = await watch(0, undefined, standing, { plan: { onInconclusive: 'promote' } })
    expect(end).toMatchObject({ verdict: 'inconclusive', then: 'rollback', durationMs: minutes(15) })
  })

  it('is an error when the router cannot be read for all of the error time', async () => {
    const standing = from(minutes(2), { state: 'unreadable', reason: 'the router gave no answer' })
    const { end } = await watch(0, undefined, standing)
    expect(end).toMatchObject({ verdict: 'error', then: 'rollback' })
    expect(end.reason).toMatch(/^no good sample for 5m: the router gave no answer/)
  })
})

describe('a canary whose requests fall to nothing', () => {
  it.each(['rollback', 'promote'] as const)(
    'does not pass, whatever came before; on-inconclusive: %s',
    async (onInconclusive) => {
      const { end } = await watch(0, undefined, holds, {
        requests: (ms) => ms <= minutes(3),
        plan: { onInconclusive },
      })
      expect(end).toMatchObject({ verdict: 'inconclusive', then: 'rollback', durationMs: minutes(15) })
      expect(end.reason).toMatch(/the canary has had no request for 720 s, after 1800 in this stage$/)
    },
  )

  it('passes when they come back', async () => {
    const requests = (ms: number) => ms <= minutes(4) || ms > minutes(6)
    const { end } = await watch(0, undefined, holds, { requests })
    expect(end).toMatchObject({ verdict: 'pass', durationMs: minutes(6) + 10_000 })
  })
})

describe('the checks of a stage', () => {
  /** A check that reads what its letters say, g(reen) or r(ed), look after look; the last one stays. */
  const check = (looks: string): NamedChecks => {
    let look = 0
    const probe = () =>
      Promise.resolve({
        state: looks[Math.min(look, looks.length - 1)] === 'r' ? ('red' as const) : ('green' as const),
        detail: `look ${++look}`,
      })
    return new Map([['healthz', { probe }]])
  }

  it('fail it after three red rounds in a row', async () => {
    const { end } = await watch(0, undefined, holds, { checks: check('grrgrrrg') })
    expect(end).toMatchObject({
      verdict: 'fail',
      then: 'rollback',
      reason: 'healthz was red 3 rounds in a row: look 7',
    })
    // Seven rounds, each begun at a sample; what came of the last is known at the next.
    expect(end.durationMs).toBe(80_000)
  })

  it('are only shown where failures are reported', async () => {
    const { end, ports } = await watch(0, undefined, holds, {
      checks: check('r'),
      plan: { onFail: 'report' },
    })
    expect(end).toMatchObject({ verdict: 'pass', then: 'next' })
    expect(ports.recorded.log.map(({ line }) => line)).toContain('healthz: red: look 1')
  })

  it('never hold up the samples', async () => {
    const hanging: NamedChecks = new Map([['stuck', { probe: () => new Promise<never>(() => {}) }]])
    expect((await watch(0, undefined, holds, { checks: hanging })).end).toMatchObject({
      verdict: 'pass',
      durationMs: minutes(5),
    })
  })
})
