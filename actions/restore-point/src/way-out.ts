import type { TransactionRecord } from '@deploy-actions/ledger'
import type { RestoredPoint } from '@deploy-actions/transaction'

/** What is left to a person where the arm that is to get the traffic back does not serve any more; empty where it may. */
export const wayOut = (points: readonly RestoredPoint[], { previous }: TransactionRecord): string =>
  previous !== undefined && points.some(({ kept }) => kept)
    ? `. Where that arm is gone for good, roll out ${previous.version} (${previous.digest}) as a release of its own`
    : ''
