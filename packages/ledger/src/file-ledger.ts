import { link, mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import { holdingStates, mayBecome, transactionStates, type TransactionState } from '@deploy-actions/rollout'
import { describeState, LiveTransaction, type Entry, type Ledger } from './ledger'
import { transactionRecord, type TransactionRecord } from './record'

const mark = z.strictObject({ state: z.enum(transactionStates), description: z.string() })
const RECORD = /^(\d{6})\.json$/

/**
 * Transactions in a folder: `000001.json` is a record, `000001.01.json` and on are its states. Every file is written
 * whole under another name and then linked to its own, which fails when that exists: numbers are given out once, and
 * nobody reads half a file.
 */
export function createFileLedger(folder: string, service: string): Ledger {
  const read = async (number: string): Promise<(Entry & { number: string }) | undefined> => {
    const record = transactionRecord.parse(JSON.parse(await readFile(join(folder, `${number}.json`), 'utf8')))
    if (record.service !== service) return undefined
    const marks = (await readdir(folder))
      .filter((name) => name.startsWith(`${number}.`) && name !== `${number}.json`)
      .sort()
    const last = marks.at(-1)
    if (last === undefined) return { number, record, state: 'open', note: '' }
    const { state, description } = mark.parse(JSON.parse(await readFile(join(folder, last), 'utf8')))
    return { number, record, state, note: description }
  }

  /** Newest first. */
  const all = async (): Promise<(Entry & { number: string })[]> => {
    const names = await readdir(folder).catch(() => [])
    const numbers = names.flatMap((name) => RECORD.exec(name)?.[1] ?? []).sort()
    const entries = await Promise.all(numbers.reverse().map(read))
    return entries.filter((entry) => entry !== undefined)
  }

  const publish = async (name: (attempt: number) => string, value: unknown): Promise<void> => {
    await mkdir(folder, { recursive: true })
    const draft = join(folder, `.${randomUUID()}`)
    await writeFile(draft, `${JSON.stringify(value, null, 2)}\n`)
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await link(draft, join(folder, name(attempt)))
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt === 1000) throw error
        }
      }
    } finally {
      await unlink(draft)
    }
  }

  const setState = async (
    entry: Entry & { number: string },
    state: TransactionState,
    note: string,
  ): Promise<void> => {
    const taken = (await readdir(folder)).filter((name) => name.startsWith(`${entry.number}.`)).length
    const name = (attempt: number): string =>
      `${entry.number}.${String(taken + attempt).padStart(2, '0')}.json`
    await publish(name, { state, description: describeState(state, note) })
  }

  const liveOthers = async (record: TransactionRecord) =>
    (await all()).filter(
      (entry) =>
        entry.record.environment === record.environment &&
        holdingStates.includes(entry.state) &&
        entry.record.id !== record.id,
    )

  return {
    async open(record) {
      const [live] = await liveOthers(record)
      if (live) throw new LiveTransaction(live)
      const next = Number((await all())[0]?.number ?? 0) + 1
      await publish(
        (attempt) => `${String(next + attempt).padStart(6, '0')}.json`,
        transactionRecord.parse(record),
      )
      // Two openers: the lower number wins, the other steps back.
      const own = (await all()).find((entry) => entry.record.id === record.id)
      const earlier = (await liveOthers(record)).find(
        (entry) => own !== undefined && entry.number < own.number,
      )
      if (!own || !earlier) return
      await setState(own, 'superseded', `by ${earlier.record.id}`)
      throw new LiveTransaction(earlier)
    },
    async find({ environment, state, id, limit = 10 }) {
      const entries = await all()
      return entries
        .filter(
          (entry) =>
            (environment === undefined || entry.record.environment === environment) &&
            (state === undefined || state.includes(entry.state)) &&
            (id === undefined || entry.record.id === id),
        )
        .slice(0, limit)
        .map(({ record, state, note }) => ({ record, state, note }))
    },
    async mark(id, state, note) {
      const entry = (await all()).find((entry) => entry.record.id === id)
      if (!entry)
        throw new ProviderError(`the ledger ${folder} has no transaction ${id}`, { provider: 'ledger' })
      if (!mayBecome(entry.state, state))
        throw new ProviderError(`transaction ${id} is ${entry.state} and cannot become ${state}`, {
          provider: 'ledger',
        })
      await setState(entry, state, note)
    },
  }
}
