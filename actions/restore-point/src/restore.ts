import { escapeText, GateFailed, InputError, messageOf, table, type Ports } from '@deploy-actions/action-kit'
import { holdUntilGreen, openCheck, type CheckSettings, type HealthCheck } from '@deploy-actions/checks'
import { configuredTarget, readRollout, scriptVariables, type ConfiguredTarget } from '@deploy-actions/config'
import {
  findJobTransaction,
  newest,
  openLedger,
  restoreTarget,
  saveJobTransaction,
  trustedSettings,
  type HealthProof,
  type Ledger,
  type RestoreResult,
  type ScriptRestorer,
} from '@deploy-actions/ledger'
import { firstFailure } from '@deploy-actions/evidence'
import { formatDuration, liveStates, type TransactionRecord } from '@deploy-actions/rollout'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** How long what serves after a restore may take to be green once (safety.md, "Restore point"). */
const HEALTH_TIMEOUT_MS = 120_000

/** Puts a target back to the restore point of one transaction. Idempotent; an open transaction that is not there is no error. */
export async function restore(inputs: Inputs, ports: Ports): Promise<Outputs> {
  const record = await findRecord(inputs, ports)
  if (record) return restoreRecord(record, inputs, ports)
  const reason = `this run has no open transaction${inputs.region === undefined ? '' : ` in ${inputs.region}`}: nothing is to be restored`
  ports.log.info(reason)
  ports.summary.add(`### Nothing to restore\n\n${escapeText(reason)}.`)
  return { outcome: 'nothing-open', reason }
}

/** `open`: what this very run left open on the target; else the transaction of that id. */
async function findRecord(inputs: Inputs, ports: Ports): Promise<TransactionRecord | undefined> {
  const { service, environment } = await serviceAndEnvironment(inputs, ports)
  ports.evidence.about({
    service,
    environment,
    ...(inputs.region === undefined ? {} : { region: inputs.region }),
  })
  const ledger = openLedger(inputs.ledger, service, ports)
  if (inputs.to !== 'open') {
    const [entry] = await ledger.find({ id: inputs.to, limit: 1 })
    if (!entry)
      throw new InputError([
        { where: 'input `to`', message: `the ledger has no transaction ${inputs.to} of ${service}` },
      ])
    await mustBeNewest(ledger, entry.record)
    return entry.record
  }
  const own =
    inputs.transaction === undefined
      ? undefined
      : await findJobTransaction(ports.context.temp, inputs.transaction)
  if (own && (own.state === 'open' || own.state === 'traffic-restored')) return own.record
  const entry = await newest(ledger, environment)
  return entry && entry.record.run.id === ports.context.runId && liveStates.includes(entry.state)
    ? entry.record
    : undefined
}

/** A committed transaction may only be undone while nothing newer stands on its target. */
async function mustBeNewest(ledger: Ledger, record: TransactionRecord): Promise<void> {
  const latest = await newest(ledger, record.environment)
  if (latest && latest.record.id !== record.id)
    throw new GateFailed(
      `transaction ${record.id} is no longer the newest in ${record.region}: ${latest.record.id} (${latest.record.release.version}) came after it; nothing was written`,
    )
}

