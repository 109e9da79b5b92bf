import { z } from 'zod'
import { transactionStates, type TransactionState } from '@deploy-actions/rollout'
import { describeState } from './ledger'
import { transactionRecord, type TransactionRecord } from './record'

/** A state that a transaction was put into, and what was said with it. */
export interface Mark {
  state: TransactionState
  note: string
}

/** A transaction as its deployment holds it: the record in its payload, the states in its statuses. */
export interface TransactionDeployment {
  record: TransactionRecord
  /** oldest first; none when its opener died before it could say more */
  marks: Mark[]
}

const deploymentStatus = z.looseObject({ description: z.string().nullish() })

/**
 * GitHub's own state for each of ours. The description, not this, is what is read back: GitHub makes an earlier
 * `success` inactive when a later one comes, and several of ours share one of them.
 */
const githubStates: Record<TransactionState, string> = {
  open: 'in_progress',
  committed: 'success',
  restoring: 'pending',
  restored: 'inactive',
  superseded: 'inactive',
  unverified: 'failure',
  'restore-failed': 'error',
  resolved: 'inactive',
}

/** The body of the deployment status that puts a transaction into a state. */
export function statusBody(state: TransactionState, note: string): { state: string; description: string } {
  return { state: githubStates[state], description: describeState(state, note) }
}

/**
 * Reads a deployment as a transaction.
 * @param payload as GitHub gives it, an object or text
 * @param statuses newest first, as GitHub lists them
 * @returns undefined for a deployment of somebody else's, which means nothing here
 */
export function readDeployment(
  payload: unknown,
  statuses: readonly unknown[],
): TransactionDeployment | undefined {
  const record = recordIn(payload)
  return record && { record, marks: marksIn(statuses) }
}

/** The record in a deployment's payload, undefined when it holds none of ours. */
export function recordIn(payload: unknown): TransactionRecord | undefined {
  const read = transactionRecord.safeParse(typeof payload === 'string' ? parseJson(payload) : payload)
  return read.success ? read.data : undefined
}

/** The marks in a deployment's statuses, oldest first; statuses of somebody else's are left out. */
export function marksIn(statuses: readonly unknown[]): Mark[] {
  return statuses.toReversed().flatMap((status) => {
    const note = deploymentStatus.parse(status).description ?? ''
    const state = transactionStates.find((state) => note === state || note.startsWith(`${state}: `))
    return state ? [{ state, note }] : []
  })
}

/** Where a transaction stands: open from its creation on, even before anything was said. */
export function lastMark(marks: readonly Mark[]): Mark {
  return marks.at(-1) ?? { state: 'open', note: '' }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
