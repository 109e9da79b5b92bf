import { transactionRecord } from '../../ledger/src/record.fixture'
import type { JobTransaction } from './job-transaction'

export { transactionRecord }

/** The same as a job keeps it, for a proxy on this port. */
export function jobTransaction(port: number, change: Partial<JobTransaction> = {}): JobTransaction {
  return {
    record: transactionRecord(),
    settings: {
      router: { type: 'haproxy', port, backend: 'app' },
      arms: { baseline: 'blue', canary: 'green' },
    },
    ledger: 'github',
    state: 'open',
    ...change,
  }
}
