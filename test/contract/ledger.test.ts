import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  LiveTransaction,
  MAX_NOTE,
  newest,
  newestRollout,
  NoTransaction,
  provePredecessor,
  releaseServing,
  restorePointArtifact,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { createFileLedger } from '../../packages/ledger/src/file-ledger'
import { createFakeClock } from '@deploy-actions/testing'
import { mainSha, testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import type { RunView } from '@deploy-actions/workflow-engine'
import { deployYml, githubLedger, ours, record, type OurJob } from './github-ledger.fixture'

/** One place in which transactions are kept, opened anew by every process. */
interface Place {
  /** @param run the run of the process */
  ledger(run: number, service?: string): Ledger
  close(): Promise<void>
}

const kinds: Record<string, () => Promise<Place>> = {
  async file() {
    const folder = await mkdtemp(join(tmpdir(), 'ledger-'))
    return {
      ledger: (run, service = 'shop') => createFileLedger(folder, service, run),
      close: () => rm(folder, { recursive: true, force: true }),
    }
  },
  async github() {
    const world = await testGitHub()
    return {
      ledger: (run, service = 'shop') => githubLedger(world, { run, service }),
      close: () => world.close(),
    }
  },
}

describe.each(Object.keys(kinds))('the %s ledger', (kind) => {
  let place: Place
  let ledger: Ledger
  beforeEach(async () => {
    place = await (kinds[kind] as () => Promise<Place>)()
    ledger = place.ledger(1)
  })
  afterEach(() => place.close())

  const environment = 'production-eu-west'
  const { id } = record(1)
  const walk = async (id: string, ...states: TransactionState[]) => {
    for (const state of states) await ledger.mark({ id }, state, '')
  }
  const states = async () =>
    (await place.ledger(9).find({ limit: 100 })).map(({ record, state }) => [record.run.id, state])

  it('is empty at first', async () => {
    expect(await ledger.find({})).toEqual([])
    expect(ledger.proven()).toEqual([])
    expect(await newest(ledger, environment)).toBeUndefined()
    await expect(ledger.mark({ id }, 'committed', '')).rejects.toThrow(`no transaction ${id}`)
  })

  it('keeps a record as it was opened, for every process', async () => {
    await ledger.open(record(1), {})
    expect(await place.ledger(9).find({})).toEqual([
      expect.objectContaining({ record: record(1), state: 'open' }),
    ])
    await place.ledger(9).mark({ id }, 'committed', 'all traffic on green')
    expect(await ledger.find({ id })).toMatchObject([
      { state: 'committed', note: 'committed: all traffic on green' },
    ])
    expect(await releaseServing(ledger, environment)).toEqual(record(1).release)
  })

  it('refuses a target that is held, names who holds it and leaves that alone', async () => {
    await ledger.open(record(1), {})
    const before = await ledger.find({})
    const refused = await place
      .ledger(2)
      .open(record(2), {})
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(LiveTransaction)
    expect((refused as LiveTransaction).message).toContain('held by run 1 (attempt 1, ann)')
    expect((refused as LiveTransaction).entry.record.id).toBe(id)
    expect(await ledger.find({})).toEqual(before)

    await ledger.mark({ id }, 'restoring', 'guard')
    await expect(place.ledger(3).open(record(3), {})).rejects.toThrow('is restoring')
    await ledger.mark({ id }, 'restore-failed', 'the router is away')
    await expect(place.ledger(3).open(record(3), {})).rejects.toThrow('is restore-failed: the router is away')
  })

  it.each<{ path: TransactionState[] }>([
    { path: ['committed'] },
    { path: ['superseded'] },
    { path: ['restoring', 'restored'] },
    { path: ['restoring', 'unverified'] },
    { path: ['restoring', 'restore-failed', 'resolved'] },
  ])('lets the next one in after $path', async ({ path }) => {
    await ledger.open(record(1), {})
    await walk(id, ...path)
    await place.ledger(2).open(record(2), {})
    expect(await states()).toEqual([
      [2, 'open'],
      [1, path.at(-1)],
    ])
  })

  it('finds who was let in behind one that stepped back, and where it has each', async () => {
    await ledger.open(record(1), {})
    await walk(id, 'committed')
    await place.ledger(2).open(record(2), {})
    await place.ledger(2).mark({ id: record(2).id }, 'superseded', 'nothing was written')
    const [last, first] = await ledger.find({ environment })
    expect([last?.record.run.id, first?.record.run.id]).toEqual([2, 1])
    expect(Number(last?.at)).toBeGreaterThan(Number(first?.at))
    const letIn = await ledger.find({ environment, letIn: true })
    expect(letIn.map(({ record }) => record.run.id)).toEqual([1])
  })

  it('keeps what people say to a transaction, in its order, and where that stands meanwhile', async () => {
    await ledger.open(record(1), {})
    const said = { by: 'ann', reason: 'tickets  come\nin: many' }
    await place.ledger(8).say({ id }, { kind: 'hold', ...said })
    await place.ledger(9).say({ id }, { kind: 'confirm', stage: 2550, ...said })
    const reason = 'tickets come in: many'
    expect(await ledger.followed({ id })).toEqual({
      state: 'open',
      note: expect.any(String),
      instructions: [
        { kind: 'hold', by: 'ann', reason, number: expect.any(Number) },
        { kind: 'confirm', stage: 2550, by: 'ann', reason, number: expect.any(Number) },
      ],
    })
    await walk(id, 'restoring')
    expect(await ledger.followed({ id })).toMatchObject({ state: 'restoring', instructions: [{}, {}] })
    expect(await ledger.find({ id })).toMatchObject([{ state: 'restoring' }])
    await expect(ledger.say({ id: 'no-such' }, { kind: 'hold', ...said })).rejects.toBeInstanceOf(
      NoTransaction,
    )
    await expect(ledger.followed({ id: 'no-such' })).rejects.toBeInstanceOf(NoTransaction)
  })

  it('cuts what is said to what is kept', async () => {
    await ledger.open(record(1), {})
    await ledger.say({ id }, { kind: 'abort', by: 'ann', reason: 'x'.repeat(500) })
    const { instructions } = await ledger.followed({ id })
    expect(instructions).toMatchObject([{ kind: 'abort', reason: expect.stringMatching(/^x{80,}…$/) }])
  })

  it('holds one target, not other regions or services', async () => {
    await ledger.open(record(1), {})
    await ledger.open(record(1, { region: 'us-east' }), {})
    await place.ledger(1, 'cart').open(record(1, { service: 'cart' }), {})
    expect((await ledger.find({})).map(({ record }) => record.region)).toEqual(['us-east', 'eu-west'])
    expect(await place.ledger(1, 'cart').find({ environment })).toHaveLength(1)
  })

  it('lets exactly one of many win that open at once; the others step back', async () => {
    const openers = [1, 2, 3, 4, 5, 6].map((run) => place.ledger(run).open(record(run), {}))
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
    await ledger.open(record(1), {})
    await walk(id, ...path)
    await expect(place.ledger(9).mark({ id }, next, '')).rejects.toThrow(`cannot become ${next}`)
    expect(await states()).toEqual([[1, path.at(-1) ?? 'open']])
  })

  it('may undo a committed one, and try a restore again', async () => {
    await ledger.open(record(1), {})
    await walk(id, 'committed', 'restoring', 'restore-failed', 'restoring', 'restoring', 'restored')
    expect(await states()).toEqual([[1, 'restored']])
  })

  it('cuts a note to what is kept', async () => {
    await ledger.open(record(1), {})
    await ledger.mark({ id }, 'committed', `first\nsecond ${'x'.repeat(200)}`)
    const [entry] = await ledger.find({ id })
    expect(entry?.state).toBe('committed')
    expect(entry?.note).toHaveLength(MAX_NOTE)
    expect(entry?.note).toMatch(/^committed: first second x+…$/)
  })

  it('finds newest first, by environment, state and id, up to a limit', async () => {
    for (const run of [1, 2, 3]) {
      await place.ledger(run).open(record(run), {})
      await place.ledger(run).mark({ id: record(run).id }, 'committed', '')
    }
    await place.ledger(4).open(record(4, { region: 'us-east' }), {})
    const runs = async (query: Parameters<Ledger['find']>[0]) =>
      (await ledger.find(query)).map(({ record }) => record.run.id)
    expect(await runs({})).toEqual([4, 3, 2, 1])
    expect(await runs({ environment })).toEqual([3, 2, 1])
    expect(await runs({ state: ['committed'], limit: 2 })).toEqual([3, 2])
    expect(await runs({ id: record(2).id })).toEqual([2])
    expect(await runs({ run: 3 })).toEqual([3])
    expect(await runs({ run: 3 })).toEqual([3])
    expect(await runs({ environment: 'production-apac' })).toEqual([])
    expect(await runs({ id: 'gone' })).toEqual([])
  })
})

describe('the github ledger among others', () => {
  let world: TestGitHub
  let now: string
  let ledger: Ledger
  beforeEach(async () => {
    now = '2026-11-20T10:00:00.123Z'
    world = await testGitHub({ now: () => new Date(now) })
    ledger = githubLedger(world, { run: 1 })
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
    await ledger.open(record(1), {})
    await ledger.mark({ id }, 'committed', 'done')
    await (await foreign({})).mark({ state: 'success' })
    const ours = world.github.deployments.find(({ task }) => task === 'deploy-actions/shop')
    expect(ours?.statuses[0]).toMatchObject({ state: 'inactive', description: '' })
    expect(await ledger.find({ id })).toMatchObject([{ state: 'committed', note: 'committed: done' }])
  })

  it('reads no statuses that are not its own, and no payload that is not a record', async () => {
    await ledger.open(record(1), {})
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
    await ledger.open(record(1), {})
    await ledger.mark({ id }, 'restoring', '')
    await ledger.mark({ id }, 'restored', '')
    const [ours] = world.github.deployments
    expect(ours).toMatchObject({
      task: 'deploy-actions/shop',
      environment,
      sha: mainSha,
      description: '1.3.0 to eu-west',
    })
    expect(ours?.statuses.map(({ state }) => state)).toEqual(['inactive', 'pending', 'in_progress'])
    await ledger.open(record(1, { region: 'us-east' }), {})
    expect(await ledger.find({ environment: 'production-us-east' })).toMatchObject([
      { note: 'open: run 1 attempt 1' },
    ])
  })

  it('leaves what GitHub shows of an earlier one, and says no more than GitHub takes', async () => {
    await ledger.open(record(1), {})
    await ledger.mark({ id }, 'committed', '')
    const release = { ...record(2).release, version: 'v'.repeat(200) }
    await githubLedger(world, { run: 2 }).open(record(2, { release }), {})
    await githubLedger(world, { run: 2 }).mark({ id: record(2).id }, 'committed', '')
    const [newer, older] = world.github.deployments.toSorted((a, b) => b.id - a.id)
    expect(older?.statuses[0]).toMatchObject({ state: 'success', description: 'committed' })
    expect(newer?.description).toHaveLength(140)
  })

  it('forgets a record whose statuses GitHub no longer keeps', async () => {
    await ledger.open(record(1), {})
    await ledger.mark({ id: record(1).id }, 'committed', 'done')
    const { deployments } = world.github
    deployments[0]?.statuses.splice(0)
    // 20 November 2026 and 61 days.
    now = '2027-01-20T12:00:00.000Z'
    const later = githubLedger(world, { run: 2, now })
    expect(await later.find({})).toEqual([])
    expect(await ledger.find({})).toMatchObject([{ state: 'open' }])
    await later.open(record(2, { openedAt: now }), {})
    expect(await later.find({})).toMatchObject([{ record: { run: { id: 2 } }, state: 'open' }])
  })

  it('names the permission that the job lacks', async () => {
    await expect(
      githubLedger(world, { run: 1, permissions: { contents: 'read' } }).open(record(1), {}),
    ).rejects.toThrow(
      'the token lacks `deployments: write` or, in a job that only looks, `deployments: read`',
    )
    await expect(
      githubLedger(world, { run: 1, permissions: { actions: 'read', deployments: 'read' } }).open(
        record(1),
        {},
      ),
    ).rejects.toThrow('the token lacks `deployments: write`')
    expect(world.github.deployments).toEqual([])
  })

  it('shows as open what was created by a process that died right after', async () => {
    world.github.fault({ match: creates, then: 'drop' })
    await expect(ledger.open(record(1), {})).rejects.toThrow('could not be reached')
    const restorer = githubLedger(world, { run: 2 })
    expect(await restorer.find({ environment })).toEqual([
      { record: record(1), state: 'open', note: '', at: String(world.github.deployments[0]?.id) },
    ])
    // As long as GitHub keeps the statuses by which more would be known: 60 days but an hour.
    const late = githubLedger(world, { run: 3, now: '2027-01-19T09:00:00.000Z' })
    expect(await late.find({ environment })).toMatchObject([{ state: 'open' }])
    await expect(restorer.open(record(2), {})).rejects.toBeInstanceOf(LiveTransaction)
    await restorer.mark({ id }, 'restoring', 'sweeper')
  })

  it('does not try a write again of which it does not know whether it was done', async () => {
    world.github.fault({ match: creates, then: 'drop', times: 2 })
    await expect(ledger.open(record(1), {})).rejects.toThrow('could not be reached')
    expect(world.github.deployments).toHaveLength(1)
  })

  it('fails closed when the ledger cannot be read or written', async () => {
    world.github.fault({ match: ({ method }) => method === 'GET', then: '500', times: 4 })
    await expect(ledger.open(record(1), {})).rejects.toThrow('GitHub answered 500')
    expect(world.github.deployments).toEqual([])
    await ledger.open(record(1), {})
    world.github.fault({ match: marks, then: 'refuse', times: Infinity })
    await expect(ledger.mark({ id }, 'committed', '')).rejects.toThrow('could not be reached')
    expect(await ledger.find({ id })).toMatchObject([{ state: 'open' }])
  })

  it('waits no longer for a single answer than it was told to, and says so', async () => {
    await ledger.open(record(1), {})
    const slow = (path: string) => path.endsWith('/deployments')
    world.github.fault({ match: ({ path }) => slow(path), then: 'slow', ms: 300 })
    const prompt = githubLedger(world, { run: 2, answerWithinMs: 50 })
    await expect(prompt.stateOf({ id })).rejects.toThrow(
      'GitHub gave no answer to GET /repos/{owner}/{repo}/deployments within 50ms',
    )
  })

  it.each([
    ['was lost', 'drop' as const],
    ['was an error', '500' as const],
  ])('marks once, though the answer to a mark %s', async (_, then) => {
    await ledger.open(record(1), {})
    world.github.fault({ match: marks, then, times: 2 })
    await ledger.mark({ id }, 'committed', 'all traffic on green')
    const [deployment] = world.github.deployments
    expect(deployment?.statuses.map(({ description }) => description)).toEqual([
      'committed: all traffic on green',
      'open: run 1 attempt 1',
    ])
  })

  it.each([
    ['with a mark', { state: 'inactive', description: 'restored: by us' }],
    ['with something else', '<html>'],
  ])('marks again what GitHub has answered %s, and not kept', async (_, body) => {
    await ledger.open(record(1), {})
    world.github.fault({ match: marks, then: 'forge', answer: { status: 201, body } })
    await ledger.mark({ id }, 'restoring', 'guard of run 1')
    world.github.fault({ match: marks, then: 'forge', answer: { status: 201, body } })
    await ledger.mark({ id }, 'restored', 'by us')
    expect(world.github.deployments[0]?.statuses.map(({ description }) => description)).toEqual([
      'restored: by us',
      'restoring: after open, guard of run 1',
      'open: run 1 attempt 1',
    ])
  })

  it('still holds the target for the winner after a loser that died before stepping back was restored', async () => {
    const loser = githubLedger(world, { run: 2 })
    await ledger.open(record(1), {})
    // The loser asked before the winner was there, created, and died.
    world.github.fault({
      match: ({ method, path }) => method === 'GET' && path.endsWith('/deployments'),
      then: 'lie',
      answer: (truth) => ({ ...truth, body: [] }),
    })
    world.github.fault({ match: creates, then: 'drop' })
    await expect(loser.open(record(2), {})).rejects.toThrow('could not be reached')
    await ledger.mark({ id: record(2).id }, 'restoring', 'sweeper')
    await ledger.mark({ id: record(2).id }, 'restored', '')
    const refused = await githubLedger(world, { run: 3 })
      .open(record(3), {})
      .catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(LiveTransaction)
    expect((refused as LiveTransaction).entry.record.id).toBe(id)
  })
})

describe('the github ledger where anybody may write deployments', () => {
  /** The commit of a tag that somebody called `main`, and has deleted since. */
  const taggedSha = 'e'.repeat(40)
  const earlierSha = 'd'.repeat(40)
  let world: TestGitHub
  beforeEach(async () => {
    world = await testGitHub({
      environments: [
        {
          name: record(1).environment,
          branchPolicy: { protected_branches: false, custom_branch_policies: true },
          branches: [
            { name: 'main', type: 'branch' },
            { name: 'release/*', type: 'branch' },
            { name: 'v*', type: 'tag' },
          ],
        },
        {
          name: 'production-us-east',
          branchPolicy: { protected_branches: true, custom_branch_policies: false },
        },
      ],
      protectedBranches: ['main'],
      branches: { main: mainSha, 'release/1.4': mainSha },
      history: { main: [earlierSha] },
      tags: { 'v1.4.0': mainSha },
    })
  })
  afterEach(() => world.close())

  const { id, environment } = record(1)
  const mallory = () => world.begin({ deployments: 'write' }).job
  /** Plants a record: all of it is as it should be, but no run has uploaded it. */
  const plant = async (planted: unknown, ...states: string[]): Promise<void> => {
    const { environment: where = environment } = planted as { environment?: string }
    await plantIn(where, planted, ...states)
  }
  const plantIn = async (where: string, planted: unknown, ...states: string[]): Promise<void> => {
    const response = await world.send(mallory(), 'POST /deployments', {
      ref: 'main',
      task: 'deploy-actions/shop',
      environment: where,
      payload: planted,
      auto_merge: false,
      required_contexts: [],
    })
    const { id } = (await response.json()) as { id: number }
    for (const state of states) await post(id, state)
  }
  const post = (deployment: number | undefined, description: string, run = 1) =>
    world.send(mallory(), `POST /deployments/${deployment}/statuses`, {
      state: 'success',
      description,
      log_url: `https://github.com/acme/shop/actions/runs/${run}`,
      auto_inactive: false,
    })
  const open = (run: number, more: Partial<OurJob> = {}, change: Partial<TransactionRecord> = {}) =>
    githubLedger(world, { run, ...more }).open(record(run, change), {})

  it('skips a planted record, says so, and holds nothing by it', async () => {
    await open(1)
    await githubLedger(world, { run: 1 }).mark({ id }, 'committed', 'done')
    await plant(record(2), 'open')
    await plant(
      record(1, { release: { version: '6.6.6', digest: `sha256:${'6'.repeat(64)}` } }),
      'committed: me',
    )
    const warnings: string[] = []
    const ledger = githubLedger(world, { run: 3, warnings })
    for (let looks = 0; looks < 2; looks++)
      expect(await newest(ledger, environment)).toMatchObject({ record: record(1), state: 'committed' })
    expect(warnings).toEqual([
      expect.stringMatching(
        /^deployment \d+ says to be transaction 1-1-shop-eu-west-1, and counts for nothing: run 1 uploaded/,
      ),
      expect.stringMatching(
        /^deployment \d+ says to be transaction 2-1-shop-eu-west-1, and counts for nothing: run 2 uploaded/,
      ),
    ])
    await ledger.open(record(3), {})
  })

  it('finds the record of its own run behind planted ones', async () => {
    await open(1)
    await plant(record(2))
    await plant(record(1, { restore: [] }))
    expect(await githubLedger(world, { run: 1 }).find({ environment, run: 1 })).toMatchObject([
      { record: record(1), state: 'open' },
    ])
  })

  it('gives up behind many of them, and tells what to do', async () => {
    await open(1)
    for (let run = 100; run < 150; run++) await plant(record(run))
    expect(await newest(githubLedger(world, { run: 1 }), environment)).toMatchObject({ record: { id } })
    await plant(record(150))
    await expect(newest(githubLedger(world, { run: 1 }), environment)).rejects.toThrow(
      'more than 50 deployments of shop say to be transactions that no run has opened',
    )
    expect(await githubLedger(world, { run: 1 }).find({ environment, run: 1 })).toHaveLength(1)
  })

  it.each(['committed', 'restored', 'superseded', 'unverified', 'resolved'] as const)(
    'believes nobody that a transaction is %s: not without the artifact of a run',
    async (state) => {
      await open(1)
      const [deployment] = world.github.deployments
      if (state === 'restored' || state === 'unverified')
        await githubLedger(world, { run: 1 }).mark({ id }, 'restoring', 'guard')
      await post(deployment?.id, `${state}: trust me`)
      await post(deployment?.id, `${state}: trust me, too`, 12345)
      const nameless = { state: 'success', description: `${state}: says nobody`, auto_inactive: false }
      await world.send(mallory(), `POST /deployments/${deployment?.id}/statuses`, nameless)
      const warnings: string[] = []
      const ledger = githubLedger(world, { run: 2, warnings })
      const found = await newest(ledger, environment)
      expect(found).toMatchObject({ state: /^rest|^unv/.test(state) ? 'restoring' : 'open' })
      // Or its restore would leave the share of its region to other people, who have never had it.
      expect(found).not.toHaveProperty('wasCommitted')
      expect(warnings).toContain(
        `somebody says that transaction ${id} is ${state}; no run has uploaded that, so it counts for nothing`,
      )
      await expect(ledger.open(record(2), {})).rejects.toBeInstanceOf(LiveTransaction)
    },
  )

  it.each<[string, Partial<RunView>, TransactionState]>([
    ['of a pull request', { event: 'pull_request' }, 'open'],
    ['of a branch that the environment does not take', { headBranch: 'feature' }, 'open'],
    ['of main, such as a sweeper', {}, 'committed'],
    [
      'of main, by another workflow',
      { path: '.github/workflows/other.yml', referencedWorkflows: [] },
      'committed',
    ],
  ])('believes the proof of a run %s, as far as its environment takes it', async (_, change, state) => {
    await open(1)
    const { run } = world.begin({}, { id: 5, path: deployYml, referencedWorkflows: [ours], ...change })
    await writeFile(join(world.folder, 'state.json'), '{}')
    await world.artifacts(world.join(run), run).upload(`state-${id}-committed`, world.folder, ['state.json'])
    await post(world.github.deployments[0]?.id, 'committed: by another run', 5)
    expect(await newest(githubLedger(world, { run: 2 }), environment)).toMatchObject({ state })
  })

  it('is not brought back to committed by a status after its restore', async () => {
    await open(1)
    const ledger = githubLedger(world, { run: 1 })
    for (const state of ['committed', 'restoring', 'restored'] as const) await ledger.mark({ id }, state, '')
    await post(world.github.deployments[0]?.id, 'committed: again')
    await post(world.github.deployments[0]?.id, 'open: again')
    expect(await newest(githubLedger(world, { run: 2 }), environment)).toMatchObject({ state: 'restored' })
  })

  it('closes a transaction again after the name of its artifact was spoilt by an upload that broke', async () => {
    await open(1)
    const { run } = world.begin({}, { id: 1 })
    const job = world.join(run)
    const spoilt = world.artifacts(job, run)
    world.github.fault({ match: ({ path }) => path.endsWith('FinalizeArtifact'), then: '500' })
    await expect(
      spoilt.upload(`state-${id}-committed`, import.meta.dirname, ['ledger.test.ts']),
    ).rejects.toThrow('500')
    await githubLedger(world, { run: 1 }).mark({ id }, 'committed', 'done')
    expect(await newest(githubLedger(world, { run: 2 }), environment)).toMatchObject({ state: 'committed' })
  })

  it.each<[string, Partial<RunView>, string | undefined]>([
    ['of main', {}, undefined],
    ['of main, which has moved on since', { headSha: earlierSha }, undefined],
    ['of a branch by a pattern', { headBranch: 'release/1.4' }, undefined],
    ['of a tag by a pattern', { headBranch: 'v1.4.0' }, undefined],
    [
      'of a feature branch',
      { headBranch: 'feature' },
      'production-eu-west does not take feature, from which it runs',
    ],
    [
      'of a branch below a pattern',
      { headBranch: 'release/1/x' },
      'production-eu-west does not take release/1/x',
    ],
    ['of a pull request', { event: 'pull_request' }, 'it runs for a pull request'],
  ])('knows a record of a run %s by the policy of its environment', async (_, change, refused) => {
    await open(1, { change })
    const warnings: string[] = []
    const found = await newest(githubLedger(world, { run: 2, warnings }), environment)
    if (refused === undefined) expect(found).toMatchObject({ record: record(1) })
    else expect([found, warnings]).toEqual([undefined, [expect.stringContaining(refused)]])
  })

  it.each([
    ['repository', 'run 1 belongs to mallory/shop, not to acme/shop'],
    ['head_repository', 'run 1 runs the code of mallory/shop'],
  ])('knows no record of a run whose %s is another', async (key, why) => {
    await open(1)
    world.github.fault({
      match: ({ path }) => path.endsWith('/actions/runs/1'),
      then: 'lie',
      answer: ({ body, ...truth }) => ({
        ...truth,
        body: { ...(body as object), [key]: { full_name: 'mallory/shop' } },
      }),
    })
    const warnings: string[] = []
    expect(await newest(githubLedger(world, { run: 2, warnings }), environment)).toBeUndefined()
    expect(warnings).toEqual([expect.stringContaining(why)])
  })

  it.each([
    ['main', true],
    ['release/1.4', false],
  ])('takes protected branches where the environment does: %s %s', async (headBranch, known) => {
    const where = { region: 'us-east' }
    await open(1, { change: { headBranch } }, where)
    const found = await newest(githubLedger(world, { run: 2 }), 'production-us-east')
    expect(found !== undefined).toBe(known)
  })

  describe.each([
    ['main, by its name', 'main', 'eu-west'],
    ['main, which is protected', 'main', 'us-east'],
    ['a branch that is gone', 'release/9', 'eu-west'],
  ])('of a run that may have been of a tag called like %s', (_, headBranch, region) => {
    const change = { headBranch, headSha: taggedSha }
    const planted = record(1, { region, commit: taggedSha })

    it('holds its target, proves nothing and is not acted on', async () => {
      await open(1, { change }, planted)
      const ledger = githubLedger(world, { run: 2 })
      await expect(ledger.open(record(2, { region }), {})).rejects.toThrow(
        `Of that transaction: run 1 proves nothing: ${planted.environment} takes branch ${headBranch}, and that branch, if there still is one, does not hold commit ${taggedSha}, which it ran`,
      )
      await expect(ledger.settings({ id: planted.id })).rejects.toThrow(
        'is not acted on: run 1 proves nothing',
      )
      await githubLedger(world, { run: 1 }).mark({ id: planted.id }, 'committed', '')
      const { environment } = planted
      expect(
        await provePredecessor(ledger, { name: region, environment }, planted.release.digest),
      ).toMatchObject({ proven: false })
      expect(await releaseServing(ledger, environment)).toBeUndefined()
    })

    it('closes no transaction of another run', async () => {
      const genuine = record(1, { region })
      await open(1, {}, genuine)
      const { run } = world.begin({}, { id: 5, path: deployYml, referencedWorkflows: [ours], ...change })
      await writeFile(join(world.folder, 'state.json'), '{}')
      await world
        .artifacts(world.join(run), run)
        .upload(`state-${genuine.id}-committed`, world.folder, ['state.json'])
      await post(world.github.deployments[0]?.id, 'committed: trust me', 5)
      expect(await newest(githubLedger(world, { run: 2 }), genuine.environment)).toMatchObject({
        state: 'open',
      })
    })
  })

  it.each<[string, Partial<RunView>]>([
    ['region.yml', { referencedWorkflows: [{ ...ours, path: ours.path.replace('rollout', 'region') }] }],
    [
      'our workflow in other letters',
      { referencedWorkflows: [{ ...ours, path: `ACME/Deploy-${ours.path.slice(12)}` }] },
    ],
    ['the workflow of the reader', { referencedWorkflows: [] }],
  ])('restores what a run of %s has opened', async (_, change) => {
    await githubLedger(world, { run: 1, change }).open(record(1), { router: 'here' })
    expect(await githubLedger(world, { run: 2 }).settings({ id })).toEqual({ router: 'here' })
  })

  it.each<[string, Partial<RunView>]>([
    ['of a tag that is called main', { headSha: taggedSha }],
    ['of another workflow', { path: '.github/workflows/other.yml', referencedWorkflows: [] }],
  ])('does not take a newer record of a run %s for one that was let in', async (_, change) => {
    await open(1)
    const { run } = world.begin({}, { id: 2, path: deployYml, referencedWorkflows: [ours], ...change })
    await writeFile(
      join(world.folder, 'restore-point.json'),
      JSON.stringify({ record: record(2), settings: {} }),
    )
    await world
      .artifacts(world.join(run), run)
      .upload(restorePointArtifact(record(2).id, record(2)), world.folder, ['restore-point.json'])
    await plant(record(2), 'open')
    const guard = githubLedger(world, { run: 1 })
    expect(await newest(guard, environment)).toMatchObject({ record: { id: record(2).id } })
    expect(await guard.find({ environment, letIn: true, limit: 1 })).toMatchObject([{ record: { id } }])
  })

  it('does not take a loser that died before it stepped back for one that was let in', async () => {
    await open(1)
    world.github.fault({
      match: ({ method, path }) => method === 'GET' && path.endsWith('/deployments'),
      then: 'lie',
      answer: (truth) => ({ ...truth, body: [] }),
    })
    world.github.fault({
      match: ({ method, path }) => method === 'POST' && path.endsWith('/deployments'),
      then: 'drop',
    })
    await expect(open(2)).rejects.toThrow('could not be reached')
    const guard = githubLedger(world, { run: 1 })
    expect(await newest(guard, environment)).toMatchObject({ record: { id: record(2).id } })
    expect(await guard.find({ environment, letIn: true, limit: 1 })).toMatchObject([
      { record: { id }, at: String(world.github.deployments.at(-1)?.id) },
    ])
  })

  it('lets a record of any other workflow hold its target, and does not act on it', async () => {
    await open(1, { change: { path: '.github/workflows/other.yml', referencedWorkflows: [] } })
    const ledger = githubLedger(world, { run: 2 })
    await expect(ledger.open(record(2), {})).rejects.toThrow(
      /Of that transaction: run 1 uses none of the workflows that may open one \(it ran .github.workflows.other.yml\); name it in `trusted-workflows`/,
    )
    await expect(ledger.settings({ id })).rejects.toThrow(
      `transaction ${id} is not acted on: run 1 uses none`,
    )
    await githubLedger(world, { run: 1 }).mark({ id }, 'committed', '')
    expect(await releaseServing(ledger, environment)).toBeUndefined()
    expect(
      await provePredecessor(ledger, { name: 'eu-west', environment }, record(1).release.digest),
    ).toMatchObject({
      proven: false,
      reason: expect.stringContaining('proves nothing: run 1 uses none'),
    })
  })

  it('rests on one look for as long as it was told to, by state and kind as it would ask', async () => {
    await open(1)
    await githubLedger(world, { run: 1 }).mark({ id }, 'committed', '')
    const byHand = record(2, { weightsOnly: true })
    await githubLedger(world, { run: 2 }).open(byHand, {})
    await githubLedger(world, { run: 2 }).mark({ id: byHand.id }, 'committed', '')
    const clock = createFakeClock('2026-11-20T12:00:00.000Z')
    const ledger = githubLedger(world, { run: 3, rememberMs: 60_000, clock })
    const asked = async (look: () => Promise<unknown>): Promise<number> => {
      const before = world.github.calls.length
      await look()
      return world.github.calls.length - before
    }
    expect(await asked(() => newest(ledger, environment))).toBeGreaterThan(0)
    clock.advance(59_999)
    expect(await asked(() => newest(ledger, environment))).toBe(0)
    expect(await newest(ledger, environment)).toMatchObject({ record: { id: byHand.id } })
    // What the look has not seen is asked for.
    expect(await newestRollout(ledger, environment)).toMatchObject({ record: { id } })
    expect(await ledger.find({ environment, state: ['open'], limit: 1 })).toEqual([])
    expect(await ledger.find({ environment, limit: 2 })).toHaveLength(2)
    expect(await ledger.find({ environment, id, limit: 1 })).toMatchObject([{ record: { id } }])
    expect(await ledger.find({ environment, run: 1, limit: 1 })).toMatchObject([{ record: { id } }])
    clock.advance(1)
    expect(await asked(() => newest(ledger, environment))).toBeGreaterThan(0)
  })

  it('knows what it has marked itself since it looked', async () => {
    await open(1)
    const ledger = githubLedger(world, { run: 1, rememberMs: 60_000 })
    expect(await newest(ledger, environment)).toMatchObject({ state: 'open' })
    await ledger.mark({ id }, 'restoring', 'begin')
    await ledger.mark({ id }, 'restored', '')
    await ledger.open(record(1, { id: '1-2-shop-eu-west-1' }), {})
    expect(await newest(ledger, environment)).toMatchObject({ record: { id: '1-2-shop-eu-west-1' } })
  })

  it('sees at its opening what became of a transaction since it looked', async () => {
    await open(1)
    await githubLedger(world, { run: 1 }).mark({ id }, 'committed', '')
    const ledger = githubLedger(world, { run: 2, rememberMs: 60_000 })
    expect(await newest(ledger, environment)).toMatchObject({ state: 'committed' })
    await githubLedger(world, { run: 3 }).mark({ id }, 'restoring', 'emergency')
    await expect(ledger.open(record(2), {})).rejects.toBeInstanceOf(LiveTransaction)
    expect(await newest(githubLedger(world, { run: 4 }), environment)).toMatchObject({
      record: { id },
      state: 'restoring',
    })
  })

  it('sees it also behind one whose opener died', async () => {
    await open(1)
    await githubLedger(world, { run: 1 }).mark({ id }, 'committed', '')
    world.github.fault({
      match: ({ method, path }) => method === 'POST' && path.endsWith('/deployments'),
      then: 'drop',
    })
    await expect(open(2)).rejects.toThrow('could not be reached')
    for (const state of ['restoring', 'restored'] as const)
      await githubLedger(world, { run: 9 }).mark({ id: record(2).id }, state, 'sweeper')
    const ledger = githubLedger(world, { run: 3, rememberMs: 60_000 })
    expect(await newest(ledger, environment)).toMatchObject({ record: { id: record(2).id } })
    await githubLedger(world, { run: 4 }).mark({ id }, 'restoring', 'emergency')
    await expect(ledger.open(record(3), {})).rejects.toBeInstanceOf(LiveTransaction)
  })

  it('does not act on settings that stand beside another record than the one that was opened', async () => {
    const { run } = world.begin({}, { id: 1, path: deployYml, referencedWorkflows: [ours] })
    const artifacts = world.artifacts(world.join(run), run)
    const other = { record: record(1, { restore: [] }), settings: { router: 'there' } }
    await writeFile(join(world.folder, 'restore-point.json'), JSON.stringify(other))
    await artifacts.upload(restorePointArtifact(id, record(1)), world.folder, ['restore-point.json'])
    await plant(record(1), 'open: run 1 attempt 1')
    await expect(githubLedger(world, { run: 2 }).settings({ id })).rejects.toThrow(
      `transaction ${id} is not acted on: its record differs from the one that run 1 uploaded before opening it`,
    )
  })

  it.each([
    [
      'does not know one that names another environment, by whose rules it would be known',
      'nowhere',
      undefined,
    ],
    ['knows one that names its environment in other letters', environment.toUpperCase(), id],
  ])('%s', async (_, named, known) => {
    const planted = record(1, { environment: named })
    const change = known === undefined ? { headBranch: 'feature' } : {}
    const { run } = world.begin({}, { id: 1, path: deployYml, referencedWorkflows: [ours], ...change })
    await writeFile(
      join(world.folder, 'restore-point.json'),
      JSON.stringify({ record: planted, settings: {} }),
    )
    await world
      .artifacts(world.join(run), run)
      .upload(restorePointArtifact(id, planted), world.folder, ['restore-point.json'])
    await plantIn(environment, planted, 'open')
    const warnings: string[] = []
    const ledger = githubLedger(world, { run: 2, warnings })
    expect((await newest(ledger, environment))?.record.id).toBe(known)
    if (known !== undefined) return
    await expect(ledger.settings({ id, environment })).rejects.toThrow('no run has proven to have opened it')
    expect(warnings).toEqual([
      expect.stringMatching(
        /^deployment \d+ says to be transaction 1-1-shop-eu-west-1, and counts for nothing: it stands in environment production-eu-west, and its record names nowhere$/,
      ),
    ])
  })

  it('reads what an earlier attempt of its own run has kept', async () => {
    await githubLedger(world, { run: 1 }).open(record(1), { router: 'here' })
    const again = githubLedger(world, { run: 1, attempt: 2 })
    expect(await again.settings({ id })).toEqual({ router: 'here' })
    expect(await again.uploadedHere('eu-west')).toEqual([
      { record: record(1), settings: { router: 'here' }, states: ['open'] },
    ])
  })

  it('knows the ids that the jobs of its attempt have used', async () => {
    await githubLedger(world, { run: 1 }).open(record(1), {})
    const us = record(2, { region: 'us-east' })
    await open(2, {}, us)
    expect(await githubLedger(world, { run: 1 }).taken()).toEqual([id])
    expect(await githubLedger(world, { run: 2 }).taken()).toEqual([us.id])
    // The id of a later attempt cannot be one of these.
    expect(await githubLedger(world, { run: 1, attempt: 2 }).taken()).toEqual([])
  })

  it('knows by its uploads alone what was to be closed', async () => {
    await open(1)
    await open(1, {}, { region: 'us-east' })
    world.github.fault({
      match: ({ method, path }) => method === 'POST' && path.endsWith('/statuses'),
      then: '500',
      times: Infinity,
    })
    const ledger = githubLedger(world, { run: 1 })
    await expect(ledger.mark({ id }, 'committed', '')).rejects.toThrow('GitHub answered 500')
    expect(await ledger.uploadedHere('eu-west')).toMatchObject([
      { record: { id }, states: ['open', 'committed'] },
    ])
    expect(await ledger.uploadedHere('us-east')).toMatchObject([{ states: ['open'] }])
    expect(await ledger.uploadedHere('east')).toEqual([])
  })

  it('knows by its uploads whether it was opened at all', async () => {
    world.github.fault({
      match: ({ method, path }) => method === 'POST' && path.endsWith('/deployments'),
      then: 'refuse',
    })
    await expect(open(1)).rejects.toThrow('could not be reached')
    expect(await githubLedger(world, { run: 1 }).uploadedHere('eu-west')).toMatchObject([{ states: [] }])
  })

  it('tells what somebody has deleted or moved away from what it could not look for', async () => {
    await open(1)
    const [deployment] = world.github.deployments
    await world.send(mallory(), `POST /deployments/${deployment?.id}/statuses`, {
      state: 'in_progress',
      environment: 'elsewhere',
    })
    const ledger = githubLedger(world, { run: 1 })
    await expect(ledger.stateOf(record(1))).rejects.toBeInstanceOf(NoTransaction)
    expect((await world.send(mallory(), `DELETE /deployments/${deployment?.id}`)).status).toBe(204)
    await expect(ledger.stateOf(record(1))).rejects.toBeInstanceOf(NoTransaction)
    for (let many = 0; many < 900; many++) await plant({ no: 'record' })
    const cut = await ledger.stateOf(record(1)).catch((error: unknown) => error)
    expect(cut).not.toBeInstanceOf(NoTransaction)
    await expect(ledger.stateOf({ id })).rejects.toThrow(
      'the newest 900 deployments of task deploy-actions/shop do not tell it',
    )
    expect((cut as Error).message).toBe(
      'the newest 900 deployments of task deploy-actions/shop in production-eu-west do not tell it, and no more are looked through. Where they are not transactions, somebody planted them: delete them, then start again',
    )
  })

  it('lets nobody in whose predecessors it cannot see', async () => {
    await open(1)
    for (let many = 0; many < 900; many++) await plant({ no: 'record' })
    await expect(open(2)).rejects.toThrow('the newest 900 deployments of task deploy-actions/shop')
  })

  it('looks for what its own run opened no further back than a run can be', async () => {
    await open(1)
    const [deployment] = world.github.deployments
    await world.send(mallory(), `DELETE /deployments/${deployment?.id}`)
    for (let many = 0; many < 900; many++) await plant({ no: 'record' })
    const later = githubLedger(world, { run: 1, now: '2026-12-26T12:00:00.000Z' })
    await expect(later.stateOf(record(1))).rejects.toBeInstanceOf(NoTransaction)
  })

  it('holds the target for a record of a later version that its run has opened', async () => {
    const later = { ...record(1), v: 2, database: 'orders' }
    const { run } = world.begin({}, { id: 1, path: deployYml, referencedWorkflows: [ours] })
    const artifacts = world.artifacts(world.join(run), run)
    await writeFile(join(world.folder, 'restore-point.json'), JSON.stringify({ record: later, settings: {} }))
    await artifacts.upload(restorePointArtifact(id, later), world.folder, ['restore-point.json'])
    await plant(later, 'open: run 1 attempt 1')
    const refused = githubLedger(world, { run: 2 }).open(record(2), {})
    await expect(refused).rejects.toThrow(
      /another version of deploy-actions opened it, and this one cannot read all of it/,
    )
    expect(await githubLedger(world, { run: 2 }).find({ environment })).toMatchObject([
      { record: { restore: record(1).restore }, unread: expect.stringContaining('"database"') },
    ])
  })
})

describe('the github ledger where anybody may copy what a run has opened', () => {
  let world: TestGitHub
  let now: number
  beforeEach(async () => {
    now = Date.parse('2026-11-20T10:00:00.000Z')
    world = await testGitHub({ now: () => new Date(now) })
  })
  afterEach(() => world.close())

  const { id, environment } = record(1)
  const minutes = (count: number): void => void (now += count * 60_000)
  const at = (): Partial<TransactionRecord> => ({ openedAt: new Date(now).toISOString() })
  const open = async (run: number, ...states: TransactionState[]): Promise<TransactionRecord> => {
    const opened = record(run, at())
    const ledger = githubLedger(world, { run })
    await ledger.open(opened, {})
    for (const state of states) await ledger.mark({ id: opened.id }, state, '')
    return opened
  }
  /** Creates a deployment with that payload, and gives it the statuses that a run once posted. */
  const replay = async (payload: unknown, run: number, ...states: string[]): Promise<number> => {
    const { job } = world.begin({ deployments: 'write' })
    const response = await world.send(job, 'POST /deployments', {
      ref: 'main',
      task: 'deploy-actions/shop',
      environment,
      payload,
      auto_merge: false,
      required_contexts: [],
    })
    const { id } = (await response.json()) as { id: number }
    for (const description of states)
      await world.send(job, `POST /deployments/${id}/statuses`, {
        state: 'success',
        description,
        log_url: `https://github.com/acme/shop/actions/runs/${run}`,
        auto_inactive: false,
      })
    return id
  }

  describe.each([
    ['at once', 0],
    ['after an hour', 60],
    ['after a day', 24 * 60],
  ])('%s', (_, later) => {
    it('proves no predecessor by a record that was restored', async () => {
      const opened = await open(1, 'committed', 'restoring', 'restored')
      minutes(later)
      const copy = await replay(opened, 1, 'open', 'committed: all on green')
      const warnings: string[] = []
      const reader = githubLedger(world, { run: 3, warnings })
      for (let looks = 0; looks < 2; looks++)
        expect(
          await provePredecessor(reader, { name: 'eu-west', environment }, opened.release.digest),
        ).toMatchObject({ proven: false, reason: expect.stringContaining('is restored') })
      expect(warnings).toEqual([
        expect.stringContaining(`deployment ${copy} says to be transaction ${id}, and counts for nothing: `),
      ])
    })

    it('holds a target behind a copy of an older record', async () => {
      const first = await open(1, 'committed')
      await open(2, 'restoring', 'restore-failed')
      minutes(later)
      await replay(first, 1, 'open', 'committed: all on green')
      await expect(open(3)).rejects.toBeInstanceOf(LiveTransaction)
    })

    it('holds none for a bare copy of what was committed', async () => {
      const opened = await open(1, 'committed')
      minutes(later)
      await replay(opened, 1)
      expect(await newest(githubLedger(world, { run: 3 }), environment)).toMatchObject({ state: 'committed' })
      await open(3)
    })

    it('serves no older release by a copy, whatever an earlier job has proven', async () => {
      const first = await open(1, 'committed')
      const before = githubLedger(world, { run: 3 })
      await newest(before, environment)
      const release = { version: '1.4.0', digest: `sha256:${'4'.repeat(64)}` }
      const second = record(2, { ...at(), release })
      await githubLedger(world, { run: 2 }).open(second, {})
      await githubLedger(world, { run: 2 }).mark({ id: second.id }, 'committed', '')
      minutes(later)
      await replay(first, 1, 'open', 'committed: all on green')
      const told = githubLedger(world, { run: 3, proven: before.proven() })
      expect(await releaseServing(told, environment)).toEqual(release)
    })
  })

  it('looks for the original behind a page of others, and marks it', async () => {
    const opened = await open(1)
    for (let run = 100; run < 140; run++) await replay({ no: 'record' }, run)
    minutes(60)
    await replay(opened, 1, 'open', 'committed: all on green')
    const ledger = githubLedger(world, { run: 3 })
    expect(await newest(ledger, environment)).toMatchObject({ state: 'open' })
    await ledger.mark({ id }, 'restoring', 'guard')
    expect(world.github.deployments.at(-1)?.statuses[0]?.description).toBe('restoring: after open, guard')
  })

  it('looks far enough back for the original of a copy, also at the end of the longest run', async () => {
    const opened = await open(1, 'committed', 'restoring', 'restored')
    minutes(4 * 60)
    await replay(opened, 1, 'open', 'committed: all on green')
    const end = new Date(now + 35 * 24 * 3_600_000).toISOString()
    expect(await githubLedger(world, { run: 1, now: end }).find({ environment, run: 1 })).toMatchObject([
      { state: 'restored' },
    ])
  })

  it('believes none of which it cannot see what was there before', async () => {
    const opened = await open(1, 'committed')
    minutes(60)
    for (let many = 0; many < 900; many++) await replay({ no: 'record' }, 1)
    await replay(opened, 1, 'open', 'committed: all on green')
    await expect(newest(githubLedger(world, { run: 3 }), environment)).rejects.toThrow('the newest 900')
  })

  it('lets nobody in before whom a copy was created, and writes nothing', async () => {
    const opened = record(1, at())
    const ledger = githubLedger(world, { run: 1 })
    const post = ({ method, path }: { method: string; path: string }) =>
      method === 'POST' && path.endsWith('/deployments')
    // Somebody saw the upload, and was there between it and the deployment.
    world.github.fault({ match: post, then: 'refuse', times: 1 })
    await expect(ledger.open(opened, {})).rejects.toThrow('could not be reached')
    await replay(opened, 1)
    await expect(open(2)).rejects.toBeInstanceOf(LiveTransaction)
  })

  it('does not let in one whose runner is more than an hour ahead, and says why', async () => {
    const ahead = (minutes: number) => new Date(now + minutes * 60_000).toISOString()
    await expect(
      githubLedger(world, { run: 1 }).open(record(1, { openedAt: ahead(61) }), {}),
    ).rejects.toThrow(
      `transaction ${id} was not opened: GitHub created its deployment 1h1m before the time of its record, and a clock that is ahead by more than 1h counts for nothing. Nothing was written.`,
    )
    await githubLedger(world, { run: 2 }).open(record(2, { openedAt: ahead(60) }), {})
    expect(await newest(githubLedger(world, { run: 3 }), environment)).toMatchObject({
      record: { id: record(2).id },
      state: 'open',
    })
  })

  it('does not let in one that was created so late that it would not count, and says why', async () => {
    const ledger = githubLedger(world, { run: 1 })
    const opened = record(1, at())
    minutes(4 * 60)
    await ledger.open(opened, {})
    await ledger.mark({ id }, 'committed', '')
    const second = record(2, at())
    minutes(4 * 60 + 1)
    await expect(githubLedger(world, { run: 2 }).open(second, {})).rejects.toThrow(
      `transaction ${second.id} was not opened: GitHub created its deployment 4h1m after the time of its record, and what is later than 4h counts for nothing. Nothing was written. Start again; where GitHub was not waited for, set the clock of the runner`,
    )
    expect(world.github.deployments[0]?.statuses[0]).toMatchObject({
      description: 'superseded: its time is not that of GitHub',
    })
    expect(await newest(githubLedger(world, { run: 3 }), environment)).toMatchObject({ record: { id } })
    expect(await githubLedger(world, { run: 2 }).uploadedHere('eu-west')).toMatchObject([
      { states: ['superseded'] },
    ])
  })
})

describe('what an earlier job has proven', () => {
  let world: TestGitHub
  beforeEach(async () => {
    world = await testGitHub({ environments: [{ name: record(1).environment }] })
  })
  afterEach(() => world.close())

  const { id, environment } = record(1)
  const committed = async (run: number): Promise<void> => {
    const ledger = githubLedger(world, { run })
    await ledger.open(record(run), {})
    await ledger.mark(record(run), 'committed', '')
  }
  /** Run 2 after a job of its own that has looked. */
  const told = async (change: Partial<RunView> = {}): Promise<{ ledger: Ledger; proven: string[] }> => {
    const before = githubLedger(world, { run: 2, change })
    await newest(before, environment)
    return { ledger: githubLedger(world, { run: 2, proven: before.proven() }), proven: before.proven() }
  }
  const routesOf = async (ask: () => Promise<unknown>): Promise<string[]> => {
    const before = world.github.calls.length
    await ask()
    return world.github.calls.slice(before).map(({ method, path }) => `${method} ${routeOf(path)}`)
  }

  it('is not asked again, and where a transaction stands is', async () => {
    await committed(1)
    const { ledger, proven } = await told()
    expect(proven).toEqual([`1/${restorePointArtifact(id, record(1))}`, `1/state-${id}-committed`])
    expect(
      await routesOf(async () =>
        expect(await newest(ledger, environment)).toMatchObject({ record: { id }, state: 'committed' }),
      ),
    ).toEqual(['GET /deployments', 'GET /deployments/{id}/statuses'])
    // It is handed on with what comes to it.
    expect(ledger.proven()).toEqual(proven)
  })

  it('hides nobody who has taken the transaction back since', async () => {
    await committed(1)
    const { ledger } = await told()
    await githubLedger(world, { run: 3 }).mark(record(1), 'restoring', 'emergency')
    expect(await newest(ledger, environment)).toMatchObject({ state: 'restoring' })
    await expect(ledger.open(record(2), {})).rejects.toBeInstanceOf(LiveTransaction)
  })

  it('hides nobody who has come since', async () => {
    await committed(1)
    const { ledger } = await told()
    await githubLedger(world, { run: 3 }).open(record(3), {})
    expect(await newest(ledger, environment)).toMatchObject({ record: { id: record(3).id }, state: 'open' })
  })

  it('proves no other state, and no other record of the same name', async () => {
    await committed(1)
    const { ledger, proven } = await told()
    await githubLedger(world, { run: 3 }).mark(record(1), 'restoring', 'emergency')
    const [deployment] = world.github.deployments
    const { job } = world.begin({ deployments: 'write' })
    await world.send(job, `POST /deployments/${deployment?.id}/statuses`, {
      state: 'inactive',
      description: 'restored: trust me',
      log_url: 'https://github.com/acme/shop/actions/runs/1',
      auto_inactive: false,
    })
    const payload = record(1, { release: { version: '6.6.6', digest: `sha256:${'6'.repeat(64)}` } })
    await world.send(job, 'POST /deployments', {
      ref: 'main',
      task: 'deploy-actions/shop',
      environment,
      payload,
      auto_merge: false,
      required_contexts: [],
    })
    expect(await newest(ledger, environment)).toMatchObject({
      record: { release: record(1).release },
      state: 'restoring',
    })
    expect(ledger.proven()).toEqual(proven)
  })

  it('is asked of a run once by those that ask at the same time', async () => {
    await committed(1)
    await githubLedger(world, { run: 1 }).open(record(1, { region: 'us-east' }), {})
    const ledger = githubLedger(world, { run: 2 })
    const routes = await routesOf(() =>
      Promise.all([newest(ledger, environment), newest(ledger, 'production-us-east')]),
    )
    expect(routes.filter((route) => route.includes('artifacts'))).toHaveLength(1)
  })

  it('is nothing of a run that may not be acted on', async () => {
    await githubLedger(world, {
      run: 1,
      change: { path: '.github/workflows/other.yml', referencedWorkflows: [] },
    }).open(record(1), {})
    const { ledger, proven } = await told()
    expect(proven).toEqual([])
    expect(await newest(ledger, environment)).toMatchObject({
      distrust: expect.stringContaining('run 1 uses none'),
    })
  })
})

/** A route without the numbers and names in it. */
const routeOf = (path: string): string =>
  path
    .replace(/^\/repos\/[^/]+\/[^/]+/, '')
    .replace(/\/\d+/g, '/{id}')
    .replace(/^\/environments\/[^/]+/, '/environments/{name}')

describe('what the github ledger costs', () => {
  let world: TestGitHub
  let now: number
  beforeEach(async () => {
    now = Date.parse('2026-11-17T10:00:00.000Z')
    const branchPolicy = { protected_branches: true, custom_branch_policies: false }
    world = await testGitHub({
      environments: ['production-eu-west', 'production-us-east'].map((name) => ({ name, branchPolicy })),
      protectedBranches: ['main'],
      history: { main: ['d'.repeat(40)] },
      now: () => new Date(now),
    })
  })
  afterEach(() => world.close())

  /** Rollouts are two hours apart: copies of a record are looked for as far back as it can have been opened. */
  const opened = (run: number, change: Partial<TransactionRecord> = {}): TransactionRecord =>
    record(run, { openedAt: new Date(now).toISOString(), ...change })
  const later = (): void => void (now += 2 * 3_600_000)

  it.each([0, 30])('is the same after %d rollouts, most of them restored', async (history) => {
    const { environment } = record(1)
    for (let run = 1; run <= history; run++) {
      later()
      const ledger = githubLedger(world, { run })
      await ledger.open(opened(run), {})
      for (const state of run === 1 ? (['committed'] as const) : (['restoring', 'restored'] as const))
        await ledger.mark({ id: record(run).id }, state, '')
    }
    later()
    const before = world.github.calls.length
    const ledger = githubLedger(world, { run: 99 })
    await releaseServing(ledger, environment)
    const name = { ...record(99), at: await ledger.open(opened(99), {}) }
    expect(await ledger.stateOf(name)).toMatchObject({ state: 'open' })
    await ledger.mark(name, 'committed', '')
    const rest = world.github.calls.slice(before).filter(({ path }) => path.startsWith('/repos/'))
    // What serves: list. Open: list, create, list, mark. The state: marks. Commit: marks, mark, marks. With a history also, of
    // the newest one: artifacts, run, environment, branches, and its marks three times.
    expect(rest).toHaveLength(history === 0 ? 9 : 16)
    expect(await newest(githubLedger(world, { run: 100 }), environment)).toMatchObject({
      record: { id: name.id },
      state: 'committed',
    })
  })

  it('does not grow in a region with rollouts in a row that moved nothing, of which its plan has read', async () => {
    const { environment } = record(1)
    const history = 12
    for (let run = 1; run <= history; run++) {
      later()
      const ledger = githubLedger(world, { run })
      const name = { ...record(run), at: await ledger.open(opened(run), {}) }
      if (run > 1) await ledger.mark(name, 'superseded', 'the canary was down')
      else await ledger.mark(name, 'committed', '')
    }
    later()
    const plan = githubLedger(world, { run: 99 })
    expect(await newest(plan, environment)).toMatchObject({ record: { id: record(1).id } })
    const before = world.github.calls.length
    const begin = githubLedger(world, { run: 99, proven: plan.proven(), rememberMs: 60_000 })
    expect(await releaseServing(begin, environment)).toEqual(record(1).release)
    await begin.open(opened(99), {})
    const rest = world.github.calls.slice(before).filter(({ path }) => path.startsWith('/repos/'))
    // Twice a list and the marks of the one that serves; create and mark. Of the eleven others nothing is asked.
    expect(rest.length).toBeLessThan(history)
    const [superseded] = await begin.find({ environment, state: ['superseded'], limit: 1 })
    expect(superseded).toMatchObject({
      record: { id: record(history).id },
      state: 'superseded',
      note: 'superseded',
    })
    expect(
      (await begin.find({ environment, letIn: true, limit: 2 })).map(({ record }) => record.run.id),
    ).toEqual([99, 1])
    expect(
      (await githubLedger(world, { run: 100 }).find({ environment, letIn: true, limit: 2 })).map(
        ({ record }) => record.run.id,
      ),
    ).toEqual([99, 1])
  })

  /**
   * What one region asks in a delayed rollout with four stages and a full one, as its jobs ask it: the plan, the soak,
   * the approval's prepare, and the deploy from its begin to its commit.
   * @returns calls by route; what the plan asks of the region before it is that region's own
   */
  const rollOut = async (run: number, before: string): Promise<Record<string, number>> => {
    const { environment } = record(run)
    const predecessor = { name: 'us-east', environment: before }
    const began = world.github.calls.length
    const plan = githubLedger(world, { run })
    await newest(plan, environment)
    const planned = world.github.calls.length
    await newest(plan, before)
    const rest = world.github.calls.length
    const asked = () => [...world.github.calls.slice(began, planned), ...world.github.calls.slice(rest)]
    const soak = githubLedger(world, { run, proven: plan.proven() })
    const prove = (ledger: Ledger) => provePredecessor(ledger, predecessor, record(run).release.digest)
    expect(await prove(soak)).toMatchObject({ proven: true })
    const prepare = githubLedger(world, { run, proven: soak.proven() })
    expect(await prove(prepare)).toMatchObject({ proven: true })
    await newest(prepare, environment)
    const begin = githubLedger(world, { run, proven: prepare.proven(), rememberMs: 60_000 })
    expect(await prove(begin)).toMatchObject({ proven: true })
    await newest(begin, environment)
    await begin.taken()
    await releaseServing(begin, environment)
    const name = { ...record(run), at: await begin.open(opened(run), {}) }
    // The deploy, the beginning of the canary, the ends of its five stages, the commit.
    for (let write = 0; write < 8; write++)
      expect(await githubLedger(world, { run }).stateOf(name)).toMatchObject({ state: 'open' })
    await githubLedger(world, { run }).mark(name, 'committed', '')
    const counts: Record<string, number> = {}
    for (const { method, path } of asked()) {
      if (!path.startsWith('/repos/')) continue
      const route = `${method} ${routeOf(path)}`
      counts[route] = (counts[route] ?? 0) + 1
    }
    return counts
  }
  const sum = (counts: Record<string, number>): number => Object.values(counts).reduce((a, b) => a + b, 0)

  it.each([
    [31, 'after 1 rollout', 1, mainSha],
    [31, 'after 30 rollouts', 30, mainSha],
    [32, 'with a main that has moved on since, after 30 rollouts', 30, 'd'.repeat(40)],
  ])(
    'is at most %d calls for a region, its share of the plan included, %s of it and of the one before it',
    async (most, _, history, headSha) => {
      const us = { region: 'us-east', environment: 'production-us-east' }
      for (let run = 1; run <= history; run++) {
        later()
        for (const change of [us, {}]) {
          const ledger = githubLedger(world, { run, change: { headSha } })
          const { id } = record(run, change)
          await ledger.open(opened(run, change), {})
          // The region before it was brought there by another run, and this one was put back: both are proven by REST.
          const states = change === us ? (['committed'] as const) : (['restoring', 'restored'] as const)
          for (const state of states) await ledger.mark({ id }, state, '')
        }
      }
      later()
      const counts = await rollOut(99, us.environment)
      // Asked once, by the plan, are what proves the region's last transaction and the standing of its run.
      expect(counts).toEqual({
        'GET /actions/runs/{id}': 1,
        'GET /actions/runs/{id}/artifacts': 1,
        'GET /branches': 1,
        // Whether main holds a commit that is not its head, which alone GET /branches tells.
        ...(headSha === mainSha ? {} : { [`GET /compare/refs%2Fheads%2Fmain...${headSha}`]: 1 }),
        'GET /environments/{name}': 1,
        'GET /deployments': 7,
        'GET /deployments/{id}/statuses': 17,
        'POST /deployments': 1,
        'POST /deployments/{id}/statuses': 2,
      })
      expect(sum(counts)).toBeLessThanOrEqual(most)
    },
  )
})
