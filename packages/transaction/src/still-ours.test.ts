import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { openLedger, type Ledger, type LedgerQuery } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { findJobTransaction } from './job-transaction'
import { NoLongerOurs } from '@deploy-actions/traffic'
import { claimOf, closedBy, lateClaim, noteHeld, noteWrite, stillHeld, stillNewest } from './still-ours'
import { jobTransaction, transactionRecord } from './transaction.fixture'

const { id } = transactionRecord()
const [ten, half, whole] = [1000, 5000, 10_000].map((green) => ({ blue: 10_000 - green, green }))

let ports: FakePorts
let ledger: Ledger
beforeEach(async () => {
  ports = createFakePorts()
  ledger = openLedger(`file:${join(ports.context.temp, 'ledger')}`, 'shop', ports)
  await ledger.open(transactionRecord(), {})
})
const held = (spec = `file:${join(ports.context.temp, 'ledger')}`) => ({
  ...jobTransaction(1, { ledger: spec }),
  written: [half!],
})
const warnings = () => ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)

/** GitHub answers everything with this status. */
const refusing = (status: number): FakePorts =>
  Object.assign(ports, {
    github: {
      request: () => Promise.reject(new ProviderError(`${status}`, { provider: 'GitHub', status })),
      list: () => Promise.reject(new ProviderError(`${status}`, { provider: 'GitHub', status })),
    },
  })

describe('the vectors of a transaction', () => {
  it('are the one that is about to be written and the one before it', async () => {
    let transaction = jobTransaction(1)
    for (const wanted of [ten!, half!, whole!]) transaction = await noteWrite(transaction, wanted, ports)
    expect(transaction).toMatchObject({ written: [half, whole], writtenAt: '2026-11-21T10:00:00.000Z' })
    expect(await findJobTransaction(ports.context.temp, id)).toEqual(transaction)
  })
})

it('takes that somebody else has seen to the target for an answer, and nothing else', () => {
  expect(closedBy(new NoLongerOurs('2.0.0 has come'))).toEqual({ closed: '2.0.0 has come' })
  expect(() => closedBy(new ProviderError('away', { provider: 'haproxy' }))).toThrow('away')
})

it('when the last vector was last seen to hold is kept in the time of the action', async () => {
  const clock = { ...ports.clock, speed: 60, realMs: () => 100_000 }
  const noted = await noteHeld({ ...held(), writtenAt: '' }, 99_000, { ...ports, clock })
  // A second ago, which is a minute of the action's.
  expect(noted).toEqual({ ...held(), writtenAt: '2026-11-21T09:59:00.000Z' })
  expect(await findJobTransaction(ports.context.temp, id)).toEqual(noted)
})

describe('what a stage that puts its traffic back may overwrite', () => {
  it('is what it wrote, and anything while its transaction holds the target, which is asked once', async () => {
    const claim = claimOf(held(), ports)
    expect(claim.written).toEqual([half])
    expect(await claim.mayOverwriteAll()).toBe(true)
    await ledger.mark({ id }, 'restoring', 'guard')
    await ledger.mark({ id }, 'restored', 'guard')
    expect(await claim.mayOverwriteAll()).toBe(true)
    expect(warnings()).toEqual([])
  })

  it('is nothing else once the target may be of the next rollout', async () => {
    await ledger.mark({ id }, 'restoring', 'guard')
    await ledger.mark({ id }, 'restored', 'guard')
    expect(await claimOf(held(), ports).mayOverwriteAll()).toBe(false)
    expect(warnings()).toEqual([`by the ledger ${id} is restored, and holds production-eu no more`])
  })

  it('is what it wrote, too, once GitHub takes its token no more', async () => {
    const claim = claimOf(held('github'), refusing(401))
    expect(claim.written).toEqual([half])
    expect(await claim.mayOverwriteAll()).toBe(false)
    expect(warnings()).toEqual([
      `whether ${id} still holds production-eu is not known (401): only what it wrote itself is put back`,
    ])
  })

  it('is nothing else while the ledger gives no answer, and it is said why', async () => {
    expect(await claimOf(held('github'), ports).mayOverwriteAll()).toBe(false)
    expect(warnings()).toEqual([
      expect.stringMatching(
        new RegExp(`^whether ${id} still holds production-eu is not known .*: only what it wrote itself`),
      ),
    ])
  })
})

