import type { LedgerQuery } from './ledger'
import type { TransactionRecord } from './record'

/** Whether a record of the environment in question is one that a query asks for, as far as the record itself tells. */
export const isAskedFor = (
  record: TransactionRecord,
  { region, digest, id, run, rollouts }: LedgerQuery,
): boolean =>
  (region ?? record.region).toLowerCase() === record.region.toLowerCase() &&
  (digest ?? record.release.digest) === record.release.digest &&
  (id ?? record.id) === record.id &&
  (run ?? record.run.id) === record.run.id &&
  !(rollouts === true && record.weightsOnly)
