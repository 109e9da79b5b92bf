import { setTimeout as sleepReal } from 'node:timers/promises'
import { describe, expect, it } from '@jest/globals'
import type { Sample } from '@deploy-actions/analysis'
import type { NamedChecks } from '@deploy-actions/checks'
import type { StagePlan } from '@deploy-actions/config'
import type { ArmSampler } from '@deploy-actions/metrics'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import type { RouterReading, RouterWatch, Standing } from '@deploy-actions/traffic'
import type { Missed } from './missed-share'
import { judgeFor, watchStage } from './stage'
import type { Heard } from './steering'
import { createTrail } from './trail'

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

interface Traffic {
  /** whether anybody asks the canary */
  requests?: (elapsedMs: number) => boolean
  /** what the sources make of it */
  counted?: (sample: Sample, elapsedMs: number) => Sample
  /** the first window ends so much later */
  resolution?: number
}

/** Healthy traffic whose windows are complete `lag` after their end, as long as `answers` says so. */
function lagging(
  ports: FakePorts,
  lag: number,
  answers: () => boolean = () => true,
  { requests = () => true, counted = (sample) => sample, resolution = 0 }: Traffic = {},
): ArmSampler {
  let from = 0
  const began = ports.clock.now().getTime()
  return {
    lag,
    resolution,
    lookback: lag,
    async restart() {
      from = ports.clock.now().getTime()
    },
    async sample(): Promise<Sample | undefined> {
      const to = ports.clock.now().getTime() - lag
      if (to <= from || to - began < resolution) return undefined
      const about = { at: new Date(to).toISOString(), windowMs: to - from }
      if (!answers()) return { ...about, problems: [{ kind: 'provider', message: 'the API answered 503' }] }
      const seconds = (to - from) / 1000
      from = to
      const sample = {
        ...about,
        baseline: { requests: seconds * 90, errors: 0 },
        canary: { requests: requests(to - began) ? seconds * 10 : 0, errors: 0 },
        problems: [],
      }
      return counted(sample, to - began)
    },
  }
}

/** Half of what the canary answers is an error. */
const broken = (sample: Sample): Sample => ({ ...sample, canary: { requests: 100, errors: 50 } })

/** Nobody says anything. */
const NOTHING: Heard = { all: [], confirmed: new Set() }

const arms = { baseline: 'blue', canary: 'green' }
/** What the router shows while the stage's weights are in effect. */
const asWritten: RouterReading = {
  weights: { blue: 9000, green: 1000 },
  effective: { blue: 9000, green: 1000 },
  members: {},
  readAt: '2026-11-21T10:00:00.000Z',
}
const holds = (): Standing => ({ state: 'holds', found: asWritten })

async function watch(
  lag: number,
  answers?: () => boolean,
  standing: (elapsedMs: number) => Standing = holds,
  more: Traffic & {
    plan?: Partial<StagePlan>
    checks?: NamedChecks
    rewrite?: (found: RouterReading) => Promise<Pick<RouterWatch, 'look'>>
    /** the ledger's word, which may take its time */
    mayGoOn?: (elapsedMs: () => number) => Promise<void>
    missed?: Missed
    /** hears when each look was due, since the stage began */
    beat?: (dueMs: number | undefined) => void
    ports?: FakePorts
    /** what people have said by then */
    heard?: (elapsedMs: number) => Heard
    /** when what waits for people is ended, since the stage began */
    untilMs?: number
  } = {},
) {
  const { ports = createFakePorts() } = more
  const trail = createTrail()
  const told: string[] = []
  const waits: string[] = []
  const stage = { ...plan, ...more.plan }
  const judge = judgeFor(
    [stage],
    {
      judge: 'sequential',
      alpha: 0.01,
      margin: { ratio: 1.25, absolute: 0.001 },
      'warm-up': 0,
      'latency-tolerance': 1.1,
    },
    {},
  )
  const sampler = lagging(ports, lag, answers, more)
  const began = ports.clock.now().getTime()
  const look = () => Promise.resolve(standing(ports.clock.now().getTime() - began))
  const end = await watchStage({
    index: 0,
    plan: stage,
    judge,
    sampler,
    mayGoOn: async () => more.mayGoOn?.(() => ports.clock.now().getTime() - began),
    standing: { look },
    rewrite: more.rewrite ?? (() => Promise.reject(new Error('there was no reload'))),
    arms,
    watchMissed: () => () => Promise.resolve(more.missed),
    standstill: { beat: (dueMs) => more.beat?.(dueMs === undefined ? undefined : dueMs - began) },
    checks: more.checks ?? new Map(),
    onBaselineLost: (reason) => told.push(reason),
    steering: {
      listen: () => more.heard?.(ports.clock.now().getTime() - began) ?? NOTHING,
      get heard() {
        return more.heard?.(ports.clock.now().getTime() - began) ?? NOTHING
      },
      untilMs: began + (more.untilMs ?? minutes(330)),
    },
    onWait: (what) => waits.push(what),
    intervalMs: 10_000,
    trail,
    ...ports,
  })
  return { end, trail: trail.samples(), ports, told, waits }
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
      moments.includes(elapsedMs) ? reloaded : holds()

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
      final: true,
      reason: 'for the second time a reload put it back',
    })
  })
})

