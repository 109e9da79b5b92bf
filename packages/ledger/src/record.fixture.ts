import type { TransactionRecord } from './record'

/** A transaction of shop in eu, opened when blue had all the traffic. */
export function transactionRecord(change: Partial<TransactionRecord> = {}): TransactionRecord {
  return {
    v: 1,
    id: '1001-1-shop-eu-1',
    service: 'shop',
    region: 'eu',
    environment: 'production-eu',
    release: { version: '1.4.0', digest: `sha256:${'4'.repeat(64)}` },
    commit: 'c'.repeat(40),
    run: {
      id: 1001,
      attempt: 1,
      workflowRef: 'acme/shop/.github/workflows/deploy.yml@refs/heads/main',
      actor: 'ann',
    },
    correlationId: 'shop-1001-1',
    openedAt: '2026-11-21T10:00:00.000Z',
    restore: [{ kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } }],
    ...change,
  }
}
