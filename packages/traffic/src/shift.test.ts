import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import { Conflict, described, type ObservedRouter, type RouterReading, type RouterState } from './router'
import { ArmLost, asWritten, defaultShift, inEffect, lingering, mustHold, NotInEffect, shift } from './shift'

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 100, green: 0 })
  ports = createFakePorts()
  const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })
  router = haproxy.open(ports, ['blue', 'green'])
})
afterEach(() => fake.close())

const tenPercent = { blue: 9000, green: 1000 }
const shifted = async () => shift(router, tenPercent, await router.read(ports.signal), ports)
const elapsed = () => ports.clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')
/** Does something at the n-th look from now on. */
const atLook = (number: number, act: () => void): void => {
  let looks = 0
  fake.before = (command) => {
    if (command.startsWith('show servers') && ++looks === number) act()
    return 'act'
  }
}

describe('shift', () => {
  it('gives the state that held: written, read back, and read again after the settle time', async () => {
    expect((await shifted()).weights).toEqual(tenPercent)
    expect(fake.weights).toEqual({ blue: 90, green: 10 })
    expect(elapsed()).toBe(defaultShift.settleMs)
  })

  it('does not believe an answer: what never shows is not in effect', async () => {
    fake.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    const failure = await shifted().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NotInEffect)
    expect((failure as Error).message).toBe(
      'after the write of blue 90%, green 10% the router holds blue 100%, green 0%, in effect blue 100%, green 0%',
    )
    expect(elapsed()).toBe(defaultShift.timeoutMs)
  })

  it('gives nothing to an arm that is drained, and says which', async () => {
    fake.states = { green: 'drain' }
    await expect(shifted()).rejects.toThrow(
      'in effect blue 100%, green 0%, green is drained or in maintenance; nothing was written',
    )
  })

  it('gives nothing to an arm that is down, and says so at once where it has traffic already', async () => {
    fake.weights = { blue: 95, green: 5 }
    const before = await router.read(ports.signal)
    fake.states = { green: 'down' }
    const failure = await shift(router, tenPercent, before, ports).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ArmLost)
    expect((failure as Error).message).toBe(
      'green got no traffic: the router holds blue 95%, green 5%, in effect blue 100%, green 0%, green is down; nothing was written',
    )
    expect(fake.weights).toEqual({ blue: 95, green: 5 })
    expect(ports.recorded.calls.filter(({ what }) => what.startsWith('write'))).toEqual([])
    expect(elapsed()).toBe(defaultShift.pollMs)
  })

  it('waits for an arm without traffic that the router has not seen up yet, as long as for a write', async () => {
    fake.states = { green: 'down' }
    const before = await router.read(ports.signal)
    atLook(12, () => (fake.states = {}))
    expect((await shift(router, tenPercent, before, ports)).effective).toEqual(tenPercent)
    fake.weights = { blue: 100, green: 0 }
    fake.states = { green: 'down' }
    delete fake.before
    const began = elapsed()
    await expect(shifted()).rejects.toBeInstanceOf(ArmLost)
    expect(elapsed() - began).toBe(defaultShift.timeoutMs)
  })

  it('looks twice before it calls an arm down', async () => {
    fake.states = { green: 'down' }
    // From here on: the look that doubts, the look that makes sure.
    const before = await router.read(ports.signal)
    atLook(2, () => (fake.states = {}))
    expect((await shift(router, tenPercent, before, ports)).effective).toEqual(tenPercent)
    expect(elapsed()).toBe(defaultShift.pollMs + defaultShift.settleMs)
  })

  it('does not wait for an arm that died after the write', async () => {
    fake.before = (command) => {
      if (command.startsWith('set')) fake.states = { green: 'down' }
      return 'act'
    }
    await expect(shifted()).rejects.toThrow('after the write of blue 90%, green 10% the router holds')
    // Two readings in a row: right after the write, and one poll later.
    expect(elapsed()).toBe(defaultShift.pollMs)
  })

  it('waits for an arm that does not grow', async () => {
    fake.states = { blue: 'down' }
    // Looks: the caller's, the first, the write's own, then one a second.
    atLook(6, () => (fake.states = {}))
    expect((await shifted()).effective).toEqual(tenPercent)
    expect(elapsed()).toBe(2 * defaultShift.pollMs + defaultShift.settleMs)
  })

  it('leaves the second reading out where nobody asks for it', async () => {
    await shift(router, tenPercent, await router.read(ports.signal), ports, { ...defaultShift, settleMs: 0 })
    expect(fake.weights).toEqual({ blue: 90, green: 10 })
    expect(elapsed()).toBe(0)
    // The caller's, the first look, the write's own, and the proof.
    expect(fake.commands.filter((command) => command.startsWith('show servers'))).toHaveLength(4)
  })

  it('gives up a router that is away when its time is over', async () => {
    const before = await router.read(ports.signal)
    fake.before = () => {
      throw new Error('away')
    }
    await expect(shift(router, tenPercent, before, ports)).rejects.toBeInstanceOf(ProviderError)
    expect(elapsed()).toBe(defaultShift.timeoutMs)
  })

  it('notices somebody who puts it back', async () => {
    atLook(5, () => (fake.weights = { blue: 100, green: 0 }))
    await expect(shifted()).rejects.toThrow(
      'blue 90%, green 10% was reverted by somebody else: the router holds blue 100%, green 0%',
    )
  })

  it('names the owner who puts it back, where the router knows it', async () => {
    const states = [tenPercent, tenPercent, { blue: 10_000, green: 0 }].map((weights): RouterReading => ({
      readAt: '2026-11-21T10:00:00.000Z',
      weights,
      effective: weights,
      members: { green: { enabled: true, healthy: false, units: 10 } },
      owner: 'argo-cd',
    }))
    const owned: ObservedRouter = {
      where: 'a mesh',
      capabilities: router.capabilities,
      read: () => Promise.resolve(states.shift() as RouterReading),
      write: () => Promise.resolve(),
    }
    await expect(shift(owned, tenPercent, states[0] as RouterState, ports)).rejects.toThrow(
      /was reverted by argo-cd: .*, green is down$/,
    )
  })
})

