import { afterEach, describe, expect, it } from '@jest/globals'
import { Cancelled, GateFailed, InputError, type HttpResponse } from '@deploy-actions/action-kit'
import {
  createFakeClock,
  createFakePorts,
  simulateRegion,
  type FakePorts,
  type SimulatedRegion,
} from '@deploy-actions/testing'
import { sections } from '@deploy-actions/config'
import { openLedger, takenBackNote } from '@deploy-actions/ledger'
import { beginTransaction, findTargetArms, restoreUnfinishedTraffic } from '@deploy-actions/transaction'
import { transactionRecord } from '../../../packages/ledger/src/record.fixture'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'
import { byHand, HEALTHY, run, STAGES, writeConfig, type Run } from './run.fixture'

describe('canary-step over a healthy release', () => {
  it('promotes 40 healthy rollouts of 50 minutes at 1 to 1000 requests/s without one false rollback', async () => {
    const seeds = Array.from({ length: 40 }, (_, index) => index)
    const rates = [1, 10, 100, 1000]
    const outcomes = await Promise.all(
      seeds.map((seed) =>
        run(
          { seed, requestsPerSecond: rates[seed % rates.length] ?? 1 },
          { analysis: '{ min-requests: 20 }' },
        ),
      ),
    )
    const failed = outcomes.filter(({ outcome }) => outcome instanceof Error)
    expect(failed.map(({ outcome }) => (outcome as Error).message)).toEqual([])
    expect(
      outcomes.every(
        ({ region }) => region.haproxy.weights['green'] === 100 && region.haproxy.weights['blue'] === 0,
      ),
    ).toBe(true)
  }, 60_000)

  it('writes one weight pair a stage, growing before shrinking', async () => {
    const { region } = await run({})
    const written = region.haproxy.commands.filter((command) => command.startsWith('set server')).slice(0, 4)
    expect(written).toEqual([
      'set server app/green weight 10',
      'set server app/blue weight 90',
      'set server app/green weight 25',
      'set server app/blue weight 75',
    ])
  })

  it('keeps of hours what tells something, and says how many samples it has left out', async () => {
    const stages = '[{ weight: 50%, watch: 10m }, { weight: 100%, watch: 2h }]'
    const { ports } = await run({}, { stages })
    const { samples, samplesLeftOut } = ports.recorded.facts as { samples: object[]; samplesLeftOut: number }
    expect(samples.length).toBeLessThan(400)
    expect(samples.length + samplesLeftOut).toBe((130 * 60) / 10)
    expect((await run({})).ports.recorded.facts).not.toHaveProperty('samplesLeftOut')
  })

  it('keeps with each stage what the router itself showed, and when', async () => {
    const { outcome, ports } = await run({})
    const { stages = [] } = outcome as Outputs
    expect(stages.map(({ weight, weights }) => [weight, weights])).toEqual(
      stages.map(({ weight }) => [weight, { blue: 10_000 - weight, green: weight }]),
    )
    // Read back after the settle time of the write, before the watch.
    for (const { readAt } of stages) expect(readAt).toMatch(/^2026-11-21T10:/)
    expect(ports.recorded.facts['stages']).toEqual(stages)
    expect(ports.recorded.summary.join()).toContain('blue 90%, green 10% at 10:')
  })

  it('reads the router before the proof, when it opens its transaction and right before the first write, which verifies for itself', async () => {
    const { region } = await run({})
    const before = region.haproxy.commands.slice(
      0,
      region.haproxy.commands.findIndex((command) => command.startsWith('set server')),
    )
    expect(before.filter((command) => command === 'show servers state app')).toHaveLength(4)
    expect(before.every((command) => command.startsWith('show'))).toBe(true)
  })

  it('keeps a baseline beside the last watch, and finds there what comes late', async () => {
    const last = {
      analysis: '{ last-watch: 90% }',
      stages: '[{ weight: 50%, watch: 5m }, { weight: 100%, watch: 30m }]',
    }
    const healthy = await run({}, last)
    const { stages = [] } = healthy.outcome as Outputs
    expect(stages.map(({ weight, verdict }) => [weight, verdict])).toEqual([
      [5000, 'pass'],
      [9000, 'pass'],
      [10_000, 'pass'],
    ])
    expect(stages.map(({ durationMs }) => Math.round(durationMs / 60_000))).toEqual([5, 30, 0])
    expect(healthy.region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    const late = (arm: string, elapsedMs: number): number =>
      arm === 'green' && elapsedMs > 25 * 60_000 ? 10 * HEALTHY : HEALTHY
    const { outcome, region } = await run({ errorRate: late }, last)
    expect((outcome as Error).message).toMatch(/^90%: canary .* baseline .* times, evidence/)
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('writes nothing in a dry run', async () => {
    const { outcome, writes } = await run({}, { 'dry-run': 'true' })
    expect(outcome).toMatchObject({ outcome: 'would-promote' })
    expect(writes).toBe(0)
  })
})

describe('canary-step alone, run again', () => {
  const release = (letter: string) => ({ version: `1.${letter}`, digest: `sha256:${letter.repeat(64)}` })
  const STEPS = '[{ weight: 10%, watch: 1m }, { weight: 100%, watch: 2m }]'

  const regions: SimulatedRegion[] = []
  afterEach(async () => {
    await Promise.all(regions.splice(0).map((region) => region.close()))
  })

  /** A region and its ledger, over which one run comes after another. */
  async function target() {
    const clock = createFakeClock()
    let failing = false
    const region = await simulateRegion({
      ...{ clock, seed: 1, requestsPerSecond: 100 },
      errorRate: (arm) => (failing && region.haproxy.weights[arm] === 10 ? 0.5 : HEALTHY),
    })
    regions.push(region)
    const { temp } = createFakePorts({ clock }).context
    let runId = 1000
    const dispatch = async (letter: string, more: Record<string, string> = {}, bad = false) => {
      failing = bad
      const ports = createFakePorts({ clock, context: { runId: ++runId }, http: () => region.metrics() })
      const inputs = schema.parse({
        ...{ service: 'shop', environment: 'production', ledger: `file:${temp}/ledger`, stages: STEPS },
        ...{ ...release(letter), ...region.inputs, ...more, analysis: '{ min-requests: 80 }' },
      })
      const written = region.haproxy.commands.length
      const outcome = await main(inputs, ports).catch((error: Error) => error)
      const writes = region.haproxy.commands.slice(written).filter((command) => command.startsWith('set'))
      return { outcome, writes, ports }
    }
    const opened = async () =>
      (await openLedger(`file:${temp}/ledger`, 'shop', createFakePorts({ clock })).find({})).length
    /** Somebody has set the weights by hand, and put that into the ledger. */
    const byHand = async (weights: Record<string, number>) => {
      region.haproxy.weights = weights
      const ports = createFakePorts({ clock, context: { runId: ++runId } })
      const ledger = openLedger(`file:${temp}/ledger`, 'shop', ports)
      const set = transactionRecord({
        ...{ id: `${runId}-1-shop-production-1`, region: 'production', environment: 'production' },
        ...{ weightsOnly: true, previous: release('b') },
      })
      await ledger.open(set, {})
      await ledger.mark(set, 'committed', 'by hand')
    }
    /** A person has the newest one taken back. */
    const takeBack = async (weights: Record<string, number>) => {
      region.haproxy.weights = weights
      const ledger = openLedger(`file:${temp}/ledger`, 'shop', createFakePorts({ clock }))
      const [entry] = await ledger.find({ limit: 1 })
      if (!entry) throw new Error('nothing was rolled out')
      await ledger.mark(entry.record, 'restoring', takenBackNote('ann', 'orders are lost'))
      await ledger.mark(entry.record, 'restored', '')
    }
    const freeze = (until: string) =>
      openLedger(`file:${temp}/ledger`, 'shop', createFakePorts({ clock })).freeze(
        { from: clock.now(), until: new Date(until), reason: 'taken back by ann: orders are lost' },
        'production',
      )
    return { region, dispatch, opened, byHand, takeBack, freeze }
  }
  const needsNothing = (why: RegExp) => ({
    outcome: 'skipped',
    verdict: 'pass',
    reason: expect.stringMatching(new RegExp(`^production needs nothing: ${why.source}$`)),
  })
  const COMMITTED = /its newest transaction 1001-1-shop-production-1 is committed with this digest/

  it('moves nothing where the release serves already, in a dry run neither, and says so', async () => {
    const { region, dispatch, opened } = await target()
    expect((await dispatch('b')).outcome).toMatchObject({ outcome: 'promoted' })
    for (const more of [{}, { 'dry-run': 'true' }, { arm: 'green' }]) {
      const { outcome, writes, ports } = await dispatch('b', more)
      expect(outcome).toMatchObject(needsNothing(COMMITTED))
      expect(writes).toEqual([])
      expect(ports.recorded.summary.join()).toContain('Nothing moved')
    }
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    expect(await opened()).toBe(1)
  })

  it('moves nothing where it serves again since another was taken back', async () => {
    const { dispatch } = await target()
    await dispatch('b')
    expect((await dispatch('c', {}, true)).outcome).toBeInstanceOf(GateFailed)
    const { outcome, writes } = await dispatch('b')
    expect(outcome).toMatchObject(needsNothing(COMMITTED))
    expect(writes).toEqual([])
  })

  it('takes no release for the one that serves that somebody has taken off by hand, though another failed since', async () => {
    const { region, dispatch, byHand } = await target()
    expect((await dispatch('b')).outcome).toMatchObject({ outcome: 'promoted' })
    await byHand({ blue: 100, green: 0 })
    expect((await dispatch('c', {}, true)).outcome).toBeInstanceOf(GateFailed)
    expect((await dispatch('b', { arm: 'green' })).outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('gives no traffic to a release that a person had taken back, unless that is said', async () => {
    const { region, dispatch, opened, takeBack } = await target()
    await dispatch('b')
    await takeBack({ blue: 100, green: 0 })
    expect((await dispatch('b')).outcome).toMatchObject({
      message:
        '1.b was taken back by ann: orders are lost (in production, transaction 1001-1-shop-production-1); to roll it out again all the same, say so: again: true. Nothing was written',
    })
    expect(await opened()).toBe(1)
    expect((await dispatch('b', { again: 'true' })).outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('gives no traffic to a release that is older than the one that serves, unless that is said', async () => {
    const { region, dispatch, opened } = await target()
    await dispatch('b')
    await dispatch('c')
    expect((await dispatch('b')).outcome).toMatchObject({
      message: expect.stringMatching(
        /^1\.c, which serves in production .* allow-older: true\. Nothing was written$/,
      ),
    })
    expect(await opened()).toBe(2)
    const serves = { ...region.haproxy.weights }
    expect((await dispatch('b', { 'allow-older': 'true' })).outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: serves['green'], green: serves['blue'] })
  })

  it('gives no traffic to any release where somebody has frozen the environment, unless that is said', async () => {
    const { dispatch, freeze } = await target()
    await freeze('2026-11-25T00:00:00Z')
    expect((await dispatch('c')).outcome).toMatchObject({
      message: expect.stringMatching(
        /^production: nothing begins until 2026-11-25T\S+Z \(taken back by ann: orders are lost\); it opens next at 2026-11-25T\S+Z\..* Nothing was written$/,
      ),
    })
    const { outcome } = await dispatch('c', { 'override-window': 'it mends the orders' })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
  })

  it('moves the traffic where another serves: a next release, and the same after it was left by hand', async () => {
    const { region, dispatch } = await target()
    await dispatch('b')
    region.haproxy.weights = { blue: 100, green: 0 }
    expect((await dispatch('b')).outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    expect((await dispatch('c', { arm: 'blue' })).outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it.each([
    [
      'green',
      'input `arm`: green carries the traffic, and it is blue that gets some now: bring the release onto blue first. Nothing was written',
    ],
    ['gren', 'input `arm`: gren is not an arm here; known: green, blue. Nothing was written'],
  ])(
    'gives no traffic to an arm on which the release is not: it was brought onto %s',
    async (arm, message) => {
      const { dispatch } = await target()
      await dispatch('b')
      const { outcome, writes } = await dispatch('c', { arm })
      expect(outcome).toBeInstanceOf(InputError)
      expect((outcome as Error).message).toBe(message)
      expect(writes).toEqual([])
    },
  )
})

describe('canary-step over a bad release', () => {
  it('puts the traffic back and proves it when the canary fails 5 % of its requests', async () => {
    const { outcome, region, ports } = await run({ errorRate: (arm) => (arm === 'green' ? 0.05 : HEALTHY) })
    expect(outcome).toBeInstanceOf(GateFailed)
    expect((outcome as GateFailed).outputs).toMatchObject({
      verdict: 'fail',
      'rolled-back': true,
      'rollback-verified': true,
      stage: 1,
      weight: '10%',
    })
    expect((outcome as Error).message).toMatch(
      /^10%: canary \d+ of [\d,]+ requests failed .* traffic is back at blue 100%, green 0%/,
    )
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(ports.recorded.facts).toHaveProperty('rollbackMs')
    expect(ports.recorded.progress.at(-1)).toMatchObject({
      kind: 'verdict',
      stage: 0,
      weight: 1000,
      verdict: 'fail',
      final: true,
    })
  })

  it('finds a release that turns bad at 50 %', async () => {
    const { outcome, region } = await run({
      errorRate: (arm, elapsed) => (arm === 'green' && elapsed > 12 * 60_000 ? 0.05 : HEALTHY),
    })
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', weight: '50%' })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('does not promote without traffic: the longest watch ends it', async () => {
    const { outcome, region } = await run({ requestsPerSecond: 10 }, {}, (answer, clock) => {
      const stopped = clock.now().getTime() > Date.parse('2026-11-21T10:01:00.000Z')
      return stopped
        ? {
            ...answer,
            body: 'requests_total{arm="blue",code="2xx"} 500\nrequests_total{arm="green",code="2xx"} 3\n',
          }
        : answer
    })
    expect((outcome as GateFailed).outputs).toMatchObject({
      verdict: 'inconclusive',
      'rollback-verified': true,
    })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('bridges 90 s without answers, and rolls back after five minutes of them', async () => {
    const silent =
      (from: number, to: number) => (answer: Partial<HttpResponse>, clock: FakePorts['clock']) => {
        const elapsed = clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')
        return elapsed > from && elapsed < to ? { status: 500, body: '' } : answer
      }
    expect((await run({}, {}, silent(60_000, 150_000))).outcome).toMatchObject({ outcome: 'promoted' })
    const { outcome, region } = await run({}, {}, silent(60_000, 600_000))
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'error', 'rollback-verified': true })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })
})

describe('canary-step on a bad day', () => {
  const bad = { errorRate: (arm: string) => (arm === 'green' ? 0.6 : HEALTHY) }
  /** Does something to the router from the put-back on. */
  const fromPutBack =
    (act: (ports: FakePorts, region: SimulatedRegion) => unknown) =>
    (region: SimulatedRegion, ports: FakePorts): void => {
      region.haproxy.before = (command) => {
        const end = command.startsWith('set server app/blue weight 100') ? act(ports, region) : undefined
        return end === 'lie' ? 'lie' : 'act'
      }
    }

  it('is stubborn: a router that is away for 40 s does not keep the traffic from going back', async () => {
    let since: number | undefined
    const { outcome, region } = await run(
      bad,
      {},
      undefined,
      fromPutBack(({ clock }) => {
        since ??= clock.now().getTime()
        if (clock.now().getTime() - since < 40_000) throw new Error('away')
      }),
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ 'rollback-verified': true })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('leaves the traffic with the canary while the old arm is down, and says so', async () => {
    const { outcome, region } = await run(
      bad,
      {},
      undefined,
      fromPutBack((_, { haproxy }) => {
        haproxy.states = { blue: 'down' }
      }),
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ 'rollback-verified': false })
    expect((outcome as Error).message).toMatch(
      /traffic could NOT be put back: blue is down, and the traffic stays with green/,
    )
    expect(region.haproxy.weights['green']).toBeGreaterThan(0)
  })

  it('leaves the traffic of the next rollout alone when its runner was away until after it', async () => {
    // At 12 min everything of ours has been restored, and a later run has committed: then this process goes on.
    let asleep = true
    const { outcome, region } = await run({}, {}, undefined, ({ haproxy }, ports) => {
      haproxy.hold = async (_, when) => {
        if (when === 'after' || !asleep || ports.clock.now() < new Date('2026-11-21T10:12:00.000Z')) return
        asleep = false
        haproxy.weights = { blue: 0, green: 100 }
        const ledger = openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)
        const [own] = await ledger.find({})
        if (!own) throw new Error('nothing was begun')
        for (const state of ['restoring', 'restored'] as const)
          await ledger.mark({ id: own.record.id }, state, 'guard')
        const later = { ...own.record, id: '1002-1-shop-production-1', run: { ...own.record.run, id: 1002 } }
        await ledger.open(later, {})
        await ledger.mark({ id: later.id }, 'committed', '')
      }
    })
    expect((outcome as Error).message).toMatch(
      /somebody else changed the weights: .*; by the ledger \S+ is restored: its target is left alone$/,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'error', 'rolled-back': false })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('leaves it alone also when it stands still in the middle of its own put-back', async () => {
    const errorRate = (arm: string, elapsedMs: number): number =>
      arm === 'green' && elapsedMs > 3 * 60_000 ? 0.6 : HEALTHY
    let away: number | undefined
    const { outcome, region } = await run({ errorRate }, {}, undefined, ({ haproxy }, ports) => {
      // The router is away for the put-back, and back when the next release is there.
      haproxy.before = (command) => {
        if (command.startsWith('set server app/blue weight 100')) away ??= ports.clock.now().getTime()
        if (away !== undefined && ports.clock.now().getTime() - away < 20_000) throw new Error('away')
        return 'act'
      }
      let asleep = true
      haproxy.hold = async (_, when) => {
        if (when === 'after' || !asleep || away === undefined) return
        if (ports.clock.now().getTime() - away < 20_000) return
        asleep = false
        const ledger = openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)
        const [own] = await ledger.find({})
        if (!own) throw new Error('nothing was begun')
        for (const state of ['restoring', 'restored'] as const)
          await ledger.mark({ id: own.record.id }, state, 'guard')
        haproxy.weights = { blue: 0, green: 100 }
      }
    })
    expect((outcome as Error).message).toMatch(/; by the ledger \S+ is restored: its target is left alone$/)
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('leaves that traffic alone where it is the very one that it wrote itself: closed, and after standing still', async () => {
    for (const standsStill of [false, true]) {
      let began: Promise<void> | undefined
      const errorRate = (arm: string, elapsedMs: number): number =>
        standsStill && arm === 'green' && elapsedMs > 30 * 60_000 ? 0.6 : HEALTHY
      const { outcome, region } = await run({ errorRate }, {}, undefined, ({ haproxy }, ports) => {
        const next = async (): Promise<void> => {
          const ledger = openLedger(`file:${ports.context.temp}/ledger`, 'shop', ports)
          const [own] = await ledger.find({})
          if (!own) throw new Error('nothing was begun')
          for (const state of ['restoring', 'restored'] as const)
            await ledger.mark({ id: own.record.id }, state, 'guard')
          const later = {
            ...own.record,
            id: '1002-1-shop-production-1',
            run: { ...own.record.run, id: 1002 },
          }
          await ledger.open(later, {})
          await ledger.mark({ id: later.id }, 'committed', '')
          if (standsStill) ports.clock.advance(3_600_000)
        }
        haproxy.hold = async (_, when) => {
          if (when === 'before' && haproxy.weights['green'] === 100) await (began ??= next())
        }
      })
      expect((outcome as Error).message).toMatch(/by the ledger \S+ is restored: its target is left alone$/)
      expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    }
  })

  it('writes once more what a reload has lost: within a stage, before the next one and before its commit', async () => {
    const { outcome, region } = await run({}, {}, undefined, ({ haproxy }, ports) => {
      haproxy.configured = { blue: 100, green: 0 }
      const reload = () => {
        haproxy.weights = { blue: 100, green: 0 }
        haproxy.uptimeSec = 0
      }
      const { progress } = ports.evidence
      let began = false
      ports.evidence.progress = (event) => {
        progress(event)
        if (event.stage === 1 && !began) {
          began = true
          reload()
        }
        if (event.final && (event.stage === 2 || event.stage === 4)) reload()
      }
    })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('commits nothing of its own that the router does not show in the end', async () => {
    const { outcome, region } = await run({}, {}, undefined, (_, ports) => {
      const { progress } = ports.evidence
      // Right after the last look of the last stage somebody takes the canary out.
      ports.evidence.progress = (event) => {
        progress(event)
        if (event.final && event.stage === 4) byHand({ blue: 100, green: 0 })
      }
    })
    expect((outcome as Error).message).toMatch(/nothing is committed: green does not carry the traffic/)
    expect((outcome as GateFailed).outputs).toMatchObject({ 'rollback-verified': true })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('leaves a put-back that is cut short by a cancel to the post, which proves it', async () => {
    const { outcome, region, ports } = await run(
      bad,
      {},
      undefined,
      fromPutBack((ports) => {
        ports.cancel()
        return 'lie'
      }),
    )
    expect(outcome).toBeInstanceOf(Cancelled)
    expect((outcome as Error).message).toMatch(/: the post step goes on with it$/)
    expect(ports.recorded.summary.join()).not.toContain('could NOT be put back')
    expect(region.haproxy.weights).not.toEqual({ blue: 100, green: 0 })
  })
})

describe('arms of several servers', () => {
  const members = { blue: ['b1', 'b2', 'b3', 'b4'], green: ['g1', 'g2', 'g3', 'g4'] }
  type States = SimulatedRegion['haproxy']['states']
  /** Of the servers that are out from the n-th verdict of a stage on. */
  const from =
    (stage: number, states: States) =>
    ({ haproxy }: SimulatedRegion, ports: FakePorts): void => {
      const { progress } = ports.evidence
      ports.evidence.progress = (event) => {
        progress(event)
        if (event.stage === stage) haproxy.states = states
      }
    }
  const whole = ({ weights }: SimulatedRegion['haproxy']): boolean =>
    members.blue.every((name) => weights[name] === 0) &&
    members.green.every((name) => (weights[name] ?? 0) > 0)

  it.each([
    ['an old one is in maintenance beforehand', { b4: 'maint' }, undefined],
    ['an old one dies in the first stage', { b4: 'down' }, 0],
    ['a new one dies in the second stage', { g2: 'down' }, 1],
  ] as [string, States, number | undefined][])(
    'are rolled over while %s, and it is told',
    async (_, out, stage) => {
      const { outcome, region, ports } = await run({ members }, {}, undefined, (region, ports) =>
        stage === undefined ? void (region.haproxy.states = out) : from(stage, out)(region, ports),
      )
      expect(outcome).toMatchObject({ outcome: 'promoted' })
      expect(whole(region.haproxy)).toBe(true)
      const [name = ''] = Object.keys(out)
      const told = new RegExp(`in effect .*, ${name} of \\w+ is out of service`)
      expect(ports.recorded.log.map(({ level, line }) => `${level}: ${line}`).join('\n')).toMatch(told)
      const { stages = [] } = outcome as Outputs
      expect(stages[stage ?? 0]?.reason).toMatch(told)
      expect(ports.recorded.summary.join()).toMatch(told)
    },
  )

  it('are told of at 100 %, too, where the others carry all of it', async () => {
    const { outcome } = await run({ members }, {}, undefined, ({ haproxy }) => {
      haproxy.states = { g4: 'maint' }
    })
    const { stages = [] } = outcome as Outputs
    expect(stages.at(-1)?.reason).toMatch(/in effect blue 0%, green 100%, g4 of green is out of service/)
  })

  it('are judged by the share that is in effect: with three of four new ones out it is missed by nobody', async () => {
    const { outcome } = await run({ members }, {}, undefined, ({ haproxy }) => {
      haproxy.states = { g2: 'maint', g3: 'maint', g4: 'maint' }
    })
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    const { stages = [] } = outcome as Outputs
    // A share that is missed would keep them until their longest watch.
    for (const { durationMs } of stages.slice(0, 4)) expect(durationMs).toBeLessThan(15 * 60_000)
  })

  it('are put back when the last one of the canary dies', async () => {
    const { outcome, region } = await run(
      { members },
      {},
      undefined,
      from(0, { g1: 'down', g2: 'down', g3: 'down', g4: 'maint' }),
    )
    expect((outcome as Error).message).toMatch(
      /^10%: green is down: .*; traffic is back at blue 100%, green 0%/,
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rollback-verified': true })
    expect(region.haproxy.weights).toMatchObject({ g1: 0, g2: 0, g3: 0, g4: 0 })
  })

  it('are not rolled over while somebody holds one of them out by a weight of 0', async () => {
    const { outcome, writes } = await run({ members }, {}, undefined, ({ haproxy }) => {
      haproxy.weights = { ...haproxy.weights, b4: 0 }
    })
    expect(outcome).toBeInstanceOf(InputError)
    expect((outcome as Error).message).toMatch(/holds b4 of blue out by a weight of 0, .*state maint/)
    expect(writes).toBe(0)
  })
})

describe('an old arm that is asked by other ways than the router', () => {
  it('takes no healthy canary back whose every request that was sent is counted', async () => {
    // Ten times what comes by the router: jobs that call the old arm by its own address.
    const more = ({ body = '', ...answer }: Partial<HttpResponse>): Partial<HttpResponse> => ({
      ...answer,
      body: body.replace(
        /(arm="blue",code="2xx"\} )(\d+)/,
        (_, name: string, count: string) => `${name}${Number(count) * 10}`,
      ),
    })
    const { outcome, region } = await run({}, {}, more)
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    // Nor is it waited for what does not miss.
    const [first] = (outcome as Outputs).stages as unknown as { durationMs: number }[]
    expect(first?.durationMs).toBeLessThan(10 * 60_000)
  })
})

describe('one dead metrics page of several', () => {
  const pages = `{ sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:1/metrics', 'http://127.0.0.1:2/metrics'] } }, requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }, errors: { source: proxy, sum: ['requests_total{arm="\${arm}",code="5xx"}'] } }`
  /** The second page is away from minute seven on, in the middle of a stage, to minute `until`. */
  const dying =
    (until: number): Parameters<typeof run>[2] =>
    (answer, clock, url) => {
      const minute = (clock.now().getTime() - Date.parse('2026-11-21T10:00:00Z')) / 60_000
      return url.includes(':2/') && minute >= 7 && minute < until ? { status: 503 } : answer
    }

  it('does not end a healthy rollout: the other speaks for both arms, and everybody is told', async () => {
    const { outcome, ports } = await run({}, { metrics: pages }, dying(Infinity))
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    const said = 'some of what http://127.0.0.1:2/metrics counted is left out: it could not be read'
    const { stages = [] } = outcome as Outputs
    expect(stages.map(({ reason }) => reason.includes(said))).toEqual([false, true, true, true, true])
    expect(ports.recorded.summary.join()).toContain(said)
    const warnings = ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)
    expect(warnings.filter((line) => line.startsWith('canary: what http://127.0.0.1:2/'))).toHaveLength(4)
    expect(JSON.stringify(ports.recorded.facts['samples'])).toContain(
      '"leftOut":["http://127.0.0.1:2/metrics"]',
    )
  })

  it('nor hides a bad one', async () => {
    const { outcome, region } = await run(
      { errorRate: (arm, elapsed) => (arm === 'green' && elapsed > 480_000 ? 0.2 : HEALTHY) },
      { metrics: pages },
      dying(Infinity),
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ verdict: 'fail', 'rolled-back': true })
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('that comes back is counted again, and what it counted meanwhile raises no alarm', async () => {
    const { outcome, ports } = await run({}, { metrics: pages }, dying(14))
    expect(outcome).toMatchObject({ outcome: 'promoted' })
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      'http://127.0.0.1:2/metrics is counted again',
    )
    const { stages = [] } = outcome as Outputs
    expect(stages.map(({ reason }) => reason.includes('left out'))).toEqual([false, true, true, false, false])
  })
})

describe('canary-step while both arms fail alike', () => {
  /** The cards that people get of a rollout whose arms fail so from minute seven on. */
  async function cards(errorRate: (arm: string) => number) {
    const clock = createFakeClock()
    const region = await simulateRegion({
      clock,
      seed: 1,
      requestsPerSecond: 100,
      errorRate: (arm, elapsed) => (elapsed < 420_000 ? HEALTHY : errorRate(arm)),
    })
    const told: Record<string, string>[] = []
    const ports = createFakePorts({
      clock,
      http: ({ method, body }) =>
        method === 'POST' ? (told.push(JSON.parse(body ?? '')), { status: 200 }) : region.metrics(),
    })
    await writeConfig(ports, region, 'on: [restored]')
    const outcome = await main(
      schema.parse({
        region: 'eu',
        version: '1.1.0',
        digest: `sha256:${'b'.repeat(64)}`,
        ledger: `file:${ports.context.temp}/ledger`,
      }),
      ports,
    ).catch((error: Error) => error)
    await region.close()
    return { outcome: outcome as GateFailed, told, ports }
  }

  it('does not blame the release: every text says that the baseline fails as much', async () => {
    const { outcome, told, ports } = await cards(() => 0.8)
    const sentence = /the baseline fails as much \([\d,]+ of [\d,]+ requests failed/
    // It does not fail by what it shares; what does not pass in its longest watch is taken back.
    expect(outcome.outputs).toMatchObject({ verdict: 'inconclusive', 'rolled-back': true })
    const { stages = [] } = outcome.outputs as Outputs
    for (const text of [
      outcome.message,
      stages.at(-1)?.reason,
      ports.recorded.summary.join(),
      JSON.stringify(ports.recorded.facts['stages']),
      JSON.stringify(told.at(-1)),
    ])
      expect(text).toMatch(sentence)
    expect(stages.at(-1)).toMatchObject({ alike: true })
    expect(told).toHaveLength(1)
    expect(JSON.stringify(told[0])).toMatch(
      /taking the release back may not help, since the old one fails as much: look at what both depend on/,
    )
  })

  it('blames it where only the canary fails', async () => {
    const { outcome, told } = await cards((arm) => (arm === 'green' ? 0.8 : HEALTHY))
    expect(outcome.outputs).toMatchObject({ verdict: 'fail', 'rolled-back': true })
    expect(`${outcome.message}${JSON.stringify(told)}`).not.toMatch(/as much|may not help/)
  })
})

describe('canary-step and other writers', () => {
  it('does not overwrite weights that somebody else has set meanwhile', async () => {
    // At 12 min, in the 50 % stage, a person takes the canary out by hand.
    let taken = false
    const { outcome, region } = await run({}, {}, (answer, clock) => {
      if (!taken && clock.now().getTime() > Date.parse('2026-11-21T10:12:00.000Z')) {
        taken = true
        byHand({ blue: 100, green: 0 })
      }
      return answer
    })
    expect((outcome as Error).message).toMatch(
      /^50%: somebody else changed the weights: blue 50%, green 50% was written, and the router holds blue 100%, green 0%/,
    )
    expect(region.haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it.each([1, 2])(
    'never writes over weights that somebody has set between the begin of its transaction and its first stage: %d addresses',
    async (addresses) => {
      const clock = createFakeClock()
      const healthy = { requestsPerSecond: 100, errorRate: () => HEALTHY }
      const regions = await Promise.all([1, 2].map((seed) => simulateRegion({ clock, seed, ...healthy })))
      const ports = createFakePorts({ clock, http: () => regions[0]?.metrics() ?? { status: 500 } })
      const hosts = regions.slice(0, addresses).map(({ haproxy }) => `127.0.0.1:${haproxy.port}`)
      const router = JSON.stringify({ type: 'haproxy', hosts, port: 9999, backend: 'app' })
      const ledger = `file:${ports.context.temp}/ledger`
      const target = { service: 'shop', region: 'production', environment: 'production' }
      const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
      const opened = openLedger(ledger, 'shop', ports)
      const found = await findTargetArms(target, await sections.router(router, {}), ['blue', 'green'], ports)
      const { record } = await beginTransaction(
        { ...target, correlationId: 'x', ledgerSpec: ledger, ledger: opened, release, found },
        ports,
      )
      for (const { haproxy } of regions) haproxy.weights = { blue: 50, green: 50 }
      const metrics = regions[0]?.inputs.metrics
      const outcome = await main(
        schema.parse({
          ...target,
          ...release,
          ledger,
          stages: STAGES,
          metrics,
          router,
          transaction: record.id,
        }),
        ports,
      ).catch((error: Error) => error)
      await Promise.all(regions.map((region) => region.close()))
      expect((outcome as Error).message).toMatch(
        /^no traffic was moved by this step: .*expected blue 100%, green 0%, found blue 50%, green 50%/,
      )
      for (const { haproxy } of regions) expect(haproxy.weights).toEqual({ blue: 50, green: 50 })
    },
  )

  it('never opens a transaction over weights that somebody else has set during the proof', async () => {
    // The second fetch is the end of the proof: an operator sends everything to green just then.
    let fetches = 0
    const { outcome, region, writes, ports } = await run({}, {}, (answer) => {
      if (++fetches === 2) byHand({ blue: 0, green: 100 })
      return answer
    })
    expect(outcome).toBeInstanceOf(GateFailed)
    expect((outcome as Error).message).toMatch(
      'somebody else changed the weights from blue 100%, green 0% to blue 0%, green 100% meanwhile',
    )
    expect(region.haproxy.weights).toEqual({ blue: 0, green: 100 })
    expect(writes).toBe(0)
    // No record: a post of this job finds nothing that it could put back.
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })

  it('never promotes without a single request, whatever the config says', async () => {
    const { outcome } = await run(
      { requestsPerSecond: 10 },
      { analysis: '{ on-inconclusive: promote }' },
      (answer, clock) => {
        const stopped = clock.now().getTime() > Date.parse('2026-11-21T10:00:59.000Z')
        return stopped ? { ...answer, body: 'requests_total{arm="blue",code="2xx"} 500\n' } : answer
      },
    )
    expect((outcome as GateFailed).outputs).toMatchObject({ 'rolled-back': true })
  })
})

describe('metrics that are lost before anything moves', () => {
  /** The page as it answers from the second question on, of which this many are lost. */
  const losing = (lost: number) => {
    let asked = 0
    return (answer: Partial<HttpResponse>): Partial<HttpResponse> =>
      ++asked > 1 && asked <= 1 + lost ? { status: 503 } : answer
  }

  it('do not end a rollout by one answer that is missing', async () => {
    expect((await run({}, {}, losing(1))).outcome).toMatchObject({ outcome: 'promoted' })
  })

  it('end it after a minute, and nothing has moved', async () => {
    const { outcome, writes } = await run({}, {}, losing(Infinity))
    expect((outcome as Error).message).toMatch(
      /^no traffic was moved: the metrics gave no answer for 1m: .* answered 503/,
    )
    expect(writes).toBe(0)
  })
})

describe('an error query that matches nothing', () => {
  const asking = (code: string, absent = '') =>
    `{ sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }, errors: { source: proxy, ${absent} sum: ['requests_total{arm="\${arm}",code="${code}"}'] } }`
  const failing = { errorRate: (arm: string) => (arm === 'green' ? 0.9 : HEALTHY) }
  const warnings = ({ ports }: Run) =>
    ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)

  it('does not promote a canary that fails 90 %: a value of the wrong case is refused before anything moves', async () => {
    const { outcome, writes } = await run(failing, { metrics: asking('5XX') })
    expect(outcome).toBeInstanceOf(InputError)
    expect((outcome as Error).message).toBe(
      'metrics.errors: requests_total{arm="blue",code="5XX"}: code is never "5XX" in requests_total, but "5xx": upper and lower case differ',
    )
    expect(writes).toBe(0)
  })

  it('is warned of with the values seen, unless the query says that absent is zero', async () => {
    const warned = await run({}, { metrics: asking('500') })
    expect(warnings(warned)).toContainEqual(expect.stringMatching(/^metrics\.errors: .*code: 2xx, 5xx/))
    const told = await run({}, { metrics: asking('500', 'absent: zero,') })
    expect(told.outcome).toMatchObject({ outcome: 'promoted' })
    expect(warnings(told)).toEqual([])
  })

  it('is refused at once where it compares as no page is asked', async () => {
    const { outcome } = await run({}, { metrics: asking('5xx').replace('code="5xx"', 'code=~"5.."') })
    expect((outcome as Error).message).toMatch(/compares with =~, which is not known here/)
  })
})

describe('canary-step over bad input', () => {
  it.each([
    [
      'stages that do not rise',
      { stages: '[{ weight: 25%, watch: 1m }, { weight: 10%, watch: 1m }, { weight: 100%, watch: 1m }]' },
      /stages must rise/,
    ],
    [
      'an unknown key with a near one',
      { analysis: '{ intervall: 10s }' },
      /unknown key.*Did you mean interval\?/,
    ],
    [
      'a step back to no less',
      { stages: '[{ weight: 100%, watch: 1m, on-fail: { to: 100%, hold: 1m } }]' },
      /on-fail\.to: steps back to 100%, which is not less than the 100% of the stage/,
    ],
    [
      'a step back to nothing',
      { stages: '[{ weight: 100%, watch: 1m, on-fail: { to: 0%, hold: 1m } }]' },
      /on-fail\.to: takes all traffic from the canary; leave on-fail out for that/,
    ],
    ['metrics left out', { metrics: undefined }, /input `metrics`: is missing/],
    ['a digest left out', { digest: undefined }, /input `digest`: is missing/],
    [
      'min-requests out of reach',
      { analysis: '{ min-requests: 100000 }' },
      /needs 100000 requests.*it would have to watch for/,
    ],
  ])('refuses %s and writes nothing', async (_, more, message) => {
    const { outcome, writes } = await run({}, more as Record<string, string>)
    expect(outcome).toBeInstanceOf(InputError)
    expect((outcome as Error).message).toMatch(message)
    // What was opened before the preflight said no has put back what was there already.
    expect(writes).toBe(0)
  })

  it('says that the proxy cannot be reached', async () => {
    const { outcome } = await run({}, { router: '{ type: haproxy, host: 127.0.0.1, port: 1, backend: app }' })
    expect((outcome as Error).message).toMatch(/haproxy 127\.0\.0\.1:1 could not be reached/)
  })
})
