import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { digestOf, firstFailure, openChain, readChain, rootOf } from './chain'
import type { EvidenceRecord } from './record'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chain-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const record = (
  action: string,
  more: Partial<EvidenceRecord> = {},
): Omit<EvidenceRecord, 'seq' | 'previous'> => ({
  v: 1,
  job: 'deploy',
  action,
  actionRef: 'v1',
  startedAt: '2026-11-21T10:00:00.000Z',
  endedAt: '2026-11-21T10:00:01.000Z',
  run: {
    id: 7,
    attempt: 1,
    workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
    actor: 'ann',
  },
  inputs: { region: 'eu' },
  outcome: 'promoted',
  reason: 'all well',
  facts: { weight: 1000 },
  calls: [{ system: 'haproxy', what: 'show servers state app', status: 'ok', ms: 1 }],
  ...more,
})
const about = { jobId: 42, job: 'deploy', region: 'eu', attempt: 1 }
const file = (name: string): string => join(folder, name)
const edit = async (name: string, change: (text: string) => string): Promise<void> =>
  writeFile(file(name), change(await readFile(file(name), 'utf8')))

/** A sealed chain of three. */
async function sealed(): Promise<void> {
  const chain = openChain(folder)
  for (const action of ['begin', 'canary-step', 'commit']) await chain.append(record(action))
  await chain.seal(about)
}

describe('digestOf', () => {
  it('is the sha256 of the canonical JSON: keys sorted, no blanks', () => {
    expect(digestOf({ b: 1, a: [true, null] })).toBe(
      `sha256:${createHash('sha256').update('{"a":[true,null],"b":1}').digest('hex')}`,
    )
    expect(digestOf({ a: [true, null], b: 1 })).toBe(digestOf({ b: 1, a: [true, null] }))
  })
})

describe('a chain', () => {
  it('links each record to the one before and is read back without a problem', async () => {
    await sealed()
    const { manifest, records, problems } = await readChain(folder)
    expect(problems).toEqual([])
    expect(records.map(({ action, seq }) => [action, seq])).toEqual([
      ['begin', 0],
      ['canary-step', 1],
      ['commit', 2],
    ])
    expect(records.map(({ previous }) => previous)).toEqual([
      null,
      digestOf(records[0]),
      digestOf(records[1]),
    ])
    expect(manifest).toEqual({ v: 1, ...about, records: 3, head: digestOf(records[2]) })
  })

  it('goes on where another action of the job left it, and leaves no half-written file', async () => {
    expect(await openChain(folder).append(record('begin'))).toBe(file('0000.json'))
    expect(await openChain(folder).append(record('commit'))).toBe(file('0001.json'))
    expect((await readdir(folder)).sort()).toEqual(['0000.json', '0001.json'])
  })

  it('may be empty', async () => {
    await openChain(join(folder, 'new')).seal(about)
    expect(await readChain(join(folder, 'new'))).toEqual({
      manifest: { v: 1, ...about, records: 0, head: null },
      records: [],
      problems: [],
    })
  })

  it('takes nothing that is not a record', async () => {
    await expect(openChain(folder).append(record('begin', { endedAt: 'yesterday' }))).rejects.toThrow(
      'endedAt',
    )
    expect(await readdir(folder)).toEqual([])
  })
})

