import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  LiveTransaction,
  MAX_NOTE,
  newest,
  newestCommitted,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFileLedger } from '../../packages/ledger/src/file-ledger'
import { createGitHubLedger } from '../../packages/ledger/src/github-ledger'
import { createFakeClock } from '@deploy-actions/testing'
import { mainSha, testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import type { Permissions } from '@deploy-actions/workflow-engine'

/** One place in which transactions are kept, opened anew by every process. */
interface Place {
  ledger(service?: string): Ledger
  close(): Promise<void>
}

const kinds: Record<string, () => Promise<Place>> = {
  async file() {
    const folder = await mkdtemp(join(tmpdir(), 'ledger-'))
    return {
      ledger: (service = 'shop') => createFileLedger(folder, service),
      close: () => rm(folder, { recursive: true, force: true }),
    }
  },
  async github() {
    const world = await testGitHub()
    return {
      ledger: (service = 'shop') => githubLedger(world, { deployments: 'write' }, service),
      close: () => world.close(),
    }
  },
}

/** Our ledger in a job of its own. */
function githubLedger(
  world: TestGitHub,
  permissions: Permissions,
  service = 'shop',
  now = '2026-11-20T12:00:00.000Z',
): Ledger {
  const { job, run } = world.begin(permissions)
  const logUrl = `https://github.com/acme/shop/actions/runs/${run.id}`
  const clock = { ...createFakeClock(), now: () => new Date(now) }
  return createGitHubLedger(world.client(job), service, {
    logUrl,
    clock,
    signal: new AbortController().signal,
  })
}

function record(run: number, change: Partial<TransactionRecord> = {}): TransactionRecord {
  const { service = 'shop', region = 'eu-west' } = change
  return {
    v: 1,
    id: `${run}-1-${service}-${region}-1`,
    service,
    region,
    environment: `production-${region}`,
    release: { version: '1.3.0', digest: `sha256:${'1'.repeat(64)}` },
    commit: mainSha,
    run: {
      id: run,
      attempt: 1,
      workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      actor: 'ann',
    },
    correlationId: 'c-1',
    openedAt: '2026-11-20T10:00:00.000Z',
    restore: [{ kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } }],
    ...change,
  }
}

