import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleepReal } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { openLedger, type Ledger } from '@deploy-actions/ledger'
import {
  findJobTransaction,
  readJobTransactions,
  saveJobTransaction,
  type JobTransaction,
} from './job-transaction'
import { restoreUnfinishedTraffic } from './post'
import { jobTransaction, transactionRecord } from './transaction.fixture'

let fake: FakeHaproxy
let ports: FakePorts
let ledger: Ledger
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 25, green: 75 })
  ports = createFakePorts()
  ledger = openLedger(`file:${join(ports.context.temp, 'ledger')}`, 'shop', ports)
  await ledger.open(transactionRecord(), {})
})
afterEach(() => fake.close())

const save = (change: Partial<JobTransaction> = {}) =>
  saveJobTransaction(
    ports.context.temp,
    jobTransaction(fake.port, { ledger: `file:${join(ports.context.temp, 'ledger')}`, ...change }),
  )
const states = async () => (await readJobTransactions(ports.context.temp)).map(({ state }) => state)
const inLedger = async () => (await ledger.find({ id: transactionRecord().id }))[0]?.state
const warnings = () => ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)
const withScript = transactionRecord({
  restore: [...transactionRecord().restore, { kind: 'script', name: 'deploy', arm: 'green', state: '1.3.0' }],
})

