import { Cancelled, GateFailed, messageOf, type Ports } from '@deploy-actions/action-kit'
import type { Ledger } from '@deploy-actions/ledger'
import { formatPercent, formatWeights, holdingStates } from '@deploy-actions/rollout'
import {
  abandonTransaction,
  claimOf,
  closedBy,
  closedMeanwhile,
  findJobTransaction,
  lateClaim,
  nameOf,
  NotOpen,
  PATIENCE_MS,
  restoreTraffic,
  saveJobTransaction,
  stillHeld,
  stillReached,
  type JobTransaction,
  type RestoredPoint,
} from '@deploy-actions/transaction'
import { details, tellRestored } from './events'
import type { StageResult } from './outputs'
import { summarise } from './report'
import { note, position, type Walk } from './walk'

/** Traffic that this very step has just seen fail is not left for want of a token. */
const OWN = { whenRefused: 'own' } as const

/** A stage's verdict sends the traffic back. */
export class StageFailed extends GateFailed {
  constructor(
    readonly stage: StageResult,
    /** real milliseconds of the sample that decided */
    readonly decidedAtMs: number,
  ) {
    super(`${formatPercent(stage.weight)}: ${stage.reason}`)
  }
}

/** Writes the restore point back, proves it, tells people, and gives the error that ends the action. */
export async function putBack(
  walk: Walk,
  transaction: JobTransaction,
  ledger: Ledger,
  error: unknown,
  ports: Ports,
): Promise<Error> {
  const started = error instanceof StageFailed ? error.decidedAtMs : ports.clock.realMs()
  ports.log.error(`traffic is put back: ${messageOf(error)}`)
  const { record, settings } = transaction
  // As the job keeps it: with the vectors that were written since. A runner may have been away for hours.
  const kept = (await findJobTransaction(ports.context.temp, record.id)) ?? transaction
  walk.standstill.beat()
  const isLate = walk.standstill.happened || error instanceof NotOpen
  const late = isLate ? await lateClaim(kept, ports) : { claim: claimOf(kept, ports) }
  if ('closed' in late) return leftAlone(walk, error, late.closed, ports)
  const points = await restoreTraffic(record, settings, ports, {
    withinMs: PATIENCE_MS.putBack,
    claim: late.claim,
    stillOurs: stillHeld(kept, ports, OWN),
  }).catch(closedBy)
  if ('closed' in points) return leftAlone(walk, error, points.closed, ports)
  const rollbackMs = Math.round(ports.clock.realMs() - started)
  const verified = points.every(({ ok }) => ok)
  for (const { ok, detail } of points)
    ports.log.info(`traffic ${ok ? 'restored and verified' : 'NOT restored'}: ${detail}`)
  if (!verified && ports.signal.aborted) return cutShort(walk, error, points, ports)
  if (!verified) {
    const closed = await closedMeanwhile(kept, ports, isLate ? {} : OWN)
    if (closed !== undefined) return leftAlone(walk, error, closed, ports)
  }
  if (verified)
    await saveJobTransaction(ports.context.temp, {
      ...kept,
      state: walk.settings.transaction ? 'traffic-restored' : 'restored',
    })
  if (!walk.settings.transaction) await closeOwn(transaction, ledger, verified, points, ports)
  if (verified)
    for (const line of Object.values(await stillReached(record, settings, points, ports)))
      ports.log.warning(line)
  note(walk, ports, { restored: points, ...(verified && { rollbackMs }) })
  await tellRestored(walk, { points, rollbackMs, cause: messageOf(error) }, ports)
  const reason = verified
    ? `${messageOf(error)}; traffic is back at ${points.map(({ weights }) => formatWeights(weights ?? {})).join(', ')}, verified after ${rollbackMs} ms`
    : `${messageOf(error)}; traffic could NOT be put back: ${details(points)}`
  ports.summary.add(summarise(walk, reason))
  const verdict = error instanceof StageFailed ? error.stage.verdict : 'error'
  const outputs = {
    verdict,
    ...position(walk),
    'rolled-back': true,
    'rollback-verified': verified,
    ...(verified && { 'rollback-ms': rollbackMs }),
  }
  return new GateFailed(reason, { cause: error instanceof StageFailed ? undefined : error, outputs })
}

/** The run was cancelled under the put-back: the transaction stays open, and the posts of this job go on with it. */
function cutShort(walk: Walk, error: unknown, restored: readonly RestoredPoint[], ports: Ports): Error {
  const reason = `${messageOf(error)}; the run was cancelled while the traffic was put back: the post step goes on with it`
  note(walk, ports, { restored })
  ports.summary.add(summarise(walk, reason))
  const outputs = {
    verdict: error instanceof StageFailed ? error.stage.verdict : 'error',
    ...position(walk),
    'rolled-back': false,
    'rollback-verified': false,
  }
  return new Cancelled(reason, { cause: error, outputs })
}

/** Somebody else has ended the transaction while this runner was away: nobody is alarmed for traffic that is not ours. */
function leftAlone(walk: Walk, error: unknown, closed: string, ports: Ports): Error {
  const reason = `${messageOf(error)}; ${closed}`
  note(walk, ports, {})
  ports.summary.add(summarise(walk, reason))
  const outputs = {
    verdict: 'error' as const,
    ...position(walk),
    'rolled-back': false,
    'rollback-verified': false,
  }
  return new GateFailed(reason, { cause: error, outputs })
}

/** Nothing was written, so nothing is put back: what somebody else wrote stands. */
export async function endUnmoved(
  walk: Walk,
  transaction: JobTransaction,
  ledger: Ledger,
  error: unknown,
  ports: Ports,
): Promise<Error> {
  const own = !walk.settings.transaction
  // Within a transaction of the job its end is not ours: without a commit all of it is put back.
  const reason = `no traffic was moved by this step: ${messageOf(error)}${own ? '' : '; the transaction of this job is put back as a whole when it ends without a commit'}`
  if (own) await abandonTransaction(transaction, ledger, reason, ports)
  note(walk, ports, {})
  ports.summary.add(summarise(walk, reason))
  return new GateFailed(reason, { cause: error, outputs: { verdict: 'error', ...position(walk) } })
}

async function closeOwn(
  transaction: JobTransaction,
  ledger: Ledger,
  verified: boolean,
  points: readonly RestoredPoint[],
  ports: Ports,
): Promise<void> {
  const note = points.map(({ detail }) => detail).join('; ')
  try {
    await ledger.mark(nameOf(transaction), 'restoring', 'canary-step', holdingStates)
    await ledger.mark(nameOf(transaction), verified ? 'restored' : 'restore-failed', note)
  } catch (error) {
    ports.log.warning(`the ledger could not be told of the restore: ${messageOf(error)}`)
  }
}
