import { describe, expect, it } from '@jest/globals'
import { GateFailed } from '@deploy-actions/action-kit'
import { openLedger, type Instruction } from '@deploy-actions/ledger'
import type { FakePorts, SimulatedRegion, SimulatedRegionOptions } from '@deploy-actions/testing'
import type { Outputs } from './outputs'
import { HEALTHY, run } from './run.fixture'

describe('canary-step that people steer', () => {
  const SHORT = '[{ weight: 10%, watch: 5m }, { weight: 50%, watch: 5m }, { weight: 100%, watch: 5m }]'
  const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2))
  /** The ledger's folder is read by the wall clock, the stages pass by another: until what was said is heard. */
  const untilHeard = async ({ recorded }: FakePorts, said: number): Promise<void> => {
    const heard = (): number => recorded.log.filter(({ line }) => line.startsWith('ann says')).length
    for (let wait = 0; wait < 100 && heard() < said; wait++) await pause()
  }

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
      (_, its) => void (ports = its),
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
