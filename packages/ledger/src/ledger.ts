import { ProviderError } from '@deploy-actions/action-kit'
import { transactionStates, type TransactionState } from '@deploy-actions/rollout'
import type { TransactionRecord } from './record'

/** A transaction as the ledger knows it. */
export interface Entry {
  record: TransactionRecord
  state: TransactionState
  /** what was said when the state was marked */
  note: string
}

export interface LedgerQuery {
  environment?: string
  state?: readonly TransactionState[]
  id?: string
  /** newest first, at most this many; default 10 */
  limit?: number
}

/** The durable record of the transactions of one service, outside the runner. */
export interface Ledger {
  /** @throws LiveTransaction naming the run that holds the target */
  open(record: TransactionRecord): Promise<void>
  /** Newest first. */
  find(query: LedgerQuery): Promise<Entry[]>
  /** @throws ProviderError when there is no such transaction or it may not go to that state */
  mark(id: string, state: TransactionState, note: string): Promise<void>
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
    super(
      entry.state === 'restore-failed'
        ? `${what}, which brought ${release.version} there and could not put it back: transaction ${id} is ${entry.note}. Nothing was written. Restore it ${again}; or, when somebody has put the target right by hand, say so (mode: resolve, to: ${id}, with a reason)`
        : `${what}, which is bringing ${release.version} there: transaction ${id} is ${entry.state}. Nothing was written. Wait for that run; if it has ended, restore the transaction first ${again}`,
      { provider: 'ledger' },
    )
    this.entry = entry
  }
}

/** The newest transaction of an environment that ever held it; those that lost the race for it do not count. */
export async function newest(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const held = transactionStates.filter((state) => state !== 'superseded')
  return (await ledger.find({ environment, state: held, limit: 1 }))[0]
}

/** What runs in an environment as far as the ledger knows: its newest committed rollout. */
export async function newestCommitted(ledger: Ledger, environment: string): Promise<Entry | undefined> {
  const committed = await ledger.find({ environment, state: ['committed'] })
  return committed.find(({ record }) => !record.weightsOnly)
}