describe('a stage whose metrics lag', () => {
  it('lasts its watch and the lag, and counts what is in the watch only', async () => {
    const { end, trail } = await watch(minutes(2))
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: minutes(7) })
    // Ten requests a second for five minutes.
    expect(end.seen.canary).toMatchObject({ requests: 3000, errors: 0 })
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

  it('waits with that for the first window that a source can tell of', async () => {
    const { end } = await watch(0, () => false, holds, { resolution: minutes(2) })
    expect(end).toMatchObject({ verdict: 'error', durationMs: minutes(7) })
  })

  it.each(['canary', 'baseline'] as const)('is an error, too, when none comes for its %s', async (arm) => {
    const counted = ({ [arm]: _, ...sample }: Sample): Sample => ({
      ...sample,
      problems: [{ kind: 'absent', message: `the ${arm} has no series` }],
    })
    const { end } = await watch(0, undefined, holds, { counted })
    expect(end).toMatchObject({ verdict: 'error', then: 'rollback', durationMs: minutes(5) })
  })

  it('does not make up for samples that a slow answer has cost', async () => {
    const ports = createFakePorts()
    const looks: number[] = []
    const counted = (sample: Sample, elapsedMs: number): Sample => {
      if (elapsedMs === minutes(1)) ports.clock.advance(35_000)
      return sample
    }
    const { end } = await watch(
      0,
      undefined,
      (elapsedMs) => {
        looks.push(elapsedMs / 1000)
        return holds()
      },
      { counted, ports },
    )
    expect(looks.slice(4, 9)).toEqual([50, 95, 100, 110, 120])
    expect(end).toMatchObject({ verdict: 'pass', durationMs: minutes(5) })
  })
})

describe('a stage with all the traffic', () => {
  const whole = { plan: { weight: 10_000, errorRate: 0.01 } }
  const alone = ({ baseline: _, ...sample }: Sample): Sample => sample

  it('passes without a baseline that nobody asks any more', async () => {
    const { end } = await watch(0, undefined, holds, { ...whole, counted: alone })
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: minutes(5) })
  })

  it('fails by its limit', async () => {
    const counted = ({ baseline: _, ...sample }: Sample): Sample => ({
      ...sample,
      canary: { requests: 100, errors: 10 },
    })
    const { end } = await watch(0, undefined, holds, { ...whole, counted })
    expect(end).toMatchObject({ verdict: 'fail', then: 'rollback' })
    expect(end.durationMs).toBeLessThan(minutes(5))
  })

  it('does not pass where nobody reaches it, since nobody asks the baseline by design', async () => {
    const counted = (sample: Sample): Sample => ({ ...sample, baseline: { requests: 0, errors: 0 } })
    const requests = (ms: number) => ms <= minutes(3)
    const { end } = await watch(0, undefined, holds, { ...whole, counted, requests })
    expect(end).toMatchObject({ verdict: 'inconclusive', then: 'rollback', durationMs: minutes(15) })
  })
})

