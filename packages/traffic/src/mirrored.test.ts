import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import { ArmDown, restoreWeights } from './restore-weights'
import { mirrored } from './mirrored'
import { Conflict, type ObservedRouter, type TrafficRouter } from './router'
import { watchRouter } from './router-watch'
import { ArmLost, inEffect, mustHold, shift } from './shift'

// An active-active pair of HAProxy, by `hosts`.

const BLUE = { blue: 10_000, green: 0 }
const TEN = { blue: 9000, green: 1000 }

let one: FakeHaproxy
let two: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
beforeEach(async () => {
  one = await startFakeHaproxy({ blue: 100, green: 0 })
  two = await startFakeHaproxy({ blue: 100, green: 0 })
  ports = createFakePorts()
  const hosts = [`127.0.0.1:${one.port}`, `127.0.0.1:${two.port}`]
  const configured = await routers.configure({ type: 'haproxy', port: 9999, hosts, backend: 'app' })
  router = configured.open(ports, ['blue', 'green'])
})
afterEach(() => Promise.all([one.close(), two.close()]))

const read = () => router.read(ports.signal)
const restore = (withinMs = 60_000) => restoreWeights(router, BLUE, ports, { withinMs })
const away = (fake: FakeHaproxy): void => {
  fake.before = () => {
    throw new Error('away')
  }
}