describe('an arm of several servers of which one is out', () => {
  const members = { blue: ['b1', 'b2', 'b3', 'b4'], green: ['g1', 'g2'] }
  let several: ObservedRouter
  beforeEach(async () => {
    fake.weights = { b1: 100, b2: 100, b3: 100, b4: 100, g1: 0, g2: 0 }
    const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app', members })
    several = haproxy.open(ports, ['blue', 'green'])
  })
  const shiftSeveral = async () => shift(several, tenPercent, await several.read(ports.signal), ports)

  it('is in effect with what serves, which is told', async () => {
    fake.states = { b4: 'maint' }
    const shown = await shiftSeveral()
    expect(shown.weights).toEqual(tenPercent)
    expect(shown.effective).toEqual({ blue: 8710, green: 1290 })
    expect(described(shown)).toMatch(/, in effect blue 87.1%, green 12.9%, b4 of blue is out of service$/)
    expect(await mustHold(several, tenPercent, 'not to be committed', ports)).toMatchObject({
      weights: tenPercent,
    })
    expect(elapsed()).toBe(defaultShift.settleMs)
  })

  it('is not where the last of them goes', async () => {
    fake.before = (command) => {
      if (command.startsWith('set')) fake.states = { g1: 'down', g2: 'maint' }
      return 'act'
    }
    await expect(shiftSeveral()).rejects.toThrow(/^after the write of blue 90%, green 10% .*, green is down$/)
  })

  it('is not proven over one that somebody holds out by a weight of 0', async () => {
    fake.weights = { b1: 30, b2: 30, b3: 30, b4: 0, g1: 5, g2: 5 }
    await expect(mustHold(several, tenPercent, 'not to be committed', ports)).rejects.toThrow(
      /^not to be committed \(.* holds b4 of blue out by a weight of 0/,
    )
  })
})

describe('a write whose answer is lost', () => {
  it('is made again', async () => {
    let lost = 0
    fake.before = (command) => {
      if (command.startsWith('set') && lost++ === 0) throw new Error('cut')
      return 'act'
    }
    // The other side closes without a word: the router has not been asked.
    expect((await shifted()).weights).toEqual(tenPercent)
  })

  it('and then finds neither what was nor what was wanted is not said to have written nothing', async () => {
    const before = await router.read(ports.signal)
    let writes = 0
    const flaky: ObservedRouter = {
      ...router,
      write: () => {
        writes++
        return Promise.reject(
          writes === 1
            ? new ProviderError('gave no answer', { provider: 'mesh', retryable: true })
            : new Conflict('mesh', before.weights, { blue: 9500, green: 500 }),
        )
      },
    }
    const failure = await shift(flaky, tenPercent, before, ports).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NotInEffect)
    expect((failure as Error).message).toBe(
      'the answer to a write of blue 90%, green 10% was lost, and then the router held blue 95%, green 5%',
    )
  })
})

