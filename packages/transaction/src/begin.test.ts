import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { InputError } from '@deploy-actions/action-kit'
import { LiveTransaction, openLedger, type Ledger } from '@deploy-actions/ledger'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from '@deploy-actions/traffic'
import { beginTransaction, leftOpen, prepareTransaction, type BeginRequest } from './begin'
import { findTargetArms, lookAtRouter, readRouter } from './find-arms'
import { readJobTransactions } from './job-transaction'
import { restorePointsOf, type RestorePoint } from './restore-point'
import { transactionRecord } from './transaction.fixture'

let fake: FakeHaproxy
let ports: FakePorts
let ledger: Ledger
/** What happened, in order. */
let steps: string[]
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 100, green: 0 })
  steps = []
  ports = createFakePorts()
  const kept = openLedger(`file:${join(ports.context.temp, 'ledger')}`, 'shop', ports)
  ledger = {
    ...kept,
    async open(record, settings) {
      steps.push(`record ${record.id}; ${(await readJobTransactions(ports.context.temp)).length} job files`)
      return kept.open(record, settings)
    },
  }
})
afterEach(() => fake.close())

const { release } = transactionRecord()
const router = () => routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })
const begin = async (
  more: Partial<BeginRequest> = {},
  how: typeof beginTransaction | typeof prepareTransaction = beginTransaction,
) =>
  how(
    {
      ledgerSpec: 'github',
      ledger,
      service: 'shop',
      region: 'eu',
      environment: 'production-eu',
      correlationId: 'shop-1001-1',
      release,
      found: more.weightsOnly
        ? await readRouter(await router(), ['blue', 'green'], ports)
        : await findTargetArms({ service: 'shop', region: 'eu' }, await router(), ['blue', 'green'], ports),
      ...more,
    },
    ports,
  )
const nothingLeft = async (): Promise<void> => {
  expect(await ledger.find({})).toEqual([])
  expect(await readJobTransactions(ports.context.temp)).toEqual([])
  expect(steps).toEqual([])
}

