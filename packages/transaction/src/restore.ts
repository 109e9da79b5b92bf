import { GateFailed, messageOf, providerPorts, type Log, type Ports } from '@deploy-actions/action-kit'
import type { Deployer } from '@deploy-actions/deploys'
import type { TransactionRecord } from '@deploy-actions/ledger'
import { formatWeights, type Weights } from '@deploy-actions/rollout'
import { restoreWeights, routers } from '@deploy-actions/traffic'
import type { JobTransaction, RestoreSettings } from './job-transaction'
import { deployPointsOf, restorePointsOf, unreadableKindsOf, type RestorePoint } from './restore-point'

/** What became of one restore point. */
export interface RestoredPoint {
  kind: RestorePoint['kind'] | 'health' | 'unknown'
  name: string
  ok: boolean
  detail: string
  /** what the router itself showed afterwards, and when */
  weights?: Weights
  readAt?: string
}

export type RestoreOutcome = 'restored' | 'unverified' | 'restore-failed'

export interface RestoreResult {
  outcome: RestoreOutcome
  points: RestoredPoint[]
  /** real milliseconds until the traffic was verified */
  trafficMs: number
}

/** Writes back every recorded weight vector, absolute, and proves it by the router's own reading. Idempotent. */
export async function restoreTraffic(
  record: TransactionRecord,
  { router: written, arms }: RestoreSettings,
  ports: Ports,
): Promise<RestoredPoint[]> {
  const points: RestoredPoint[] = []
  for (const point of restorePointsOf(record)) {
    if (point.kind !== 'traffic') continue
    const { kind, router: name } = point
    try {
      const router = (await routers.configure(written)).open(providerPorts(ports), [
        arms.baseline,
        arms.canary,
      ])
      const { weights, readAt } = await restoreWeights(router, point.weights, ports)
      points.push({ kind, name, ok: true, detail: `reads ${formatWeights(weights)}`, weights, readAt })
    } catch (error) {
      points.push({ kind, name, ok: false, detail: messageOf(error) })
    }
  }
  return [...points, ...unreadablePoints(record).filter(({ kind }) => kind === 'traffic')]
}

/** What this version cannot read is said to be not restored. */
const unreadablePoints = (record: TransactionRecord): RestoredPoint[] =>
  unreadableKindsOf(record).map((kind) => ({
    kind: kind === 'traffic' ? kind : 'unknown',
    name: kind,
    ok: false,
    detail: 'this version cannot read its restore point; use the one that opened the transaction',
  }))

/** Proves that what serves now is healthy: one green round. */
export type HealthProof = () => Promise<{ ok: boolean; detail: string }>

/**
 * Puts a target back: its traffic first, then its workload, then the proof that what serves is healthy. A step that
 * fails does not keep the next from being tried; the outcome says what held.
 */
export async function restoreTarget(
  record: TransactionRecord,
  settings: RestoreSettings,
  ports: Ports,
  { deployer, health }: { deployer: Deployer | undefined; health: HealthProof | undefined },
): Promise<RestoreResult> {
  const started = ports.clock.realMs()
  const traffic = await restoreTraffic(record, settings, ports)
  const trafficMs = Math.round(ports.clock.realMs() - started)
  say(traffic, ports.log)
  const workload = await restoreWorkload(record, deployer, ports)
  say(workload, ports.log)
  const verified = health ? [{ kind: 'health' as const, name: 'what serves now', ...(await health()) }] : []
  say(verified, ports.log)
  const unknown = unreadablePoints(record).filter(({ kind }) => kind === 'unknown')
  say(unknown, ports.log)
  const outcome = [...traffic, ...workload, ...unknown].some(({ ok }) => !ok)
    ? 'restore-failed'
    : verified.some(({ ok }) => !ok)
      ? 'unverified'
      : 'restored'
  return { outcome, points: [...traffic, ...workload, ...unknown, ...verified], trafficMs }
}

/** Without a deployer the config of the record could not be had, and commands never come from anywhere else. */
async function restoreWorkload(
  record: TransactionRecord,
  deployer: Deployer | undefined,
  { log, signal }: Ports,
): Promise<RestoredPoint[]> {
  const points: RestoredPoint[] = []
  for (const point of deployPointsOf(record)) {
    const { kind, name } = point
    try {
      if (!deployer)
        throw new GateFailed(
          'rollout.yml of the record could not be had, and commands never come from anywhere else',
        )
      const { ended, detail, output } = await deployer.restore(point, signal)
      log.foreign(`Output of the restore of ${name}`, output)
      points.push({ kind, name, ok: ended === 'done', detail })
    } catch (error) {
      points.push({ kind, name, ok: false, detail: messageOf(error) })
    }
  }
  return points
}

/** What is left for the posts of a job after a restore: traffic that is not back is theirs. */
export function jobStateAfter({ outcome, points }: RestoreResult): JobTransaction['state'] {
  if (outcome !== 'restore-failed') return 'restored'
  return points.some(({ kind, ok }) => kind === 'traffic' && !ok) ? 'open' : 'traffic-restored'
}

function say(points: readonly RestoredPoint[], log: Log): void {
  for (const { kind, name, ok, detail } of points) {
    const line = `${kind} ${name}: ${ok ? 'restored' : 'NOT restored'}: ${detail}`
    if (ok) log.info(line)
    else log.error(line)
  }
}
