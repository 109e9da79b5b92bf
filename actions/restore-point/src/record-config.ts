import { InputError, messageOf, type Ports } from '@deploy-actions/action-kit'
import { holdUntilGreen, openCheck, type CheckSettings, type HealthCheck } from '@deploy-actions/checks'
import { configuredTarget, readRollout, scriptVariables, type ConfiguredTarget } from '@deploy-actions/config'
import type { HealthProof, ScriptRestorer } from '@deploy-actions/ledger'
import type { TransactionRecord } from '@deploy-actions/rollout'

/** How long what serves after a restore may take to be green once (safety.md, "Restore point"). */
const HEALTH_TIMEOUT_MS = 120_000

/** The config at the record's commit, if the checkout is at that commit: commands come from nowhere else. */
export async function configAtRecord(
  record: TransactionRecord,
  ports: Ports,
): Promise<ConfiguredTarget | undefined> {
  const { release, image, region, correlationId, config } = record
  if (!config) return undefined
  try {
    const file = await readRollout(config.path, ports.context)
    if (file.digest !== config.digest)
      throw new InputError(
        `${config.path} in the checkout is not the one of ${record.id}; check out ${record.commit}`,
      )
    return await configuredTarget(
      { config: config.path, region, ...release, image, 'correlation-id': correlationId },
      ports.context,
    )
  } catch (error) {
    ports.log.warning(`the scripts and checks of ${record.id} cannot be used: ${messageOf(error)}`)
    return undefined
  }
}

export async function settingsOfConfig(record: TransactionRecord, ports: Ports) {
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

/** The script that puts the workload back; a config that cannot be resolved must not keep the traffic from being restored. */
export async function scriptRestorer(
  target: ConfiguredTarget,
  record: TransactionRecord,
  arms: { baseline: string; canary: string },
  ports: Ports,
): Promise<ScriptRestorer | undefined> {
  const config = await target.config({ arm: arms.baseline }).catch((error: unknown) => {
    ports.log.warning(`the script that restores ${record.id} cannot be used: ${messageOf(error)}`)
  })
  if (!config) return undefined
  const { restore: script, timeout } = config.deploy.script
  const variables = scriptVariables(target, record.previous ?? {}, ports.context, {
    arm: arms.baseline,
    ...arms,
  })
  return { script, timeoutMs: timeout, variables }
}

/** One green round of the `after-deploy` checks on the arm that serves again. */
export async function healthProof(
  target: ConfiguredTarget,
  arms: { baseline: string; canary: string },
  ports: Ports,
): Promise<HealthProof | undefined> {
  let config: Awaited<ReturnType<ConfiguredTarget['config']>>
  try {
    config = await target.config({ arm: arms.baseline })
  } catch (error) {
    return () => Promise.resolve({ ok: false, detail: messageOf(error) })
  }
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
