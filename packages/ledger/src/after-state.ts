import { transactionStates, type TransactionState } from '@deploy-actions/rollout'

/**
 * The note of a mark that reopens a transaction tells which state it follows. GitHub may take its time with a status, and
 * meanwhile somebody else may have closed the transaction: what comes after that reopens nothing.
 */
export const noteAfter = (state: TransactionState, note: string): string => `after ${state}, ${note}`

/** A note as it was given, without what it says of the state before. */
export const withoutAfter = (note: string): string =>
  note.replace(/^restoring: after [a-z-]+, /, 'restoring: ')

/** Whether a mark, whose note begins with its state, was made for another state than the one that it came to. */
export function cameLate({ note }: { note: string }, last: TransactionState): boolean {
  const [, after] = /^restoring: after ([a-z-]+), /.exec(note) ?? []
  return transactionStates.some((state) => state === after) && after !== last
}
