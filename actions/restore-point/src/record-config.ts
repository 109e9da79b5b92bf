import { GateFailed, InputError, messageOf, providerPorts, type Ports } from '@deploy-actions/action-kit'
import { holdUntilGreen } from '@deploy-actions/checks'
import {
  checksOf,
  configuredTarget,
  readRollout,
  scriptVariables,
  type ConfiguredTarget,
} from '@deploy-actions/config'
import type { Deployer } from '@deploy-actions/deploys'
import type { TransactionRecord } from '@deploy-actions/ledger'
import type { Arms } from '@deploy-actions/rollout'
import type { HealthProof, RestoreSettings } from '@deploy-actions/transaction'

/** How long what serves after a restore may take to be green once. */
const HEALTH_TIMEOUT_MS = 120_000

/** The config at the record's commit, if the checkout is at that commit: commands come from nowhere else. */
export async function configAtRecord(
  record: TransactionRecord,
  { infra }: RestoreSettings,
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
      { config: config.path, region, ...release, image, 'correlation-id': correlationId, infra },
      ports.context,
    )
  } catch (error) {
    ports.log.warning(`the scripts and checks of ${record.id} cannot be used: ${messageOf(error)}`)
    return undefined
  }
}

/** How long a release is left to be looked at. A config that cannot be resolved keeps nothing from being restored. */
export const keepOf = async (target: ConfiguredTarget, { canary }: Arms): Promise<number> =>
  target.config({ arm: canary }).then(
    ({ rollback }) => rollback['keep-canary'],
    () => 0,
  )

/**
 * What puts the workload back, on the canary arm: `${arm}` in `deploy` is that one in a restore, too. A config that
 * cannot be resolved, or a secret that was not handed over, must not keep the traffic from being restored: it is said
 * where the workload is to be put back.
 */
export async function deployerOf(
  target: ConfiguredTarget,
  record: TransactionRecord,
  arms: Arms,
  ports: Ports,
): Promise<Deployer> {
  try {
    const { deploy } = await target.config({ arm: arms.canary })
    const variables = scriptVariables(target, record.previous ?? {}, ports.context)
    return deploy.open(providerPorts(ports, variables), arms)
  } catch (error) {
    ports.log.warning(`what restores the workload of ${record.id} cannot be used: ${messageOf(error)}`)
    const refuse = (): Promise<never> => Promise.reject(new GateFailed(messageOf(error), { cause: error }))
    return { snapshot: refuse, deploy: refuse, restore: refuse, verify: refuse }
  }
}

/** One green round of the `after-deploy` checks on the arm that serves again. */
export async function healthProof(
  target: ConfiguredTarget,
  arms: Arms,
  ports: Ports,
): Promise<HealthProof | undefined> {
  try {
    const config = await target.config({ arm: arms.baseline })
    const gate = config.gates['after-deploy']
    if (!gate) return undefined
    const variables = scriptVariables(target, {}, ports.context, { arm: arms.baseline, ...arms })
    const checkPorts = providerPorts(ports, variables)
    const checks = new Map([...checksOf(config, gate)].map(([name, check]) => [name, check.open(checkPorts)]))
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
  } catch (error) {
    return () => Promise.resolve({ ok: false, detail: messageOf(error) })
  }
}
