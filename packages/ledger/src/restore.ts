import {
  messageOf,
  runScript,
  scriptFailure,
  type Clock,
  type Log,
  type Ports,
  type Script,
} from '@deploy-actions/action-kit'
import type { TransactionRecord, Weights } from '@deploy-actions/rollout'
import { formatWeights } from '@deploy-actions/rollout'
import { openRouter, restoreWeights, type RouterSettings } from '@deploy-actions/traffic'
import type { RestoreSettings } from './transaction-file'

/** What became of one restore point. */
export interface RestoredPoint {
  kind: 'traffic' | 'script' | 'health'
  name: string
  ok: boolean
  detail: string
  /** what the router itself showed afterwards */
  weights?: Weights
}

export type RestoreOutcome = 'restored' | 'unverified' | 'restore-failed'

export interface RestoreResult {
  outcome: RestoreOutcome
  points: RestoredPoint[]
  /** real milliseconds until the traffic was verified */
  trafficMs: number
}

/** How scripts of the config at the record's commit are run; absent when that config could not be had. */
export interface ScriptRestorer {
  script: Script
  timeoutMs: number
  variables: Record<string, string>
}

type RestorePorts = Pick<Ports, 'clock' | 'log' | 'evidence' | 'process' | 'signal' | 'context'>

/** Writes back every recorded weight vector, absolute, and proves it by the router's own reading. Idempotent. */
export async function restoreTraffic(
  record: TransactionRecord,
  settings: RestoreSettings,
  ports: RestorePorts,
): Promise<RestoredPoint[]> {
  const { baseline, canary } = settings.arms
  const points: RestoredPoint[] = []
  for (const point of record.restore) {
    if (point.kind !== 'traffic') continue
    try {
      const router = await openRouter(settings.router as RouterSettings, ports, [baseline, canary])
      const state = await restoreWeights(router, point.weights, ports)
      points.push({
        kind: 'traffic',
        name: point.router,
        ok: true,
        detail: `reads ${formatWeights(state.weights)}`,
        weights: state.weights,
      })
    } catch (error) {
      points.push({ kind: 'traffic', name: point.router, ok: false, detail: messageOf(error) })
    }
  }
  return points
}

/** Proves that what serves now is healthy: one green round. */
export type HealthProof = () => Promise<{ ok: boolean; detail: string }>

/**
 * Puts a target back in the order of safety.md: traffic, workload, health. A step that fails does not keep the next
 * from being tried; the outcome says what held.
 */
export async function restoreTarget(
  record: TransactionRecord,
  settings: RestoreSettings,
  ports: RestorePorts,
  { script, health }: { script: ScriptRestorer | undefined; health: HealthProof | undefined },
): Promise<RestoreResult> {
  const started = ports.clock.realMs()
  const traffic = await restoreTraffic(record, settings, ports)
  const trafficMs = elapsed(started, ports.clock)
  say(traffic, ports.log)
  const workload = await restoreScripts(record, script, ports)
  say(workload, ports.log)
  const verified = health ? [{ kind: 'health' as const, name: 'what serves now', ...(await health()) }] : []
  say(verified, ports.log)
  const outcome = [...traffic, ...workload].some(({ ok }) => !ok)
    ? 'restore-failed'
    : verified.some(({ ok }) => !ok)
      ? 'unverified'
      : 'restored'
  return { outcome, points: [...traffic, ...workload, ...verified], trafficMs }
}

async function restoreScripts(
  record: TransactionRecord,
  restorer: ScriptRestorer | undefined,
  ports: RestorePorts,
): Promise<RestoredPoint[]> {
  const points: RestoredPoint[] = []
  for (const point of record.restore) {
    if (point.kind !== 'script') continue
    const result = (ok: boolean, detail: string): void =>
      void points.push({ kind: 'script', name: point.name, ok, detail })
    if (!restorer) {
      result(false, 'rollout.yml of the record could not be had, and commands never come from anywhere else')
      continue
    }
    try {
      const run = await runScript(
        restorer.script,
        { process: ports.process, workspace: ports.context.workspace },
        {
          variables: { ...restorer.variables, DEPLOY_STATE: point.state },
          timeoutMs: restorer.timeoutMs,
          signal: ports.signal,
        },
      )
      ports.log.foreign(`Output of ${restorer.script.path}`, `${run.stdout}${run.stderr}`)
      const failure = scriptFailure(restorer.script, run)
      result(failure === undefined, failure ?? `${restorer.script.path} put it back`)
    } catch (error) {
      result(false, messageOf(error))
    }
  }
  return points
}

function say(points: readonly RestoredPoint[], log: Log): void {
  for (const { kind, name, ok, detail } of points) {
    const line = `${kind} ${name}: ${ok ? 'restored' : 'NOT restored'}: ${detail}`
    if (ok) log.info(line)
    else log.error(line)
  }
}

const elapsed = (started: number, clock: Clock): number => Math.round(clock.realMs() - started)
