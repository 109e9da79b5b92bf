import { ProviderError } from '@deploy-actions/action-kit'
import {
  holdingStates,
  mayBecome,
  transactionStates,
  type Release,
  type TransactionState,
} from '@deploy-actions/rollout'
import type { GivenInstruction, Instruction } from './instructions'
import { cutTo, MAX_NOTE } from './note'
import type { OldArm, OldArmWord } from './old-arm'
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
  /** when that was, by GitHub's own clock; ISO 8601 */
  markedAt?: string
  /** a person had it taken back: who, and why */
  takenBack?: string
  /** the same for an exercise */
  drill?: string
  /** it was committed, whatever became of it since */
  wasCommitted?: true
  /** it was committed, or put back, or put right before: what holds it now came after an end */
  wasClosed?: true
  /** the arm that it replaced, once its decommission has begun: nothing can be given back to it */
  oldArm?: OldArm
}

export interface LedgerQuery {
  environment?: string
  region?: string
  /** of the release that was brought */
  digest?: string
  state?: readonly TransactionState[]
  id?: string
  /** the run that opened it */
  run?: number
  /** without those that set weights by hand */
  rollouts?: true
  /** without those that stepped back or whose opener died before it was let in, and those that prove nothing */
  letIn?: true
  /** with `letIn`: those that prove nothing, too, since somebody may have to be told of them */
  doubted?: true
  /** without those of which nothing was ever left: put back before they were committed, and not by a person's word */
  brought?: true
  /** without those of which nothing is left on their target, whatever was found of it then */
  standing?: true
  /** the newest of each environment alone */
  each?: true
  /** how many of the service's or the environment's newest are looked through; default all */
  depth?: number
  /** newest first, at most this many; default 10 */
  limit?: number
}

/** What names a transaction: its record, or as much of it. */
export type TransactionName = Pick<TransactionRecord, 'id'> & {
  environment?: string
  /** what `open` gave: saves the search */
  at?: string
}

/** Nothing begins any more for a while: in an environment, or in all of the service. */
export interface ServiceFreeze {
  /** absent where it is all of them */
  environment?: string | undefined
  from: Date
  until: Date
  /** who wants it so, and why */
  reason: string
}

