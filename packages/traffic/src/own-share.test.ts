import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { SharePlan } from '@deploy-actions/rollout'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { drainShare, returnShare, ShareStays, type ShareMove } from './own-share'
import { routers } from './registry'
import type { ObservedRouter } from './router'

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
beforeEach(async () => {
  fake = await startFakeHaproxy({ us: 50, eu: 30, ap: 20 })
  ports = createFakePorts()
  router = await open()
})
afterEach(() => fake.close())

/** Each writer reads with a connection of its own. */
const open = async (): Promise<ObservedRouter> =>
  (await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })).open(ports, [
    'us',
    'eu',
    'ap',
  ])

const planOf = (region: string): SharePlan => ({
  region,
  whileDeploying: 1_000,
  keepWithinZone: false,
  regions: [
    { name: 'us', share: 5_000, priority: 1 },
    { name: 'eu', share: 3_000, priority: 1 },
    { name: 'ap', share: 2_000, priority: 1 },
  ],
})
const plan = planOf('eu')
const before = { us: 5_000, eu: 3_000, ap: 2_000 }
const left = { us: 6_429, eu: 1_000, ap: 2_571 }
const MOVE: ShareMove = { withinMs: 30_000, settleMs: 1_000 }
const writes = () => fake.commands.filter((command) => command.startsWith('set'))
const shares = async () => (await router.read(ports.signal)).weights
/** HAProxy rounds by its units. */
const near = (points: number) => expect.closeTo(points, -2)
const elapsed = () => ports.clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')

describe('a share that is drained', () => {
  it('is spread over the others, who keep what they have', async () => {
    await drainShare(router, plan, ports)
    expect(await shares()).toEqual({ us: near(6_429), eu: near(1_000), ap: near(2_571) })
  })

  it('is written once, and left alone where it is small enough', async () => {
    await drainShare(router, plan, ports)
    // Once read back, when another writer would have been seen.
    expect(elapsed()).toBe(MOVE.settleMs)
    const onWrite = () => Promise.reject(new Error('nothing is to be written'))
    await drainShare(router, plan, ports, { ...MOVE, onWrite })
    expect(elapsed()).toBe(MOVE.settleMs)
  })

  it('goes to no region that is down', async () => {
    fake.states = { us: 'down' }
    await drainShare(router, plan, ports)
    expect(await shares()).toEqual({ us: near(5_000), eu: near(1_000), ap: near(4_000) })
  })

  it('stays where it is when nobody else serves: nothing is written, and nothing is tried again', async () => {
    fake.states = { us: 'maint', ap: 'down' }
    const drained = drainShare(router, plan, ports)
    await expect(drained).rejects.toThrow(ShareStays)
    await expect(drained).rejects.toThrow(
      /eu keeps its share, since no other region may take it over: .*us is drained or in maintenance, ap is down; nothing was written/,
    )
    expect(writes()).toEqual([])
    expect(elapsed()).toBe(0)
  })

  it('stays where somebody has moved it since it was found', async () => {
    fake.weights = { us: 10, eu: 54, ap: 36 }
    const drained = drainShare(router, plan, ports, { ...MOVE, foundAs: 3_000 })
    await expect(drained).rejects.toThrow(
      /^eu had 30% of the global traffic when this began, and somebody has moved that: .*; nothing was written$/,
    )
    expect(writes()).toEqual([])
    await drainShare(router, plan, ports, { ...MOVE, foundAs: 5_350 })
  })

  it('goes to a region that is parked, which is made ready and waited for', async () => {
    const standby = {
      ...plan,
      regions: [
        { name: 'eu', share: 10_000, priority: 1 },
        { name: 'us', share: 0, priority: 2 },
        { name: 'ap', share: 0, priority: 2 },
      ],
    }
    Object.assign(fake, { cookie: 'REGION', weights: { us: 0, eu: 100, ap: 0 } })
    fake.states = { us: 'maint', ap: 'down' }
    let looks = 0
    fake.before = (command) => {
      if (command === 'set server app/us state ready') looks = 1
      if (looks > 0 && command.startsWith('show servers')) fake.states['us'] = ++looks < 5 ? 'down' : 'ready'
      return 'act'
    }
    await drainShare(router, standby, ports)
    expect(await shares()).toEqual({ us: near(9_000), eu: near(1_000), ap: 0 })
  })

  it('is told of before it is written', async () => {
    const told: unknown[] = []
    await drainShare(router, plan, ports, {
      ...MOVE,
      onWrite: (wanted, found) => {
        told.push([wanted, found.weights, writes()])
        return Promise.resolve()
      },
    })
    expect(told).toEqual([[left, before, []]])
  })

  it('is not moved beside a server that is no region', async () => {
    fake.weights['old'] = 10
    await expect(drainShare(router, plan, ports)).rejects.toThrow(
      /also sends traffic to old .*nothing was written/,
    )
    expect(writes()).toEqual([])
  })

  it('is written again when a router takes it and does not do it, and fails when it never does', async () => {
    fake.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    await expect(drainShare(router, plan, ports)).rejects.toThrow(
      /eu was to get 10% by us .*, and the router holds us 50%/,
    )
    expect(writes().length).toBeGreaterThan(3)
  })
})

