import { join } from 'node:path'
import { beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { openLedger, type Ledger } from '@deploy-actions/ledger'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { findJobTransaction } from './job-transaction'
import { claimOf, lateClaim, noteHeld, noteWrite } from './still-ours'
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
    expect(await lateClaim(held('github'), refusing(503))).toEqual({
      claim: { written: [half], mayOverwriteAll: expect.any(Function) },
    })
    expect(warnings()).toEqual([
      `whether ${id} still holds production-eu is not known (503): only what it wrote itself is put back`,
    ])
  })
})
