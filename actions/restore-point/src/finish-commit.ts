import { messageOf, retrying, type Ports } from '@deploy-actions/action-kit'
import type { Ledger, TransactionRecord, Upload } from '@deploy-actions/ledger'
import { canaryWeights, formatWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import { mustHold, type ObservedRouter } from '@deploy-actions/traffic'
import { openRouter, PATIENCE_MS, readSettings } from '@deploy-actions/transaction'
import { uploadsUnlessDown } from './lost-record'
import { markUnlessDown } from './tell-ledger'

/**
 * A job that died right after it had proven all for its commit left the proof, and the ledger may not know: where the
 * router still shows what was to be committed, the commit is finished instead of undone.
 * @returns why nothing is to be restored; undefined when it is
 */
export async function finishedCommit(
  ledger: Ledger,
  { id, region }: TransactionRecord,
  ports: Ports,
): Promise<string | undefined> {
  const uploads = await uploadsUnlessDown(ledger, region, 'nothing counts as proven', ports)
  const upload = uploads.find(({ record }) => record.id === id)
  return upload && finishCommit(ledger, upload, ports)
}

/** @see finishedCommit */
export async function finishCommit(
  ledger: Ledger,
  { record, settings, states }: Upload,
  ports: Ports,
): Promise<string | undefined> {
  if (!states.includes('committed')) return undefined
  const kept = readSettings(record.id, settings)
  const { arms } = kept
  const router = await openRouter(kept, ports)
  const whole = canaryWeights(arms, WHOLE)
  if (!(await stillHolds(router, whole, record, ports))) return undefined
  const reason = `${record.release.version} serves all of ${record.service} in ${record.region} on ${arms.canary}`
  const told = await markUnlessDown(ledger, record, 'committed', reason, ports)
  return `${record.id} was proven and its job ended before the ledger was told: ${reason} (${formatWeights(whole)}), and ${told ? 'it is committed' : 'the ledger does not say so yet'}`
}

/** As at a commit: the router is asked until it says so, and one that stays away for long has not said so. */
async function stillHolds(
  router: ObservedRouter,
  whole: Weights,
  { id }: TransactionRecord,
  ports: Ports,
): Promise<boolean> {
  const { clock, signal, log } = ports
  try {
    await retrying(() => mustHold(router, whole, `the commit of ${id} was proven, and no more`, ports), {
      clock,
      signal,
      idempotent: true,
      withinMs: PATIENCE_MS.restoreStep,
    })
    return true
  } catch (error) {
    signal.throwIfAborted()
    log.warning(messageOf(error))
    return false
  }
}
