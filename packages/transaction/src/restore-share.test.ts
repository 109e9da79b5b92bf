import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { SharePlan } from '@deploy-actions/rollout'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { NoLongerOurs, type Claim } from '@deploy-actions/traffic'
import { findJobTransaction, saveJobTransaction, type JobTransaction } from './job-transaction'
import { restoreUnfinishedTraffic } from './post'
import { restoreTarget } from './restore'
import { drainRegion, giveShareBack, readShares } from './share'
import { jobTransaction, transactionRecord } from './transaction.fixture'

let arms: FakeHaproxy
let regions: FakeHaproxy
let ports: FakePorts
beforeEach(async () => {
  arms = await startFakeHaproxy({ blue: 25, green: 75 })
  regions = await startFakeHaproxy({ us: 50, eu: 30, ap: 20 })
  ports = createFakePorts()
})
afterEach(() => Promise.all([arms.close(), regions.close()]))

const plan: SharePlan = {
  region: 'eu',
  whileDeploying: 1_000,
  keepWithinZone: false,
  regions: [
    { name: 'us', share: 5_000, priority: 1 },
    { name: 'eu', share: 3_000, priority: 1 },
    { name: 'ap', share: 2_000, priority: 1 },
  ],
}
const before = { us: 5_000, eu: 3_000, ap: 2_000 }
/** 20 % in the proportion 5:2. */
const left = { us: 6_429, eu: 1_000, ap: 2_571 }

const transactionOf = (): JobTransaction => {
  const plain = jobTransaction(arms.port)
  return {
    ...plain,
    record: transactionRecord({
      restore: [
        { kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } },
        { kind: 'share', router: 'regions', region: 'eu', before, left },
      ],
    }),
    settings: {
      ...plain.settings,
      regions: { router: { type: 'haproxy', port: regions.port, backend: 'app' }, plan },
    },
  }
}
const STEP = { withinMs: 30_000, settleMs: 1_000 }
const near = (points: number) => expect.closeTo(points, -2)
const shares = async () => (await readShares(transactionOf(), ports)).after.weights
const writes = () => regions.commands.filter((command) => command.startsWith('set'))

/** What happened, in order. */
const steps = (): string[] => {
  const seen: string[] = []
  const note = (what: string) => (command: string) => {
    if (command.startsWith('set') && seen.at(-1) !== what) seen.push(what)
    return 'act' as const
  }
  arms.before = note('traffic')
  regions.before = note('share')
  return seen
}

const restore = (options: Partial<Parameters<typeof restoreTarget>[3]> = {}) => {
  const { record, settings } = transactionOf()
  return restoreTarget({ record }, settings, ports, {
    deployer: undefined,
    health: undefined,
    patience: { withinMs: 60_000 },
    ...options,
  })
}
const healthy = (ok: boolean) => () => Promise.resolve({ ok, detail: ok ? 'all green' : 'healthz is red' })

