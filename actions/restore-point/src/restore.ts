import { escapeText, GateFailed, messageOf, table, type Ports } from '@deploy-actions/action-kit'
import { firstFailure } from '@deploy-actions/evidence'
import { openLedger, type Ledger, type TransactionRecord } from '@deploy-actions/ledger'
import { defined, formatDuration } from '@deploy-actions/rollout'
import {
  claimOf,
  findJobTransaction,
  jobStateAfter,
  PATIENCE_MS,
  restoreTarget,
  saveJobTransaction,
  trustedSettings,
  type RestoreResult,
} from '@deploy-actions/transaction'
import { findRecord, mustBeNewest } from './find-record'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'
import { tellDelay } from './tell-delay'
import { configAtRecord, deployerOf, healthProof, settingsOfConfig } from './record-config'

/** Puts a target back to the restore point of one transaction. Idempotent; when no transaction is open, that is not an error. */
export async function restore(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const record = await findRecord(inputs, ports)
  if (record) return restoreRecord(record, inputs, ports)
  const reason = `this run has no open transaction${inputs.region === undefined ? '' : ` in ${inputs.region}`}: nothing is to be restored`
  ports.log.info(reason)
  ports.summary.add(`### Nothing to restore\n\n${escapeText(reason)}.`)
  return { outcome: 'nothing-open', reason }
}

/** Restores one record, verifies it and closes it in the ledger. @throws GateFailed when it could not be put back */
export async function restoreRecord(
  record: TransactionRecord,
  inputs: Inputs,
  ports: Ports,
): Promise<Outputs> {
  const { id, service, region, environment } = record
  ports.evidence.about({ service, region, environment, transaction: id })
  const own = await findJobTransaction(ports.context.temp, id)
  // What this very job opened needs no proof of where it came from.
  const settings =
    own?.settings ??
    (inputs.ledger === 'github'
      ? await trustedSettings(record, inputs['trusted-workflows'], ports)
      : await settingsOfConfig(record, ports))
  if (inputs['dry-run']) {
    ports.log.info(`would restore ${id}: ${JSON.stringify(record.restore)}`)
    return { outcome: 'would-restore', reason: `would restore ${id}`, transaction: id }
  }
  const ledger = openLedger(inputs.ledger, service, ports)
  // The proof of trust took its time, and somebody may have begun meanwhile.
  if (inputs.to === id) await mustBeNewest(ledger, record)
  const marked = markUnlessDown(
    ledger,
    id,
    'restoring',
    `${ports.context.job} of run ${ports.context.runId}`,
    ports,
  )
  await soon(marked, ports)
  const target = await configAtRecord(record, ports)
  const told: Promise<void>[] = []
  const result = await restoreTarget(record, settings, ports, {
    patience: {
      withinMs: own ? PATIENCE_MS.restoreStep : PATIENCE_MS.guard,
      // A job may have been away for hours; any other has just asked the ledger which transaction this is.
      claim: own && claimOf({ ...own, ledger: inputs.ledger }, ports),
      afterAMinute: (why) => target && void told.push(tellDelay(target, record, why, ports)),
    },
    deployer: target && (await deployerOf(target, record, settings.arms, ports)),
    health: target && (await healthProof(target, settings.arms, ports)),
  })
  await Promise.all([marked, ...told])
  const why = inputs.reason ?? (await firstFailure(ports.evidence.folder)) ?? 'the rollout did not end well'
  await markUnlessDown(ledger, id, result.outcome, why, ports)
  if (own) await saveJobTransaction(ports.context.temp, { ...own, state: jobStateAfter(result) })
  return concluded(record, result, why, ports)
}

/** So long, in the action's milliseconds, traffic waits for a ledger that is slow to answer. */
const LEDGER_PATIENCE_MS = 5_000

/** Waits for the ledger, but not for long: whoever restores first tells it first, and bad traffic waits for nobody. */
async function soon(marked: Promise<void>, { clock, signal }: Ports): Promise<void> {
  const told = new AbortController()
  const patience = clock
    .sleep(LEDGER_PATIENCE_MS, AbortSignal.any([signal, told.signal]))
    .catch(() => undefined)
  await Promise.race([marked, patience])
  told.abort()
}

/** Restoring never waits for the ledger: it is told when it answers. */
async function markUnlessDown(
  ledger: Ledger,
  id: string,
  state: Parameters<Ledger['mark']>[1],
  note: string,
  ports: Ports,
): Promise<void> {
  await ledger.mark(id, state, note).catch((error: unknown) => {
    ports.log.warning(`the ledger could not be told that ${id} is ${state}: ${messageOf(error)}`)
    ports.evidence.facts({ ledgerNotTold: state })
  })
}

function concluded(
  record: TransactionRecord,
  { outcome, points, trafficMs }: RestoreResult,
  why: string,
  ports: Ports,
): Outputs {
  const failed = points.filter(({ ok }) => !ok)
  const what = `${record.service} in ${record.region} is ${outcome === 'restored' ? 'back at its restore point' : outcome}`
  const reason =
    failed.length === 0
      ? `${what}; ${why}`
      : `${what}: ${failed.map(({ name, detail }) => `${name}: ${detail}`).join('; ')}`
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
    ...defined({ 'restore-ms': trafficMs }),
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