describe('a share that returns', () => {
  const back = (move: Partial<ShareMove> = {}, moved = { before, left }) =>
    returnShare(router, plan, moved, ports, { ...MOVE, ...move })
  const toNothing = { before, left: { us: 7_143, eu: 0, ap: 2_857 } }

  it('brings back what was found', async () => {
    await drainShare(router, plan, ports)
    await back()
    expect(await shares()).toEqual(before)
  })

  it('comes alone where somebody else has changed the vector: what they did stays', async () => {
    await drainShare(router, plan, ports)
    fake.weights['ap'] = 0
    await back()
    expect(await shares()).toEqual({ us: near(7_000), eu: near(3_000), ap: 0 })
  })

  it('is there already: nothing is written, whatever the others have', async () => {
    fake.weights = { us: 10, eu: 30, ap: 60 }
    await back()
    expect(writes()).toEqual([])
  })

  it('is there already though the router does not see the region up, or somebody has given it more', async () => {
    fake.states = { eu: 'down' }
    await back()
    fake.weights = { us: 0, eu: 100, ap: 0 }
    await back()
    expect(writes()).toEqual([])
  })

  it('is not given to a region that somebody has taken out meanwhile', async () => {
    await drainShare(router, plan, ports)
    fake.weights = { us: 60, eu: 0, ap: 40 }
    const written = writes().length
    await expect(back()).rejects.toThrow(
      /^somebody has taken eu out of the traffic meanwhile: .*; nothing was written$/,
    )
    expect(writes()).toHaveLength(written)
  })

  it('is given back beside a server that is no region: that keeps nobody from it', async () => {
    await drainShare(router, plan, ports)
    fake.weights['old'] = 10
    await back()
    expect(await shares()).toEqual(before)
  })

  it('returns to shares that are all 0', async () => {
    fake.weights = { us: 0, eu: 0, ap: 0 }
    await back()
    expect(await shares()).toEqual(before)
  })

  it('outlasts a router that is away, and tells of it', async () => {
    await drainShare(router, plan, ports)
    const backAt = elapsed() + 60_000
    fake.before = () => {
      if (elapsed() < backAt) throw new Error('away')
      return 'act'
    }
    const failures: number[] = []
    await back({ withinMs: 300_000, onFailure: ({ sinceMs }) => failures.push(sinceMs) })
    expect(await shares()).toEqual(before)
    expect(failures.length).toBeGreaterThan(3)
  })

  it('waits while the router does not see the region up, and says so when that does not end', async () => {
    await drainShare(router, plan, ports)
    const drained = { ...fake.weights }
    fake.states = { eu: 'down' }
    await expect(back()).rejects.toThrow(
      /^eu does not get its share back, since the router does not see it up: .*eu is down$/,
    )
    expect(fake.weights).toEqual(drained)
    // Of three looks that see it down the fourth sees it up.
    let looks = 0
    fake.before = (command) => {
      if (command.startsWith('show servers') && ++looks === 4) fake.states = {}
      return 'act'
    }
    await back()
    expect(await shares()).toEqual(before)
  })

  it('makes a region ready that was put into maintenance for want of a share', async () => {
    fake.cookie = 'SRV'
    await drainShare(router, { ...plan, whileDeploying: 0 }, ports)
    expect(fake.states).toEqual({ eu: 'maint' })
    await back({}, toNothing)
    expect(fake.states).toEqual({ eu: 'ready' })
    expect(await shares()).toEqual({ us: near(5_000), eu: near(3_000), ap: near(2_000) })
  })

  it('gets no weight before the region that was made ready has risen by its checks', async () => {
    fake.cookie = 'SRV'
    await drainShare(router, { ...plan, whileDeploying: 0 }, ports)
    let looks = 0
    const weighed: number[] = []
    fake.before = (command) => {
      if (command === 'set server app/eu state ready') looks = 1
      if (looks > 0 && command.startsWith('show servers'))
        fake.states = { eu: ++looks < 5 ? 'down' : 'ready' }
      if (command.startsWith('set server app/eu weight')) weighed.push(looks)
      return 'act'
    }
    await back({}, toNothing)
    expect(weighed).toHaveLength(1)
    expect(weighed[0]).toBeGreaterThanOrEqual(5)
  })

  it('does not go on once it is told not to', async () => {
    await drainShare(router, plan, ports)
    const written = writes().length
    const onWrite = () => Promise.reject(new ShareStays('somebody else has come'))
    await expect(back({ onWrite })).rejects.toThrow('somebody else has come')
    expect(writes()).toHaveLength(written)
  })
})

describe('two writers at once', () => {
  it('who have read the same end as if one had come after the other', async () => {
    fake.weights = { us: 80, eu: 10, ap: 10 }
    const moved = { before: { us: 5_000, eu: 3_000, ap: 2_000 } }
    // What one has read before the other writes is written after it: the first two writes wait for each other.
    const waiting: (() => void)[] = []
    fake.hold = (line, when) => {
      if (when === 'after' || !line.startsWith('set') || waiting.length === 2) return Promise.resolve()
      return new Promise((resolve) => {
        waiting.push(resolve)
        if (waiting.length < 2) return
        for (const go of waiting) go()
      })
    }
    await Promise.all([
      returnShare(router, planOf('eu'), moved, ports, MOVE),
      returnShare(await open(), planOf('ap'), moved, ports, MOVE),
    ])
    expect(waiting).toHaveLength(2)
    // The one who comes second has his own share, and the other's is scaled with the rest: of what 80:10:10 becomes.
    expect([
      { us: near(5_465), eu: near(3_000), ap: near(1_535) },
      { us: near(5_398), eu: near(2_602), ap: near(2_000) },
    ]).toContainEqual(await shares())
  })

  it('a person who writes between our reading and our writing is not overwritten', async () => {
    await drainShare(router, plan, ports)
    let looks = 0
    fake.before = (command) => {
      // The second look is that of the write itself.
      if (command.startsWith('show servers') && ++looks === 2) fake.weights['us'] = 0
      return 'act'
    }
    await returnShare(router, plan, { before, left }, ports, MOVE)
    expect(await shares()).toEqual({ us: 0, eu: near(3_000), ap: near(7_000) })
  })
})
