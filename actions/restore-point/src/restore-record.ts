import { escapeText, GateFailed, table, type Ports } from '@deploy-actions/action-kit'
import { firstFailure } from '@deploy-actions/evidence'
import type { Ledger } from '@deploy-actions/ledger'
import { defined, formatDuration } from '@deploy-actions/rollout'
import {
  closedBy,
  closedMeanwhile,
  findJobTransaction,
  jobStateAfter,
  keptSettings,
  lateClaim,
  nameOf,
  PATIENCE_MS,
  readSettings,
  restoreTarget,
  saveJobTransaction,
  stillHeld,
  stillNewest,
  type RestoreResult,
} from '@deploy-actions/transaction'
import { mustBeNewest, promptLedger } from './find-record'
import type { Found } from './found'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { nothingOpen } from './nothing-open'
import { inSteps, stepsAreOver } from './step-back'
import { tellDelay } from './tell-delay'
import { here, markUnlessDown, mayFollow, soon } from './tell-ledger'
import { configAtRecord, deployerOf, healthProof, keepOf } from './record-config'
import { wayOut } from './way-out'

/**
 * Restores one record, verifies it and closes it in the ledger. What somebody else has put back meanwhile is left alone.
 * @throws GateFailed when it could not be put back
 */
export async function restoreRecord(
  found: Found,
  ledger: Ledger,
  inputs: Inputs,
  ports: Ports,
): Promise<Outputs> {
  const { record } = found
  const { id, service, region, environment } = record
  ports.evidence.about({ service, region, environment, transaction: id })
  const own = await findJobTransaction(ports.context.temp, id)
  const name = own ? nameOf(own) : record
  // What this very job opened needs no proof of where it came from.
  const settings =
    own?.settings ?? (found.kept ? readSettings(id, found.kept.settings) : await keptSettings(ledger, record))
  if (inputs['dry-run']) {
    ports.log.info(`would restore ${id}: ${JSON.stringify(record.restore)}`)
    return { outcome: 'would-restore', reason: `would restore ${id}`, transaction: id }
  }
  // A job may have been away for hours; any other has just asked the ledger which transaction this is.
  const late =
    own && inputs.to === 'open' ? await lateClaim({ ...own, ledger: inputs.ledger }, ports) : undefined
  if (late && 'closed' in late) return nothingOpen(late.closed, ports)
  // The proof of trust took its time, and somebody may have begun meanwhile.
  if (inputs.to === id) await mustBeNewest(ledger, found)
  const marked = markUnlessDown(ledger, name, 'restoring', here(ports), ports, mayFollow(found.state))
  await soon(marked, ports)
  await inSteps(found, settings, inputs, ports)
  const target = await configAtRecord(record, settings, ports)
  const told: Promise<void>[] = []
  const result = await restoreTarget(found, settings, ports, {
    patience: {
      withinMs: own ? PATIENCE_MS.restoreStep : PATIENCE_MS.guard,
      claim: late?.claim,
      stillOurs:
        own && late ? stillHeld(own, ports) : stillNewest(promptLedger(inputs, service, ports), found, ports),
      afterAMinute: (why) => target && void told.push(tellDelay(target, record, why, ports)),
    },
    deployer: target && (await deployerOf(target, record, settings.arms, ports)),
    keepMs: target && (await keepOf(target, settings.arms)),
    health: target && (await healthProof(target, settings.arms, ports)),
    share: { own, committed: found.wasCommitted },
  }).catch(closedBy)
  await Promise.all([marked, ...told])
  await stepsAreOver(id, 'closed' in result ? [] : result.points, ports)
  if ('closed' in result) return nothingOpen(result.closed, ports)
  const isUnread = result.points.some(({ kind, ok }) => kind === 'traffic' && !ok)
  const closed =
    own && late && isUnread ? await closedMeanwhile({ ...own, ledger: inputs.ledger }, ports) : undefined
  if (closed !== undefined) return nothingOpen(closed, ports)
  const why = inputs.reason ?? (await firstFailure(ports.evidence.folder)) ?? 'the rollout did not end well'
  await markUnlessDown(ledger, name, result.outcome, why, ports)
  if (own) await saveJobTransaction(ports.context.temp, { ...own, state: jobStateAfter(result) })
  return concluded(found, result, why, ports)
}

/** What is to be known of a restore that the ledger may not show. */
const UNSHOWN = {
  gone: 'its record was taken out of the ledger, so the ledger does not show this, and nothing holds the target',
  flooded: 'somebody has put so much into the ledger that it may not show this: delete that',
} as const

function concluded(
  { record, kept }: Found,
  { outcome, points, trafficMs }: RestoreResult,
  why: string,
  ports: Ports,
): Outputs {
  const failed = points.filter(({ ok }) => !ok)
  const back = outcome === 'restored' ? 'back at its restore point' : outcome
  const serves = record.finishes
    ? ` (${record.release.version} was to be brought onto the other arm, too; it is committed, and not taken back)`
    : ''
  const what = `${record.service} in ${record.region} is ${back}${serves}${kept ? `; ${UNSHOWN[kept.because]}` : ''}`
  const reason =
    failed.length === 0
      ? `${what}; ${why}`
      : `${what}: ${failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}${wayOut(points, record)}`
  ports.evidence.facts({ record, restored: points, restoreMs: trafficMs })
  ports.summary.add(
    [
      `### ${escapeText(record.region)}: ${escapeText(outcome)}`,
      '',
      `${escapeText(reason)}. ${trafficSentence(trafficMs)}`,
      '',
      table(
        ['What', 'Name', 'Put back', 'Read back'],
        points.map(({ kind, name, ok, detail }) => [kind, name, ok ? 'yes' : 'NO', detail]),
      ),
      '',
      'Not undone, because nobody can: schema migrations, hooks, infrastructure.',
    ].join('\n'),
  )
  const outputs: Outputs = {
    outcome,
    reason,
    transaction: record.id,
    restored: points,
    ...defined({ 'restore-ms': trafficMs, 'serves-on': record.finishes && true }),
  }
  if (outcome === 'restore-failed') throw new GateFailed(reason, { outputs })
  if (outcome === 'unverified') ports.log.warning(reason)
  return outputs
}

function trafficSentence(trafficMs: number | undefined): string {
  if (trafficMs === undefined)
    return 'The traffic was NOT verified: it stands where the table says, and a person is needed now.'
  const took = trafficMs < 1000 ? `${trafficMs} ms` : formatDuration(trafficMs)
  return `Traffic was verified ${took} after the restore began.`
}
