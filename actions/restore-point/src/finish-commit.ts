import { messageOf, providerPorts, retrying, type Ports } from '@deploy-actions/action-kit'
import type { Ledger, TransactionRecord, Upload } from '@deploy-actions/ledger'
import { canaryWeights, formatWeights, sameWeights, WHOLE } from '@deploy-actions/rollout'
import { routers, type ObservedRouter, type RouterReading } from '@deploy-actions/traffic'
import { PATIENCE_MS, readSettings } from '@deploy-actions/transaction'
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
  const upload = (await ledger.uploadedHere(region)).find(({ record }) => record.id === id)
  return upload && finishCommit(ledger, upload, ports)
}

/** @see finishedCommit */
export async function finishCommit(
  ledger: Ledger,
  { record, settings, states }: Upload,
  ports: Ports,
): Promise<string | undefined> {
  if (!states.includes('committed')) return undefined
  const { router: written, arms } = readSettings(record.id, settings)
  const router = (await routers.configure(written)).open(providerPorts(ports), [arms.baseline, arms.canary])
  const reading = await readPatiently(router, record, ports)
  if (!reading || reading.differs !== undefined) return undefined
  const { weights } = reading
  if (!sameWeights(weights, canaryWeights(arms, WHOLE))) return undefined
  const reason = `${record.release.version} serves all of ${record.service} in ${record.region} on ${arms.canary}`
  await markUnlessDown(ledger, record, 'committed', reason, ports)
  return `${record.id} was proven and its job ended before the ledger was told: ${reason} (${formatWeights(weights)}), and it is committed`
}

/** Undefined for a router that stays away: then the restore goes on trying, and tells people. */
async function readPatiently(
  router: ObservedRouter,
  { id }: TransactionRecord,
  { clock, signal, log }: Ports,
): Promise<RouterReading | undefined> {
  try {
    return await retrying(() => router.read(signal), {
      clock,
      signal,
      idempotent: true,
      withinMs: PATIENCE_MS.restoreStep,
    })
  } catch (error) {
    signal.throwIfAborted()
    log.warning(
      `the commit of ${id} was proven, but whether its traffic still stands cannot be read: ${messageOf(error)}`,
    )
    return undefined
  }
}