describe('the share of a region', () => {
  beforeEach(() => drainRegion(transactionOf(), ports, STEP))

  it('returns as the last of all, once what serves was found healthy', async () => {
    const seen = steps()
    const health = () => {
      seen.push('health')
      return Promise.resolve({ ok: true, detail: 'all green' })
    }
    const { outcome, points } = await restore({ health })
    expect(outcome).toBe('restored')
    expect(seen).toEqual(['traffic', 'health', 'share'])
    expect(await shares()).toEqual(before)
    expect(points.at(-1)).toMatchObject({
      kind: 'share',
      name: 'regions',
      ok: true,
      detail: 'eu has its share: us 50%, eu 30%, ap 20%',
      weights: before,
    })
  })

  it('returns without a gate that could prove anything, too', async () => {
    expect((await restore()).outcome).toBe('restored')
    expect(await shares()).toEqual(before)
  })

  it('leaves as it is what others have done meanwhile', async () => {
    regions.weights['ap'] = 0
    expect((await restore()).outcome).toBe('restored')
    expect(await shares()).toEqual({ us: near(7_000), eu: near(3_000), ap: 0 })
  })

  it('stays with the others while the region is not healthy, and it is said', async () => {
    const drained = await shares()
    const { outcome, points } = await restore({ health: healthy(false) })
    expect(outcome).toBe('unverified')
    expect(await shares()).toEqual(drained)
    expect(points.at(-1)).toMatchObject({ kind: 'share', ok: false, stays: true })
    expect(points.at(-1)?.detail).toMatch(
      /^eu stays at \d+(\.\d+)?% instead of 30%, and the other regions have the rest \(us .*\), since it is not fit for more: healthz is red\. Restore .* again once it is, or give it its share by hand$/,
    )
  })

  it('stays with the others where somebody has taken the region out meanwhile', async () => {
    regions.weights = { us: 60, eu: 0, ap: 40 }
    const { outcome, points } = await restore({ health: healthy(true) })
    expect(outcome).toBe('unverified')
    expect(regions.weights).toEqual({ us: 60, eu: 0, ap: 40 })
    expect(points.at(-1)).toMatchObject({
      ...{ kind: 'share', ok: false, stays: true },
      detail: expect.stringMatching(
        /^eu stays at 0% instead of 30%.*: somebody has taken it out of the traffic\. Restore/,
      ),
    })
  })

  it('is not taken from a region that is all that serves by now', async () => {
    regions.weights = { us: 0, eu: 100, ap: 0 }
    expect((await restore()).outcome).toBe('restored')
    expect(regions.weights).toEqual({ us: 0, eu: 100, ap: 0 })
  })

  it('stays with the others while the traffic in the region is not back', async () => {
    arms.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    const drained = await shares()
    const { outcome } = await restore({ health: healthy(true) })
    expect(outcome).toBe('restore-failed')
    expect(await shares()).toEqual(drained)
  })

  it('is not touched where it is what it was, healthy or not', async () => {
    await giveShareBack(transactionOf(), ports, STEP)
    const written = writes().length
    const { outcome, points } = await restore({ health: healthy(false) })
    expect(outcome).toBe('unverified')
    expect(points.at(-1)).toMatchObject({ kind: 'share', ok: true })
    expect(writes()).toHaveLength(written)
  })

  it('is the region’s own no more after a commit: what people have made of it stays', async () => {
    await giveShareBack(transactionOf(), ports, STEP)
    regions.weights = { us: 80, eu: 10, ap: 10 }
    const { outcome, points } = await restore({ share: { committed: true } })
    expect(outcome).toBe('restored')
    expect(await shares()).toEqual({ us: 8_000, eu: 1_000, ap: 1_000 })
    expect(points.at(-1)?.detail).toMatch(
      /^eu had its share before the commit, and what it has now is not by this/,
    )
  })

  it('is tried for as long as the job has, and fails the restore when its router stays away', async () => {
    regions.before = () => {
      throw new Error('away')
    }
    const { outcome, points } = await restore()
    expect(outcome).toBe('restore-failed')
    expect(points.at(-1)).toMatchObject({ kind: 'share', ok: false })
    expect(points.at(-1)).not.toHaveProperty('stays')
    expect(ports.recorded.log.map(({ line }) => line).join('\n')).toMatch(
      /the share of eu, drained by .*, is NOT back yet, after \ds of 1m in which it is tried/,
    )
  })

  it('returns at the address of a pair that answers, and fails the restore for the other', async () => {
    const other = await startFakeHaproxy({ ...regions.weights })
    const { record, settings } = transactionOf()
    const hosts = [`127.0.0.1:${other.port}`, `127.0.0.1:${regions.port}`]
    await other.close()
    const { outcome, points } = await restoreTarget(
      { record },
      {
        ...settings,
        regions: { router: { type: 'haproxy', hosts, port: regions.port, backend: 'app' }, plan },
      },
      ports,
      { deployer: undefined, health: undefined, patience: { withinMs: 5_000 } },
    )
    expect(await shares()).toEqual(before)
    expect(outcome).toBe('restore-failed')
    expect(points.at(-1)?.detail).toContain(String(other.port))
  })

  it('is written over another’s hand only while the transaction is known to hold its target', async () => {
    regions.weights['ap'] = 0
    const claim = (mine: boolean): Claim => ({ written: [], mayOverwriteAll: () => Promise.resolve(mine) })
    const stillOurs = (mine: boolean) => () => Promise.resolve(claim(mine))
    const patience = { withinMs: 10_000 }
    arms.weights = { blue: 100, green: 0 }
    const { points } = await restore({ patience: { ...patience, stillOurs: stillOurs(false) } })
    expect(points.at(-1)?.detail).toMatch(/which was not written by it, so nothing was written$/)
    expect((await restore({ patience: { ...patience, stillOurs: stillOurs(true) } })).outcome).toBe(
      'restored',
    )
  })

  it('is left alone when somebody else has come', async () => {
    arms.weights = { blue: 100, green: 0 }
    const stillOurs = () => Promise.reject(new NoLongerOurs('the next rollout has come'))
    const drained = await shares()
    await expect(restore({ patience: { withinMs: 10_000, stillOurs } })).rejects.toThrow(NoLongerOurs)
    expect(await shares()).toEqual(drained)
  })

  it('is not for the posts of a job, which cannot know who is healthy: the guard gives it back', async () => {
    const drained = await shares()
    await saveJobTransaction(ports.context.temp, {
      ...transactionOf(),
      ledger: `file:${ports.context.temp}/ledger`,
    })
    arms.weights = { blue: 100, green: 0 }
    await restoreUnfinishedTraffic(ports)
    expect(await shares()).toEqual(drained)
    expect((await findJobTransaction(ports.context.temp, transactionOf().record.id))?.state).toBe(
      'traffic-restored',
    )
  })
})