describe('tampering', () => {
  const swap = async (a: string, b: string): Promise<void> => {
    await rename(file(a), file('aside'))
    await rename(file(b), file(a))
    await rename(file('aside'), file(b))
  }

  it.each<[string, () => Promise<void>, RegExp[]]>([
    [
      'a changed record',
      () => edit('0001.json', (text) => text.replace('all well', 'all fine')),
      [/^record 2 follows sha256:\w+, not sha256:\w+$/],
    ],
    [
      'a changed last record',
      () => edit('0002.json', (text) => text.replace('promoted', 'restored')),
      [/^the chain ends at sha256:\w+, its manifest says sha256:\w+$/],
    ],
    [
      'a changed link',
      () => edit('0000.json', (text) => text.replace('"previous": null', `"previous": "${digestOf(1)}"`)),
      [/^record 0 follows sha256:\w+, not nothing$/, /^record 1 follows/],
    ],
    [
      'a removed record',
      () => rm(file('0001.json')),
      [/^record 1 says it is number 2: one is missing$/, /^2 records are there, the manifest counts 3$/],
    ],
    [
      'a removed last record',
      () => rm(file('0002.json')),
      [/^the chain ends at/, /^2 records are there, the manifest counts 3$/],
    ],
    [
      'no record left',
      async () => {
        await Promise.all(['0000.json', '0001.json', '0002.json'].map((name) => rm(file(name))))
      },
      [/^the chain ends at nothing/, /^0 records are there/],
    ],
    [
      'records in another order',
      () => swap('0000.json', '0001.json'),
      [/^record 0 says it is number 1/, /^record 1 says it is number 0/, /^record 2 follows/],
    ],
    [
      'a record put in between',
      () => edit('0002.json', (text) => text.replace('"seq": 2', '"seq": 3')),
      [/^record 2 says it is number 3/, /^the chain ends at/],
    ],
    [
      'a record with another field',
      () => edit('0001.json', (text) => text.replace('"v": 1', '"v": 1, "note": "x"')),
      [/^0001\.json cannot be read: /, /^record 1 says it is number 2/, /^2 records are there/],
    ],
    [
      'half a record',
      () => edit('0002.json', (text) => text.slice(0, 100)),
      [/^0002\.json cannot be read: /, /^the chain ends at/, /^2 records are there/],
    ],
    [
      'another count in the manifest',
      () => edit('chain.json', (text) => text.replace('"records": 3', '"records": 2')),
      [/^3 records are there, the manifest counts 2$/],
    ],
    [
      'another head in the manifest',
      () => edit('chain.json', (text) => text.replace(/"head": ".*"/, '"head": null')),
      [/^the chain ends at sha256:\w+, its manifest says nothing$/],
    ],
    ['no manifest', () => rm(file('chain.json')), [/^chain\.json cannot be read: /]],
  ])('is found: %s', async (_, tamper, expected) => {
    await sealed()
    await tamper()
    const { problems } = await readChain(folder)
    expect(problems).toEqual(expected.map((pattern) => expect.stringMatching(pattern)))
  })

  it('is found whatever value of a record it changes', async () => {
    await sealed()
    const original = await readFile(file('0001.json'), 'utf8')
    // Positions of letters and digits: blanks between tokens mean nothing in JSON.
    const places = [...original.matchAll(/[0-9a-z]/gi)].map(({ index }) => index)
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...places), fc.constantFrom('0', '7', 'x'), async (place, letter) => {
        fc.pre(original[place] !== letter)
        await writeFile(file('0001.json'), original.slice(0, place) + letter + original.slice(place + 1))
        expect((await readChain(folder)).problems).not.toEqual([])
      }),
      { numRuns: 60 },
    )
  })
})

describe('firstFailure', () => {
  it('is the reason of the first action that did not succeed', async () => {
    const chain = openChain(folder)
    expect(await firstFailure(folder)).toBeUndefined()
    await chain.append(record('begin', { outcome: 'begun', reason: 'begun' }))
    expect(await firstFailure(folder)).toBeUndefined()
    await chain.append(
      record('canary-step', { outcome: 'failed', reason: 'canary 43 of 5,120 requests failed' }),
    )
    await chain.append(record('commit', { outcome: 'cancelled', reason: 'the run was cancelled' }))
    expect(await firstFailure(folder)).toBe('canary 43 of 5,120 requests failed')
  })
})

describe('the root of a run', () => {
  const heads = ['a', 'b', 'c'].map((name) => digestOf(name))

  it('does not depend on the order in which the chains were found', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(heads, { minLength: 3 }), (shuffled) =>
        expect(rootOf(shuffled)).toBe(rootOf(heads)),
      ),
    )
  })

  it('depends on every one of them', () => {
    const roots = [heads, heads.slice(1), [...heads, digestOf('d')], heads.with(0, digestOf('d'))].map(rootOf)
    expect(new Set(roots).size).toBe(4)
  })

  it('leaves the list that it was given alone', () => {
    const given = heads.toReversed()
    rootOf(given)
    expect(given).toEqual(heads.toReversed())
  })
})
