import type { Cluster } from './cluster'
import { currentRevision, revisionsOf } from './revisions'
import {
  labelQuery,
  podObject,
  type Condition,
  type PodObject,
  type Workload,
  type WorkloadObject,
} from './workloads'

/** Pods of a workload: those of its template as it is now, and those that are left of one before. Those that leave are neither. */
export interface WorkloadPods {
  current: PodObject[]
  old: PodObject[]
  /** what the workload and the object that makes its pods say, such as why there are none */
  conditions: Condition[]
  /** name of what makes the pods of its template as it is now, where that is not the workload itself */
  maker?: string
}

/** @throws ClusterRefused, ProviderError */
export async function podsOf(
  cluster: Cluster,
  workload: Workload,
  object: WorkloadObject,
  signal: AbortSignal,
): Promise<WorkloadPods> {
  const { kind, namespace } = workload
  const labels = labelQuery(object.spec.selector)
  const [pods, revisions] = await Promise.all([
    cluster.list({ apiVersion: 'v1', plural: 'pods', namespace }, podObject, signal, { labels }),
    revisionsOf(cluster, workload, object, signal),
  ])
  // A Deployment has a ReplicaSet for each template; the others make their pods themselves.
  const makers = new Set(kind === 'Deployment' ? revisions.map(({ uid }) => uid) : [object.metadata.uid])
  const own = pods.filter(
    ({ metadata }) =>
      metadata.ownerReferences?.some(({ uid }) => makers.has(uid)) &&
      metadata.deletionTimestamp === undefined,
  )
  const now = currentRevision(kind, object, revisions)
  // The label of the pods of a StatefulSet is the whole name of the revision.
  const marks = now === undefined ? [] : [now.hash, now.name]
  const isCurrent = ({ metadata: { labels: of = {} } }: PodObject): boolean =>
    marks.includes(of['pod-template-hash'] ?? of['controller-revision-hash'] ?? 'none')
  return {
    current: own.filter(isCurrent),
    old: own.filter((pod) => !isCurrent(pod)),
    conditions: [...object.status.conditions, ...(now?.conditions ?? [])],
    ...(kind === 'Deployment' && now && { maker: now.name }),
  }
}
