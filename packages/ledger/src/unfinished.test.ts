import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { jobTransaction, transactionRecord } from './transaction.fixture'
import { findJobTransaction, readJobTransactions, saveJobTransaction, type JobTransaction } from './transaction-file'
import { restoreUnfinishedTraffic } from './unfinished'

let fake: FakeHaproxy
let ports: FakePorts
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 25, green: 75 })
  ports = createFakePorts()
})
afterEach(() => fake.close())

const save = (change: Partial<JobTransaction> = {}) => saveJobTransaction(ports.context.temp, jobTransaction(fake.port, change))
const states = async () => (await readJobTransactions(ports.context.temp)).map(({ state }) => state)

describe('the post of a writer', () => {
  it('puts the traffic of an open transaction back and proves it', async () => {
    await save()
    expect(await restoreUnfinishedTraffic(ports)).toEqual({ outcome: 'traffic-restored', reason: '1001-1-shop-eu-1: traffic restored: reads blue 100%, green 0%' })
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['traffic-restored'])
    expect(ports.recorded.subject).toEqual({ service: 'shop', region: 'eu', environment: 'production-eu', transaction: '1001-1-shop-eu-1' })
    expect(ports.recorded.facts).toMatchObject({ restored: [{ kind: 'traffic', ok: true, weights: { blue: 10_000, green: 0 } }] })
    expect(ports.recorded.summary).toHaveLength(1)
  })

  it('writes nothing a second time', async () => {
    await save()
    await restoreUnfinishedTraffic(ports)
    const written = fake.commands.length
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(fake.commands).toHaveLength(written)
  })

  it.each(['committed', 'restored', 'traffic-restored'] as const)('leaves a transaction alone that is %s', async (state) => {
    await save({ state })
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(fake.commands).toEqual([])
  })

  it('has nothing to do in a job without a transaction', async () => {
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(ports.recorded).toMatchObject({ summary: [], facts: {} })
  })

  it('fails, and stays to be done, when the router does not hold what was recorded', async () => {
    await save()
    fake.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow(/^1001-1-shop-eu-1: traffic NOT restored: after the write of blue 100%, green 0% the router holds blue 25%, green 75%/)
    expect(await states()).toEqual(['open'])
  })

  it('restores the others when one cannot be', async () => {
    const other = { ...transactionRecord(), id: '1001-1-shop-us-1', openedAt: '2026-11-21T09:00:00.000Z' }
    await save({ record: other, settings: { ...jobTransaction(1).settings } })
    await save()
    await expect(restoreUnfinishedTraffic(ports)).rejects.toThrow(/1001-1-shop-us-1: traffic NOT restored: .*; 1001-1-shop-eu-1: traffic restored/)
    expect(fake.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['open', 'traffic-restored'])
    expect(ports.recorded.facts['restored']).toMatchObject([{ ok: false }, { ok: true }])
  })
})

describe('the transactions of a job', () => {
  it('come in the order in which they were opened, and are found by their id', async () => {
    for (const [id, openedAt] of [['b', '2026-11-21T10:00:01.000Z'], ['a', '2026-11-21T10:00:02.000Z'], ['c', '2026-11-21T10:00:00.000Z']] as const)
      await save({ record: transactionRecord({ id, openedAt }) })
    expect((await readJobTransactions(ports.context.temp)).map(({ record }) => record.id)).toEqual(['c', 'b', 'a'])
    expect((await findJobTransaction(ports.context.temp, 'a'))?.record.openedAt).toBe('2026-11-21T10:00:02.000Z')
    expect(await findJobTransaction(ports.context.temp, 'd')).toBeUndefined()
  })
})
