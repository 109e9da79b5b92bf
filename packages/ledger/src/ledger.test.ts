import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFileLedger } from './file-ledger'
import {
  committedWith,
  describeState,
  holder,
  LiveTransaction,
  newest,
  newestRollout,
  releaseServing,
  type Entry,
  type Ledger,
} from './ledger'
import { MAX_NOTE } from './note'
import type { TransactionState } from '@deploy-actions/rollout'
import { transactionRecord } from './record.fixture'

const record = transactionRecord()
const { environment } = record

describe('a state as it is stored', () => {
  it('is whole as long as it may be, and cut when it is longer', () => {
    const longest = 'x'.repeat(MAX_NOTE - 'open: '.length)
    expect(describeState('open', longest)).toBe(`open: ${longest}`)
    expect(describeState('open', `${longest}y`)).toBe(`open: ${longest.slice(1)}…`)
    expect(describeState('open', '')).toBe('open')
  })
})

describe('the refusal of a target that is held', () => {
  const held = { record, at: '1', note: 'restore-failed: the router is away' }

  it('tells to wait for a rollout that goes on', () => {
    const { message } = new LiveTransaction({ record, at: '1', note: 'restoring: guard', state: 'restoring' })
    expect(message).toMatch(
      /^shop in eu is held by run 1001 \(attempt 1, ann\), which is bringing 1\.4\.0 there: transaction 1001-1-shop-eu-1 is restoring\. Nothing was written\. Wait for that run; .* \(restore-point with mode: restore, to: 1001-1-shop-eu-1\)$/,
    )
  })

  it('tells what to do with one that could not be put back', () => {
    const { message } = new LiveTransaction({ ...held, state: 'restore-failed' })
    expect(message).toMatch(
      /could not put it back: transaction 1001-1-shop-eu-1 is restore-failed: the router is away\. .*mode: resolve, to: 1001-1-shop-eu-1, with a reason\)$/,
    )
  })

  it('tells why the transaction may not be believed', () => {
    const { message } = new LiveTransaction({ ...held, state: 'open', distrust: 'run 1001 is none of ours' })
    expect(message).toMatch(/\. Of that transaction: run 1001 is none of ours$/)
  })
})

