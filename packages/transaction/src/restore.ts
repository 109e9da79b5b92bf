import {
  GateFailed,
  messageOf,
  providerPorts,
  retrying,
  type Log,
  type Ports,
} from '@deploy-actions/action-kit'
import type { DeployPoint, Deployer } from '@deploy-actions/deploys'
import type { ReadRecord, TransactionRecord } from '@deploy-actions/ledger'
import { defined, formatDuration, formatWeights } from '@deploy-actions/rollout'
import {
  ArmDown,
  NoLongerOurs,
  reachedArms,
  restoreWeights,
  routers,
  type Persistence,
  type TrafficPoint,
} from '@deploy-actions/traffic'
import type { JobTransaction, RestoreSettings } from './job-transaction'
import { openRouter } from './kept-settings'
import { persistence, type Patience } from './patience'
import { deployPointsOf, restorePointsOf, unreadableKindsOf, type RestoredPoint } from './restore-point'
import { restoreShare, type ShareRestore } from './restore-share'

export type RestoreOutcome = 'restored' | 'unverified' | 'restore-failed'

export interface RestoreResult {
  outcome: RestoreOutcome
  points: RestoredPoint[]
  /** real milliseconds until the traffic was verified; absent when it was not */
  trafficMs?: number
}

/**
 * Writes back every recorded weight vector, absolute, and proves it by the router's own reading. Idempotent, and as
 * stubborn as it is told to be; several routers are written at the same time, since none waits for another.
 * @throws NoLongerOurs as `patience` tells it
 */
export async function restoreTraffic(
  record: TransactionRecord,
  settings: RestoreSettings,
  ports: Ports,
  patience: Patience,
): Promise<RestoredPoint[]> {
  const points = restorePointsOf(record).filter((point) => point.kind === 'traffic')
  const restored = await Promise.all(
    points.map((point) =>
      restoreRouter(point, settings, ports, persistence(`the traffic of ${record.id}`, patience, ports.log)),
    ),
  )
  return [...restored, ...unreadablePoints(record).filter(({ kind }) => kind === 'traffic')]
}

async function restoreRouter(
  { kind, router: name, weights: recorded, states }: TrafficPoint,
  settings: RestoreSettings,
  ports: Ports,
  persistence: Persistence,
): Promise<RestoredPoint> {
  try {
    const router = await openRouter(settings, ports)
    const { weights, readAt } = await restoreWeights(router, recorded, ports, { ...persistence, states })
    return { kind, name, ok: true, detail: `reads ${formatWeights(weights)}`, weights, readAt }
  } catch (error) {
    if (error instanceof NoLongerOurs) throw error
    const seen =
      error instanceof ArmDown
        ? { kept: true as const, weights: error.shown.weights, readAt: error.shown.readAt }
        : {}
    return { kind, name, ok: false, detail: messageOf(error), ...seen }
  }
}

/** Of a record of another version something may be to be put back of which this one does not know. */
const unreadRecord = ({ unread }: ReadRecord): RestoredPoint[] =>
  unread === undefined
    ? []
    : [
        {
          kind: 'unknown',
          name: 'record',
          ok: false,
          detail: `this version cannot read all of it (${unread}); use the one that opened the transaction`,
        },
      ]

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
 * Puts a target back: its traffic first, then its workload, then the proof that what serves is healthy. The workload is
 * touched only when the traffic was verified off its arm, or a healthy arm would be rewritten while it serves; and the
 * proof is made only when it would be of the arm that serves. The region gets its share of the global traffic back when
 * all of that went well.
 * @throws NoLongerOurs as `patience` tells it, before the traffic is written or before the workload is
 */
export async function restoreTarget(
  found: ReadRecord,
  settings: RestoreSettings,
  ports: Ports,
  {
    deployer,
    health,
    patience,
    keepMs = 0,
    share = {},
  }: {
    deployer: Deployer | undefined
    health: HealthProof | undefined
    patience: Patience
    /** how long the workload is left for people to look at once no traffic reaches it; the action's milliseconds */
    keepMs?: number | undefined
    share?: Pick<ShareRestore, 'own' | 'committed'>
  },
): Promise<RestoreResult> {
  const { record } = found
  const started = ports.clock.realMs()
  const traffic = await restoreTraffic(record, settings, ports, patience)
  const trafficIsBack = traffic.every(({ ok }) => ok)
  const trafficMs = trafficIsBack ? Math.round(ports.clock.realMs() - started) : undefined
  say(traffic, ports.log)
  const reached = await stillReached(record, settings, traffic, ports)
  for (const line of Object.values(reached)) ports.log.warning(line)
  if (trafficIsBack && keepMs > 0 && deployPointsOf(record).length > 0) await keep(keepMs, ports)
  // The traffic may have been tried for long, and the arm may hold the next release by now.
  if (deployPointsOf(record).length > 0) await patience.stillOurs?.()
  const workload = await restoreWorkload(record, deployer, { traffic, reached }, ports)
  say(workload, ports.log)
  const verified =
    health && trafficIsBack ? [{ kind: 'health' as const, name: 'what serves now', ...(await health()) }] : []
  say(verified, ports.log)
  const unknown = [
    ...unreadablePoints(record).filter(({ kind }) => kind === 'unknown'),
    ...unreadRecord(found),
  ]
  say(unknown, ports.log)
  const unfit = [...traffic, ...workload, ...verified].find(({ ok }) => !ok)?.detail
  const shares = await restoreShare(record, settings, ports, { ...share, patience, unfit })
  say(shares, ports.log)
  const isLost = ({ ok, stays }: RestoredPoint): boolean => !ok && stays === undefined
  const outcome = [...traffic, ...workload, ...unknown, ...shares].some(isLost)
    ? 'restore-failed'
    : [...verified, ...shares].some(({ ok }) => !ok)
      ? 'unverified'
      : 'restored'
  return {
    outcome,
    points: [...traffic, ...workload, ...unknown, ...verified, ...shares],
    ...defined({ trafficMs }),
  }
}

