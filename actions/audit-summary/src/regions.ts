import type { Approval, Ports } from '@deploy-actions/action-kit'
import type { EvidenceRecord } from '@deploy-actions/evidence'
import { newest, LEDGER_PATIENCE_MS, openLedger, type Entry } from '@deploy-actions/ledger'
import { transactionStates, type RolloutPlan, type TransactionState } from '@deploy-actions/rollout'
import { lastReading, type Reading } from './readings'

/** What became of a planned region, by the ledger: never by the result of a matrix. */
export interface RegionResult {
  name: string
  environment: string
  outcome:
    'promoted' | 'skipped' | 'restored' | 'unverified' | 'restore-failed' | 'unfinished' | 'not-started'
  reason: string
  transaction: string | null
  /** what its router itself showed last in this run; null where nobody read it */
  traffic: Reading | null
}

type Standing = Omit<RegionResult, 'traffic'>

const outcomes: Record<TransactionState, RegionResult['outcome']> = {
  committed: 'promoted',
  restored: 'restored',
  unverified: 'unverified',
  'restore-failed': 'restore-failed',
  open: 'unfinished',
  restoring: 'unfinished',
  resolved: 'restore-failed',
  superseded: 'not-started',
}

/** All but those that lost the race for their target. */
const held = transactionStates.filter((state) => state !== 'superseded')

/** What else tells of a region: who refused it, what its jobs said, and what they read back. */
export interface Hearsay {
  approvals: readonly Approval[]
  records: readonly EvidenceRecord[]
}

export async function regionResults(
  plan: RolloutPlan,
  ledgerSpec: string,
  hearsay: Hearsay,
  ports: Ports,
): Promise<RegionResult[]> {
  const ledger = openLedger(ledgerSpec, plan.service, ports, { patienceMs: LEDGER_PATIENCE_MS.plan })
  const due = await Promise.all(
    plan.regions.map(async ({ name, environment }): Promise<Standing> => {
      // By this run's own record: another rollout may have begun there since.
      const own = { environment, run: ports.context.runId, state: held, limit: 1 }
      const [last] = await ledger.find(own)
      const { finishes } = last?.record ?? {}
      const [followed] =
        finishes && last?.state === 'restored' ? await ledger.find({ ...own, id: finishes.id }) : []
      // A run that only brings it onto the old arm has committed nothing where that is undone.
      const undone = followed && last
      const entry = followed ?? last
      if (!entry)
        return {
          name,
          environment,
          outcome: 'not-started',
          reason: whyNotStarted(name, environment, hearsay),
          transaction: null,
        }
      return {
        name,
        environment,
        outcome: outcomes[entry.state],
        reason: `${entry.note}${notFinished(entry, undone)}`,
        transaction: entry.record.id,
      }
    }),
  )
  const skipped = await Promise.all(
    plan.skipped.map(async ({ name, environment, reason }): Promise<Standing> => {
      // What ran there when the plan was made may have been taken back since, by a soak that went red.
      const entry = await newest(ledger, environment)
      const back = entry && ['restored', 'unverified', 'restore-failed'].includes(entry.state)
      return back
        ? {
            name,
            environment,
            outcome: outcomes[entry.state],
            reason: entry.note,
            transaction: entry.record.id,
          }
        : { name, environment, outcome: 'skipped', reason, transaction: null }
    }),
  )
  return [...due, ...skipped].map((region) => ({
    ...region,
    traffic: lastReading(hearsay.records, region.name) ?? null,
  }))
}

/** What was to follow a commit, and did not. */
function notFinished({ state, record: { finish } }: Entry, undone: Entry | undefined): string {
  if (undone) return `; not on the old arm, too: ${undone.note}`
  return finish && state === 'committed' ? '; not on the old arm, too: that was never begun' : ''
}

function whyNotStarted(region: string, environment: string, { approvals, records }: Hearsay): string {
  const refusal = approvals.find(
    (approval) => approval.environment === environment && approval.state === 'rejected',
  )
  if (refusal) return `${refusal.by} rejected it${refusal.comment ? `: ${refusal.comment}` : ''}`
  const said = records.findLast(
    (record) =>
      record.region === region &&
      ['stop', 'failed', 'error', 'invalid', 'cancelled'].includes(record.outcome),
  )
  return said?.reason ?? 'this run opened no transaction there'
}