describe('of an environment', () => {
  let folder: string
  let ledger: Ledger
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ledger-'))
    ledger = createFileLedger(folder, 'shop', 1001)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const previous = { version: '1.3.0', digest: `sha256:${'3'.repeat(64)}` }
  const byHand = transactionRecord({ id: '1002-1-shop-eu-1', weightsOnly: true })

  it('the newest counts that held it, not one that lost the race for it', async () => {
    await ledger.open(record, {})
    await ledger.mark(record, 'committed', '')
    await ledger.open({ ...record, id: '1003-1-shop-eu-1' }, {})
    await ledger.mark({ id: '1003-1-shop-eu-1' }, 'superseded', '')
    for (const find of [newest, newestRollout])
      expect(await find(ledger, environment)).toMatchObject({ record: { id: record.id } })
    expect(await newest(ledger, 'production-us')).toBeUndefined()
  })

  it('weights that were set by hand are no rollout, but hold it', async () => {
    await ledger.open(record, {})
    await ledger.mark(record, 'committed', '')
    await ledger.open(byHand, {})
    expect(await newest(ledger, environment)).toMatchObject({ record: { id: byHand.id } })
    expect(await newestRollout(ledger, environment)).toMatchObject({ record: { id: record.id } })
    // They stand for no release; what stood there before them is known.
    expect(await releaseServing(ledger, environment)).toBeUndefined()
    await ledger.mark(byHand, 'committed', '')
    expect(await releaseServing(ledger, environment)).toBeUndefined()
  })

  it('weights that were set by hand and taken back leave what was there before', async () => {
    await ledger.open({ ...byHand, previous }, {})
    expect(await releaseServing(ledger, environment)).toEqual(previous)
    for (const state of ['restoring', 'restored'] as const) await ledger.mark(byHand, state, '')
    expect(await releaseServing(ledger, environment)).toEqual(previous)
  })

  describe('what runs there once all that came since was put back', () => {
    const next = { version: '1.5.0', digest: `sha256:${'5'.repeat(64)}` }
    const second = { ...record, id: '1004-1-shop-eu-1', release: next, previous: record.release }
    const putBack = async (one: { id: string }): Promise<void> => {
      for (const state of ['restoring', 'restored'] as const) await ledger.mark(one, state, '')
    }

    it('is what stands there, not what the last of them found', async () => {
      const first = { ...record, id: '1000-1-shop-eu-1', release: previous }
      for (const one of [first, { ...record, previous }]) {
        await ledger.open(one, {})
        await ledger.mark(one, 'committed', '')
      }
      await ledger.open(second, {})
      await putBack(second)
      expect(await releaseServing(ledger, environment)).toEqual(record.release)
      await putBack(record)
      expect(await releaseServing(ledger, environment)).toEqual(previous)
    })

    it('is what the first of them found, where nothing stands there', async () => {
      await ledger.open({ ...record, previous }, {})
      await ledger.mark(record, 'committed', '')
      await ledger.open(second, {})
      await putBack(second)
      await putBack(record)
      expect(await releaseServing(ledger, environment)).toEqual(previous)
    })
  })

  it('nobody knows what runs there once a person has put it right', async () => {
    await ledger.open({ ...record, previous }, {})
    await ledger.mark(record, 'resolved', 'by hand')
    expect(await releaseServing(ledger, environment)).toBeUndefined()
  })

  it.each([
    [['committed'], record.release],
    [[], previous],
    [['restoring', 'restored'], previous],
  ] as const)('the release is known that serves after %j', async (states, release) => {
    await ledger.open({ ...record, previous }, {})
    for (const state of states) await ledger.mark(record, state, '')
    expect(await releaseServing(ledger, environment)).toEqual(release)
  })

  it('a rollout of a release is needless where its newest transaction is committed with the digest, and nowhere else', async () => {
    const { digest } = record.release
    const said = async (): Promise<string | undefined> => {
      const entry = await newest(ledger, environment)
      return entry && committedWith(entry, digest)
    }
    await ledger.open({ ...record, previous: record.release }, {})
    expect(await said()).toBeUndefined()
    await ledger.mark(record, 'committed', '')
    expect(await said()).toBe(`its newest transaction ${record.id} is committed with this digest`)
    const entry = await newest(ledger, environment)
    expect(entry && committedWith(entry, previous.digest)).toBeUndefined()
    expect(entry && committedWith({ ...entry, distrust: 'a run of nobody' }, digest)).toBeUndefined()
    // On one arm alone it is not done.
    const promoted = entry && { ...entry, record: { ...entry.record, finish: 'promote' as const } }
    expect(promoted && committedWith(promoted, digest)).toBeUndefined()
    await ledger.open(byHand, {})
    await ledger.mark(byHand, 'committed', '')
    expect(byHand.release.digest).toBe(digest)
    expect(await said()).toBeUndefined()
  })

  describe('is held', () => {
    const entry = (more: Partial<Entry>): Entry => ({
      record,
      state: 'committed',
      note: '',
      at: '2',
      ...more,
    })
    /** A ledger whose newest entry is one, and that which was let in last another. */
    const of = (latest: Entry | undefined, letIn?: Entry): Ledger =>
      ({
        ...ledger,
        find: (query) => {
          expect(query).toMatchObject({ environment, limit: 1 })
          return Promise.resolve([query.letIn === true ? letIn : latest].filter((one) => one !== undefined))
        },
      }) satisfies Ledger
    const planted = (state: TransactionState): Entry => entry({ state, distrust: 'a run of nobody', at: '3' })
    const open = entry({ state: 'open' })

    it.each<[string, Ledger, Entry | undefined]>([
      ['by nobody at first', of(undefined), undefined],
      ['by the newest', of(open), open],
      ['by nobody after a commit', of(entry({}), open), undefined],
      ['by what proves nothing, as long as it says so', of(planted('open'), entry({})), planted('open')],
      ['by whom somebody has hidden behind what proves nothing', of(planted('committed'), open), open],
      ['by nobody behind that', of(planted('committed'), entry({})), undefined],
      ['by nobody where nobody was let in', of(planted('committed')), undefined],
    ])('%s', async (_, where, by) => expect(await holder(where, environment)).toEqual(by))
  })

  it('no release is known without a rollout', async () => {
    expect(await releaseServing(ledger, environment)).toBeUndefined()
  })
})