describe('after a commit', () => {
  const committed = { share: { committed: true } }

  it('the share returns where the router still holds what the drain has left there', async () => {
    await drainRegion(transactionOf(), ports, STEP)
    expect((await restore(committed)).outcome).toBe('restored')
    expect(await shares()).toEqual(before)
  })

  it('a region that is not healthy has its share, or stays drained, as it was', async () => {
    expect((await restore({ ...committed, health: healthy(false) })).points.at(-1)).toMatchObject({
      ok: true,
    })
    await drainRegion(transactionOf(), ports, STEP)
    expect((await restore({ ...committed, health: healthy(false) })).points.at(-1)).toMatchObject({
      ok: false,
      stays: true,
    })
  })

  it('of which nothing was kept that the router was left with, the share is other people’s', async () => {
    regions.weights = { us: 80, eu: 10, ap: 10 }
    const { record, settings } = transactionOf()
    const point = { kind: 'share', router: 'regions', region: 'eu', before }
    const older = { ...record, restore: [...record.restore.slice(0, 1), point] }
    const { outcome } = await restoreTarget({ record: older }, settings, ports, {
      deployer: undefined,
      health: undefined,
      patience: { withinMs: 1_000 },
      ...committed,
    })
    expect(outcome).toBe('restored')
    expect(regions.weights).toEqual({ us: 80, eu: 10, ap: 10 })
  })
})

describe('a step that moves the share', () => {
  it('tells what it found and what the router shows', async () => {
    const drained = await drainRegion(transactionOf(), ports, STEP)
    expect([drained.region, drained.before.weights]).toEqual(['eu', before])
    expect(drained.after.weights).toEqual(await shares())
    const returned = await giveShareBack(transactionOf(), ports, STEP)
    expect([returned.before.weights, returned.after.weights]).toEqual([drained.after.weights, before])
    const again = await giveShareBack(transactionOf(), ports, STEP)
    expect([again.before.weights, again.after.weights]).toEqual([before, before])
  })

  it('needs a transaction that has one, and knows how its router is reached', async () => {
    const { record, settings, ...rest } = transactionOf()
    const { regions: _, ...unreached } = settings
    const withoutPoint = { ...record, restore: record.restore.slice(0, 1) }
    for (const transaction of [
      { ...rest, settings, record: withoutPoint },
      { ...rest, settings: unreached, record },
    ])
      await expect(drainRegion(transaction, ports, STEP)).rejects.toThrow(
        /input `transaction`: .* has no share to move: rollout.yml had no traffic.regions when it was begun/,
      )
  })
})

describe('what a drained router was left with', () => {
  const noted = async () => (await findJobTransaction(ports.context.temp, transactionOf().record.id))?.left

  it('is noted ahead of the write, which may be cut off', async () => {
    regions.states = { us: 'down' }
    let ahead: unknown
    regions.hold = async (line, when) => {
      if (line.startsWith('set') && when === 'before') ahead = await noted()
    }
    await drainRegion(transactionOf(), ports, STEP)
    // us is down: ap takes all of it.
    expect(ahead).toEqual({ us: 5_000, eu: 1_000, ap: 4_000 })
    const own = await findJobTransaction(ports.context.temp, transactionOf().record.id)
    await restore({ share: { own } })
    expect(await shares()).toEqual(before)
  })

  it('is not noted where somebody else had changed it before: that is not put back with the rest', async () => {
    regions.weights = { us: 15, eu: 30, ap: 55 }
    await drainRegion(transactionOf(), ports, STEP)
    expect(await noted()).toBeUndefined()
    await restore()
    // us has 15 % and 5/7 of the 20 % that were freed, ap 55 % and 2/7: 29.3 and 60.7 of 90, in 70.
    expect(await shares()).toEqual({ us: near(2_280), eu: near(3_000), ap: near(4_720) })
  })
})

it('a record of a version that kept no way to the regional router says so', async () => {
  const { record, settings } = transactionOf()
  const { regions: _, ...older } = settings
  const { outcome, points } = await restoreTarget({ record }, older, ports, {
    deployer: undefined,
    health: undefined,
    patience: { withinMs: 1_000 },
  })
  expect(outcome).toBe('restore-failed')
  expect(points.at(-1)?.detail).toMatch(/how its router is reached was not kept/)
})
