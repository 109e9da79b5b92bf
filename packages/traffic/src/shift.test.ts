import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import { Conflict, type ObservedRouter, type RouterReading, type RouterState } from './router'
import { defaultShift, inEffect, NotInEffect, restoreWeights, shift } from './shift'

const forever = new Promise<void>(() => {})

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
    if (command.startsWith('show') && ++looks === number) act()
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

  it('is not in effect while a server is drained, and says which', async () => {
    fake.states = { green: 'drain' }
    await expect(shifted()).rejects.toThrow(
      'in effect blue 100%, green 0%, green is drained or in maintenance',
    )
  })

  it('waits for a server that comes up', async () => {
    fake.states = { green: 'down' }
    // Looks: the caller's, the write's own, then one a second.
    atLook(5, () => (fake.states = {}))
    expect((await shifted()).effective).toEqual(tenPercent)
    expect(elapsed()).toBe(2 * defaultShift.pollMs + defaultShift.settleMs)
  })

  it('notices somebody who puts it back', async () => {
    atLook(4, () => (fake.weights = { blue: 100, green: 0 }))
    await expect(shifted()).rejects.toThrow(
      'blue 90%, green 10% was reverted by somebody else: the router holds blue 100%, green 0%',
    )
  })

  it('names the owner who puts it back, where the router knows it', async () => {
    const states = [tenPercent, { blue: 10_000, green: 0 }].map((weights): RouterReading => ({
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

  it('has no tolerance for nothing and everything', () => {
    expect(inEffect(router, state({ blue: 9990, green: 10 }), { blue: 10_000, green: 0 })).toBe(false)
    expect(inEffect(router, state({ blue: 10_000 }), { blue: 10_000, green: 0 })).toBe(true)
  })
})

describe('restoreWeights', () => {
  const restore = () => restoreWeights(router, { blue: 10_000, green: 0 }, ports)

  it('writes the recorded vector over whatever is there', async () => {
    fake.weights = { blue: 25, green: 75 }
    expect((await restore()).weights).toEqual({ blue: 10_000, green: 0 })
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('writes nothing where it holds already', async () => {
    await restore()
    expect(fake.commands).toEqual(['show servers state app'])
  })

  it('reads again when somebody else writes in between', async () => {
    fake.weights = { blue: 25, green: 75 }
    atLook(2, () => (fake.weights = { blue: 50, green: 50 }))
    await restore()
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('gives up after three tries, with the reason', async () => {
    fake.weights = { blue: 25, green: 75 }
    let looks = 0
    fake.before = (command) => {
      // Every second look, the write's own, finds something else.
      if (command.startsWith('show') && ++looks % 2 === 0)
        fake.weights = { blue: 25 + looks, green: 75 - looks }
      return 'act'
    }
    await expect(restore()).rejects.toBeInstanceOf(Conflict)
    expect(looks).toBe(6)
  })

  it('waits some seconds for a router that asks for an hour, and then tries all the same', async () => {
    const began = elapsed()
    let weights = { blue: 2500, green: 7500 }
    let writes = 0
    const limited: ObservedRouter = {
      where: 'limited',
      capabilities: router.capabilities,
      read: async () => ({ ...(await router.read(ports.signal)), weights, effective: weights }),
      write: (wanted) => {
        if (++writes === 1)
          return Promise.reject(
            new ProviderError('limited answered 429', {
              provider: 'limited',
              retryable: true,
              notCarriedOut: true,
              retryAfterMs: 3_600_000,
            }),
          )
        weights = wanted as typeof weights
        return Promise.resolve()
      },
    }
    await restoreWeights(limited, { blue: 10_000, green: 0 }, ports)
    expect(weights).toEqual({ blue: 10_000, green: 0 })
    expect(elapsed() - began).toBeLessThan(60_000)
  })

  it('ends with the run', async () => {
    let asked = 0
    fake.hold = () => {
      asked++
      ports.cancel()
      return forever
    }
    await expect(restore()).rejects.toThrow('the run was cancelled')
    expect(asked).toBe(1)
  })

  it('gives an error whatever was thrown', async () => {
    const thrown: ObservedRouter = {
      where: 'careless',
      capabilities: router.capabilities,
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- what a careless provider does
      read: () => Promise.reject('just a text'),
      write: () => Promise.resolve(),
    }
    await expect(restoreWeights(thrown, tenPercent, ports)).rejects.toThrow(new Error('just a text'))
  })
})
