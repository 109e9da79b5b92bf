import { ProviderError } from '@deploy-actions/action-kit'
import { transactionStates, type Release, type TransactionState } from '@deploy-actions/rollout'
import type { ReadRecord, TransactionRecord } from './record'

/** A transaction as the ledger knows it: one that its own run has proven to have opened. */
export interface Entry extends ReadRecord {
  state: TransactionState
  /** what was said when the state was marked */
  note: string
  /** where the ledger has it: of two, the one with the greater number came later */
  at: string
  /** the run that says to have marked it, where the ledger keeps that: whoever posts a status names any */
  markedBy?: number
  /** why it may hold its target, and neither prove anything nor be restored: its run is none of the trusted ones */
  distrust?: string
}

export interface LedgerQuery {
  environment?: string
  state?: readonly TransactionState[]
  id?: string
  /** the run that opened it */
  run?: number
  /** without those that set weights by hand */
  rollouts?: true
  /** without those that stepped back or whose opener died before it was let in, and those that prove nothing */
  letIn?: true
  /** newest first, at most this many; default 10 */
  limit?: number
}

/** What names a transaction: its record, or as much of it. */
export type TransactionName = Pick<TransactionRecord, 'id'> & {
  environment?: string
  /** what `open` gave: saves the search */
  at?: string
}

/** The durable record of the transactions of one service, outside the runner. */
export interface Ledger {
  /**
   * Opens a transaction, and keeps beside it what its restorers need.
   * @returns where it stands, as TransactionName has it
   * @throws LiveTransaction naming the run that holds the target
   */
  open(record: TransactionRecord, settings: unknown): Promise<string>
  /** Newest first. What no run has proven to have opened is left out, and said to be. */
  find(query: LedgerQuery): Promise<Entry[]>
  /** @throws NoTransaction when there is no such transaction */
  stateOf(name: TransactionName): Promise<Pick<Entry, 'state' | 'note'>>
  /** @throws NoTransaction when there is no such transaction, ProviderError when it may not go to that state */
  mark(name: TransactionName, state: TransactionState, note: string): Promise<void>
  /**
   * What was kept beside a record when it was opened.
   * @throws Untrusted when its run is not one whose transactions are restored
   */
  settings(name: TransactionName): Promise<unknown>
  /** Ids that this attempt of the run has used, opened or not; there may be others among them. */
  taken(): Promise<string[]>
  /** What this run has kept to open transactions of a region, without a question to the ledger. */
  uploadedHere(region: string): Promise<Upload[]>
  /**
   * What has been proven of records and of marks, so that the next job of this run need not ask for it again: which run
   * uploaded which artifact, and that the environment took that run's jobs then. Where a transaction stands, and whether
   * another came after it, is none of it.
   */
  proven(): string[]
}

/** What a run kept of a transaction that it was to open, or did. */
export interface Upload extends ReadRecord {
  settings: unknown
  /** those that it was to be closed with, or was */
  states: TransactionState[]
}

/** GitHub keeps 140 characters of a status' description; every ledger keeps no more. */
export const MAX_NOTE = 140

/** What a ledger stores with a state: `committed: all traffic on green`, cut to what is kept. */
export function describeState(state: TransactionState, note: string): string {
  const text = note ? `${state}: ${note.replace(/\s+/g, ' ')}` : state
  return text.length <= MAX_NOTE ? text : `${text.slice(0, MAX_NOTE - 1)}…`
}

/** Another rollout holds the target: its transaction is left alone. */
export class LiveTransaction extends ProviderError {
  readonly entry: Entry

  constructor(entry: Entry) {
    const { id, run, region, service, release } = entry.record
    const what = `${service} in ${region} is held by run ${run.id} (attempt ${run.attempt}, ${run.actor})`
    const again = `(restore-point with mode: restore, to: ${id})`
    const doubt = doubtOf(entry)
    super(
      (entry.state === 'restore-failed'
        ? `${what}, which brought ${release.version} there and could not put it back: transaction ${id} is ${entry.note}. Nothing was written. Restore it ${again}; or, when somebody has put the target right by hand, say so (mode: resolve, to: ${id}, with a reason)`
        : `${what}, which is bringing ${release.version} there: transaction ${id} is ${entry.state}. Nothing was written. Wait for that run; if it has ended, restore the transaction first ${again}`) +
        (doubt === undefined ? '' : `. Of that transaction: ${doubt}`),
      { provider: 'ledger' },
    )
    this.entry = entry
  }
}

/** The ledger has answered, and knows no transaction of that id. */
export class NoTransaction extends ProviderError {
  constructor(id: string, where: string) {
    super(`${where} has no transaction ${id}`, { provider: 'ledger' })
  }
}

/** A record that cannot be trusted is not acted on: anyone with `deployments: write` can plant one. */
export class Untrusted extends ProviderError {
  constructor(id: string, why: string) {
    super(`transaction ${id} is not acted on: ${why}`, { provider: 'ledger' })
  }
}

/** Why a transaction may hold its target, but nothing is concluded from what it says; undefined when it may be believed. */
export function doubtOf({ distrust, unread }: Entry): string | undefined {
  return (
    distrust ??
    (unread === undefined
      ? undefined
      : `another version of deploy-actions opened it, and this one cannot read all of it (${unread})`)
  )
}

/** The newest transaction of an environment that ever held it; those that lost the race for it do not count. */
export async function newest(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const held = transactionStates.filter((state) => state !== 'superseded')
  return (await ledger.find({ environment, state: held, limit: 1 }))[0]
}

/** The newest rollout of an environment, whatever became of it; weights that were set by hand are none. */
export async function newestRollout(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const held = transactionStates.filter((state) => state !== 'superseded')
  return (await ledger.find({ environment, state: held, rollouts: true, limit: 1 }))[0]
}

/**
 * What runs in an environment as far as the ledger knows, and the newest rollout, which tells it: what that committed,
 * or found when it came. So one record tells it, however many rollouts in a row were taken back.
 */
export async function serving(
  ledger: Ledger,
  environment: string,
): Promise<{ release: Release; entry: Entry } | undefined> {
  const entry = await newestRollout(ledger, environment)
  if (!entry || doubtOf(entry) !== undefined) return undefined
  const release = entry.state === 'committed' ? entry.record.release : entry.record.previous
  return release && { release, entry }
}

/** What of {@link serving} a record keeps as its `previous`. */
export const releaseServing = async (ledger: Ledger, environment: string): Promise<Release | undefined> =>
  (await serving(ledger, environment))?.release

/** Why a target needs no rollout of a release, by a transaction of it: undefined where that does not say so. */
export function committedWith(entry: Entry, digest: string): string | undefined {
  const { id, release, weightsOnly } = entry.record
  const done = entry.state === 'committed' && release.digest === digest && !weightsOnly
  return done && doubtOf(entry) === undefined
    ? `its newest transaction ${id} is committed with this digest`
    : undefined
}