describe('beginTransaction', () => {
  it('writes ahead: first the record with its settings, then the job file, which knows where the ledger has it', async () => {
    const transaction = await begin()
    expect(steps).toEqual(['record 1001-1-shop-eu-1; 0 job files'])
    expect(transaction.at).toBe('000001')
    expect(await readJobTransactions(ports.context.temp)).toEqual([transaction])
    expect(await ledger.find({})).toMatchObject([{ state: 'open', record: transaction.record }])
    expect(await ledger.settings(transaction.record)).toEqual(transaction.settings)
    expect(fake.commands.filter((command) => command.startsWith('set'))).toEqual([])
  })

  it('records what it found, and what was there before', async () => {
    fake.weights = { blue: 0, green: 100 }
    const { record, settings } = await begin({ config: { path: 'rollout.yml', digest: 'sha256:1' } })
    expect(settings.arms).toEqual({ baseline: 'green', canary: 'blue' })
    expect(record).toMatchObject({
      restore: [{ kind: 'traffic', router: 'canary', weights: { blue: 0, green: 10_000 } }],
      config: { path: 'rollout.yml', digest: 'sha256:1' },
      openedAt: '2026-11-21T10:00:00.000Z',
    })
    expect(record).not.toHaveProperty('previous')

    await ledger.mark({ id: record.id }, 'committed', '')
    const second = await begin({ release: { version: '1.5.0', digest: `sha256:${'5'.repeat(64)}` } })
    expect(second.record).toMatchObject({ id: '1001-1-shop-eu-2', previous: release })
  })

  it('counts on from its own, whatever a region is called whose name begins as this one does', async () => {
    const { run } = transactionRecord()
    await ledger.open(
      transactionRecord({ id: '1001-1-shop-eu-4', run, environment: 'production-eu-old' }),
      {},
    )
    const other = { region: 'eu-7', environment: 'production-eu-7' }
    await ledger.open(transactionRecord({ id: '1001-1-shop-eu-7-1', run, ...other }), {})
    expect((await begin()).record.id).toBe('1001-1-shop-eu-5')
  })

  it('takes the snapshot of the arm that will be written, after the traffic', async () => {
    const state = { kind: 'script', name: 'deploy', state: '1.3.0' } as const
    const { record } = await begin({
      snapshot: ({ canary }) => Promise.resolve([{ ...state, arm: canary }]),
    })
    const points: RestorePoint[] = restorePointsOf(record)
    expect(points).toMatchObject([{ kind: 'traffic' }, { ...state, arm: 'green' }])
  })

  it('refuses a snapshot over 1 KiB, and leaves nothing', async () => {
    const failure = await begin({
      snapshot: () =>
        Promise.resolve([{ kind: 'script', name: 'deploy', arm: 'green', state: 'x'.repeat(1025) }]),
    }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(InputError)
    expect((failure as Error).message).toBe(
      'transaction 1001-1-shop-eu-1: restore.1.state: a script state is at most 1 KiB; nothing was written',
    )
    await nothingLeft()
  })

  it('refuses a target of which neither arm carries everything', async () => {
    fake.weights = { blue: 75, green: 25 }
    await expect(begin()).rejects.toThrow(
      /neither arm of shop in eu carries all the traffic: the router holds blue 75%, green 25%; nothing was written/,
    )
    await nothingLeft()
  })

  it('takes the larger arm for the baseline where any weights will do', async () => {
    fake.weights = { blue: 25, green: 75 }
    const { record, settings } = await begin({ weightsOnly: true })
    expect(settings.arms).toEqual({ baseline: 'green', canary: 'blue' })
    expect(record.weightsOnly).toBe(true)
    expect(record.restore).toEqual([
      { kind: 'traffic', router: 'canary', weights: { blue: 2500, green: 7500 } },
    ])
  })

  it.each(['differs', 'strangers', 'heldOut'] as const)(
    'refuses a router by what %s, also then',
    async (what) => {
      const configured = await router()
      const odd: typeof configured = {
        ...configured,
        open: (...how) => {
          const opened = configured.open(...how)
          const read = async (signal: AbortSignal) => ({
            ...(await opened.read(signal)),
            [what]: `said by ${what}`,
          })
          return { ...opened, read }
        },
      }
      await expect(readRouter(odd, ['blue', 'green'], ports)).rejects.toEqual(
        new InputError(`said by ${what}`),
      )
    },
  )

  it('records what is to be put back where that is not what was found', async () => {
    fake.weights = { blue: 0, green: 0 }
    const restoreTo = { blue: 10_000, green: 0 }
    const found = await lookAtRouter(await router(), ['blue', 'green'], ports)
    const { record } = await begin({ weightsOnly: true, found, restoreTo })
    expect(record.restore).toEqual([{ kind: 'traffic', router: 'canary', weights: restoreTo }])
  })

  it('finds a pair that differs as it was, and is refused when either is changed meanwhile', async () => {
    const two = await startFakeHaproxy({ blue: 0, green: 100 })
    const hosts = [`127.0.0.1:${fake.port}`, `127.0.0.1:${two.port}`]
    const pair = await routers.configure({ type: 'haproxy', port: 9999, hosts, backend: 'app' })
    const found = await lookAtRouter(pair, ['blue', 'green'], ports)
    const more = { weightsOnly: true, found, restoreTo: { blue: 10_000, green: 0 } }
    await begin(more)
    two.weights = { blue: 50, green: 50 }
    await expect(begin(more)).rejects.toThrow(
      /^somebody else changed the weights from its addresses differ: /,
    )
    await two.close()
  })

  it('records who was found in another state than ready', async () => {
    fake.states = { green: 'maint' }
    const { record } = await begin()
    expect(record.restore).toEqual([
      {
        kind: 'traffic',
        router: 'canary',
        weights: { blue: 10_000, green: 0 },
        states: { green: 'maint' },
      },
    ])
  })

  it('leaves nothing where it is only prepared', async () => {
    expect(await begin({}, prepareTransaction)).toMatchObject({ record: { id: '1001-1-shop-eu-1' } })
    await nothingLeft()
  })

  it('reads the router when it looks for the arms and when it opens the record, and never writes it', async () => {
    await begin()
    expect(fake.commands.filter((command) => command === 'show servers state app')).toHaveLength(2)
    expect(fake.commands.filter((command) => !command.startsWith('show'))).toEqual([])
  })

  it('is refused when somebody moves the traffic while the snapshot is taken: that would be undone by its restore', async () => {
    const moved = begin({
      snapshot: () => {
        fake.weights = { blue: 0, green: 100 }
        return Promise.resolve([])
      },
    })
    await expect(moved).rejects.toThrow(
      'somebody else changed the weights from blue 100%, green 0% to blue 0%, green 100% meanwhile',
    )
    await nothingLeft()
  })

  it('keeps no job file when another run holds the target: there is nothing of ours to restore', async () => {
    await ledger.open(
      transactionRecord({ id: '900-1-shop-eu-1', run: { ...transactionRecord().run, id: 900 } }),
      {},
    )
    await expect(begin()).rejects.toBeInstanceOf(LiveTransaction)
    expect(await readJobTransactions(ports.context.temp)).toEqual([])
  })
})

describe('what an earlier attempt of this run left open', () => {
  it.each([
    [[], true],
    [['restoring'], true],
    [['committed'], false],
    [['restoring', 'restored'], false],
  ] as const)('after %j: %s', async (marks, found) => {
    const record = transactionRecord()
    await ledger.open(record, {})
    for (const state of marks) await ledger.mark({ id: record.id }, state, '')
    expect((await leftOpen(ledger, record.environment, 1001)) !== undefined).toBe(found)
    expect(await leftOpen(ledger, record.environment, 1002)).toBeUndefined()
    expect(await leftOpen(ledger, 'production-us', 1001)).toBeUndefined()
  })
})
