import type { Entry } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'

/** A transaction, and what of its record this version cannot read. */
export type Found = Pick<Entry, 'record' | 'unread' | 'wasCommitted' | 'markedBy'> & {
  /** where it stood then, by the ledger, and what was said with that */
  state?: TransactionState
  note?: string
  /** where the ledger has it */
  at?: string
  /** this very job has it open, and has not begun to commit it */
  inJob?: true
  /** what its run kept beside it, where the ledger does not tell of it: since it is gone there, or for what else is there */
  kept?: { settings: unknown; because: 'gone' | 'flooded' }
}
