import { z } from 'zod'
import { defined, transactionStates, type TransactionState } from '@deploy-actions/rollout'
import { readInstruction, type GivenInstruction } from './instructions'
import { describeState } from './ledger'
import { readOldArm, type PostedOldArm } from './old-arm'
import { readRecord, type ReadRecord } from './record'

/** A state that a transaction was put into, and what was said with it. */
export interface Mark {
  state: TransactionState
  note: string
  /** the run that says to have made it: whoever posts a status names any */
  run?: number
  /** when, by GitHub; ISO 8601 */
  madeAt?: string
}

/** A transaction as its deployment holds it: the record in its payload, the states in its statuses. */
export interface TransactionDeployment extends ReadRecord {
  /** oldest first; none when its opener died before it could say more */
  marks: Mark[]
}

const deploymentStatus = z.looseObject({
  id: z.int().optional(),
  description: z.string().nullish(),
  log_url: z.string().nullish(),
  created_at: z.string().optional(),
})

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
  const read = readRecord(payloadOf(payload))
  return read && { ...read, marks: marksIn(statuses) }
}

/** GitHub gives a payload as an object, or as the text that it was sent as; undefined for text that is not JSON. */
export function payloadOf(payload: unknown): unknown {
  if (typeof payload !== 'string') return payload
  try {
    return JSON.parse(payload)
  } catch {
    return undefined
  }
}

/** The marks in a deployment's statuses, oldest first; statuses of somebody else's are left out. */
export function marksIn(statuses: readonly unknown[]): Mark[] {
  return statuses.toReversed().flatMap((status) => {
    const { description, log_url: logUrl, created_at: madeAt } = deploymentStatus.parse(status)
    const note = description ?? ''
    const state = transactionStates.find((state) => note === state || note.startsWith(`${state}: `))
    return state ? [defined({ state, note, run: runIn(logUrl ?? ''), madeAt })] : []
  })
}

/** An instruction in a deployment's statuses, and the run that says to have posted it: whoever does names any. */
export interface PostedInstruction extends GivenInstruction {
  run: number | undefined
}

/** The instructions in a deployment's statuses, oldest first. */
export function instructionsIn(statuses: readonly unknown[]): PostedInstruction[] {
  return statuses.toReversed().flatMap((status) => {
    const { id = 0, description, log_url: logUrl } = deploymentStatus.parse(status)
    const instruction = readInstruction(description ?? '')
    return instruction ? [{ ...instruction, number: id, run: runIn(logUrl ?? '') }] : []
  })
}

/** What is said of the old arm in a deployment's statuses, oldest first. */
export function oldArmWordsIn(statuses: readonly unknown[]): PostedOldArm[] {
  return statuses.toReversed().flatMap((status) => {
    const { description, log_url: logUrl, created_at: saidAt = '' } = deploymentStatus.parse(status)
    const word = readOldArm(description ?? '')
    return word ? [{ ...word, saidAt, run: runIn(logUrl ?? '') }] : []
  })
}

/** The run whose page a mark leads to. */
function runIn(logUrl: string): number | undefined {
  const [, run] = /\/actions\/runs\/(\d+)$/.exec(logUrl) ?? []
  return run === undefined ? undefined : Number(run)
}