/** Where a transaction stands, and what people have said to it that counts, oldest first. */
export interface Followed extends Pick<Entry, 'state' | 'note'> {
  instructions: GivenInstruction[]
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
  /**
   * The same, and what people have said to it, for whom it is under way.
   * @throws NoTransaction when there is no such transaction
   */
  followed(name: TransactionName): Promise<Followed>
  /** Says something to a transaction that is under way; believed of the run that says it. @throws NoTransaction */
  say(name: TransactionName, instruction: Instruction): Promise<void>
  /** Says something of the arm that a transaction has replaced. Absent where no sweeper looks. @throws NoTransaction */
  sayOldArm?(name: TransactionName, word: OldArmWord): Promise<void>
  /**
   * @param from the states that it may be in then, where not all from which that one can follow
   * @throws NoTransaction when there is no such transaction, ProviderError when it may not go to that state
   */
  mark(
    name: TransactionName,
    state: TransactionState,
    note: string,
    from?: readonly TransactionState[],
  ): Promise<void>
  /**
   * What was kept beside a record when it was opened.
   * @throws Untrusted when its run is not one whose transactions are restored
   */
  settings(name: TransactionName): Promise<unknown>
  /** Ids that this attempt of the run has used, opened or not; there may be others among them. */
  taken(): Promise<string[]>
  /** The freezes of the service, by whomever: they prove nothing, and cost one call. */
  freezes(): Promise<ServiceFreeze[]>
  /** @param environment one of the service, beside whose transactions it is kept */
  freeze(freeze: ServiceFreeze, environment: string): Promise<void>
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

/** What a ledger stores with a state: `committed: all traffic on green`, cut to what is kept. */
export function describeState(state: TransactionState, note: string): string {
  return cutTo(MAX_NOTE, note ? `${state}: ${note.replace(/\s+/g, ' ')}` : state)
}

/** @throws ProviderError when a transaction may not go from its last state to that one */
export function mustFollow(
  id: string,
  state: TransactionState,
  last: TransactionState,
  from: readonly TransactionState[] = transactionStates,
): void {
  if (!mayBecome(last, state) || !from.includes(last))
    throw new ProviderError(`transaction ${id} is ${last} and cannot become ${state}`, { provider: 'ledger' })
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

/** There is so much in the ledger that is none of its own that it does not tell what was asked. */
export class Flooded extends ProviderError {
  constructor(message: string) {
    super(message, { provider: 'ledger' })
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

/**
 * Of what is put back nothing is left: what is under it stands on the target. Where only the last part of a rollout is
 * undone, what serves is the release that was committed before: that it is not healthy keeps nobody from taking that back.
 */
export const isUndone = ({ record, state }: Pick<Entry, 'record' | 'state'>): boolean =>
  state === 'restored' || (state === 'unverified' && record.finishes !== undefined)

/** Whether something of a transaction was left, or a person has seen to that: otherwise it is as if it had never been. */
export const wasBrought = (entry: Entry): boolean =>
  !isUndone(entry) ||
  // The release that it followed serves on: that one is what a person wants to have taken back.
  (entry.record.finishes === undefined && (entry.wasCommitted === true || entry.takenBack !== undefined))

/**
 * Who holds an environment. What proves nothing may hold it, and hides nobody who does: none before one that was let in
 * can be live.
 */
export async function holder(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const entry = await newest(ledger, environment)
  if (!entry || holdingStates.includes(entry.state)) return entry
  if (entry.distrust === undefined) return undefined
  const [letIn] = await ledger.find({ environment, letIn: true, limit: 1 })
  return letIn && holdingStates.includes(letIn.state) ? letIn : undefined
}

/** The newest rollout of an environment, whatever became of it; weights that were set by hand are none. */
export async function newestRollout(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const held = transactionStates.filter((state) => state !== 'superseded')
  return (await ledger.find({ environment, state: held, rollouts: true, limit: 1 }))[0]
}

/**
 * What runs in an environment as far as the ledger knows, and the transaction which tells it: what that committed, or
 * found when it came. What one that was put back has found may have been taken back since: then what stands under all of
 * those tells it, or what the first of them found. After weights that were set by hand, or a target that a person has put
 * right, nobody knows.
 */
export async function serving(
  ledger: Ledger,
  environment: string,
): Promise<{ release: Release; entry: Entry } | undefined> {
  const entry = await tellsOf(ledger, environment)
  if (!entry || doubtOf(entry) !== undefined || entry.state === 'resolved') return undefined
  if (entry.state !== 'committed') return entry.record.previous && { release: entry.record.previous, entry }
  return entry.record.weightsOnly ? undefined : { release: entry.record.release, entry }
}

async function tellsOf(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const last = await newest(ledger, environment)
  if (!last || doubtOf(last) !== undefined || !isUndone(last) || !last.record.previous) return last
  // Mostly that serves again, and its own record says so: one call, however many were put back in a row.
  const { digest } = last.record.previous
  const [brought] = await ledger.find({
    ...{ environment, digest, rollouts: true, letIn: true },
    ...{ depth: LOOKED_THROUGH, limit: 1 },
  })
  if (!brought) return last
  if (brought.state === 'committed') return brought
  const state = transactionStates.filter((one) => one !== 'superseded')
  const [standing] = await ledger.find({ environment, state, standing: true, limit: 1 })
  return standing ?? (await ledger.find({ environment, state, limit: FAR_ENOUGH })).at(-1)
}

/** One page of GitHub's, and ten. */
const LOOKED_THROUGH = 30
const FAR_ENOUGH = 300

/** What of {@link serving} a record keeps as its `previous`. */
export const releaseServing = async (ledger: Ledger, environment: string): Promise<Release | undefined> =>
  (await serving(ledger, environment))?.release

/** Why a target needs no rollout of a release, by a transaction of it: undefined where that does not say so. */
export function committedWith(entry: Entry, digest: string): string | undefined {
  const { id, release, weightsOnly, finish } = entry.record
  const done = entry.state === 'committed' && release.digest === digest && !weightsOnly && !finish
  return done && doubtOf(entry) === undefined
    ? `its newest transaction ${id} is committed with this digest`
    : undefined
}