describe.each(Object.keys(kinds))('the %s ledger', (kind) => {
  let place: Place
  let ledger: Ledger
  beforeEach(async () => {
    place = await (kinds[kind] as () => Promise<Place>)()
    ledger = place.ledger()
  })
  afterEach(() => place.close())

  const environment = 'production-eu-west'
  const { id } = record(1)
  const walk = async (id: string, ...states: TransactionState[]) => {
    for (const state of states) await ledger.mark(id, state, '')
  }
  const states = async () =>
    (await place.ledger().find({ limit: 100 })).map(({ record, state }) => [record.run.id, state])

  it('is empty at first', async () => {
    expect(await ledger.find({})).toEqual([])
    expect(await newest(ledger, environment)).toBeUndefined()
    await expect(ledger.mark(id, 'committed', '')).rejects.toThrow(`no transaction ${id}`)
  })

  it('keeps a record as it was opened, for every process', async () => {
    await ledger.open(record(1))
    expect(await place.ledger().find({})).toEqual([
      expect.objectContaining({ record: record(1), state: 'open' }),
    ])
    await place.ledger().mark(id, 'committed', 'all traffic on green')
    expect(await ledger.find({ id })).toMatchObject([
      { state: 'committed', note: 'committed: all traffic on green' },
    ])
    expect(await newestCommitted(ledger, environment)).toMatchObject({ record: { id } })
  })

  it('refuses a target that is held, names who holds it and leaves that alone', async () => {
    await ledger.open(record(1))
    const before = await ledger.find({})
    const refused = await place
      .ledger()
      .open(record(2))
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(LiveTransaction)
    expect((refused as LiveTransaction).message).toContain('held by run 1 (attempt 1, ann)')
    expect((refused as LiveTransaction).entry.record.id).toBe(id)
    expect(await ledger.find({})).toEqual(before)

    await ledger.mark(id, 'restoring', 'guard')
    await expect(place.ledger().open(record(3))).rejects.toThrow('is restoring')
    await ledger.mark(id, 'restore-failed', 'the router is away')
    await expect(place.ledger().open(record(3))).rejects.toThrow('is restore-failed: the router is away')
  })

  it.each<{ path: TransactionState[] }>([
    { path: ['committed'] },
    { path: ['superseded'] },
    { path: ['restoring', 'restored'] },
    { path: ['restoring', 'unverified'] },
    { path: ['restoring', 'restore-failed', 'resolved'] },
  ])('lets the next one in after $path', async ({ path }) => {
    await ledger.open(record(1))
    await walk(id, ...path)
    await place.ledger().open(record(2))
    expect(await states()).toEqual([
      [2, 'open'],
      [1, path.at(-1)],
    ])
  })

  it('holds one target, not other regions or services', async () => {
    await ledger.open(record(1))
    await ledger.open(record(1, { region: 'us-east' }))
    await place.ledger('cart').open(record(1, { service: 'cart' }))
    expect((await ledger.find({})).map(({ record }) => record.region)).toEqual(['us-east', 'eu-west'])
    expect(await place.ledger('cart').find({ environment })).toHaveLength(1)
  })

  it('lets exactly one of many win that open at once; the others step back', async () => {
    const openers = [1, 2, 3, 4, 5, 6].map((run) => place.ledger().open(record(run)))
    const ended = await Promise.allSettled(openers)
    const won = ended.flatMap(({ status }, index) => (status === 'fulfilled' ? [index + 1] : []))
    expect(won).toHaveLength(1)
    for (const result of ended)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(LiveTransaction)
    const left = await states()
    expect(left.filter(([, state]) => state === 'open')).toEqual([[won[0], 'open']])
    expect(left.every(([run, state]) => run === won[0] || state === 'superseded')).toBe(true)
    expect(await newest(ledger, environment)).toMatchObject({ record: { run: { id: won[0] } } })
  })

  it.each<[TransactionState[], TransactionState]>([
    [[], 'restored'],
    [[], 'open'],
    [['committed'], 'superseded'],
    [['committed'], 'restored'],
    [['restoring'], 'committed'],
    [['restoring', 'restored'], 'committed'],
    [['superseded'], 'restoring'],
    [['committed'], 'resolved'],
    [['restoring', 'restore-failed', 'resolved'], 'restoring'],
  ])('does not let one that is %j become %s', async (path, next) => {
    await ledger.open(record(1))
    await walk(id, ...path)
    await expect(place.ledger().mark(id, next, '')).rejects.toThrow(`cannot become ${next}`)
    expect(await states()).toEqual([[1, path.at(-1) ?? 'open']])
  })

  it('may undo a committed one, and try a restore again', async () => {
    await ledger.open(record(1))
    await walk(id, 'committed', 'restoring', 'restore-failed', 'restoring', 'restoring', 'restored')
    expect(await states()).toEqual([[1, 'restored']])
  })

  it('cuts a note to what is kept', async () => {
    await ledger.open(record(1))
    await ledger.mark(id, 'committed', `first\nsecond ${'x'.repeat(200)}`)
    const [entry] = await ledger.find({ id })
    expect(entry?.state).toBe('committed')
    expect(entry?.note).toHaveLength(MAX_NOTE)
    expect(entry?.note).toMatch(/^committed: first second x+…$/)
  })

  it('finds newest first, by environment, state and id, up to a limit', async () => {
    for (const run of [1, 2, 3]) {
      await ledger.open(record(run))
      await ledger.mark(record(run).id, 'committed', '')
    }
    await ledger.open(record(4, { region: 'us-east' }))
    const runs = async (query: Parameters<Ledger['find']>[0]) =>
      (await ledger.find(query)).map(({ record }) => record.run.id)
    expect(await runs({})).toEqual([4, 3, 2, 1])
    expect(await runs({ environment })).toEqual([3, 2, 1])
    expect(await runs({ state: ['committed'], limit: 2 })).toEqual([3, 2])
    expect(await runs({ id: record(2).id })).toEqual([2])
    expect(await runs({ environment: 'production-apac' })).toEqual([])
    expect(await runs({ id: 'gone' })).toEqual([])
  })
})

