import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, InputError } from '@deploy-actions/action-kit'
import { openLedger, type Ledger } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFakePorts } from '@deploy-actions/testing'
import { findJobTransaction, saveJobTransaction } from './job-transaction'
import { abandonTransaction, commitTransaction, joinTransaction, mustBeCommitted, mustBeOpen } from './join'
import { jobTransaction, transactionRecord } from './transaction.fixture'

let folder: string
let ledger: Ledger
const ports = createFakePorts()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  ledger = openLedger(`file:${folder}`, 'shop', ports)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const record = transactionRecord()
const { id } = record
const mark = async (...states: TransactionState[]): Promise<void> => {
  await ledger.open(record, {})
  for (const state of states)
    await ledger.mark({ id }, state, state === 'restoring' ? 'guard of run 1001' : '')
}

describe('a forward write', () => {
  it('joins a transaction of its own job only', async () => {
    await saveJobTransaction(folder, jobTransaction(1))
    expect(await joinTransaction(id, { temp: folder })).toEqual(jobTransaction(1))
    await expect(joinTransaction('9-1-shop-eu-1', { temp: folder })).rejects.toThrow(
      /^input `transaction`: 9-1-shop-eu-1 was not begun in this job/,
    )
    await expect(joinTransaction('9-1-shop-eu-1', { temp: folder })).rejects.toBeInstanceOf(InputError)
  })

  it('goes on while the transaction is open', async () => {
    await mark()
    await expect(mustBeOpen(ledger, { record })).resolves.toBeUndefined()
  })

  it.each<[TransactionState[], string]>([
    [['restoring'], 'is restoring (restoring: guard of run 1001)'],
    [['committed'], 'is committed (committed)'],
    [['superseded'], 'is superseded (superseded)'],
  ])('stops when it is %j', async (states, text) => {
    await mark(...states)
    await expect(mustBeOpen(ledger, { record })).rejects.toThrow(
      `transaction ${id} ${text}: nothing more is written to its target`,
    )
    await expect(mustBeOpen(ledger, { record })).rejects.toBeInstanceOf(GateFailed)
  })

  it('gives way to what follows a commit once it is committed, and no longer than that', async () => {
    await mark()
    await expect(mustBeCommitted(ledger, { record })).rejects.toThrow(
      `transaction ${id} is open (): nothing is done that follows a commit`,
    )
    await ledger.mark({ id }, 'committed', '')
    await expect(mustBeCommitted(ledger, { record })).resolves.toBeUndefined()
    await ledger.mark({ id }, 'restoring', 'ann: orders are lost')
    await expect(mustBeCommitted(ledger, { record })).rejects.toBeInstanceOf(GateFailed)
  })

  it('stops when the ledger does not know it', async () => {
    await expect(mustBeOpen(ledger, { record })).rejects.toThrow(`has no transaction ${id}`)
  })
})

describe('a commit', () => {
  const state = async () => (await findJobTransaction(folder, id))?.state

  it('is done when the ledger has it; in between the job file says that it was begun', async () => {
    await ledger.open(record, {})
    const seen: unknown[] = []
    const watched: Ledger = {
      ...ledger,
      mark: async (...args) => (seen.push(await state()), ledger.mark(...args)),
    }
    await commitTransaction(jobTransaction(1), watched, 'all traffic on green', { temp: folder })
    expect(seen).toEqual(['committing'])
    expect(await state()).toBe('committed')
    expect(await ledger.find({ id })).toMatchObject([
      { state: 'committed', note: 'committed: all traffic on green' },
    ])
  })

  it('that the ledger refuses stays begun', async () => {
    await mark('restoring', 'restored')
    await expect(commitTransaction(jobTransaction(1), ledger, '', { temp: folder })).rejects.toThrow(
      'is restored and cannot become committed',
    )
    expect(await state()).toBe('committing')
  })
})

describe('a transaction in which nothing was written', () => {
  const own = () => {
    const mine = createFakePorts({ context: { temp: folder } })
    return { ...mine, warnings: () => mine.recorded.log.filter(({ level }) => level === 'warning') }
  }

  it('is closed as one that never held the target, and its post has nothing to put back', async () => {
    await mark()
    await abandonTransaction(jobTransaction(1), ledger, 'somebody else changed the weights', own())
    expect(await ledger.find({ id })).toMatchObject([
      { state: 'superseded', note: 'superseded: somebody else changed the weights' },
    ])
    expect((await findJobTransaction(folder, id))?.state).toBe('restored')
  })

  it('is closed in the job also when the ledger does not answer', async () => {
    const silent: Ledger = { ...ledger, mark: () => Promise.reject(new Error('GitHub answered 503')) }
    const mine = own()
    await abandonTransaction(jobTransaction(1), silent, '', mine)
    expect((await findJobTransaction(folder, id))?.state).toBe('restored')
    expect(mine.warnings().map(({ line }) => line)).toEqual([
      'the ledger could not be told that nothing was written: GitHub answered 503',
    ])
  })
})
