import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createFileLedger } from './file-ledger'
import { Untrusted, type Ledger } from './ledger'
import { transactionRecord } from './record.fixture'

let folder: string
let ledger: Ledger
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  ledger = createFileLedger(folder, 'shop', 1001)
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const eu = transactionRecord()
const us = transactionRecord({ id: '1001-1-shop-us-1', region: 'us', environment: 'production-us' })

it('keeps a record, its states and its settings in files of their own, and nothing else', async () => {
  await ledger.open(us, {})
  await ledger.open(eu, {})
  await ledger.mark(eu, 'restoring', '')
  await ledger.mark(eu, 'restored', '')
  await ledger.mark(us, 'committed', '')
  expect((await readdir(folder)).sort()).toEqual([
    '000001.01.json',
    '000001.json',
    '000002.01.json',
    '000002.02.json',
    '000002.json',
    `settings-${eu.id}.json`,
    `settings-${us.id}.json`,
  ])
})

it('reads the last of many states', async () => {
  await ledger.open(eu, {})
  for (let tries = 0; tries < 11; tries++) await ledger.mark(eu, 'restoring', `try ${tries}`)
  expect(await ledger.stateOf(eu)).toEqual({ state: 'restoring', note: 'restoring: try 10' })
})

it('gives a target to the one that was there first', async () => {
  const records = [1, 2, 3, 4, 5].map((run) =>
    transactionRecord({ id: `${run}-1-shop-eu-1`, run: { ...eu.run, id: run } }),
  )
  await Promise.allSettled(records.map((record) => ledger.open(record, {})))
  const states = (await ledger.find({})).map(({ state }) => state)
  expect(states.lastIndexOf('open')).toBe(states.length - 1)
})

it('never gives an id twice', async () => {
  await ledger.open(eu, { first: true })
  await ledger.mark(eu, 'committed', '')
  await expect(ledger.open(eu, { first: false })).rejects.toMatchObject({ code: 'EEXIST' })
  expect(await ledger.settings(eu)).toEqual({ first: true })
})

it('says which file is no record', async () => {
  await ledger.open(eu, {})
  await writeFile(join(folder, '000002.json'), '{}')
  await expect(ledger.find({})).rejects.toMatchObject({ message: `000002.json in ${folder} is no record` })
})

it('does not act on a record whose settings are gone', async () => {
  await ledger.open(eu, {})
  await rm(join(folder, `settings-${eu.id}.json`))
  await expect(ledger.settings(eu)).rejects.toBeInstanceOf(Untrusted)
})

it('tells rollouts from weights that were set by hand', async () => {
  await ledger.open(us, {})
  await ledger.open({ ...eu, weightsOnly: true }, {})
  const ids = async (query: Parameters<Ledger['find']>[0]) =>
    (await ledger.find(query)).map(({ record }) => record.id)
  expect(await ids({ rollouts: true })).toEqual([us.id])
  expect(await ids({})).toEqual([eu.id, us.id])
})

it('gives what this very run kept for a region', async () => {
  const other = transactionRecord({ id: '900-1-shop-eu-1', run: { ...eu.run, id: 900 } })
  await ledger.open(other, {})
  await ledger.mark(other, 'committed', '')
  await ledger.open(us, {})
  await ledger.open(eu, { router: 'here' })
  expect(await ledger.uploadedHere('eu')).toEqual([
    { record: eu, settings: { router: 'here' }, states: ['open'] },
  ])
})
