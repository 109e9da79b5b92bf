import { escapeText, type Ports, type RunContext } from '@deploy-actions/action-kit'
import { committedWith, newest, type Entry, type Ledger } from '@deploy-actions/ledger'
import { defined, type Release } from '@deploy-actions/rollout'
import { armsOf, saveJobTransaction, type FoundArms, type JobTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/**
 * What an earlier attempt of this run has committed with this release, where nothing came after it. GitHub runs a job
 * again that died right after its commit: rolled out once more, the release would be written over the one before it, and
 * nothing would be left for an instant return.
 */
export async function committedEarlier(
  ledger: Ledger,
  environment: string,
  { digest }: Release,
  { runId, attempt }: RunContext,
): Promise<Entry | undefined> {
  if (attempt === 1) return undefined
  const entry = await newest(ledger, environment)
  return entry?.record.run.id === runId && committedWith(entry, digest) !== undefined ? entry : undefined
}

/**
 * The rest of the job goes on in the transaction as its first attempt left it: with what follows a commit.
 * @returns undefined where the router gives the traffic to another arm by now: somebody has moved it since
 */
export async function joinCommitted(
  { record, at }: Entry,
  { arms: now, settings: router }: FoundArms,
  { ledger, dryRun, infra }: { ledger: string; dryRun: boolean; infra: Inputs['infra'] },
  ports: Ports,
): Promise<Outputs | undefined> {
  const arms = armsOf(record)
  if (arms?.canary !== now.baseline) return undefined
  const settings = defined({ router, arms, infra })
  const transaction: JobTransaction = { record, settings, ledger, at, state: 'committed' }
  if (!dryRun) await saveJobTransaction(ports.context.temp, transaction)
  const reason = `${record.region} needs nothing: attempt ${record.run.attempt} of this run has committed ${record.id}, and ${record.release.version} serves on ${arms.canary}`
  ports.log.info(reason)
  ports.evidence.about({ transaction: record.id })
  ports.summary.add(
    `### ${escapeText(record.region)}: committed by an earlier attempt\n\n${escapeText(reason)}. Nothing is rolled out once more.`,
  )
  return {
    outcome: 'already-committed',
    reason,
    transaction: record.id,
    'baseline-arm': arms.baseline,
    'canary-arm': arms.canary,
  }
}
