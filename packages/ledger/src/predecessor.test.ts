import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFakePorts } from '@deploy-actions/testing'
import type { Ledger } from './ledger'
import { openLedger } from './open-ledger'
import { provePredecessor } from './predecessor'
import { transactionRecord } from './record.fixture'

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
  await ledger.open(record, {})
  for (const state of states)
    await ledger.mark({ id }, state, state === 'restoring' ? 'guard of run 1001' : '')
}

describe('the proof of a predecessor', () => {
  const eu = { name: 'eu', environment: 'production-eu' }
  const us = { name: 'us', environment: 'production-us' }
  const transaction = record

  it('is its newest transaction, committed with this digest', async () => {
    await mark('committed')
    expect(await provePredecessor(ledger, eu, release.digest)).toEqual({
      proven: true,
      reason: `eu is committed with 1.4.0 (transaction ${id})`,
      transaction,
    })
  })

  it('is missing without a transaction', async () => {
    expect(await provePredecessor(ledger, us, release.digest)).toEqual({
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
    expect(await provePredecessor(ledger, eu, release.digest)).toEqual({
      proven: false,
      reason: `eu comes first, and its newest transaction ${id} (1.4.0) is ${states.at(-1) ?? 'open'}`,
      transaction,
    })
  })

  it('is missing where the weights were set by hand since', async () => {
    await mark('committed')
    const byHand = transactionRecord({ id: '1002-1-shop-eu-1', weightsOnly: true })
    await ledger.open(byHand, {})
    await ledger.mark(byHand, 'committed', '')
    expect(await provePredecessor(ledger, eu, release.digest)).toEqual({
      proven: false,
      reason: 'eu comes first, and its weights were set by hand since (transaction 1002-1-shop-eu-1)',
      transaction: byHand,
    })
  })

  it('is missing while the release is on one arm alone, and belongs on both', async () => {
    const first = transactionRecord({ finish: 'promote' })
    await ledger.open(first, {})
    await ledger.mark(first, 'committed', '')
    expect(await provePredecessor(ledger, eu, release.digest)).toMatchObject({
      proven: false,
      reason: `eu comes first, and 1.4.0 was not brought onto its old arm, too (transaction ${id})`,
    })
    const second = transactionRecord({ id: '1001-1-shop-eu-2', finishes: { id } })
    await ledger.open(second, {})
    await ledger.mark(second, 'committed', '')
    expect(await provePredecessor(ledger, eu, release.digest)).toMatchObject({ proven: true })
  })

  it('is not the commit of another release', async () => {
    await mark('committed')
    expect(await provePredecessor(ledger, eu, `sha256:${'9'.repeat(64)}`)).toMatchObject({
      proven: false,
      reason: `eu comes first and still runs 1.4.0 (${release.digest})`,
    })
  })

  it('does not count who lost the race for the environment', async () => {
    await mark('committed')
    await ledger.open(transactionRecord({ id: '1002-1-shop-eu-1' }), {})
    await ledger.mark({ id: '1002-1-shop-eu-1' }, 'superseded', '')
    expect(await provePredecessor(ledger, eu, release.digest)).toMatchObject({ proven: true })
  })
})

describe('openLedger', () => {
  it('opens a folder by its name, and GitHub else', async () => {
    await ledger.open(record, {})
    expect(await readdir(folder)).toContain('000001.json')
    expect(await openLedger(`file:${folder}`, 'shop', ports).find({})).toHaveLength(1)
    const routes: string[] = []
    const request = (route: string) => Promise.resolve((routes.push(route), []) as never)
    const github = { ...ports.github, request }
    expect(await openLedger('github', 'shop', { ...ports, github }).find({})).toEqual([])
    expect(routes).toEqual(['GET /repos/{owner}/{repo}/deployments'])
  })
})