describe('the post of a writer', () => {
  it('puts the traffic of an open transaction back, proves it, and closes it', async () => {
    await save()
    expect(await restoreUnfinishedTraffic(ports)).toEqual({
      outcome: 'traffic-restored',
      reason: '1001-1-shop-eu-1: traffic restored: reads blue 100%, green 0%',
    })
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['restored'])
    expect(await inLedger()).toBe('restored')
    expect(ports.recorded.subject).toEqual({
      service: 'shop',
      region: 'eu',
      environment: 'production-eu',
      transaction: '1001-1-shop-eu-1',
    })
    expect(ports.recorded.facts).toMatchObject({
      restored: [{ kind: 'traffic', ok: true, weights: { blue: 10_000, green: 0 } }],
    })
    expect(ports.recorded.summary).toEqual([
      '### Traffic put back at the end of the job\n\n- 1001-1-shop-eu-1: traffic restored: reads blue 100%, green 0%',
    ])
    expect(warnings()).toEqual([
      'transaction 1001-1-shop-eu-1 was neither committed nor restored by this job: its traffic is put back',
    ])
  })

  it('stops when it is cancelled itself', async () => {
    await save()
    const since = ports.clock.now().getTime()
    fake.before = () => {
      ports.cancel()
      return 'lie'
    }
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow('traffic NOT restored')
    expect(ports.clock.now().getTime() - since).toBeLessThan(60_000)
  })

  it('shares its three minutes with the posts after it', async () => {
    await save()
    const since = ports.clock.now().getTime()
    const elapsed = () => ports.clock.now().getTime() - since
    fake.before = () => 'lie'
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow('traffic NOT restored')
    expect(elapsed()).toBe(3 * 60_000)
    expect(await states()).toEqual(['open'])
    // The next one tries once more, and without a wait.
    const asked = fake.commands.length
    // Its calls may take a while of their own.
    fake.hold = () => sleepReal(20)
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow(
      'traffic NOT restored: after the write of blue 100%, green 0%',
    )
    expect(elapsed()).toBe(3 * 60_000)
    expect(fake.commands.length).toBeGreaterThan(asked)
  })

  it('is not done while one of several routers is not back', async () => {
    const other = { kind: 'traffic', router: 'regional', shares: [1, 0] }
    await save({ record: transactionRecord({ restore: [...transactionRecord().restore, other] }) })
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow(
      /traffic restored: reads blue 100%, green 0%.*traffic NOT restored: this version cannot read its restore point/,
    )
    expect(await states()).toEqual(['open'])
    expect(await inLedger()).toBe('open')
  })

  it('leaves the scripts of a transaction, and so its end, to the guard', async () => {
    await save({ record: withScript })
    await restoreUnfinishedTraffic(ports)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['traffic-restored'])
    expect(await inLedger()).toBe('open')
  })

  it('puts the traffic back although the ledger is down, where the router still holds what was written', async () => {
    await save({ ledger: 'github', written: [{ blue: 2500, green: 7500 }] })
    expect(await restoreUnfinishedTraffic(ports)).toMatchObject({ outcome: 'traffic-restored' })
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['restored'])
    expect(warnings()).toContainEqual(
      expect.stringMatching(/^the ledger could not be told that 1001-1-shop-eu-1 is restored: /),
    )
  })

  describe('of a runner that was lost and comes back', () => {
    const later = transactionRecord({ id: '1002-1-shop-eu-1', run: { ...transactionRecord().run, id: 1002 } })
    const next = async (state: 'open' | 'committed') => {
      for (const mark of ['restoring', 'restored'] as const)
        await ledger.mark({ id: transactionRecord().id }, mark, 'guard')
      await ledger.open(later, {})
      if (state === 'committed') await ledger.mark({ id: later.id }, 'committed', '')
    }
    const written = [{ blue: 5000, green: 5000 }]

    it('leaves what the next rollout has written', async () => {
      await save({ written })
      await next('committed')
      fake.weights = { blue: 0, green: 100 }
      expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
      expect(fake.weights).toEqual({ blue: 0, green: 100 })
      expect(warnings()).toContain(
        'by the ledger 1001-1-shop-eu-1 is restored, and holds production-eu no more',
      )
      expect(ports.recorded.log).toContainEqual({
        level: 'info',
        line: 'by the ledger 1001-1-shop-eu-1 is restored: its target is left alone',
      })
      expect(await states()).toEqual(['restored'])
    })

    it('leaves it also while the ledger gives no answer', async () => {
      await save({ ledger: 'github', written })
      await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow('was not written by it')
      expect(fake.weights).toEqual({ blue: 25, green: 75 })
      expect(warnings()).toContainEqual(
        expect.stringMatching(/^whether 1001-1-shop-eu-1 still holds production-eu is not known \(/),
      )
    })

    it('fails nobody where GitHub was slow at first, and then takes its token no more', async () => {
      await save({ ledger: 'github', written })
      let asked = 0
      const answer = () => {
        const status = asked++ === 0 ? 503 : 401
        return Promise.reject(new ProviderError(`${status}`, { provider: 'GitHub', status }))
      }
      Object.assign(ports, { github: { request: answer, list: answer } })
      expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
      expect(fake.weights).toEqual({ blue: 25, green: 75 })
      expect(ports.recorded.log.at(-1)?.line).toContain("is the guard's")
    })

    it('leaves it although it has come to the very weights that this one wrote', async () => {
      fake.weights = { blue: 50, green: 50 }
      await save({ written })
      await next('open')
      await restoreUnfinishedTraffic(ports)
      expect(fake.weights).toEqual({ blue: 50, green: 50 })
    })

    it('leaves what has come while it waited for its router', async () => {
      await save({ written })
      let looks = 0
      fake.before = (command) => {
        if (command.startsWith('show servers') && ++looks < 12) throw new Error('away')
        return 'act'
      }
      fake.hold = async (_, when) => {
        if (when === 'after' || looks !== 11) return
        await next('committed')
        fake.weights = { blue: 0, green: 100 }
        looks++
      }
      expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
      expect(fake.weights).toEqual({ blue: 0, green: 100 })
      expect(await states()).toEqual(['restored'])
    })

    it('goes on with what it has begun to write itself', async () => {
      fake.weights = { blue: 50, green: 50 }
      await save({ ledger: 'github', written })
      let sets = 0
      fake.before = (command) => {
        // The answer to the first write is lost half-way.
        if (command.startsWith('set server app/green') && ++sets === 1) throw new Error('cut')
        return 'act'
      }
      await restoreUnfinishedTraffic(ports)
      expect(fake.weights).toEqual({ blue: 100, green: 0 })
    })
  })

  it('writes nothing a second time', async () => {
    await save()
    await restoreUnfinishedTraffic(ports)
    const written = fake.commands.length
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(fake.commands).toHaveLength(written)
  })

  it.each(['committed', 'restored', 'traffic-restored'] as const)(
    'leaves a transaction alone that is %s',
    async (state) => {
      await save({ state })
      expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
      expect(fake.commands).toEqual([])
    },
  )

  it('asks the ledger whether a commit that was cut short holds', async () => {
    await save({ state: 'committing' })
    await ledger.mark({ id: transactionRecord().id }, 'committed', '')
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(fake.commands).toEqual([])
    expect(warnings()).toEqual([])
  })

  it('restores when that commit never reached the ledger', async () => {
    await save({ state: 'committing' })
    expect(await restoreUnfinishedTraffic(ports)).toMatchObject({ outcome: 'traffic-restored' })
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('touches nothing, and says so, when nobody knows whether that commit holds', async () => {
    await save({ state: 'committing', ledger: 'github' })
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(fake.commands).toEqual([])
    expect(warnings()).toEqual([
      expect.stringMatching(
        /^whether 1001-1-shop-eu-1 was committed is not known .* its target is left to the guard$/,
      ),
    ])
  })

  it('has nothing to do in a job without a transaction', async () => {
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(ports.recorded.summary).toEqual([])
    expect(ports.recorded.facts).toEqual({})
  })

  it('fails, and stays to be done, when the router does not hold what was recorded', async () => {
    await save()
    fake.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow(
      /^1001-1-shop-eu-1: traffic NOT restored: after the write of blue 100%, green 0% the router holds blue 25%, green 75%/,
    )
    expect(await states()).toEqual(['open'])
    expect(await inLedger()).toBe('open')
  })

  it('restores the others when one cannot be', async () => {
    const other = transactionRecord({ id: '1001-1-shop-us-1', openedAt: '2026-11-21T09:00:00.000Z' })
    await save({ record: other, settings: jobTransaction(1).settings })
    await save()
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow(
      /1001-1-shop-us-1: traffic NOT restored: .*; 1001-1-shop-eu-1: traffic restored/,
    )
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['open', 'restored'])
    expect(ports.recorded.facts['restored']).toMatchObject([{ ok: false }, { ok: true }])
  })
})