describe('what is told of a stage', () => {
  const told = ({ recorded }: FakePorts) =>
    recorded.progress.map((event) =>
      event.kind === 'verdict' ? [event.stage, event.weight, event.verdict, event.final] : event,
    )
  const lines = ({ recorded }: FakePorts) => recorded.log.map(({ line }) => line)

  it('is each change of its verdict and its end, once', async () => {
    const quiet = (ms: number) => ms > minutes(2)
    const { ports, end } = await watch(0, undefined, holds, { requests: quiet, plan: { minRequests: 300 } })
    expect(end).toMatchObject({ final: true, verdict: 'pass' })
    expect(told(ports)).toEqual([
      [0, 1000, 'inconclusive', false],
      [0, 1000, 'pass', false],
      [0, 1000, 'pass', true],
    ])
    expect(lines(ports).map((line) => line.replace(/:.*/, ''))).toEqual([
      '[10s] 10%',
      '[2m30s] 10%',
      '[5m] 10%',
    ])
  })

  it('is an end that the judge had no part in', async () => {
    const { ports } = await watch(0, undefined, (ms) =>
      ms >= minutes(2) ? { state: 'changed', reason: 'somebody else changed the weights' } : holds(),
    )
    expect(told(ports).at(-1)).toEqual([0, 1000, 'error', true])
    expect(lines(ports).at(-1)).toBe('[2m] 10%: error: somebody else changed the weights')
  })

  it('is each page that cannot be read, when it is lost and when it is back, and at the end what is missing', async () => {
    const lost = (page: string): Pick<Sample, 'problems'> & { leftOut: string[] } => ({
      leftOut: [page],
      problems: [{ kind: 'partial', message: `${page} gave no answer` }],
    })
    const [one, two] = [lost('http://one/'), lost('http://two/')]
    const counted = (sample: Sample, ms: number): Sample => {
      const { baseline, canary } = sample
      if (!baseline || !canary || ms <= minutes(1) || ms > minutes(3)) return sample
      if (ms <= minutes(2))
        return {
          ...sample,
          canary: { ...canary, leftOut: one.leftOut },
          problems: [...one.problems, { kind: 'nan', message: 'no p99' }],
        }
      return {
        ...sample,
        canary: { ...canary, leftOut: one.leftOut },
        baseline: { ...baseline, leftOut: two.leftOut },
        problems: [...one.problems, ...two.problems],
      }
    }
    const { end, ports } = await watch(0, undefined, holds, { counted })
    expect(lines(ports).filter((line) => line.startsWith('http'))).toEqual([
      'http://one/ gave no answer',
      // Whatever else is lost is told again with what is.
      'http://one/ gave no answer',
      'http://two/ gave no answer',
      'http://two/ is counted again',
      'http://one/ is counted again',
    ])
    expect(lines(ports)).not.toContain('no p99')
    expect(end.reason).toMatch(
      / \(some of what http:\/\/one\/, http:\/\/two\/ counted is left out: it could not be read\)$/,
    )
  })

  it('is nothing more where all was read', async () => {
    expect((await watch(0)).end.reason).not.toContain('left out')
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

  it('goes on as soon as it does, not at the next sample', async () => {
    const ports = createFakePorts()
    let answer: (() => void) | undefined
    const { sleep } = ports.clock
    ports.clock.sleep = async (ms, signal) => {
      // The answer comes while this is slept.
      if (answer && ms > 0) {
        setTimeout(answer, 40)
        await sleepReal(400, undefined, { signal })
      }
      await sleep(ms, signal)
    }
    const { end } = await watch(0, undefined, holds, {
      ports,
      mayGoOn: () => new Promise((resolve) => (answer = resolve)),
    })
    expect(end).toMatchObject({ verdict: 'pass', durationMs: minutes(5) })
  })

  it('is not what a stage waits for that has failed', async () => {
    const { end } = await watch(0, undefined, holds, {
      requests: () => false,
      mayGoOn: () => Promise.reject(new Error('nobody should have asked')),
    })
    expect(end).toMatchObject({ verdict: 'inconclusive', then: 'rollback', durationMs: minutes(15) })
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
      final: true,
      then: 'rollback',
      reason: 'green is down',
      durationMs: minutes(2),
    })
    expect(end.seen.canary.requests).toBe(1100)
  })

  it('ends when somebody else has changed it, also where failures are only reported', async () => {
    const standing = from(minutes(2), { state: 'changed', reason: 'somebody else changed the weights' })
    const { end } = await watch(0, undefined, standing, { plan: { onFail: 'report' } })
    expect(end).toMatchObject({ verdict: 'error', final: true, then: 'rollback', durationMs: minutes(2) })
  })

  it('ends although no metric answers', async () => {
    const lost: Standing = { state: 'lost', arms: ['green'], reason: 'green is down' }
    const { end } = await watch(minutes(30), () => false, from(minutes(1), lost))
    expect(end).toMatchObject({ verdict: 'fail', durationMs: minutes(1) })
    expect(end.seen.canary).toEqual({ requests: 0, errors: 0 })
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
    const { end, ports } = await watch(0, undefined, () => (++looks === 30 ? doubted : holds()), {
      plan: { maxWatchMs: minutes(5) },
    })
    expect(end).toMatchObject({ verdict: 'pass', then: 'next' })
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      '[5m] 10%: inconclusive: after the longest watch of 5m green is down',
    )
  })

  it('is put back at once when its canary fails, whatever the router may hide', async () => {
    const { end } = await watch(0, undefined, () => ({ state: 'doubted', reason: 'green is down' }), {
      counted: broken,
    })
    expect(end).toMatchObject({ verdict: 'fail', then: 'rollback' })
    expect(end.durationMs).toBeLessThan(minutes(1))
  })

  it.each(['doubted', 'unreadable'] as const)(
    'does not go on at a reading that is %s, also where failures are only reported',
    async (state) => {
      let looks = 0
      const { end } = await watch(
        0,
        undefined,
        () => (++looks === 30 ? { state, reason: 'who knows' } : holds()),
        { counted: broken, plan: { onFail: 'report' } },
      )
      expect(end).toMatchObject({ verdict: 'fail', then: 'next', durationMs: minutes(5) + 10_000 })
    },
  )

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
      final: true,
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

describe('a stage whose canary is not counted its share of the requests', () => {
  const missed = (because: Missed['because']): Missed => ({ reason: 'it was counted 2 of 90', because })

  it('passes after its longest watch, and says so, where the router has sent it no more', async () => {
    const { end } = await watch(0, undefined, holds, { missed: missed('not sent') })
    expect(end).toMatchObject({ verdict: 'pass', then: 'next', durationMs: plan.maxWatchMs })
    expect(end.reason).toMatch(/ \(it was counted 2 of 90\)$/)
  })

  it('does not pass where nobody knows why', async () => {
    const { end } = await watch(0, undefined, holds, { missed: missed('unknown') })
    expect(end).toMatchObject({
      verdict: 'inconclusive',
      then: 'rollback',
      reason: expect.stringMatching(/ it was counted 2 of 90$/),
    })
  })

  it('fails where the router has sent them, and where failures are reported goes on after its longest watch', async () => {
    const { end } = await watch(0, undefined, holds, { missed: missed('swallowed') })
    expect(end).toMatchObject({ verdict: 'fail', then: 'rollback', reason: 'it was counted 2 of 90' })
    const reported = await watch(0, undefined, holds, {
      missed: missed('swallowed'),
      plan: { onFail: 'report' },
    })
    expect(reported.end).toMatchObject({ verdict: 'fail', then: 'next' })
  })
})

describe('a stage whose runner may stand still', () => {
  it('tells when each of its looks was due', async () => {
    const due: (number | undefined)[] = []
    await watch(0, undefined, holds, { beat: (dueMs) => due.push(dueMs) })
    expect(due.slice(0, 3)).toEqual([10_000, 20_000, 30_000])
  })
})

describe('a stage with a server of an arm out of service', () => {
  const one: RouterReading = {
    ...asWritten,
    members: { green: { enabled: true, units: 10, out: ['g2'] } },
  }

  it('says so at its end, by what the router showed last', async () => {
    const out = await watch(0, undefined, () => ({ state: 'holds', found: one }))
    expect(out.end).toMatchObject({ verdict: 'pass', reason: expect.stringContaining('g2') })
    // It serves again: what was missing for a while is still to be known of what was judged.
    const back = await watch(0, undefined, (elapsedMs) =>
      elapsedMs < minutes(1) ? { state: 'holds', found: one } : holds(),
    )
    expect(back.end).toMatchObject({ verdict: 'pass', reason: expect.stringContaining('g2') })
    expect((await watch(0)).end.reason).not.toContain('g2')
  })

  it('believes no reading that it is not sure of', async () => {
    const { end } = await watch(0, undefined, (elapsedMs) =>
      elapsedMs === minutes(2) ? { state: 'doubted', reason: 'blue is down' } : holds(),
    )
    expect(end.verdict).toBe('pass')
  })
})