describe('what a post or a restore step may overwrite', () => {
  it('is nothing once GitHub takes its token no more', async () => {
    expect(await lateClaim(held('github'), refusing(401))).toEqual({
      closed: `GitHub takes the token of this job no more (the job has ended, or the token has expired): what is left of ${id} is the guard's`,
    })
    expect(warnings()).toEqual([
      `whether ${id} still holds production-eu is not known (401): nothing more is put back by this job`,
    ])
  })

  it('is what it wrote while GitHub gives no answer, and the rest is still to be told of', async () => {
    const late = await lateClaim(held('github'), refusing(503))
    expect(late).toEqual({ claim: { written: [half], mayOverwriteAll: expect.any(Function) } })
    expect('claim' in late && (await late.claim?.mayOverwriteAll())).toBe(false)
    expect(warnings()).toEqual([
      `whether ${id} still holds production-eu is not known (503): only what it wrote itself is put back`,
    ])
  })
})

describe('what a job asks before it writes to the target of its own transaction', () => {
  const close = async () => {
    for (const state of ['restoring', 'restored'] as const) await ledger.mark({ id }, state, 'guard')
  }

  it('is asked ten seconds after the ledger was, and then ten later', async () => {
    const ask = stillHeld(held(), ports)
    const wait = (ms: number) => ports.clock.sleep(ms, ports.signal)
    await wait(9_999)
    await close()
    expect(await ask()).toBeUndefined()
    await wait(1)
    await expect(ask()).rejects.toEqual(
      new NoLongerOurs(`by the ledger ${id} is restored: its target is left alone`),
    )
  })

  it('is told from the last answer on', async () => {
    const ask = stillHeld(held(), ports)
    await ports.clock.sleep(10_000, ports.signal)
    expect(await ask()).toBeUndefined()
    await close()
    await ports.clock.sleep(9_999, ports.signal)
    expect(await ask()).toBeUndefined()
    await ports.clock.sleep(1, ports.signal)
    await expect(ask()).rejects.toBeInstanceOf(NoLongerOurs)
  })

  it('is no more than what it wrote while the ledger gives no answer', async () => {
    const ask = stillHeld(held('github'), ports)
    await ports.clock.sleep(10_000, ports.signal)
    expect(await ask()).toMatchObject({ written: [half] })
  })
})

describe('what a stage asks whose token GitHub takes no more', () => {
  it('is what it wrote itself, whenever it asks', async () => {
    const asks = stillHeld(held('github'), refusing(401), { whenRefused: 'own' })
    ports.clock.advance(10_000)
    expect((await asks())?.written).toEqual([half])
    // The answer holds for what is written right after it, too.
    expect((await asks())?.written).toEqual([half])
    expect(await lateClaim(held('github'), refusing(401), { whenRefused: 'own' })).toMatchObject({
      claim: { written: [half] },
    })
    expect(warnings().join()).toContain('only what it wrote itself is put back')
  })
})

