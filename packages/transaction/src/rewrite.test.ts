import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import type { Weights } from '@deploy-actions/rollout'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { NotInEffect, routers, type ObservedRouter } from '@deploy-actions/traffic'
import { findJobTransaction, saveJobTransaction, type JobTransaction } from './job-transaction'
import { rewriteAfterReload } from './rewrite'
import { jobTransaction, transactionRecord } from './transaction.fixture'

const { id } = transactionRecord()
const half: Weights = { blue: 5000, green: 5000 }
const whole: Weights = { blue: 0, green: 10_000 }

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
/** What the router was asked about a reload. */
let asked: { withinMs: number; written: Weights }[]
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 100, green: 0 })
  ports = createFakePorts()
  const configured = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })
  asked = []
  router = {
    ...configured.open(ports, ['blue', 'green']),
    reloaded: (withinMs, written) => {
      asked.push({ withinMs, written })
      return Promise.resolve(true)
    },
  }
})
afterEach(() => fake.close())

const save = (change: Partial<JobTransaction>) =>
  saveJobTransaction(ports.context.temp, jobTransaction(fake.port, change))
const wroteWhole = () => save({ written: [half, whole], writtenAt: '2026-11-21T09:59:00.000Z' })
const writes = () => fake.commands.filter((command) => command.startsWith('set'))
const rewrite = (wanted = whole) => rewriteAfterReload(id, router, wanted, ports)

describe('what a reload has lost since it was written', () => {
  it('is written again, told ahead like any write, and proven', async () => {
    await wroteWhole()
    await rewrite()
    expect(fake.weights).toEqual({ blue: 0, green: 100 })
    expect(asked).toEqual([{ withinMs: 60_000, written: whole }])
    expect(await findJobTransaction(ports.context.temp, id)).toMatchObject({
      written: [whole, whole],
      writtenAt: '2026-11-21T10:00:00.000Z',
    })
    expect(ports.recorded.log).toContainEqual({
      level: 'warning',
      line: expect.stringMatching(/; it is written again$/),
    })
  })

  it('is not back when the router does not show it', async () => {
    await wroteWhole()
    fake.before = (command) => (command.startsWith('set') ? 'lie' : 'act')
    await expect(rewrite()).rejects.toBeInstanceOf(NotInEffect)
  })

  it('is looked for in real milliseconds, since those are what a router counts', async () => {
    await wroteWhole()
    await rewriteAfterReload(id, router, whole, { ...ports, clock: { ...ports.clock, speed: 60 } })
    expect(asked).toEqual([{ withinMs: 1000, written: whole }])
  })
})

describe('a router is left as it is', () => {
  afterEach(() => expect(writes()).toEqual([]))

  it.each<[string, Partial<JobTransaction>]>([
    ['that holds what another transaction wrote', { record: transactionRecord({ id: 'another' }) }],
    ['that this transaction has never written', { written: [] }],
    ['of which nobody knows when it was written', { written: [whole] }],
    ['that this transaction has written something else to since', { written: [whole, half] }],
  ])('%s', async (_, change) => {
    const writtenAt = '2026-11-21T09:59:00.000Z'
    await save({ ...(change.written?.length !== 1 && { writtenAt }), written: [whole], ...change })
    await rewrite()
    expect(asked).toEqual([])
    expect(fake.commands).toEqual([])
  })

  it('that holds it', async () => {
    await wroteWhole()
    fake.weights = { blue: 0, green: 100 }
    await rewrite()
    expect(asked).toEqual([])
  })

  it('that somebody else changed, without a reload', async () => {
    await wroteWhole()
    router = { ...router, reloaded: () => Promise.resolve(false) }
    await rewrite()
  })

  it('that cannot tell of a reload, since its writes outlive it', async () => {
    await wroteWhole()
    const { reloaded: _, ...durable } = router
    router = durable
    await rewrite()
  })

  it('that cannot be read just now, for the proof that follows', async () => {
    await wroteWhole()
    const away = new ProviderError('no answer', { provider: 'haproxy', retryable: true })
    router = { ...router, read: () => Promise.reject(away) }
    await rewrite()
  })

  it.each([
    new ProviderError('wrong password', { provider: 'haproxy', retryable: false }),
    new Error('a mistake of ours'),
  ])('that fails for good, and it is said: %s', async (error) => {
    await wroteWhole()
    router = { ...router, read: () => Promise.reject(error) }
    await expect(rewrite()).rejects.toBe(error)
  })
})