/** A run that is cancelled meanwhile has no more time for it. */
async function keep(keepMs: number, { clock, signal, log }: Ports): Promise<void> {
  log.info(
    `no traffic reaches it any more: it is left running for ${formatDuration(keepMs)}, to be looked at`,
  )
  await clock.sleep(keepMs, signal).catch(() => undefined)
}

async function restoreWorkload(
  record: TransactionRecord,
  deployer: Deployer | undefined,
  { traffic, reached }: { traffic: readonly RestoredPoint[]; reached: Record<string, string> },
  ports: Ports,
): Promise<RestoredPoint[]> {
  const points: RestoredPoint[] = []
  for (const point of deployPointsOf(record)) {
    const { kind, name } = point
    try {
      mustBeOff(point.arm, traffic)
      if (reached[point.arm] !== undefined)
        throw new GateFailed(`${point.arm} was left as it is: ${reached[point.arm]}`)
      points.push({ kind, name, ...(await redeploy(point, deployer, ports)) })
    } catch (error) {
      points.push({ kind, name, ok: false, detail: messageOf(error) })
    }
  }
  return points
}

/** Until it counts as not known whether an arm without traffic still gets requests, in the action's milliseconds. */
const COUNTERS_WITHIN_MS = 30_000

/**
 * Who still gets requests although the router was read back without traffic on it, or may, by arm and in words. Asked
 * once the restore is verified, and only where clients can be bound to an arm.
 */
export async function stillReached(
  record: TransactionRecord,
  { router: written, arms }: RestoreSettings,
  restored: readonly RestoredPoint[],
  ports: Ports,
): Promise<Record<string, string>> {
  const configured = await routers.configure(written)
  const found: Record<string, string> = {}
  for (const { kind, router: name, weights } of restorePointsOf(record).filter(
    (point) => point.kind === 'traffic',
  )) {
    if (!restored.some((point) => point.kind === kind && point.name === name && point.ok)) continue
    const router = configured.open(providerPorts(ports), [arms.baseline, arms.canary])
    try {
      const { clock, signal } = ports
      const ask = () => reachedArms(router, weights, ports)
      for (const arm of await retrying(ask, {
        clock,
        signal,
        idempotent: true,
        withinMs: COUNTERS_WITHIN_MS,
      }))
        found[arm] = `${arm} gets requests although it was read back without traffic`
    } catch (error) {
      for (const arm of [arms.baseline, arms.canary].filter((arm) => (weights[arm] ?? 0) === 0))
        found[arm] =
          `whether ${arm}, which was read back without traffic, still gets requests is not known: ${messageOf(error)}`
    }
  }
  return found
}

/** @throws GateFailed unless every router was read back without traffic on that arm */
function mustBeOff(arm: string, traffic: readonly RestoredPoint[]): void {
  const unproven = traffic.filter(({ ok, weights }) => !ok || (weights?.[arm] ?? 0) > 0)
  if (unproven.length > 0)
    throw new GateFailed(
      `${arm} was left as it is: it is not proven that it gets no traffic (${unproven.map(({ detail }) => detail).join('; ')})`,
    )
}

/** Without a deployer the config of the record could not be had, and commands never come from anywhere else. */
async function redeploy(
  point: DeployPoint,
  deployer: Deployer | undefined,
  { log, signal }: Ports,
): Promise<{ ok: boolean; detail: string }> {
  if (!deployer)
    throw new GateFailed(
      'rollout.yml of the record could not be had, and commands never come from anywhere else',
    )
  const { ended, detail, output } = await deployer.restore(point, signal)
  log.foreign(`Output of the restore of ${point.name}`, output)
  return { ok: ended === 'done', detail }
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