describe('a pair', () => {
  it('is written and proven on each', async () => {
    expect((await shift(router, TEN, await read(), ports)).weights).toEqual(TEN)
    for (const { weights } of [one, two]) expect(weights).toEqual({ blue: 90, green: 10 })
    // One of them says that it did it, and did not.
    two.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    await expect(shift(router, { blue: 5000, green: 5000 }, await read(), ports)).rejects.toThrow(
      `after the write of blue 50%, green 50% its addresses differ: haproxy 127.0.0.1:${one.port} backend app holds blue 50%, green 50%, and haproxy 127.0.0.1:${two.port} backend app holds blue 90%, green 10%`,
    )
  })

  it('that differs is in effect for nobody, whatever is asked of it', async () => {
    two.weights = { blue: 0, green: 100 }
    const state = await read()
    expect(inEffect(router, state, BLUE)).toBe(false)
    expect(inEffect(router, state, { blue: 0, green: 10_000 })).toBe(false)
    await expect(mustHold(router, BLUE, 'not to be committed', ports)).rejects.toThrow(
      /^not to be committed \(its addresses differ: .* holds blue 100%, green 0%, and .* holds blue 0%, green 100%/,
    )
  })

  it('is written to nowhere when somebody has changed one of them', async () => {
    const before = await read()
    two.weights = { blue: 50, green: 50 }
    await expect(router.write(TEN, before, ports.signal)).rejects.toBeInstanceOf(Conflict)
    expect(one.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is written to nowhere when it holds another vector than the one that is expected, whatever was read of it since', async () => {
    one.weights = two.weights = { blue: 50, green: 50 }
    const expected = { ...(await read()), weights: BLUE }
    await expect(shift(router, TEN, expected, ports)).rejects.toBeInstanceOf(Conflict)
    for (const { weights } of [one, two]) expect(weights).toEqual({ blue: 50, green: 50 })
  })

  it('that differs is brought to one vector, each from what it held', async () => {
    two.weights = { blue: 0, green: 100 }
    const shown = await shift(router, { blue: 0, green: 10_000 }, await read(), ports)
    expect(shown.differs).toBeUndefined()
    for (const { weights } of [one, two]) expect(weights).toEqual({ blue: 0, green: 100 })
  })

  it('that differs gives nothing to an arm that is down where it is to grow, be it not the first', async () => {
    one.weights = { blue: 0, green: 100 }
    two.states = { green: 'down' }
    await expect(shift(router, { blue: 0, green: 10_000 }, await read(), ports)).rejects.toBeInstanceOf(
      ArmLost,
    )
    expect(two.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is each expected to hold what a reading without parts says', async () => {
    const { parts: _, ...before } = await read()
    await router.write(TEN, before, ports.signal)
    for (const { weights } of [one, two]) expect(weights).toEqual({ blue: 90, green: 10 })
  })

  it('tells no health where its routers know none', async () => {
    const stub = (units: number): TrafficRouter => ({
      where: 'stub',
      capabilities: router.capabilities,
      read: () =>
        Promise.resolve({ weights: BLUE, effective: BLUE, members: { blue: { enabled: true, units } } }),
      write: () => Promise.reject(new Error('nothing is to be written')),
    })
    const { members } = await mirrored('a pair', [stub(5), stub(7)]).read(ports.signal)
    expect(members).toEqual({ blue: { enabled: true, units: 5 } })
  })

  it('of which one is away counts as unreadable', async () => {
    away(two)
    await expect(read()).rejects.toMatchObject({ retryable: true })
  })

  it('serves by an arm only if that serves for each', async () => {
    two.states = { green: 'down' }
    expect(await read()).toMatchObject({
      members: { blue: { healthy: true }, green: { enabled: true, healthy: false } },
    })
    const shown = await shift(router, BLUE, await read(), ports)
    two.states = {}
    one.weights = two.weights = { blue: 90, green: 10 }
    const watch = watchRouter(router, { ...shown, weights: TEN }, ports.clock)
    two.states = { green: 'drain' }
    expect((await read()).members).toMatchObject({ green: { enabled: false, healthy: true } })
    expect((await watch.look(ports.signal)).state).toBe('doubted')
    expect(await watch.look(ports.signal)).toMatchObject({ state: 'lost', arms: ['green'] })
  })

  it('of which one was changed by hand ends a stage', async () => {
    one.weights = two.weights = { blue: 90, green: 10 }
    const watch = watchRouter(router, await read(), ports.clock)
    two.weights = { blue: 50, green: 50 }
    expect((await watch.look(ports.signal)).state).toBe('doubted')
    expect(await watch.look(ports.signal)).toMatchObject({
      state: 'changed',
      reason: expect.stringMatching(/its addresses differ/),
    })
  })

  it('of which one was reloaded is written again', async () => {
    one.weights = two.weights = { blue: 90, green: 10 }
    const watch = watchRouter(router, await read(), ports.clock)
    ports.clock.advance(60_000)
    one.configured = { blue: 100, green: 0 }
    one.weights = { blue: 100, green: 0 }
    one.uptimeSec = 5
    const seen = await watch.look(ports.signal)
    if (seen.state !== 'reloaded') throw new Error(seen.state)
    expect((await shift(router, TEN, seen.found, ports)).weights).toEqual(TEN)
    expect(one.weights).toEqual({ blue: 90, green: 10 })
    // Each is expected to hold what it was found with, be it the first or the second.
    two.configured = { blue: 100, green: 0 }
    two.weights = { blue: 100, green: 0 }
    two.uptimeSec = 5
    const next = await watch.look(ports.signal)
    if (next.state !== 'reloaded') throw new Error(next.state)
    expect((await shift(router, TEN, next.found, ports)).weights).toEqual(TEN)
    expect(two.weights).toEqual({ blue: 90, green: 10 })
    // And not where the other one was changed by somebody meanwhile.
    one.weights = { blue: 100, green: 0 }
    two.weights = { blue: 50, green: 50 }
    expect((await watch.look(ports.signal)).state).toBe('doubted')
  })
})

describe('a pair to whose servers clients are bound', () => {
  beforeEach(() => {
    one.cookie = two.cookie = 'SRV'
    one.states = { green: 'maint' }
    two.states = { green: 'maint' }
  })

  it('has an arm out of service, or reached, where either has, and says that they are bound', async () => {
    expect((await read()).bound).toBe(true)
    expect((await read()).members).toEqual({
      blue: { enabled: true, healthy: true, units: 100 },
      green: { enabled: false, healthy: false, units: 0, parked: true },
    })
    two.states = {}
    expect((await read()).members['green']).toMatchObject({ parked: true, lingers: true })
  })

  it('that differs is left as it was, each, when an arm that was made ready does not serve', async () => {
    one.weights = { blue: 60, green: 40 }
    one.states = {}
    two.before = (command) => {
      if (command.startsWith('show servers') && two.states['green'] === 'ready') two.states['green'] = 'down'
      return 'act'
    }
    await expect(shift(router, { blue: 0, green: 10_000 }, await read(), ports)).rejects.toBeInstanceOf(
      ArmLost,
    )
    expect(one.weights).toEqual({ blue: 60, green: 40 })
    expect(two.weights).toEqual({ blue: 100, green: 0 })
    expect(two.states['green']).toBe('maint')
  })

  it('says that they are bound where they are at one of them', async () => {
    delete two.cookie
    expect((await read()).bound).toBe(true)
  })

  it('tells who was found in another state than ready', async () => {
    expect((await read()).states).toEqual({ green: 'maint' })
    one.states = two.states = {}
    expect(await read()).not.toHaveProperty('states')
  })

  it('makes an arm ready at each before it gets traffic', async () => {
    await shift(router, TEN, await read(), ports)
    for (const { weights, states } of [one, two]) {
      expect(weights).toEqual({ blue: 90, green: 10 })
      expect(states).toEqual({ green: 'ready' })
    }
  })

  it('has got the requests of both', async () => {
    one.sessions = { blue: 5, green: 1 }
    two.sessions = { blue: 7 }
    two.underWay = { blue: 3 }
    expect(await router.requests?.(ports.signal)).toEqual({
      blue: { sent: 12, underWay: 3 },
      green: { sent: 1, underWay: 0 },
    })
  })

  it('binds clients, and splits connections, where one of them does', async () => {
    delete one.cookie
    two.mode = 'tcp'
    expect(await read()).toMatchObject({ bound: true, byConnection: true })
  })
})

describe('what a pair shows', () => {
  it('names both in its name', () =>
    expect(router.where).toBe(`haproxy 127.0.0.1:${one.port}, 127.0.0.1:${two.port} backend app`))

  it('is the effect of the one that is not as it was written', async () => {
    one.weights = two.weights = { blue: 50, green: 50 }
    two.states = { green: 'down' }
    expect(await read()).toMatchObject({
      weights: { blue: 5000, green: 5000 },
      effective: { blue: 10_000, green: 0 },
    })
    expect((await read()).differs).toBeUndefined()
  })

  it('is most of all the effect of the one in which an arm gets nothing', async () => {
    one.weights = two.weights = { blue: 50, green: 50 }
    const members = { blue: ['blue', 'b2'], green: ['green', 'g2'] }
    for (const fake of [one, two]) fake.weights = { blue: 45, b2: 45, green: 5, g2: 5 }
    const hosts = [`127.0.0.1:${one.port}`, `127.0.0.1:${two.port}`]
    const configured = await routers.configure({
      type: 'haproxy',
      port: 9999,
      hosts,
      backend: 'app',
      members,
    })
    const several = configured.open(ports, ['blue', 'green'])
    two.states = { b2: 'maint' }
    expect(await several.read(ports.signal)).toMatchObject({
      effective: { blue: 8182, green: 1818 },
      members: { blue: { out: ['b2'] } },
    })
    one.states = { b2: 'maint' }
    expect(inEffect(several, await several.read(ports.signal), TEN)).toBe(true)
    two.states = { green: 'down', g2: 'down' }
    const shown = await several.read(ports.signal)
    expect(shown.effective).toEqual({ blue: 10_000, green: 0 })
    expect(inEffect(several, shown, TEN)).toBe(false)
    two.weights = { blue: 90, b2: 0, green: 5, g2: 5 }
    expect((await several.read(ports.signal)).heldOut).toMatch(
      new RegExp(`^haproxy 127.0.0.1:${two.port} backend app holds b2 of blue out`),
    )
  })

  it('is that of the one whose arm is down, where the other arm is to get nothing', async () => {
    two.states = { blue: 'down' }
    expect((await read()).effective).toEqual({ blue: 0, green: 0 })
  })

  it('is each stranger of either', async () => {
    expect(await read()).not.toHaveProperty('strangers')
    two.weights = { blue: 100, green: 0, red: 5 }
    expect((await read()).strangers).toMatch(
      new RegExp(`^haproxy 127.0.0.1:${two.port} backend app also sends traffic to red`),
    )
  })
})

describe('a restore of a pair', () => {
  beforeEach(() => {
    one.weights = { blue: 75, green: 25 }
    two.weights = { blue: 75, green: 25 }
  })

  it('writes and reads back each, once', async () => {
    expect((await restore()).weights).toEqual(BLUE)
    for (const { weights, commands } of [one, two]) {
      expect(weights).toEqual({ blue: 100, green: 0 })
      expect(commands.filter((command) => command.startsWith('set'))).toHaveLength(2)
    }
  })

  it('puts back the one that answers, at once, and goes on with the one that is away', async () => {
    away(two)
    await expect(restore(1_000)).rejects.toThrow(new RegExp(`127.0.0.1:${two.port}`))
    expect(one.weights).toEqual({ blue: 100, green: 0 })
    delete two.before
    await restore()
    expect(two.weights).toEqual({ blue: 100, green: 0 })
  })

  it('leaves the traffic with the canary only where the old arm is down', async () => {
    two.states = { blue: 'down' }
    two.weights = { blue: 0, green: 100 }
    await expect(restore(1_000)).rejects.toBeInstanceOf(ArmDown)
    expect(one.weights).toEqual({ blue: 100, green: 0 })
    expect(two.weights).toEqual({ blue: 0, green: 100 })
  })

  it('gives the error of the only one that could not be put back as it is', async () => {
    away(two)
    await expect(restore(1_000)).rejects.toMatchObject({ retryable: true })
  })

  it('leaves the traffic with the canary of each where the old arm is down for both', async () => {
    one.states = two.states = { blue: 'down' }
    await expect(restore(1_000)).rejects.toBeInstanceOf(ArmDown)
    away(two)
    const failure = await restore(1_000).catch((error: unknown) => error)
    expect(failure).not.toBeInstanceOf(ArmDown)
    expect(failure).toMatchObject({
      message: expect.stringMatching(
        new RegExp(`127.0.0.1:${one.port} .*: blue is down.*; haproxy 127.0.0.1:${two.port} `),
      ),
    })
  })

  it('says of each why it could not be', async () => {
    away(one)
    two.before = () => 'lie'
    await expect(restore(1_000)).rejects.toThrow(
      new RegExp(`127.0.0.1:${one.port} .*; haproxy 127.0.0.1:${two.port} backend app: after the write`),
    )
  })
})