describe('the transactions of a job', () => {
  it('come in the order in which they were opened, and are found by their id', async () => {
    for (const [id, openedAt] of [
      ['b', '2026-11-21T10:00:01.000Z'],
      ['a', '2026-11-21T10:00:02.000Z'],
      ['c', '2026-11-21T10:00:00.000Z'],
    ] as const)
      await save({ record: transactionRecord({ id, openedAt }) })
    expect((await readJobTransactions(ports.context.temp)).map(({ record }) => record.id)).toEqual([
      'c',
      'b',
      'a',
    ])
    expect((await findJobTransaction(ports.context.temp, 'a'))?.record.openedAt).toBe(
      '2026-11-21T10:00:02.000Z',
    )
    expect(await findJobTransaction(ports.context.temp, 'd')).toBeUndefined()
  })

  it('are read beside one that was being written when its step was killed', async () => {
    await save()
    const file = join(ports.context.temp, 'deploy-actions', 'transactions', `${transactionRecord().id}.json`)
    await writeFile(`${file}.part`, (await readFile(file, 'utf8')).slice(0, 40))
    expect(await states()).toEqual(['open'])
  })
})

describe('the post of a runner that stood still, while GitHub is silent', () => {
  const own = { blue: 2500, green: 7500 }
  const theirs = { blue: 60, green: 40 }
  let silent = false
  beforeEach(() => {
    silent = false
    const no = () => Promise.reject(new ProviderError('503', { provider: 'GitHub', status: 503 }))
    const open = [{ description: 'open: run 1001 attempt 1' }]
    Object.assign(ports, { github: { list: () => (silent ? no() : Promise.resolve(open)), request: no } })
  })
  /** The guard restores, and the next rollout comes to these weights. */
  const standStill = (ms: number, ...proxies: FakeHaproxy[]): void => {
    silent = true
    ports.clock.advance(ms)
    for (const proxy of proxies) proxy.weights = { ...theirs }
  }

  it.each([
    ['was refused', 'set'],
    ['was never made', 'show'],
  ])('leaves the next rollout alone; its first write %s', async (_, command) => {
    await save({ ledger: 'github', at: '7', written: [own] })
    let first = true
    fake.before = (line) => {
      if (!line.startsWith(command) || !first) return 'act'
      first = false
      standStill(60_000, fake)
      throw new Error('the router begins anew')
    }
    await restoreUnfinishedTraffic(ports).catch(() => undefined)
    expect(fake.weights).toEqual(theirs)
  })

  it('goes on with what it has half written', async () => {
    await save({ ledger: 'github', at: '7', written: [own] })
    let writes = 0
    fake.before = (line) => {
      if (!line.startsWith('set') || ++writes !== 2) return 'act'
      silent = true
      ports.clock.advance(60_000)
      throw new Error('cut off after the first of two')
    }
    await restoreUnfinishedTraffic(ports)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
  })

  it('leaves the next rollout alone at both addresses of a pair, of which one answers later', async () => {
    const second = await startFakeHaproxy({ blue: 25, green: 75 })
    const { settings } = jobTransaction(fake.port)
    const hosts = [fake, second].map(({ port }) => `127.0.0.1:${port}`)
    const router = { type: 'haproxy', hosts, port: 9999, backend: 'app' }
    await save({ ledger: 'github', at: '7', written: [own], settings: { ...settings, router } })
    let stands = true
    fake.before = () => {
      if (stands) standStill(3_600_000, fake, second)
      stands = false
      return 'act'
    }
    let isFirst = true
    second.hold = async (_, when) => {
      if (when === 'before' || !isFirst) return
      isFirst = false
      await sleepReal(300)
    }
    await restoreUnfinishedTraffic(ports).catch(() => undefined)
    expect([fake.weights, second.weights]).toEqual([theirs, theirs])
    await second.close()
  })
})