describe('what a restorer in another job asks before it writes', () => {
  const record = transactionRecord()
  const later = (change = {}) =>
    transactionRecord({ id: '1002-1-shop-eu-1', run: { ...record.run, id: 1002 }, ...change })
  const walk = async (...states: TransactionState[]) => {
    for (const state of states) await ledger.mark({ id }, state, 'x')
  }

  it('goes on while its transaction is the newest, and holds its target or stands as it was found', async () => {
    for (const state of ['open', 'restoring', 'restore-failed'] as const) {
      if (state !== 'open') await walk(state)
      expect(await stillNewest(ledger, { record }, ports)()).toBeUndefined()
    }
    await walk('restoring', 'restored')
    expect(await stillNewest(ledger, { record, state: 'restored' }, ports)()).toBeUndefined()
    expect(warnings()).toEqual([])
  })

  it('ends once somebody has closed it', async () => {
    await walk('restoring', 'restored')
    await expect(stillNewest(ledger, { record, state: 'restore-failed' }, ports)()).rejects.toEqual(
      new NoLongerOurs(`by the ledger ${id} is restored meanwhile, so its target is left alone`),
    )
  })

  it('ends once another has come after it, by the order of the ledger', async () => {
    await walk('committed')
    const [found] = await ledger.find({ id })
    if (!found) throw new Error('it is not there')
    await ledger.open(later({ openedAt: '2026-11-21T09:00:00.000Z' }), {})
    await expect(stillNewest(ledger, found, ports)()).rejects.toEqual(
      new NoLongerOurs(`1002-1-shop-eu-1 has come after ${id}, so its target is left alone`),
    )
  })

  it('does not take what stood before a lost record for something newer', async () => {
    const empty = openLedger(`file:${join(ports.context.temp, 'other')}`, 'shop', ports)
    const lost = { record }
    expect(await stillNewest(empty, lost, ports)()).toBeUndefined()
    await empty.open(later({ openedAt: record.openedAt }), {})
    expect(await stillNewest(empty, lost, ports)()).toBeUndefined()
    await empty.mark({ id: later().id }, 'committed', '')
    await empty.open(transactionRecord({ id: '1003-1-shop-eu-1', openedAt: '2026-11-21T10:00:00.001Z' }), {})
    await expect(stillNewest(empty, lost, ports)()).rejects.toThrow('1003-1-shop-eu-1 has come after')
  })

  it('ends where the arm that it would go back to is being removed, unless it was marked before', async () => {
    const oldArm = {
      ...{ phase: 'begun' as const, arm: 'blue', attempt: 1, run: 900 },
      since: 'then',
      saidAt: 'then',
    }
    const told: Ledger = {
      ...ledger,
      find: async (query) => (await ledger.find(query)).map((entry) => ({ ...entry, oldArm })),
    }
    await walk('committed')
    await expect(stillNewest(told, { record, state: 'committed' }, ports)()).rejects.toEqual(
      new NoLongerOurs(
        'its old arm blue is being removed, or gone, since then (run 900), so its target is left alone',
      ),
    )
    await walk('restoring')
    expect(await stillNewest(told, { record, state: 'committed' }, ports)()).toBeUndefined()
  })

  it('makes no room for who was never let in', async () => {
    const [found] = await ledger.find({ id })
    if (!found) throw new Error('it is not there')
    const asked: unknown[] = []
    const told = {
      ...ledger,
      find: (query: LedgerQuery) => {
        asked.push(query)
        return ledger.find(query)
      },
    }
    expect(await stillNewest(told, found, ports)()).toBeUndefined()
    expect(asked).toEqual([{ environment: 'production-eu', letIn: true, limit: 1 }])
  })

  describe('where what has come since is put back itself', () => {
    const opened = (run: number) =>
      transactionRecord({ id: `${run}-1-shop-eu-1`, run: { ...transactionRecord().run, id: run } })
    const come = async (run: number, ...states: TransactionState[]): Promise<void> => {
      await ledger.open(opened(run), {})
      for (const state of states) await ledger.mark(opened(run), state, `by run ${run}`)
    }
    const asks = async (begunAs: TransactionState): Promise<string> => {
      const [own] = await ledger.find({ id })
      return stillNewest(ledger, { record: transactionRecord(), state: begunAs, at: own!.at }, ports)().then(
        () => 'goes on',
        (error: Error) => error.message,
      )
    }

    it('goes on with what was committed and is taken back', async () => {
      await ledger.mark({ id }, 'committed', '')
      await come(2, 'restoring', 'restored')
      expect(await asks('committed')).toBe('goes on')
      await ledger.mark({ id }, 'restoring', 'by a person')
      expect(await asks('committed')).toBe('goes on')
    })

    it('ends where another stands between them', async () => {
      await ledger.mark({ id }, 'committed', '')
      await come(2, 'committed')
      await come(3, 'restoring', 'restored')
      expect(await asks('committed')).toMatch(/^2-1-shop-eu-1 has come after/)
    })

    it('ends where its own is put back by now', async () => {
      for (const state of ['restoring', 'restored'] as const) await ledger.mark({ id }, state, '')
      await come(2, 'restoring', 'restored')
      expect(await asks('open')).toMatch(/^by the ledger .* is restored meanwhile/)
    })

    it('ends while that is not done', async () => {
      await ledger.mark({ id }, 'committed', '')
      await come(2, 'restoring')
      expect(await asks('committed')).toMatch(/^2-1-shop-eu-1 has come after/)
    })
  })

  it('waits twenty seconds at most for all of its answers', async () => {
    const asked: number[] = []
    const clock = { ...ports.clock, ioTimeout: (ms: number) => (asked.push(ms), 5) }
    const silent: Ledger = { ...ledger, find: () => new Promise(() => undefined) }
    await stillNewest(silent, { record: transactionRecord() }, { ...ports, clock })()
    expect(asked).toEqual([20_000])
  })

  it('goes on while the ledger gives no answer, and says so', async () => {
    const silent = { ...ledger, find: () => Promise.reject(new Error('503')) }
    expect(await stillNewest(silent, { record }, ports)()).toBeUndefined()
    expect(warnings()).toEqual([`whether ${id} is still the newest of production-eu is not known: 503`])
  })
})
