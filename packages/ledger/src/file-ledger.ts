import { link, mkdir, readdir, readFile, unlink, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import { defined, holdingStates, transactionStates, type TransactionState } from '@deploy-actions/rollout'
import { isAskedFor } from './asked-for'
import { readFreeze, writtenFreeze } from './freezes'
import { describeInstruction, readInstruction } from './instructions'
import type { Mark } from './deployment'
import {
  describeState,
  LiveTransaction,
  mustFollow,
  NoTransaction,
  Untrusted,
  isUndone,
  wasBrought,
  type Entry,
  type Ledger,
  type TransactionName,
} from './ledger'
import { MAX_NOTE } from './note'
import { readRecord, transactionRecord, type TransactionRecord } from './record'
import { drillIn, takenBackIn, wasClosed, wasCommitted } from './taken-back'

const mark = z.strictObject({ state: z.enum(transactionStates), description: z.string() })
const instructionFile = z.strictObject({ description: z.string() })
const OPENED = { state: 'open' as const, note: '' }
const RECORD = /^(\d{6})\.json$/

/**
 * Transactions in a folder: `000001.json` is a record, `000001.01.json` and on are its states, `settings-ID.json` is what
 * its restorers need beside it, `instruction-000001-0000.json` and on what people say to it. Whoever may write into the folder is trusted. Every file is written whole under another
 * name and then linked to its own, which fails when that exists: numbers are given out once, and nobody reads half a
 * file.
 */
export function createFileLedger(folder: string, service: string, runId: number): Ledger {
  const FREEZE = new RegExp(`^freeze-${service.replaceAll('.', '\\.')}-\\d{4}\\.json$`)
  /** Oldest first. */
  const marksOf = async (number: string): Promise<Mark[]> => {
    const marks = (await readdir(folder))
      .filter((name) => name.startsWith(`${number}.`) && name !== `${number}.json`)
      .sort()
    const said = await Promise.all(
      marks.map(async (name) => mark.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))),
    )
    return said.map(({ state, description }) => ({ state, note: description }))
  }

  const read = async (number: string): Promise<Entry | undefined> => {
    const found = readRecord(JSON.parse(await readFile(join(folder, `${number}.json`), 'utf8')))
    if (!found) throw new ProviderError(`${number}.json in ${folder} is no record`, { provider: 'ledger' })
    if (found.record.service !== service) return undefined
    const read = await marksOf(number)
    return defined({
      at: number,
      ...found,
      ...(read.at(-1) ?? OPENED),
      takenBack: takenBackIn(read),
      drill: drillIn(read),
      wasCommitted: wasCommitted(read),
      wasClosed: wasClosed(read),
    })
  }

  /** Newest first. */
  const all = async (): Promise<Entry[]> => {
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

  const setState = async (entry: Entry, state: TransactionState, note: string): Promise<void> => {
    const taken = (await readdir(folder)).filter((name) => name.startsWith(`${entry.at}.`)).length
    const name = (attempt: number): string => `${entry.at}.${String(taken + attempt).padStart(2, '0')}.json`
    await publish(name, { state, description: describeState(state, note) })
  }

  const liveOthers = async (record: TransactionRecord) =>
    (await all()).filter(
      (entry) =>
        entry.record.environment === record.environment &&
        holdingStates.includes(entry.state) &&
        entry.record.id !== record.id,
    )

  const locate = async ({ id }: Pick<TransactionName, 'id'>): Promise<Entry> => {
    const entry = (await all()).find((entry) => entry.record.id === id)
    if (entry) return entry
    throw new NoTransaction(id, `the ledger ${folder}`)
  }

  const settingsOf = async (id: string): Promise<unknown> => {
    const text = await readFile(join(folder, settingsFile(id)), 'utf8').catch(() => undefined)
    if (text === undefined) throw new Untrusted(id, `${folder} holds no settings of it`)
    return JSON.parse(text)
  }

  return {
    async open(record, settings) {
      const [live] = await liveOthers(record)
      if (live) throw new LiveTransaction(live)
      await publish(() => settingsFile(record.id), settings)
      const next = Number((await all())[0]?.at ?? 0) + 1
      await publish(
        (attempt) => `${String(next + attempt).padStart(6, '0')}.json`,
        transactionRecord.parse(record),
      )
      // Two openers: the lower number wins, the other steps back.
      const own = await locate(record)
      const earlier = (await liveOthers(record)).find((entry) => entry.at < own.at)
      if (!earlier) return own.at
      await setState(own, 'superseded', `by ${earlier.record.id}`)
      throw new LiveTransaction(earlier)
    },
    async find({ environment, state, letIn, brought, standing, each, depth, limit = 10, ...where }) {
      const there = (await all()).filter(
        ({ record }) => (environment ?? record.environment) === record.environment,
      )
      const fitting = there
        .slice(0, depth)
        .filter(
          (entry) =>
            isAskedFor(entry.record, where) &&
            (state === undefined || state.includes(entry.state)) &&
            (brought === undefined || wasBrought(entry)) &&
            (standing === undefined || !isUndone(entry)) &&
            !(letIn === true && entry.state === 'superseded'),
        )
      const newest = new Map(fitting.toReversed().map((entry) => [entry.record.environment, entry]))
      return fitting
        .filter((entry) => !each || newest.get(entry.record.environment) === entry)
        .slice(0, limit)
    },
    stateOf: async (name) => {
      const { state, note } = await locate(name)
      return { state, note }
    },
    async followed({ id }) {
      const { state, note, at } = await locate({ id })
      const prefix = instructionPrefix(at)
      const files = (await readdir(folder)).filter((name) => name.startsWith(prefix)).sort()
      const said = await Promise.all(
        files.map(async (file) =>
          instructionFile.parse(JSON.parse(await readFile(join(folder, file), 'utf8'))),
        ),
      )
      return {
        ...{ state, note },
        instructions: said.flatMap(({ description }, number) => {
          const instruction = readInstruction(description)
          return instruction ? [{ ...instruction, number }] : []
        }),
      }
    },
    async say(name, instruction) {
      const prefix = instructionPrefix((await locate(name)).at)
      await publish((attempt) => `${prefix}${String(attempt).padStart(4, '0')}.json`, {
        description: describeInstruction(instruction, MAX_NOTE),
      })
    },
    async mark(name, state, note, from) {
      const entry = await locate(name)
      mustFollow(name.id, state, entry.state, from)
      await setState(entry, state, note)
    },
    settings: async ({ id }) => settingsOf((await locate({ id })).record.id),
    async freezes() {
      const names = (await readdir(folder).catch(() => [])).filter((name) => FREEZE.test(name)).sort()
      const kept = await Promise.all(
        names.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')) as unknown),
      )
      return kept.flatMap((one) => readFreeze(one) ?? [])
    },
    freeze: (freeze) =>
      publish(
        (attempt) => `freeze-${service}-${String(attempt).padStart(4, '0')}.json`,
        writtenFreeze(freeze),
      ),
    taken: async () => (await all()).map(({ record }) => record.id),
    proven: () => [],
    async uploadedHere(region) {
      const here = (await all()).filter(({ record }) => record.run.id === runId && record.region === region)
      return Promise.all(
        here.map(async ({ record, unread, state }) => ({
          ...defined({ record, unread }),
          settings: await settingsOf(record.id),
          states: [state],
        })),
      )
    },
  }
}

const instructionPrefix = (number: string): string => `instruction-${number}-`

const settingsFile = (id: string): string => `settings-${id}.json`
