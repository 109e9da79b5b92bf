import { describe, expect, it } from '@jest/globals'
import { Cancelled, GateFailed } from '@deploy-actions/action-kit'
import { openLedger, type Instruction } from '@deploy-actions/ledger'
import {
  createFakeClock,
  createFakePorts,
  simulateRegion,
  type FakePorts,
  type SimulatedRegion,
  type SimulatedRegionOptions,
} from '@deploy-actions/testing'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'
import { HEALTHY, run, writeConfig } from './run.fixture'

describe('canary-step that people steer', () => {
  const SHORT = '[{ weight: 10%, watch: 5m }, { weight: 50%, watch: 5m }, { weight: 100%, watch: 5m }]'
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))
  /** The ledger's folder is read by the wall clock, the stages pass by another: until what was said is heard. */
  const untilHeard = async ({ recorded }: FakePorts, said: number): Promise<void> => {
    const heard = (): number => recorded.log.filter(({ line }) => line.startsWith('ann says')).length
    for (let wait = 0; wait < 100 && heard() < said; wait++) await pause()
  }

  /** The region of the run that goes on. */
  let walked: SimulatedRegion | undefined

  /** Runs with what people say, by the minutes since the rollout began. */
  async function steered(
    said: Record<number, Omit<Instruction, 'by' | 'reason'>>,
    more: Record<string, string> = {},
    simulation: Partial<SimulatedRegionOptions> = {},
  ) {
    const left = Object.entries(said)
    let ports: FakePorts | undefined
    let began: number | undefined
    const done = await run(
      simulation,
      { stages: SHORT, analysis: '{ interval: 30s }', ...more },
      async (answer, clock) => {
        began ??= clock.now().getTime()
        const due = Number(left[0]?.[0] ?? Infinity) * 60_000
        if (ports && clock.now().getTime() - began >= due) {
          const [, what] = left.shift() as [string, Omit<Instruction, 'by' | 'reason'>]
          const ledger = openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)
          const [entry] = await ledger.find({ limit: 1 })
          await ledger.say(entry!.record, { ...what, by: 'ann', reason: 'ticket 7' })
        }
        if (ports) await untilHeard(ports, Object.keys(said).length - left.length)
        return answer
      },
      (its, theirs) => {
        walked = its
        ports = theirs
      },
    )
    const { stages = [] } = (
      done.outcome instanceof GateFailed ? done.outcome.outputs : done.outcome
    ) as Outputs
    return { ...done, stages, minutes: stages.map(({ durationMs }) => Math.round(durationMs / 60_000)) }
  }

  it('waits at a stage that is held, and goes on when that is released', async () => {
    const { outcome, minutes, ports } = await steered({ 1: { kind: 'hold' }, 20: { kind: 'release' } })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(minutes[0]).toBeGreaterThanOrEqual(19)
    expect(Math.max(...minutes.slice(1))).toBeLessThan(7)
    expect(ports.recorded.facts['instructions']).toMatchObject([{ kind: 'hold' }, { kind: 'release' }])
  })

  it('takes a held release back that fails meanwhile', async () => {
    const fails = (minute: number) => (elapsedMs: number) => (elapsedMs > minute * 60_000 ? 0.3 : HEALTHY)
    const { outcome, region } = await steered(
      { 1: { kind: 'hold' } },
      {},
      { errorRate: (arm, elapsedMs) => (arm === 'green' ? fails(15)(elapsedMs) : HEALTHY) },
    )
    expect(outcome).toMatchObject({ message: expect.stringMatching(/10%: canary .* requests failed/) })
    expect(region.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
  })

  it('puts back what nobody releases, while the job still has its half hour for that', async () => {
    const { outcome, minutes, region } = await steered({ 1: { kind: 'hold' } })
    expect((outcome as Error).message).toMatch(
      /10%: held by ann: ticket 7, and nothing was said until 15:\d\d:\d\d UTC; .* verified after/,
    )
    expect(minutes[0]).toBeGreaterThanOrEqual(325)
    expect(region.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
  }, 60_000)

  it('waits for a yes to the very stage', async () => {
    const asking = SHORT.replace('watch: 5m }', 'watch: 5m, confirm: { within: 1h } }')
    const { outcome, minutes } = await steered(
      { 7: { kind: 'confirm', stage: 5000 }, 12: { kind: 'confirm', stage: 1000 } },
      { stages: asking },
    )
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(minutes[0]).toBeGreaterThanOrEqual(12)
    const silent = await steered({}, { stages: asking })
    expect((silent.outcome as Error).message).toMatch(/10%: it waits for a yes, and nothing was said until/)
    expect(silent.minutes).toEqual([65])
  })

  it('goes on to all of the traffic where a person skips what is between, and says so', async () => {
    const { outcome, stages } = await steered({ 1: { kind: 'skip' } })
    expect(outcome).toMatchObject({
      outcome: 'promoted',
      reason: expect.stringMatching(/^10%: skipped to 100% by ann: ticket 7; until then: /),
    })
    expect(stages.map(({ weight, skips }) => [weight, skips])).toEqual([
      [1000, true],
      [10_000, undefined],
    ])
  })

  it('ends as a stage that has failed where a person aborts', async () => {
    const { outcome, region, stages } = await steered({ 2: { kind: 'abort' } })
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    expect((outcome as Error).message).toMatch(/^10%: aborted by ann: ticket 7; traffic is back/)
    expect(stages).toHaveLength(1)
    expect(region.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
  })

  it('is restored at once where a person aborts while it is stepped back', async () => {
    const steps = '[{ weight: 50%, watch: 5m, on-fail: { to: 25%, hold: 2h } }, { weight: 100%, watch: 5m }]'
    const { stages, outcome } = await steered(
      { 30: { kind: 'abort' } },
      { stages: steps },
      { errorRate: (arm) => (arm === 'green' && walked?.haproxy.weights['green'] === 50 ? 0.3 : HEALTHY) },
    )
    expect(stages.at(-1)).toMatchObject({ steppedBackFrom: 5000, reason: 'aborted by ann: ticket 7' })
    expect(Math.round((stages.at(-1)?.durationMs ?? 0) / 60_000)).toBeLessThan(40)
    expect((outcome as GateFailed).outputs).toMatchObject({ 'rollback-verified': true })
  })

  it('does not step back first where a person aborts', async () => {
    const steps = '[{ weight: 50%, watch: 5m, on-fail: { to: 25%, hold: 10m } }, { weight: 100%, watch: 5m }]'
    const { stages, region } = await steered({ 2: { kind: 'abort' } }, { stages: steps })
    expect(stages.map(({ weight }) => weight)).toEqual([5000])
    expect(region.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
  })

  it('puts back what is released too late for what is left to be watched', async () => {
    const stages = '[{ weight: 10%, watch: 5m }, { weight: 50%, watch: 60m }, { weight: 100%, watch: 60m }]'
    const { outcome, minutes, region } = await steered(
      { 1: { kind: 'hold' }, 320: { kind: 'release' } },
      { stages },
    )
    expect((outcome as Error).message).toMatch(
      /^it has waited for too long: what is left to be watched takes 2h, and the job has \d+m\S* for it; traffic is back/,
    )
    expect(minutes).toHaveLength(1)
    expect(region.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
  }, 60_000)

  it('puts back what has waited for a yes until there is no time to watch what is left', async () => {
    const stages =
      '[{ weight: 10%, watch: 5m, confirm: { within: 5h, else: next } }, { weight: 100%, watch: 60m }]'
    const { outcome, minutes } = await steered({}, { stages })
    // The job ends what waits after 330 min, and 305 of them are over.
    expect((outcome as Error).message).toMatch(
      /^it has waited for too long: what is left to be watched takes 1h, and the job has 2\dm\S* for it/,
    )
    expect(minutes).toEqual([expect.closeTo(305, -1)])
  }, 60_000)

  it('asks people once while it waits, though the metrics are lost for a moment', async () => {
    let lost = 0
    const { ports } = await steered(
      { 1: { kind: 'hold' }, 40: { kind: 'release' } },
      {},
      { errorRate: () => (++lost % 50 === 0 ? 0.002 : HEALTHY) },
    )
    const asked = ports.recorded.log.filter(({ line }) => line.includes('has passed: held by'))
    expect(asked).toHaveLength(1)
  })

  it('hears an abort while no source answers', async () => {
    let calls = 0
    let ports: FakePorts | undefined
    const { outcome } = await run(
      {},
      { stages: SHORT },
      async (answer, _, __) => {
        if (++calls === 20 && ports) {
          const ledger = openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)
          const [entry] = await ledger.find({ limit: 1 })
          await ledger.say(entry!.record, { kind: 'abort', by: 'ann', reason: 'ticket 7' })
        }
        if (ports) await untilHeard(ports, calls >= 20 ? 1 : 0)
        return calls > 19 ? { status: 503 } : answer
      },
      (_, its) => void (ports = its),
    )
    expect((outcome as Error).message).toMatch(/^10%: aborted by ann/)
  })
})

describe('a stage that is to step back when it fails', () => {
  const STEPS =
    '[{ weight: 10%, watch: 5m }, { weight: 50%, watch: 5m, on-fail: { to: 25%, hold: 10m } }, { weight: 100%, watch: 5m }]'
  const bad = (from: number, rate: number) => (arm: string, elapsedMs: number) =>
    arm === 'green' && elapsedMs > from ? rate : HEALTHY

  it('is watched with less traffic, and restored whatever that shows', async () => {
    // It fails with much traffic alone: at 25 % it is healthy again.
    let region: SimulatedRegion | undefined
    const { outcome, ports } = await run(
      {
        errorRate: (arm) => (arm === 'green' && region?.haproxy.weights['green'] === 50 ? 0.2 : HEALTHY),
      },
      { stages: STEPS },
      undefined,
      (its) => void (region = its),
    )
    const { verdict, stages = [], weight } = (outcome as GateFailed).outputs as Outputs
    expect(stages.map((one) => [one.weight, one.verdict, one.steppedBackFrom])).toEqual([
      [1000, 'pass', undefined],
      [5000, 'fail', undefined],
      [2500, 'pass', 5000],
    ])
    expect(Math.round((stages[2]?.durationMs ?? 0) / 60_000)).toBe(10)
    expect([verdict, weight]).toEqual(['fail', '25%'])
    expect((outcome as Error).message).toMatch(/^50%: canary .*; traffic is back at blue 100%, green 0%/)
    expect(region?.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
    expect(ports.recorded.summary.join()).toContain('canary fail at 50%')
  })

  it.each(['hold', 'skip'] as const)('is restored when that is over, whoever says `%s`', async (kind) => {
    const failsAt = (minute: number) => (arm: string, elapsedMs: number) =>
      arm === 'green' && elapsedMs > minute * 60_000 ? 0.3 : HEALTHY
    let region: SimulatedRegion | undefined
    let ports: FakePorts | undefined
    const { outcome } = await run(
      {
        errorRate: (arm, at) => (region?.haproxy.weights['green'] === 50 ? failsAt(8)(arm, at) : HEALTHY),
      },
      { stages: STEPS, analysis: '{ interval: 30s }' },
      async (answer) => {
        if (region?.haproxy.weights['green'] === 25 && ports) {
          const ledger = openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)
          const [entry] = await ledger.find({ limit: 1 })
          const { instructions } = await ledger.followed(entry!.record)
          if (instructions.length === 0)
            await ledger.say(entry!.record, { kind, by: 'ann', reason: 'ticket 7' })
          await new Promise((resolve) => setTimeout(resolve, 2))
        }
        return answer
      },
      (its, theirs) => {
        region = its
        ports = theirs
      },
    )
    const { stages = [] } = (outcome as GateFailed).outputs as Outputs
    expect(stages.at(-1)).toMatchObject({ weight: 2500, steppedBackFrom: 5000 })
    expect(stages.some(({ skips }) => skips)).toBe(false)
    expect(Math.round((stages.at(-1)?.durationMs ?? 0) / 60_000)).toBeLessThan(12)
    expect(region?.haproxy.weights).toMatchObject({ blue: 100, green: 0 })
  })

  it('is restored at once where it fails there, too', async () => {
    const { outcome } = await run({ errorRate: bad(6 * 60_000, 0.3) }, { stages: STEPS })
    const { stages = [] } = (outcome as GateFailed).outputs as Outputs
    expect(stages.at(-1)).toMatchObject({ weight: 2500, verdict: 'fail', steppedBackFrom: 5000 })
    expect(stages.at(-1)?.durationMs).toBeLessThan(5 * 60_000)
  })

  it('does not step back where the canary is lost', async () => {
    let region: SimulatedRegion | undefined
    const { outcome } = await run(
      {},
      { stages: STEPS },
      (answer) => {
        if (region?.haproxy.weights['green'] === 50) region.haproxy.states['green'] = 'down'
        return answer
      },
      (its) => void (region = its),
    )
    const { stages = [] } = (outcome as GateFailed).outputs as Outputs
    expect(stages.map(({ weight }) => weight)).toEqual([1000, 5000])
  })
})

describe('what people are told of a walk', () => {
  /** Runs by a rollout.yml with one sink. @returns what that was told, with the kind and the status of each */
  async function told(
    stages: string,
    {
      answer = () => 200,
      meanwhile = () => undefined,
      errorRate = () => HEALTHY,
    }: {
      answer?: () => number
      meanwhile?: (region: SimulatedRegion, elapsedMs: number) => void
      errorRate?: SimulatedRegionOptions['errorRate']
    } = {},
  ) {
    const clock = createFakeClock()
    const began = clock.now().getTime()
    const region = await simulateRegion({ clock, seed: 1, requestsPerSecond: 100, errorRate })
    const cards: { kind: string; status: string; cause?: string }[] = []
    const ports = createFakePorts({
      clock,
      http({ method, body }) {
        if (method !== 'POST') {
          meanwhile(region, clock.now().getTime() - began)
          return region.metrics()
        }
        cards.push((JSON.parse(body ?? '') as { event: (typeof cards)[number] }).event)
        return { status: answer() }
      },
    })
    await writeConfig(ports, region, 'on: [stage, approval-needed, restored, promoted]')
    const inputs = schema.parse({
      ...{ region: 'eu', version: '1.1.0', digest: `sha256:${'b'.repeat(64)}`, stages },
      ledger: `file:${ports.context.temp}/ledger`,
    })
    const outcome = await main(inputs, ports).catch((error: Error) => error)
    await region.close()
    return { outcome, ports, cards: cards.map(({ kind, status, cause = '' }) => [kind, status, cause]) }
  }

  it('is each stage, and the one that waits for them', async () => {
    const { cards } = await told(
      '[{ weight: 10%, watch: 5m, confirm: { within: 10m, else: next } }, { weight: 100%, watch: 5m }]',
    )
    expect(cards).toEqual([
      [
        'approval-needed',
        '10% has passed and waits',
        expect.stringMatching(/^it waits for a yes, until 10:1\d:\d\d UTC at most/),
      ],
      ['stage', '10% pass', expect.stringContaining('(it waits for a yes, and nobody said no until 10:1')],
      ['stage', '100% pass', expect.any(String)],
      ['promoted', 'all traffic on the new release', expect.any(String)],
    ])
  })

  it('is that the old release is lost while the canary serves', async () => {
    const { cards } = await told('[{ weight: 10%, watch: 5m }, { weight: 100%, watch: 5m }]', {
      meanwhile({ haproxy }, elapsedMs) {
        haproxy.states = { blue: elapsedMs > 120_000 && elapsedMs < 180_000 ? 'down' : 'ready' }
      },
    })
    expect(cards.map(([kind, status]) => [kind, status])).toContainEqual([
      'stage',
      '10%: the old release is lost, and the stage waits',
    ])
  })

  it('is that a stage steps back, before it is restored', async () => {
    const { cards } = await told(
      '[{ weight: 50%, watch: 5m, on-fail: { to: 10%, hold: 5m } }, { weight: 100%, watch: 5m }]',
      { errorRate: (arm) => (arm === 'green' ? 0.3 : HEALTHY) },
    )
    expect(cards.map(([kind, status]) => [kind, status])).toContainEqual(['stage', '50% fail: back to 10%'])
  })

  it('keeps nobody from going on where it cannot be said, and is said in the log', async () => {
    const { outcome, ports } = await told('[{ weight: 10%, watch: 5m }, { weight: 100%, watch: 5m }]', {
      answer: () => 400,
    })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(ports.recorded.log.filter(({ line }) => /400/.test(line))).not.toEqual([])
  })
})

describe('a walk that is cancelled', () => {
  it('ends as cancelled while a stage is still being told: nothing rejects unheard', async () => {
    const clock = createFakeClock()
    const region = await simulateRegion({ clock, seed: 1, requestsPerSecond: 100, errorRate: () => HEALTHY })
    const unheard: unknown[] = []
    const listen = (reason: unknown): void => void unheard.push(reason)
    process.on('unhandledRejection', listen)
    const ports = createFakePorts({
      clock,
      cancelReason: new Cancelled('cancelled by the test'),
      http: async (request) => {
        if (request.method !== 'POST') return region.metrics()
        // The sink does not answer; the run is cancelled meanwhile.
        await new Promise((resolve) => {
          request.signal.addEventListener('abort', resolve)
          ports.cancel()
        })
        throw new Cancelled('the run was cancelled')
      },
    })
    await writeConfig(ports, region)
    const inputs = schema.parse({
      region: 'eu',
      version: '1.1.0',
      digest: `sha256:${'b'.repeat(64)}`,
      ledger: `file:${ports.context.temp}/ledger`,
    })
    const outcome = await main(inputs, ports).catch((error: Error) => error)
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', listen)
    await region.close()
    expect(outcome).toBeInstanceOf(Cancelled)
    expect(unheard).toEqual([])
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      'the 10% stage could not be told: the run was cancelled',
    )
  })
})
