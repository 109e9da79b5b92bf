import { z } from 'zod'
import { kubernetesObject, type Cluster } from './cluster'
import { condition, labelQuery, type Condition, type Workload, type WorkloadObject } from './workloads'

/** A template that a workload has had: kept by Kubernetes as a ReplicaSet or a ControllerRevision. */
export interface Revision {
  /** of the object that keeps it */
  name: string
  /** counts up; a template that comes back gets a new number, and its object keeps its name */
  revision: number
  /** label of the pods that have it */
  hash: string
  uid: string
  /** what its object says, such as why it cannot make pods */
  conditions: Condition[]
  /** what to write into `spec.template` to have it back */
  template: unknown
}

const template = z.looseObject({
  metadata: z.looseObject({ labels: z.record(z.string(), z.string()).optional() }).optional(),
})
const replicaSet = kubernetesObject.extend({
  spec: z.looseObject({ template }),
  status: z.looseObject({ conditions: z.array(condition).default([]) }).prefault({}),
})
const controllerRevision = kubernetesObject.extend({
  revision: z.number(),
  data: z.looseObject({ spec: z.looseObject({ template }) }),
})

/** Source: Kubernetes, deployment controller. */
const REVISION = 'deployment.kubernetes.io/revision'
const REPLICA_SET_HASH = 'pod-template-hash'
const REVISION_HASH = 'controller-revision-hash'

/**
 * The templates that are kept of a workload, the newest first.
 * Source: kubectl, `rollout undo` (k8s.io/kubectl, pkg/polymorphichelpers/rollback.go).
 * @throws ClusterRefused, ProviderError
 */
export async function revisionsOf(
  cluster: Cluster,
  { kind, namespace }: Pick<Workload, 'kind' | 'namespace'>,
  { metadata: { uid }, spec }: Pick<WorkloadObject, 'metadata' | 'spec'>,
  signal: AbortSignal,
): Promise<Revision[]> {
  const labels = labelQuery(spec.selector)
  const isOwn = ({ metadata: { ownerReferences = [] } }: z.infer<typeof kubernetesObject>): boolean =>
    ownerReferences.some((owner) => owner.uid === uid)
  const resource = { apiVersion: 'apps/v1', namespace }
  const kept =
    kind === 'Deployment'
      ? (await cluster.list({ ...resource, plural: 'replicasets' }, replicaSet, signal, { labels }))
          .filter(isOwn)
          .map(ofReplicaSet)
      : (
          await cluster.list({ ...resource, plural: 'controllerrevisions' }, controllerRevision, signal, {
            labels,
          })
        )
          .filter(isOwn)
          .map(ofControllerRevision)
  return kept.toSorted((one, other) => other.revision - one.revision)
}

/** The controller has put its hash into the template, where it is not to be. */
function ofReplicaSet({ metadata, spec, status }: z.infer<typeof replicaSet>): Revision {
  const { [REPLICA_SET_HASH]: _, ...labels } = spec.template.metadata?.labels ?? {}
  return {
    name: metadata.name,
    revision: Number(metadata.annotations?.[REVISION] ?? 0),
    hash: metadata.labels?.[REPLICA_SET_HASH] ?? '',
    uid: metadata.uid ?? '',
    conditions: status.conditions,
    template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
  }
}

/** Its data is a strategic merge patch that replaces the whole template. */
function ofControllerRevision({ metadata, revision, data }: z.infer<typeof controllerRevision>): Revision {
  const { $patch: _, ...kept } = data.spec.template
  const { name, uid = '', labels } = metadata
  return { name, revision, hash: labels?.[REVISION_HASH] ?? '', uid, conditions: [], template: kept }
}

/** The one that the workload's template is now; undefined before its controller has seen it. */
export function currentRevision(
  kind: Workload['kind'],
  { metadata, status }: Pick<WorkloadObject, 'metadata' | 'status'>,
  revisions: readonly Revision[],
): Revision | undefined {
  if (status.observedGeneration < (metadata.generation ?? 0)) return undefined
  if (kind === 'StatefulSet') return revisions.find(({ name }) => name === status.updateRevision)
  if (kind === 'DaemonSet') return revisions[0]
  return revisions.find(({ revision }) => revision === Number(metadata.annotations?.[REVISION]))
}
