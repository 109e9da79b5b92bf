import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import {
  patientGitHub,
  ProviderError,
  retrying,
  runUrl,
  type Ports,
  type StoredArtifact,
} from '@deploy-actions/action-kit'
import { digestOf } from '@deploy-actions/evidence'
import {
  defined,
  holdingStates,
  lazily,
  mayBecome,
  transactionStates,
  type TransactionState,
} from '@deploy-actions/rollout'
import { idIn, restorePointArtifact, RESTORE_POINT_FILE, stateArtifacts } from './artifact-names'
import type { Mark } from './deployment'
import { openDeployments, type ListedDeployment } from './deployments'
import {
  describeState,
  LiveTransaction,
  Untrusted,
  type Entry,
  type Ledger,
  type LedgerQuery,
  type TransactionName,
} from './ledger'
import { readRecord, type TransactionRecord } from './record'
import { createRunProofs } from './run-proofs'

export type LedgerPorts = Pick<Ports, 'github' | 'artifacts' | 'context' | 'clock' | 'signal' | 'log'>

export interface LedgerOptions {
  /** paths of workflows, beside ours and that of this run, whose transactions may be restored */
  trustedWorkflows?: readonly string[]
  /** how long GitHub is waited for, in the action's milliseconds; default a minute */
  patienceMs?: number
  /** how long `find`, and what `open` asks before it writes, may rest on an earlier look; default not at all */
  rememberMs?: number
}

/** A finished rollout is not rolled back for one lost answer; a restore, which tells the ledger, too, is not held up. */
const DEFAULT_PATIENCE_MS = 60_000

/**
 * GitHub keeps statuses for 90 days and runs for 35: a record of that age without any status has lost them, and it
 * cannot be live. What it came to is not known any more, so it counts for nothing.
 */
const FORGOTTEN_AFTER_MS = 60 * 24 * 3_600_000

/** So many records in a row that no run has opened are somebody's work: what is behind them is not looked for. */
const MAX_UNPROVEN = 50

/** The restore-point artifact: the record as it was opened, and what its restorers need beside it. */
const keptFile = lazily(() => z.looseObject({ record: z.unknown(), settings: z.unknown() }))

/** A deployment that its run has proven to have opened. */
interface Proven extends ListedDeployment {
  distrust?: string
}

/**
 * Transactions as GitHub Deployments: one each, its payload the record, its statuses the states. Whoever may write
 * deployments can plant a record and post a status, so neither counts by itself. A record counts when the run that it
 * names uploaded an artifact with its digest, which only a job of that run can, and the environment takes jobs of that
 * run's branch. A state that frees a target counts when a run uploaded an artifact that says so first. A state that
 * holds one counts from anybody: the worst of it is that a person has to look.
 */
