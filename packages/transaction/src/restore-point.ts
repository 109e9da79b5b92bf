import { z } from 'zod'
import { deployPoint, type DeployPoint } from '@deploy-actions/deploys'
import type { TransactionRecord } from '@deploy-actions/ledger'
import {
  findArms,
  formatPercent,
  formatWeights,
  lazily,
  type Arms,
  type Weights,
} from '@deploy-actions/rollout'
import { sharePoint, trafficPoint } from '@deploy-actions/traffic'

/** What is needed to put one written thing back. Each kind belongs to its router or deployer; here they are told apart. */
export const restorePoint = lazily(() =>
  z.discriminatedUnion('kind', [trafficPoint(), sharePoint(), ...deployPoint().options]),
)
export type RestorePoint = z.infer<ReturnType<typeof restorePoint>>

/** What became of one restore point. */
export interface RestoredPoint {
  kind: RestorePoint['kind'] | 'health' | 'unknown'
  name: string
  ok: boolean
  detail: string
  /** not put back because its arm is down: the traffic stays with the arm that serves */
  kept?: true
  /** the share of a region that is not fit for it: it stays drained, and the others have its traffic */
  stays?: true
  /** what the router itself showed afterwards, and when */
  weights?: Weights
  readAt?: string
}

const read = (point: unknown) => restorePoint().safeParse(point)

type Restorable = Pick<TransactionRecord, 'restore'>

/** The restore points of a record that this version knows, in the order in which to restore. */
export const restorePointsOf = ({ restore }: Restorable): RestorePoint[] =>
  restore.flatMap((point) => read(point).data ?? [])

/** The kinds of those that it cannot read: another version wrote them, or they are broken. They cannot be put back. */
export const unreadableKindsOf = ({ restore }: Restorable): string[] =>
  restore.filter((point) => !read(point).success).map(({ kind }) => kind)

/** What the deployer has to put back. */
export const deployPointsOf = (record: Restorable): DeployPoint[] =>
  restorePointsOf(record).filter((point) => point.kind !== 'traffic' && point.kind !== 'share')

/** True when nothing but traffic is to be put back. */
export const isTrafficOnly = ({ restore }: Restorable): boolean =>
  restore.every(({ kind }) => kind === 'traffic')

/** The weights that a transaction found; undefined where it wrote none. */
export function weightsFound(record: TransactionRecord): Weights | undefined {
  return restorePointsOf(record).find((point) => point.kind === 'traffic')?.weights
}

/** Which arm is which by the weights that a transaction found. */
export function armsOf(record: TransactionRecord): Arms | undefined {
  const weights = weightsFound(record)
  return weights && armsByShare(weights)
}

/** The arm with more traffic counts as the baseline where neither has all of it. */
export function armsByShare(weights: Weights): Arms {
  const [baseline = '', canary = ''] = Object.entries(weights)
    .sort(([, a], [, b]) => b - a)
    .map(([arm]) => arm)
  return findArms(weights) ?? { baseline, canary }
}

/** What is put back, its name and how it was found: a row for people. */
export function describePoint(point: RestorePoint): [what: string, name: string, found: string] {
  switch (point.kind) {
    case 'traffic':
      return [point.kind, point.router, formatWeights(point.weights)]
    case 'share':
      return [
        point.kind,
        point.router,
        `${point.region} ${formatPercent(point.before[point.region] ?? 0)} of ${formatWeights(point.before)}`,
      ]
    case 'helm':
      return [
        point.kind,
        `${point.name} in ${point.namespace} on ${point.arm}`,
        point.revision === 0 ? 'no such release' : `revision ${point.revision}`,
      ]
    case 'argo-cd':
      return [
        point.kind,
        `${point.name} in ${point.namespace} on ${point.arm}`,
        `deployment ${point.history} (${point.revision.slice(0, 12)})`,
      ]
    case 'workload':
      return [point.of, `${point.namespace}/${point.name} on ${point.arm}`, point.revision]
    case 'script':
      return [point.kind, `${point.name} on ${point.arm}`, point.state.slice(0, 200)]
  }
}