describe('a write that is refused at once', () => {
  it('has written nothing, and is said to be so', async () => {
    const before = await router.read(ports.signal)
    const conflict = new Conflict('mesh', before.weights, { blue: 9500, green: 500 })
    const refusing: ObservedRouter = { ...router, write: () => Promise.reject(conflict) }
    await expect(shift(refusing, tenPercent, before, ports)).rejects.toBe(conflict)
  })

  it('is made again as often as its answer is lost', async () => {
    let lost = 0
    const flaky: ObservedRouter = {
      ...router,
      write: (...what) =>
        lost++ < 3
          ? Promise.reject(new ProviderError('gave no answer', { provider: 'mesh', retryable: true }))
          : router.write(...what),
    }
    const shown = await shift(flaky, tenPercent, await router.read(ports.signal), ports)
    expect(shown.weights).toEqual(tenPercent)
  })
})

describe('the proof that a vector holds', () => {
  const hold = (from = router) => mustHold(from, tenPercent, 'not to be committed', ports)
  beforeEach(() => void (fake.weights = { blue: 90, green: 10 }))

  it('is one reading', async () => {
    expect((await hold()).weights).toEqual(tenPercent)
    expect(elapsed()).toBe(0)
  })

  it('reads again what a check that flapped may have shown', async () => {
    fake.states = { green: 'down' }
    atLook(3, () => (fake.states = {}))
    expect((await hold()).effective).toEqual(tenPercent)
    expect(elapsed()).toBeLessThanOrEqual(2 * defaultShift.pollMs)
  })

  it('fails when no reading shows it, with what it means and what is there', async () => {
    fake.weights = { blue: 100, green: 0 }
    const failure = await hold().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(NotInEffect)
    expect((failure as Error).message).toMatch(/^not to be committed \(the router holds blue 100%, green 0%/)
    expect(elapsed()).toBe(defaultShift.timeoutMs)
  })

  it('fails where somebody else gets traffic beside the arms', async () => {
    fake.weights = { blue: 90, green: 10, red: 5 }
    await expect(hold()).rejects.toThrow(/^not to be committed \(.*also sends traffic to red/)
  })

  it('outlasts a router that is away for a moment, and not one that refuses', async () => {
    const failing = (times: number, retryable: boolean): ObservedRouter => {
      let reads = 0
      const error = new ProviderError('no', { provider: 'mesh', retryable })
      return { ...router, read: (signal) => (reads++ < times ? Promise.reject(error) : router.read(signal)) }
    }
    expect((await hold(failing(2, true))).weights).toEqual(tenPercent)
    await expect(hold(failing(1, false))).rejects.toThrow('no')
  })
})

describe('members that linger', () => {
  const members = { green: { enabled: true, units: 0, lingers: true as const } }

  it('are those that are to get nothing, said or not', () => {
    expect(lingering({ members }, { blue: 10_000, green: 0 })).toEqual(['green'])
    expect(lingering({ members }, { blue: 10_000 })).toEqual(['green'])
    expect(lingering({ members }, tenPercent)).toEqual([])
  })
})

describe('a router in words', () => {
  it.each([
    [{ enabled: true, healthy: false, units: 1 }, 'green is down'],
    [{ enabled: false, healthy: false, units: 1 }, 'green is drained or in maintenance'],
    [{ enabled: false, units: 1 }, 'green is drained or in maintenance'],
    [{ enabled: true, units: 3, out: ['g1'] }, 'g1 of green is out of service'],
    [{ enabled: true, units: 3, out: ['g1', 'g2'] }, 'g1 and g2 of green are out of service'],
  ])('tells of %j that %s', (green, said) => {
    expect(described({ weights: tenPercent, effective: tenPercent, members: { green } })).toBe(
      `the router holds blue 90%, green 10%, in effect blue 90%, green 10%, ${said}`,
    )
  })
})

describe('a vector as it was written', () => {
  it('is the whole of it', () => {
    const wanted = { blue: 5000, green: 3000, red: 2000 }
    expect(asWritten(router, wanted, wanted)).toBe(true)
    expect(asWritten(router, { blue: 5000, green: 2000, red: 3000 }, wanted)).toBe(false)
  })

  it('is not one in which nothing stands for a share, be that less than a unit', () =>
    expect(asWritten(router, { blue: 10_000, green: 0 }, { blue: 9970, green: 30 })).toBe(false))
})

describe('inEffect', () => {
  const state = (weights: Record<string, number>, effective = weights): RouterState => ({
    weights,
    effective,
    members: {},
  })

  it.each([
    ['as wanted', state({ blue: 9000, green: 1000 }), true],
    // One of 256 units is 39.06 basis points, 40 rounded up.
    ['a unit away', state({ blue: 8960, green: 1040 }), true],
    ['more than a unit away', state({ blue: 8959, green: 1041 }), false],
    ['configured, not in effect', state({ blue: 9000, green: 1000 }, { blue: 10_000, green: 0 }), false],
    ['shared with a stranger', state({ blue: 8990, green: 1000, red: 10 }), false],
  ])('%s', (_, found, holds) => expect(inEffect(router, found, tenPercent)).toBe(holds))

  it('takes nothing for no share, however small that was to be', () => {
    expect(inEffect(router, state({ blue: 10_000, green: 0 }), { blue: 9970, green: 30 })).toBe(false)
    expect(inEffect(router, state({ blue: 9961, green: 39 }), { blue: 9970, green: 30 })).toBe(true)
  })

  it.each([
    ['less than was written', { blue: 9231, green: 769 }, true],
    ['more than was written', { blue: 8710, green: 1290 }, true],
    ['nothing', { blue: 10_000, green: 0 }, false],
    ['all of it', { blue: 0, green: 10_000 }, false],
    ['a stranger', { blue: 8000, green: 1000, red: 1000 }, false],
  ])('with a server of several out: an arm that serves has %s', (_, effective, holds) =>
    expect(inEffect(router, state(tenPercent, effective), tenPercent)).toBe(holds),
  )

  it('knows the unit of the provider', () => {
    const steps = { capabilities: { ...router.capabilities, max: 100, step: 5 } }
    expect(inEffect(steps, state({ blue: 8500, green: 1500 }), tenPercent)).toBe(true)
    expect(inEffect(steps, state({ blue: 8499, green: 1501 }), tenPercent)).toBe(false)
  })

  it('has no tolerance for nothing and everything', () => {
    expect(inEffect(router, state({ blue: 9990, green: 10 }), { blue: 10_000, green: 0 })).toBe(false)
    expect(inEffect(router, state({ blue: 10_000 }), { blue: 10_000, green: 0 })).toBe(true)
  })
})

describe('shift with clients that are bound to arms', () => {
  beforeEach(() => {
    fake.cookie = 'SRV'
    fake.states = { green: 'maint' }
  })
  const writes = () => fake.commands.filter((command) => command.startsWith('set'))

  it('makes an arm ready that is in maintenance for want of traffic, and then gives it weight', async () => {
    expect((await shifted()).effective).toEqual(tenPercent)
    expect(writes()).toEqual([
      'set server app/green state ready',
      'set server app/green weight 10',
      'set server app/blue weight 90',
    ])
  })

  it('leaves it there when somebody else has changed the weights', async () => {
    const before = await router.read(ports.signal)
    const recorded = { ...before, weights: { blue: 5000, green: 5000 } }
    await expect(shift(router, tenPercent, recorded, ports)).rejects.toBeInstanceOf(Conflict)
    expect(writes()).toEqual([])
  })

  it('leaves an arm in maintenance that is to get nothing', async () => {
    await shift(router, { blue: 10_000, green: 0 }, await router.read(ports.signal), ports)
    expect(writes()).toEqual([])
  })

  it('puts it back into maintenance when it does not become healthy', async () => {
    fake.before = (command) => {
      if (command.startsWith('show servers') && fake.states['green'] === 'ready')
        fake.states['green'] = 'down'
      return 'act'
    }
    await expect(shifted()).rejects.toBeInstanceOf(ArmLost)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(writes()).toEqual(['set server app/green state ready', 'set server app/green state maint'])
  })
})
