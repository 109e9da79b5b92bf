import type { Ports } from '@deploy-actions/action-kit'
import { newest, openLedger } from '@deploy-actions/ledger'
import type { RolloutPlan, TransactionState } from '@deploy-actions/rollout'

/** What became of a planned region, by the ledger: never by the result of a matrix. */
export interface RegionResult {
  name: string
  environment: string
  outcome: 'promoted' | 'skipped' | 'restored' | 'unverified' | 'restore-failed' | 'unfinished' | 'not-started'
  reason: string
  transaction: string | null
}

const outcomes: Record<TransactionState, RegionResult['outcome']> = {
  committed: 'promoted',
  restored: 'restored',
  unverified: 'unverified',
  'restore-failed': 'restore-failed',
  open: 'unfinished',
  restoring: 'unfinished',
  superseded: 'not-started',
}

export async function regionResults(plan: RolloutPlan, ledgerSpec: string, ports: Ports): Promise<RegionResult[]> {
  const ledger = openLedger(ledgerSpec, plan.service, ports)
  const due = await Promise.all(
    plan.regions.map(async ({ name, environment }): Promise<RegionResult> => {
      const entry = await newest(ledger, environment)
      if (!entry || entry.record.run.id !== ports.context.runId)
        return { name, environment, outcome: 'not-started', reason: 'this run opened no transaction there', transaction: null }
      return { name, environment, outcome: outcomes[entry.state], reason: entry.note, transaction: entry.record.id }
    }),
  )
  return [...due, ...plan.skipped.map(({ name, environment, reason }) => ({ name, environment, outcome: 'skipped' as const, reason, transaction: null }))]
}