describe('the github ledger among others', () => {
  let world: TestGitHub
  let ledger: Ledger
  beforeEach(async () => {
    world = await testGitHub()
    ledger = githubLedger(world, { deployments: 'write' })
  })
  afterEach(() => world.close())

  const { id, environment } = record(1)
  const creates = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path.endsWith('/deployments')
  const marks = ({ method, path }: { method: string; path: string }) =>
    method === 'POST' && path.endsWith('/statuses')
  const foreign = async (given: Record<string, unknown>) => {
    const { job } = world.begin({ deployments: 'write' })
    const body = { ref: 'main', auto_merge: false, required_contexts: [], environment, ...given }
    const { id } = (await (await world.send(job, 'POST /deployments', body)).json()) as { id: number }
    return {
      id,
      mark: (status: Record<string, unknown>) => world.send(job, `POST /deployments/${id}/statuses`, status),
    }
  }

  it('is not moved by the success of somebody else that marks ours inactive', async () => {
    await ledger.open(record(1))
    await ledger.mark(id, 'committed', 'done')
    await (await foreign({})).mark({ state: 'success' })
    const ours = world.github.deployments.find(({ task }) => task === 'deploy-actions/shop')
    expect(ours?.statuses[0]).toMatchObject({ state: 'inactive', description: '' })
    expect(await ledger.find({ id })).toMatchObject([{ state: 'committed', note: 'committed: done' }])
  })

  it('reads no statuses that are not its own, and no payload that is not a record', async () => {
    await ledger.open(record(1))
    const ours = world.github.deployments[0]?.id
    const { job } = world.begin({ deployments: 'write' })
    await world.send(job, `POST /deployments/${ours}/statuses`, {
      state: 'success',
      description: 'committed by hand',
      auto_inactive: false,
    })
    expect(await ledger.find({ id })).toMatchObject([{ state: 'open' }])
    await foreign({ task: 'deploy-actions/shop', payload: { v: 1 } })
    await foreign({ task: 'deploy-actions/shop', payload: 'not json' })
    expect(await ledger.find({})).toHaveLength(1)
  })

  it('shows what GitHub should show', async () => {
    await ledger.open(record(1))
    await ledger.mark(id, 'restoring', '')
    await ledger.mark(id, 'restored', '')
    const [ours] = world.github.deployments
    expect(ours).toMatchObject({
      task: 'deploy-actions/shop',
      environment,
      sha: mainSha,
      description: '1.3.0 to eu-west',
    })
    expect(ours?.statuses.map(({ state }) => state)).toEqual(['inactive', 'pending', 'in_progress'])
  })

  it('forgets a record whose statuses GitHub no longer keeps', async () => {
    await ledger.open(record(1))
    await ledger.mark(record(1).id, 'committed', 'done')
    const { deployments } = world.github
    deployments[0]?.statuses.splice(0)
    // 20 November 2026 and 61 days.
    const later = githubLedger(world, { deployments: 'write' }, 'shop', '2027-01-20T12:00:00.000Z')
    expect(await later.find({})).toEqual([])
    expect(await ledger.find({})).toMatchObject([{ state: 'open' }])
    await later.open(record(2, { openedAt: '2027-01-20T12:00:00.000Z' }))
    expect(await later.find({})).toMatchObject([{ record: { run: { id: 2 } }, state: 'open' }])
  })

  it('names the permission that the job lacks', async () => {
    await expect(githubLedger(world, { contents: 'read' }).open(record(1))).rejects.toThrow(
      'the token lacks `deployments: write` or, in a job that only looks, `deployments: read`',
    )
    await expect(githubLedger(world, { deployments: 'read' }).open(record(1))).rejects.toThrow(
      'the token lacks `deployments: write`',
    )
    expect(world.github.deployments).toEqual([])
  })

  it('shows as open what was created by a process that died right after', async () => {
    world.github.fault({ match: creates, then: 'drop' })
    await expect(ledger.open(record(1))).rejects.toThrow('could not be reached')
    const restorer = githubLedger(world, { deployments: 'write' })
    expect(await restorer.find({ environment })).toEqual([{ record: record(1), state: 'open', note: '' }])
    await expect(restorer.open(record(2))).rejects.toBeInstanceOf(LiveTransaction)
    await restorer.mark(id, 'restoring', 'sweeper')
  })

  it('does not try a write again of which it does not know whether it was done', async () => {
    world.github.fault({ match: creates, then: 'drop', times: 2 })
    await expect(ledger.open(record(1))).rejects.toThrow('could not be reached')
    expect(world.github.deployments).toHaveLength(1)
  })

  it('fails closed when the ledger cannot be read or written', async () => {
    world.github.fault({ match: ({ method }) => method === 'GET', then: '500', times: 4 })
    await expect(ledger.open(record(1))).rejects.toThrow('GitHub answered 500')
    expect(world.github.deployments).toEqual([])
    await ledger.open(record(1))
    world.github.fault({ match: marks, then: 'refuse', times: 100 })
    await expect(ledger.mark(id, 'committed', '')).rejects.toThrow('could not be reached')
    expect(await ledger.find({ id })).toMatchObject([{ state: 'open' }])
  })

  it.each([
    ['was lost', 'drop' as const],
    ['was an error', '500' as const],
  ])('marks once, though the answer to a mark %s', async (_, then) => {
    await ledger.open(record(1))
    world.github.fault({ match: marks, then, times: 2 })
    await ledger.mark(id, 'committed', 'all traffic on green')
    const [deployment] = world.github.deployments
    expect(deployment?.statuses.map(({ description }) => description)).toEqual([
      'committed: all traffic on green',
      'open: run 1 attempt 1',
    ])
  })

  it('still holds the target for the winner after a loser that died before stepping back was restored', async () => {
    const loser = githubLedger(world, { deployments: 'write' })
    await ledger.open(record(1))
    // The loser asked before the winner was there, created, and died.
    world.github.fault({
      match: ({ method, path }) => method === 'GET' && path.endsWith('/deployments'),
      then: 'lie',
      answer: (truth) => ({ ...truth, body: [] }),
    })
    world.github.fault({ match: creates, then: 'drop' })
    await expect(loser.open(record(2))).rejects.toThrow('could not be reached')
    await ledger.mark(record(2).id, 'restoring', 'sweeper')
    await ledger.mark(record(2).id, 'restored', '')
    const refused = await githubLedger(world, { deployments: 'write' })
      .open(record(3))
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(LiveTransaction)
    expect((refused as LiveTransaction).entry.record.id).toBe(id)
  })
})
