import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import {
  ArmDown,
  NoLongerOurs,
  restoreWeights,
  TakenOver,
  type Claim,
  type RestoreFailure,
} from './restore-weights'
import type { ObservedRouter } from './router'

const forever = new Promise<void>(() => {})
const MINUTE = 60_000

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
let failures: RestoreFailure[]
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 25, green: 75 })
  ports = createFakePorts()
  failures = []
  const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })
  router = haproxy.open(ports, ['blue', 'green'])
})
afterEach(() => fake.close())

const recorded = { blue: 10_000, green: 0 }
const restore = (withinMs = MINUTE, from = router) =>
  restoreWeights(from, recorded, ports, { withinMs, onFailure: (failure) => failures.push(failure) })
const elapsed = () => ports.clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')
const writes = () => fake.commands.filter((command) => command.startsWith('set'))
/** Does something at the n-th look from now on. */
const atLook = (number: number, act: () => void): void => {
  let looks = 0
  fake.before = (command) => {
    if (command.startsWith('show servers') && ++looks === number) act()
    return 'act'
  }
}

describe('restoreWeights', () => {
  it('writes the recorded vector over whatever is there: one write, one reading back, no wait', async () => {
    expect((await restore()).weights).toEqual(recorded)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    // Ours, the one of the provider's write, and the reading back.
    expect(fake.commands.filter((command) => command.startsWith('show servers'))).toHaveLength(3)
    expect(elapsed()).toBe(0)
  })

  it('writes nothing where it holds already', async () => {
    fake.weights = { blue: 100, green: 0 }
    await restore()
    expect(writes()).toEqual([])
    expect(fake.commands.filter((command) => command.startsWith('show servers'))).toHaveLength(1)
  })

  it('reads again when somebody else writes in between', async () => {
    atLook(2, () => (fake.weights = { blue: 50, green: 50 }))
    await restore()
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('outlasts a router that is away for most of the time that it has, and tells of every try', async () => {
    const backAt = 50_000
    fake.before = () => {
      if (elapsed() < backAt) throw new Error('away')
      return 'act'
    }
    await restore()
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    // No wait is longer than 10 s.
    expect(elapsed()).toBeLessThanOrEqual(backAt + 10_000)
    expect(failures.length).toBeGreaterThan(4)
    expect(failures.map(({ sinceMs }) => sinceMs)).toEqual(
      failures.map(({ sinceMs }) => sinceMs).toSorted((a, b) => a - b),
    )
    expect(String(failures[0]?.error)).toContain(`haproxy 127.0.0.1:${fake.port}`)
  })

  it('gives up when its time is over, not before, with the reason', async () => {
    fake.before = () => 'lie'
    await expect(restore()).rejects.toThrow(
      'after the write of blue 100%, green 0% the router holds blue 25%, green 75%',
    )
    expect(elapsed()).toBe(MINUTE)
  })

  it('tries at least once', async () => {
    await restore(0)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('waits some seconds for a router that asks for an hour, and then tries all the same', async () => {
    let weights = { blue: 2500, green: 7500 }
    let tries = 0
    const limited: ObservedRouter = {
      where: 'limited',
      capabilities: router.capabilities,
      read: async () => ({ ...(await router.read(ports.signal)), weights, effective: weights }),
      write: (wanted) => {
        if (++tries === 1)
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
    await restore(MINUTE, limited)
    expect(weights).toEqual(recorded)
    expect(elapsed()).toBe(5_000)
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
    await expect(restore(0, thrown)).rejects.toThrow(new Error('just a text'))
  })
})

describe('with the recorded arm down', () => {
  it('leaves the traffic where it lives, and says where that is', async () => {
    fake.weights = { blue: 50, green: 50 }
    fake.states = { blue: 'down' }
    const failure = await restore().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ArmDown)
    expect((failure as Error).message).toBe(
      'blue is down, and the traffic stays with green: blue 100%, green 0% is put back once blue serves; the router holds blue 50%, green 50%, in effect blue 0%, green 100%, blue is down',
    )
    expect(writes()).toEqual([])
    expect(elapsed()).toBe(MINUTE)
  })

  it('puts it back once the arm serves again', async () => {
    fake.states = { blue: 'down' }
    atLook(8, () => (fake.states = {}))
    await restore()
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('looks twice: one reading may be a check that flapped', async () => {
    fake.states = { blue: 'down' }
    atLook(2, () => (fake.states = {}))
    await restore()
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(failures).toEqual([])
    expect(elapsed()).toBe(500)
  })

  it('gives nothing to an arm that carried nothing: nobody may have judged what runs there', async () => {
    fake.weights = { blue: 100, green: 0 }
    fake.states = { blue: 'maint' }
    await expect(restore()).rejects.toThrow('the router holds blue 100%, green 0%, in effect')
    expect(writes()).toEqual([])
    expect(elapsed()).toBe(MINUTE)
  })

  it('takes it back from an arm that died after the write', async () => {
    fake.before = (command) => {
      if (command.startsWith('set')) fake.states = { blue: 'down' }
      return 'act'
    }
    await expect(restore()).rejects.toThrow('blue is down')
    expect(fake.weights).toEqual({ blue: 0, green: 100 })
  })

  it('writes the recorded vector where no arm serves', async () => {
    fake.states = { blue: 'down', green: 'down' }
    await expect(restore()).rejects.toThrow(
      'after the write of blue 100%, green 0% the router holds blue 100%, green 0%',
    )
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('does not wait for an arm that is to get nothing', async () => {
    fake.states = { green: 'down' }
    await restore()
    expect(elapsed()).toBe(0)
  })

  it('takes unknown health for serving', async () => {
    let weights = { blue: 5000, green: 5000 }
    const silent: ObservedRouter = {
      where: 'silent',
      capabilities: router.capabilities,
      read: () =>
        Promise.resolve({
          readAt: '2026-11-21T10:00:00.000Z',
          weights,
          effective: weights,
          members: { blue: { enabled: true, units: 1 }, green: { enabled: true, units: 1 } },
        }),
      write: (wanted) => {
        weights = wanted as typeof weights
        return Promise.resolve()
      },
    }
    await restore(0, silent)
    expect(weights).toEqual(recorded)
  })
})

describe('with a claim to what was written', () => {
  const claimed = (written: Record<string, number>[], answer: boolean) => {
    let asked = 0
    const mayOverwriteAll = () => {
      asked++
      return Promise.resolve(answer)
    }
    const ended = restoreWeights(router, recorded, ports, {
      withinMs: MINUTE,
      claim: { written, mayOverwriteAll },
    })
    return ended.then(
      () => asked,
      (error: unknown) => ({ asked, error }),
    )
  }

  it('overwrites what was written without asking, and anything else when it may', async () => {
    expect(await claimed([{ blue: 2500, green: 7500 }], false)).toBe(0)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    fake.weights = { blue: 40, green: 60 }
    expect(await claimed([], true)).toBe(1)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('leaves anything else alone when it may not, and does not try again', async () => {
    expect(await claimed([], false)).toEqual({ asked: 1, error: expect.any(TakenOver) })
    expect(fake.weights).toEqual({ blue: 25, green: 75 })
    expect(elapsed()).toBe(0)
  })

  it('goes on with the half of what it has written itself', async () => {
    let sets = 0
    fake.before = (command) => {
      if (command.startsWith('set') && ++sets === 2) throw new Error('cut')
      return 'act'
    }
    expect(await claimed([{ blue: 2500, green: 7500 }], false)).toBe(0)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(sets).toBe(3)
  })

  it('takes the recorded vector for its own, and waits for its arm', async () => {
    fake.weights = { blue: 100, green: 0 }
    fake.states = { blue: 'down' }
    atLook(6, () => (fake.states = {}))
    expect(await claimed([], false)).toBe(0)
  })
})

describe('asked before each write whether the target is still its own', () => {
  const asked = (stillOurs: () => Promise<Claim | undefined>, from = router) =>
    restoreWeights(from, recorded, ports, {
      withinMs: MINUTE,
      stillOurs,
      onFailure: (failure) => failures.push(failure),
    })
  const over = () => Promise.reject(new NoLongerOurs('2.0.0 has come after it'))

  it('goes on where it is, and asks nobody while nothing is to be written', async () => {
    let times = 0
    const yes = () => {
      times++
      return Promise.resolve(undefined)
    }
    await asked(yes)
    expect([times, fake.weights]).toEqual([1, { blue: 100, green: 0 }])
    await asked(yes)
    expect(times).toBe(1)
  })

  it('writes nothing more where it is not, and does not try again', async () => {
    await expect(asked(over)).rejects.toThrow('2.0.0 has come after it')
    expect([writes(), failures, elapsed()]).toEqual([[], [], 0])
  })

  it('asks again before it makes an arm ready, and before each further try', async () => {
    Object.assign(fake, { cookie: 'SRV', weights: { blue: 0, green: 100 }, states: { blue: 'maint' } })
    await expect(asked(over)).rejects.toBeInstanceOf(NoLongerOurs)
    expect(writes()).toEqual([])
    let times = 0
    Object.assign(fake, { weights: { blue: 25, green: 75 }, states: {} })
    fake.before = () => 'lie'
    await expect(asked(() => (++times > 2 ? over() : Promise.resolve(undefined)))).rejects.toThrow('2.0.0')
    expect(failures).toHaveLength(2)
  })

  it('overwrites only what it is told from then on', async () => {
    const claim = (written: Record<string, number>[]): Claim => ({
      written,
      mayOverwriteAll: () => Promise.resolve(false),
    })
    await expect(asked(() => Promise.resolve(claim([{ blue: 5000, green: 5000 }])))).rejects.toBeInstanceOf(
      TakenOver,
    )
    expect(writes()).toEqual([])
    await asked(() => Promise.resolve(claim([{ blue: 2500, green: 7500 }])))
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('goes on with what it has begun to write, though it is told less then', async () => {
    let sets = 0
    fake.before = (command) => {
      if (command.startsWith('set') && ++sets === 2) throw new Error('cut')
      return 'act'
    }
    const claim: Claim = {
      written: [{ blue: 2500, green: 7500 }],
      mayOverwriteAll: () => Promise.resolve(false),
    }
    await asked(() => Promise.resolve(claim))
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('asks nobody while it waits for an arm that is down', async () => {
    fake.weights = { blue: 50, green: 50 }
    fake.states = { blue: 'down' }
    let times = 0
    await expect(
      asked(() => {
        times++
        return Promise.resolve(undefined)
      }),
    ).rejects.toBeInstanceOf(ArmDown)
    expect([times, failures.length > 3]).toEqual([0, true])
  })

  it('ends at the first address of a pair that is not, whatever else is wrong with the other', async () => {
    const other = await startFakeHaproxy({ blue: 25, green: 75 })
    other.before = () => {
      throw new Error('away')
    }
    const pair = (
      await routers.configure({
        type: 'haproxy',
        hosts: [`127.0.0.1:${fake.port}`, `127.0.0.1:${other.port}`],
        port: 9999,
        backend: 'app',
      })
    ).open(ports, ['blue', 'green'])
    await expect(asked(over, pair)).rejects.toBeInstanceOf(NoLongerOurs)
    await other.close()
  })
})

it('does not ask a router on that does not know us', async () => {
  let reads = 0
  const locked: ObservedRouter = {
    ...router,
    read: () => {
      reads++
      return Promise.reject(new ProviderError('answered 401', { provider: 'mesh', status: 401 }))
    },
  }
  await expect(restore(MINUTE, locked)).rejects.toThrow('answered 401')
  expect(reads).toBe(1)
})

describe('with clients that are bound to arms', () => {
  beforeEach(() => void (fake.cookie = 'SRV'))

  it('takes an arm that gets nothing out of service: still one write and one reading back', async () => {
    await restore()
    expect(writes()).toEqual([
      'set server app/blue weight 100',
      'set server app/green weight 0',
      'set server app/green state maint',
    ])
    expect(fake.commands.filter((command) => command.startsWith('show servers'))).toHaveLength(3)
    expect(elapsed()).toBe(0)
  })

  it('is not content with weights alone', async () => {
    fake.weights = { blue: 100, green: 0 }
    await restore()
    expect(fake.states).toEqual({ green: 'maint' })
  })

  it('makes the arm ready, waits until it is healthy, and only then gives it weight', async () => {
    fake.weights = { blue: 0, green: 100 }
    fake.states = { blue: 'maint' }
    let looks = 0
    fake.before = (command) => {
      if (command === 'set server app/blue state ready') looks = 1
      if (command.startsWith('show servers') && looks > 0 && looks++ < 4) fake.states['blue'] = 'down'
      else if (looks > 4) fake.states['blue'] = 'ready'
      if (command.includes('weight')) expect(fake.states['blue']).toBe('ready')
      return 'act'
    }
    await restore()
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(fake.states).toEqual({ blue: 'ready', green: 'maint' })
  })

  /** The recorded arm is out of service, and its checks fail once it is made ready. */
  const neverHealthy = (): void => {
    fake.weights = { blue: 0, green: 100 }
    fake.states = { blue: 'maint' }
    fake.before = (command) => {
      if (fake.states['blue'] === 'ready') fake.states['blue'] = 'down'
      return command.startsWith('show') ? 'act' : undefined
    }
  }

  it('leaves the traffic where it is while the arm does not become healthy', async () => {
    neverHealthy()
    await expect(restore(20_000)).rejects.toBeInstanceOf(ArmDown)
    expect(fake.weights).toEqual({ blue: 0, green: 100 })
    // So long it is waited for before anything else is tried.
    expect(failures[0]?.sinceMs).toBe(10_000)
  })

  it('waits for each where several are to get traffic', async () => {
    fake.weights = { blue: 0, green: 0 }
    fake.states = { blue: 'maint', green: 'maint' }
    let looks = 0
    fake.before = (command) => {
      if (command.startsWith('show servers') && looks > 0)
        fake.states['green'] = looks++ < 4 ? 'down' : 'ready'
      if (command === 'set server app/green state ready') looks = 1
      if (command.includes('weight')) expect(fake.states).toEqual({ blue: 'ready', green: 'ready' })
      return 'act'
    }
    const half = { blue: 5000, green: 5000 }
    expect((await restoreWeights(router, half, ports, { withinMs: MINUTE })).effective).toEqual(half)
  })

  it('waits for it no longer than the restore itself may take', async () => {
    neverHealthy()
    await expect(restore(3_000)).rejects.toBeInstanceOf(ArmDown)
    expect(elapsed()).toBe(3_000)
  })

  it('needs no leave to go on once it has made an arm ready', async () => {
    fake.weights = { blue: 0, green: 100 }
    fake.states = { blue: 'maint' }
    let asked = 0
    const written = [{ blue: 0, green: 10_000 }]
    fake.before = (command) => {
      // Somebody else's hand, after ours.
      if (command === 'set server app/blue state ready') fake.weights['green'] = 90
      return 'act'
    }
    const mayOverwriteAll = () => Promise.resolve(asked++ < 0)
    await restoreWeights(router, recorded, ports, { withinMs: MINUTE, claim: { written, mayOverwriteAll } })
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(asked).toBe(0)
  })
})

describe('an arm of several servers', () => {
  const open = async () => {
    const members = { blue: ['b1', 'b2', 'b3'], green: ['g1', 'g2'] }
    const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app', members })
    return haproxy.open(ports, ['blue', 'green'])
  }

  it('is put back without the one that somebody holds out by a weight of 0', async () => {
    fake.weights = { b1: 25, b2: 25, b3: 0, g1: 25, g2: 25 }
    expect((await restore(MINUTE, await open())).weights).toEqual(recorded)
    expect(fake.weights).toEqual({ b1: 50, b2: 50, b3: 0, g1: 0, g2: 0 })
  })

  it('is back with all of them after a write that was cut off half way', async () => {
    fake.weights = { b1: 0, b2: 0, b3: 0, g1: 50, g2: 50 }
    let sets = 0
    fake.before = (command) => {
      if (command.startsWith('set') && ++sets === 5) throw new Error('cut')
      return 'act'
    }
    await restore(MINUTE, await open())
    expect(fake.weights).toEqual({ b1: 256, b2: 256, b3: 256, g1: 0, g2: 0 })
  })

  it('is back while one of them is out, also at a vector that gives both arms something', async () => {
    fake.weights = { b1: 10, b2: 10, b3: 10, g1: 35, g2: 35 }
    fake.states = { b3: 'down', g1: 'maint' }
    const half = { blue: 5000, green: 5000 }
    const shown = await restoreWeights(await open(), half, ports, { withinMs: MINUTE })
    expect(shown.weights).toEqual(half)
    expect(elapsed()).toBe(0)
  })
})

describe('an arm that was found in maintenance', () => {
  it('is put back into it, be it that clients are bound or not', async () => {
    fake.states = { green: 'ready' }
    await restoreWeights(router, recorded, ports, { withinMs: MINUTE, states: { green: 'maint' } })
    expect(fake.states).toEqual({ green: 'maint' })
    expect(writes()).toHaveLength(3)
  })

  it('is put back into it also where the weights hold already, and is left there', async () => {
    fake.weights = { blue: 100, green: 0 }
    const states = { green: 'maint' } as const
    await restoreWeights(router, recorded, ports, { withinMs: MINUTE, states })
    expect(fake.states).toEqual({ green: 'maint' })
    fake.commands.length = 0
    await restoreWeights(router, recorded, ports, { withinMs: MINUTE, states })
    expect(fake.commands.filter((command) => command.startsWith('set'))).toEqual([])
    expect(fake.commands.filter((command) => command.startsWith('show servers'))).toHaveLength(1)
  })

  it('is put back server by server', async () => {
    fake.weights = { b1: 100, g1: 0, g2: 0 }
    fake.states = { g1: 'maint' }
    const members = { blue: ['b1'], green: ['g1', 'g2'] }
    const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app', members })
    const several = haproxy.open(ports, ['blue', 'green'])
    const states = { g1: 'maint', g2: 'maint' } as const
    await restoreWeights(several, recorded, ports, { withinMs: MINUTE, states })
    expect(fake.states).toEqual({ g1: 'maint', g2: 'maint' })
  })
})
