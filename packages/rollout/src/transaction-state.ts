/** What a transaction can be: everything that one rollout does to one target, committed or restored as a whole. */
export const transactionStates = [
  'open',
  'committed',
  'restoring',
  'restored',
  'unverified',
  'restore-failed',
  'resolved',
  'superseded',
] as const
export type TransactionState = (typeof transactionStates)[number]

/** States in which something of the transaction may still be on the target: they hold it against other rollouts. */
export const holdingStates: readonly TransactionState[] = ['open', 'restoring', 'restore-failed']

/**
 * Where each state may go. A restore may be tried again after it failed, or a person puts the target right and says so;
 * a committed transaction may be undone.
 */
const next: Record<TransactionState, readonly TransactionState[]> = {
  open: ['committed', 'restoring', 'resolved', 'superseded'],
  committed: ['restoring'],
  restoring: ['restoring', 'restored', 'unverified', 'restore-failed', 'resolved'],
  restored: ['restoring'],
  unverified: ['restoring'],
  'restore-failed': ['restoring', 'resolved'],
  resolved: [],
  superseded: [],
}

/** True when a transaction in state `from` may be marked `to`. */
export function mayBecome(from: TransactionState, to: TransactionState): boolean {
  return next[from].includes(to)
}
