import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, InputError } from '@deploy-actions/action-kit'
import { parseRollout } from '@deploy-actions/config'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFakePorts } from '@deploy-actions/testing'
import { commitTransaction, joinTransaction, mustBeOpen } from './forward'
import type { Ledger } from './ledger'
import { openLedger } from './open-ledger'
import { provePredecessor } from './predecessor'
import { jobTransaction, transactionRecord } from './transaction.fixture'
import { findJobTransaction, saveJobTransaction } from './transaction-file'

let folder: string
let ledger: Ledger
const ports = createFakePorts()
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  ledger = openLedger(`file:${folder}`, 'shop', ports)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const record = transactionRecord()
const { id, release } = record
const mark = async (...states: TransactionState[]): Promise<void> => {
  await ledger.open(record)
  for (const state of states) await ledger.mark(id, state, state === 'restoring' ? 'guard of run 1001' : '')
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
    await expect(mustBeOpen(ledger, record)).resolves.toBeUndefined()
  })

  it.each<[TransactionState[], string]>([
    [['restoring'], 'is restoring (restoring: guard of run 1001)'],
    [['committed'], 'is committed (committed)'],
    [['superseded'], 'is superseded (superseded)'],
  ])('stops when it is %j', async (states, text) => {
    await mark(...states)
    await expect(mustBeOpen(ledger, record)).rejects.toThrow(
      `transaction ${id} ${text}: nothing more is written to its target`,
    )
    await expect(mustBeOpen(ledger, record)).rejects.toBeInstanceOf(GateFailed)
  })

  it('stops when the ledger does not know it', async () => {
    await expect(mustBeOpen(ledger, record)).rejects.toThrow('is not in the ledger: nothing more is written')
  })
})

describe('a commit', () => {
  const state = async () => (await findJobTransaction(folder, id))?.state

  it('is done when the ledger has it; in between the job file says that it was begun', async () => {
    await ledger.open(record)
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

describe('the proof of a predecessor', () => {
  const file = parseRollout(
    'service: shop\nregions: [{ name: eu, environment: production-eu }, { name: us, environment: production-us }]\n',
    'rollout.yml',
  )
  const transaction = { id, commit: record.commit }

  it('is its newest transaction, committed with this digest', async () => {
    await mark('committed')
    expect(await provePredecessor(ledger, file, 'eu', release.digest)).toEqual({
      proven: true,
      reason: `eu is committed with 1.4.0 (transaction ${id})`,
      transaction,
    })
  })

  it('is missing without a transaction', async () => {
    expect(await provePredecessor(ledger, file, 'us', release.digest)).toEqual({
      proven: false,
      reason: 'us comes first and has no transaction yet',
    })
  })

  it.each<TransactionState[][]>([
    [[]],
    [['restoring']],
    [['restoring', 'restored']],
    [['committed', 'restoring', 'restored']],
  ])('is missing while its newest is after %j', async (states) => {
    await mark(...states)
    expect(await provePredecessor(ledger, file, 'eu', release.digest)).toEqual({
      proven: false,
      reason: `eu comes first, and its newest transaction ${id} (1.4.0) is ${states.at(-1) ?? 'open'}`,
      transaction,
    })
  })

  it('is not the commit of another release', async () => {
    await mark('committed')
    expect(await provePredecessor(ledger, file, 'eu', `sha256:${'9'.repeat(64)}`)).toMatchObject({
      proven: false,
      reason: `eu comes first and still runs 1.4.0 (${release.digest})`,
    })
  })

  it('does not count who lost the race for the environment', async () => {
    await mark('committed')
    await ledger.open(transactionRecord({ id: '1002-1-shop-eu-1' }))
    await ledger.mark('1002-1-shop-eu-1', 'superseded', '')
    expect(await provePredecessor(ledger, file, 'eu', release.digest)).toMatchObject({ proven: true })
  })

  it('needs a region that exists', async () => {
    await expect(provePredecessor(ledger, file, 'asia', release.digest)).rejects.toThrow(
      'no region is named asia; known: eu, us.',
    )
  })
})

describe('openLedger', () => {
  it('opens a folder by its name, and GitHub else', async () => {
    await ledger.open(record)
    expect(await openLedger(`file:${folder}`, 'shop', ports).find({})).toHaveLength(1)
    const routes: string[] = []
    const request = (route: string) => Promise.resolve((routes.push(route), []) as never)
    const github = { ...ports.github, request }
    expect(await openLedger('github', 'shop', { ...ports, github }).find({})).toEqual([])
    expect(routes).toEqual(['GET /repos/{owner}/{repo}/deployments'])
  })
})