async function serviceAndEnvironment(
  inputs: Inputs,
  ports: Ports,
): Promise<{ service: string; environment: string }> {
  if (inputs.service !== undefined && inputs.environment !== undefined)
    return { service: inputs.service, environment: inputs.environment }
  const target = await configuredTarget(inputs, ports.context)
  return { service: target.service, environment: target.environment }
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
  await markUnlessDown(ledger, id, 'restoring', `${ports.context.job} of run ${ports.context.runId}`, ports)
  const target = await configAtRecord(record, ports)
  const result = await restoreTarget(record, settings, ports, {
    script: target && (await scriptRestorer(target, record, settings.arms, ports)),
    health: target && (await healthProof(target, settings.arms, ports)),
  })
  const why = inputs.reason ?? (await firstFailure(ports.evidence.folder)) ?? 'the rollout did not end well'
  await markUnlessDown(ledger, id, result.outcome, why, ports)
  if (own)
    await saveJobTransaction(ports.context.temp, {
      ...own,
      state: result.outcome === 'restore-failed' ? 'traffic-restored' : 'restored',
    })
  return concluded(record, result, why, ports)
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

/** The config at the record's commit, if the checkout is at that commit: commands come from nowhere else. */
async function configAtRecord(
  record: TransactionRecord,
  ports: Ports,
): Promise<ConfiguredTarget | undefined> {
  const { release, region, correlationId, config } = record
  if (!config) return undefined
  try {
    const file = await readRollout(config.path, ports.context)
    if (file.digest !== config.digest)
      throw new InputError(
        `${config.path} in the checkout is not the one of ${record.id}; check out ${record.commit}`,
      )
    return await configuredTarget(
      { config: config.path, region, ...release, 'correlation-id': correlationId },
      ports.context,
    )
  } catch (error) {
    ports.log.warning(`the scripts and checks of ${record.id} cannot be used: ${messageOf(error)}`)
    return undefined
  }
}

async function settingsOfConfig(record: TransactionRecord, ports: Ports) {
  const target = await configAtRecord(record, ports)
  const traffic = record.restore.find((point) => point.kind === 'traffic')
  if (!target || !traffic)
    throw new InputError(
      `transaction ${record.id} names no config in this checkout, so its router is not known`,
    )
  const [canary, baseline] = Object.entries(traffic.weights)
    .sort(([, a], [, b]) => a - b)
    .map(([arm]) => arm)
  return {
    router: (await target.config()).traffic.canary.router as { type: string },
    arms: { baseline: baseline ?? '', canary: canary ?? '' },
  }
}

async function scriptRestorer(
  target: ConfiguredTarget,
  record: TransactionRecord,
  arms: { baseline: string; canary: string },
  ports: Ports,
): Promise<ScriptRestorer> {
  const { restore: script, timeout } = (await target.config({ arm: arms.baseline })).deploy.script
  const variables = scriptVariables(target, record.previous ?? {}, ports.context, {
    arm: arms.baseline,
    ...arms,
  })
  return { script, timeoutMs: timeout, variables }
}

/** One green round of the `after-deploy` checks on the arm that serves again. */
async function healthProof(
  target: ConfiguredTarget,
  arms: { baseline: string; canary: string },
  ports: Ports,
): Promise<HealthProof | undefined> {
  const config = await target.config({ arm: arms.baseline })
  const gate = config.gates['after-deploy']
  if (!gate) return undefined
  const variables = scriptVariables(target, {}, ports.context, { arm: arms.baseline, ...arms })
  const checkPorts = {
    http: ports.http,
    process: ports.process,
    workspace: ports.context.workspace,
    variables,
  }
  const checks = new Map<string, HealthCheck>()
  for (const name of gate.checks)
    checks.set(name, await openCheck(config.checks[name] as CheckSettings, checkPorts))
  return async () => {
    const { clock, signal, log } = ports
    const result = await holdUntilGreen(checks, {
      greenForMs: 0,
      timeoutMs: HEALTH_TIMEOUT_MS,
      intervalMs: gate.interval,
      failFast: false,
      onTimeout: 'fail',
      clock,
      signal,
      log,
    })
    return { ok: result.verdict === 'pass', detail: result.reason }
  }
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
      `${escapeText(reason)}. Traffic was verified ${trafficMs < 1000 ? `${trafficMs} ms` : formatDuration(trafficMs)} after the restore began.`,
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
    'restore-ms': trafficMs,
  }
  if (outcome === 'restore-failed') throw new GateFailed(reason, { outputs })
  if (outcome === 'unverified') ports.log.warning(reason)
  return outputs
}