export function createGitHubLedger(
  service: string,
  ports: LedgerPorts,
  { trustedWorkflows = [], patienceMs, rememberMs = 0 }: LedgerOptions = {},
): Ledger {
  const { artifacts, context, clock, signal, log } = ports
  const github = patienceMs === undefined ? ports.github : patientGitHub(ports.github, patienceMs)
  const deployments = openDeployments(github, service, runUrl(context))
  const proofs = createRunProofs(github, context, trustedWorkflows)
  const proven = new Map<number, Proven | undefined>()
  /** By environment, what was found there last. */
  const looks = new Map<string, { at: number; found: Seen[] }>()

  const prove = async (deployment: ListedDeployment): Promise<Proven | undefined> => {
    const { number, record, payload } = deployment
    if (proven.has(number)) return proven.get(number)
    const { id, run, environment } = record
    const refuse = (why: string): undefined => {
      log.warning(`deployment ${number} says to be transaction ${id}, and counts for nothing: ${why}`)
      proven.set(number, undefined)
    }
    if ((await proofs.uploaded(run.id, restorePointArtifact(id, payload))) === undefined)
      return refuse(`run ${run.id} uploaded no restore point that is the same before it opened it`)
    const standing = await proofs.standing(run.id, environment)
    if (standing.level === 'none') return refuse(standing.why)
    const found = { ...deployment, ...(standing.level === 'known' ? { distrust: standing.why } : {}) }
    proven.set(number, found)
    return found
  }

  /** Those that their runs have opened, newest first. */
  async function* known(
    { environment, id, run, rollouts }: LedgerQuery,
    { after = 0, before = Infinity }: Span = {},
  ): AsyncGenerator<Proven> {
    let unproven = 0
    for await (const deployment of deployments.list(environment)) {
      const { record, number } = deployment
      if (number <= after) return
      if (number >= before) continue
      if ((id ?? record.id) !== record.id || (run ?? record.run.id) !== record.run.id) continue
      if (rollouts === true && record.weightsOnly) continue
      const found = await prove(deployment)
      if (found) yield found
      else if (++unproven > MAX_UNPROVEN)
        throw new ProviderError(
          `more than ${MAX_UNPROVEN} deployments of ${service} say to be transactions that no run has opened: somebody plants them. Delete them, then start again`,
          { provider: 'ledger' },
        )
    }
  }

  const counts = async ({ state, run }: Mark, owner: Owner): Promise<boolean> => {
    if (holdingStates.includes(state)) return true
    if (run === undefined) return false
    if ((await proofs.uploaded(run, ...stateArtifacts(owner.id, state))) === undefined) return false
    return run === owner.run || (await proofs.standing(run, owner.environment)).level !== 'none'
  }

  /** The last mark that could be made, and counts. */
  const lastOf = async (marks: readonly Mark[], owner: Owner): Promise<Mark> => {
    let last: Mark = { state: 'open', note: '' }
    for (const mark of marks) {
      const isOpening = mark.state === 'open' && last.note === ''
      if (!isOpening && !mayBecome(last.state, mark.state)) continue
      if (await counts(mark, owner)) last = mark
      else
        log.warning(
          `somebody says that transaction ${owner.id} is ${mark.state}; no run has uploaded that, so it counts for nothing`,
        )
    }
    return last
  }

  const read = async (deployment: Proven): Promise<Seen | undefined> => {
    const { record, unread, distrust, number } = deployment
    const marks = await deployments.marks(number)
    const ageMs = clock.now().getTime() - Date.parse(record.openedAt)
    if (marks.length === 0 && ageMs > FORGOTTEN_AFTER_MS) return undefined
    const { state, note } = await lastOf(marks, ownerOf(record))
    const wasLetIn = marks.some((mark) => mark.state === 'open')
    return { entry: { ...defined({ record, unread, distrust }), state, note }, wasLetIn, number }
  }

  /** What was let in last in an environment, and whatever came after it: looked at now, or remembered. */
  const latest = async (environment: string): Promise<Seen[]> => {
    const last = looks.get(environment)
    const now = clock.now().getTime()
    if (last && now - last.at < rememberMs) return last.found
    const found: Seen[] = []
    for await (const deployment of known({ environment })) {
      const one = await read(deployment)
      if (one) found.push(one)
      // None before one that was let in can be live; before one whose opener died there may be the one it would have lost to.
      if (one?.wasLetIn === true && one.entry.state !== 'superseded') break
    }
    looks.set(environment, { at: now, found })
    return found
  }

  /** Those that came to the environment after one and before another, and hold it. */
  const rivalOf = async (environment: string, span: Span): Promise<Entry | undefined> => {
    for await (const deployment of known({ environment }, span)) {
      const one = await read(deployment)
      if (one && holdingStates.includes(one.entry.state)) return one.entry
    }
    return undefined
  }

  const locate = async ({ at, ...name }: TransactionName): Promise<{ number: number; owner: Owner }> => {
    // Only this job was told the number, when it opened the transaction.
    if (at !== undefined && name.environment !== undefined)
      return { number: Number(at), owner: { id: name.id, environment: name.environment, run: context.runId } }
    for await (const { number, record } of known(nameOf(name))) return { number, owner: ownerOf(record) }
    throw new ProviderError(`the ledger has no transaction ${name.id} of ${service}`, { provider: 'ledger' })
  }

  const stateOf = async (name: TransactionName): Promise<Mark> => {
    const { number, owner } = await locate(name)
    return lastOf(await deployments.marks(number), owner)
  }

  const upload = async (name: string, file: string, content: unknown): Promise<void> => {
    const folder = join(context.temp, 'deploy-actions', 'ledger', name)
    await mkdir(folder, { recursive: true })
    await writeFile(join(folder, file), JSON.stringify(content, null, 2))
    await artifacts.upload(name, folder, [file])
  }

  /** Uploaded before the mark is made: that is what the mark is believed for. */
  const uploadState = async (id: string, state: TransactionState, note: string): Promise<void> => {
    const names = stateArtifacts(id, state)
    const content = { id, state, note, run: context.runId, attempt: context.attempt }
    for (const name of names)
      try {
        return await upload(name, 'state.json', content)
      } catch (error) {
        // It may have been uploaded by an earlier step of this run.
        if (await proofs.uploaded(context.runId, ...names)) return
        if (name === names.at(-1)) throw error
      }
  }

  return {
    async open(record, settings) {
      const before = await latest(record.environment)
      const held = before.find(({ entry }) => holdingStates.includes(entry.state))
      if (held) throw new LiveTransaction(held.entry)
      await upload(restorePointArtifact(record.id, record), RESTORE_POINT_FILE, { record, settings })
      looks.delete(record.environment)
      const number = await deployments.create(record)
      // Two openers: the lower number wins, the other steps back.
      const after = before[0]?.number ?? 0
      const rival = await rivalOf(record.environment, { after, before: number })
      if (rival) {
        await uploadState(record.id, 'superseded', rival.record.id)
        await deployments.mark(number, 'superseded', `by ${rival.record.id}`)
        throw new LiveTransaction(rival)
      }
      await deployments.mark(number, 'open', `run ${record.run.id} attempt ${record.run.attempt}`)
      return String(number)
    },
    async find({ state, limit = 10, ...where }) {
      const fits = ({ entry }: Seen): boolean => state === undefined || state.includes(entry.state)
      if (rememberMs > 0 && limit === 1 && isWholeEnvironment(where)) {
        const seen = (await latest(where.environment)).filter(
          (one) => fits(one) && !(where.rollouts === true && one.entry.record.weightsOnly),
        )
        if (seen[0]) return [seen[0].entry]
      }
      const found: Entry[] = []
      for await (const deployment of known(where)) {
        const one = await read(deployment)
        if (one && fits(one)) found.push(one.entry)
        if (found.length === limit) break
      }
      return found
    },
    stateOf,
    async mark(name, state, note) {
      const { number, owner } = await locate(name)
      const attempt = async (): Promise<void> => {
        const last = await lastOf(await deployments.marks(number), owner)
        // By its description: an answer was lost, and the mark had been made.
        if (last.note === describeState(state, note)) return
        if (!mayBecome(last.state, state))
          throw new ProviderError(`transaction ${owner.id} is ${last.state} and cannot become ${state}`, {
            provider: 'ledger',
          })
        if (!holdingStates.includes(state)) await uploadState(owner.id, state, note)
        await deployments.mark(number, state, note)
      }
      await retrying(attempt, {
        clock,
        signal,
        idempotent: true,
        withinMs: patienceMs ?? DEFAULT_PATIENCE_MS,
      })
    },
    async settings(name) {
      for await (const { record, payload, distrust } of known(nameOf(name))) {
        if (distrust !== undefined) throw new Untrusted(name.id, distrust)
        const artifact = await proofs.uploaded(record.run.id, restorePointArtifact(name.id, payload))
        if (!artifact) break
        const kept = await download(artifact, record.run.id)
        if (digestOf(kept.record) === digestOf(payload)) return kept.settings
        throw new Untrusted(
          name.id,
          `its record differs from the one that run ${record.run.id} uploaded before opening it`,
        )
      }
      throw new Untrusted(name.id, 'no run has proven to have opened it')
    },
    async taken() {
      const uploaded = await github.list<{ name: string }>(
        'GET /repos/{owner}/{repo}/actions/runs/{run_id}/artifacts',
        { run_id: context.runId },
        { permission: 'actions: read', pick: 'artifacts' },
      )
      return uploaded.flatMap(({ name }) => idIn(name) ?? [])
    },
    async uploadedHere(region) {
      const isOurs = ({ name }: StoredArtifact): boolean =>
        idIn(name)?.includes(`-${service}-${region}-`) === true
      const inAttempt = await artifacts.list()
      // What an earlier attempt uploaded is known to REST alone.
      const run = context.attempt > 1 && !inAttempt.some(isOurs) ? context.runId : undefined
      const all = run === undefined ? inAttempt : await artifacts.list(run)
      const names = new Set(all.map(({ name }) => name))
      const found = await Promise.all(all.filter(isOurs).map((artifact) => download(artifact, run)))
      return found.flatMap(({ record, settings }) => {
        const read = readRecord(record)
        if (read?.record.service !== service || read.record.region !== region) return []
        const states = transactionStates.filter((state) =>
          stateArtifacts(read.record.id, state).some((name) => names.has(name)),
        )
        return [{ ...read, settings, states }]
      })
    },
  }

  /** @param run where it is not this attempt of this run */
  async function download(
    artifact: StoredArtifact,
    run?: number,
  ): Promise<z.infer<ReturnType<typeof keptFile>>> {
    const folder = await mkdtemp(join(context.temp, 'restore-point-'))
    try {
      await artifacts.download(artifact, folder, run)
      return keptFile().parse(JSON.parse(await readFile(join(folder, RESTORE_POINT_FILE), 'utf8')))
    } catch (cause) {
      if (cause instanceof ProviderError) throw cause
      throw new ProviderError(`artifact ${artifact.name} holds no restore point`, {
        provider: 'GitHub artifacts',
        cause,
      })
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/** A transaction as it was read. */
interface Seen {
  entry: Entry
  /** it was marked as open: nobody before it can hold the environment */
  wasLetIn: boolean
  number: number
}

type WholeEnvironment = LedgerQuery & { environment: string }

const isWholeEnvironment = (where: LedgerQuery): where is WholeEnvironment =>
  where.environment !== undefined && where.id === undefined && where.run === undefined

/** Numbers of deployments: above one, below the other. */
interface Span {
  after?: number
  before?: number
}

/** Whose marks are looked at. */
interface Owner {
  id: string
  environment: string
  /** the run that opened it */
  run: number
}

/** As a query has it. */
const nameOf = ({ id, environment }: TransactionName): LedgerQuery => defined({ id, environment })

const ownerOf = ({ id, environment, run }: TransactionRecord): Owner => ({ id, environment, run: run.id })
