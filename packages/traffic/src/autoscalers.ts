import { z } from 'zod'
import { kubernetesObject, type Cluster } from '@deploy-actions/kubernetes'
import type { ReadyByArm } from './ready-endpoints'

/** What scales a workload by itself. KEDA does it by an HPA of its own, which belongs to its ScaledObject. */
export interface Autoscaler {
  /** `HorizontalPodAutoscaler shop`, `ScaledObject shop (KEDA)` */
  name: string
  /** `Deployment shop` */
  target: string
  /** pods that it leaves at the least */
  least: number
}

/** Source: Kubernetes API, `HorizontalPodAutoscaler` (autoscaling/v2): the least is 1 unless it says otherwise. */
const autoscaler = kubernetesObject.extend({
  spec: z.looseObject({
    minReplicas: z.int().nullish(),
    scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }),
  }),
})

export async function autoscalersIn(
  cluster: Cluster,
  namespace: string,
  signal: AbortSignal,
): Promise<Autoscaler[]> {
  const resource = { apiVersion: 'autoscaling/v2', plural: 'horizontalpodautoscalers', namespace }
  return (await cluster.list(resource, autoscaler, signal)).map(({ metadata, spec }) => {
    const scaled = metadata.ownerReferences?.find(({ kind }) => kind === 'ScaledObject')
    return {
      name: scaled ? `ScaledObject ${scaled.name} (KEDA)` : `HorizontalPodAutoscaler ${metadata.name}`,
      target: `${spec.scaleTargetRef.kind} ${spec.scaleTargetRef.name}`,
      least: spec.minReplicas ?? 1,
    }
  })
}

/**
 * Autoscalers that may leave an arm with fewer pods than another one serves with just now, in words: a canary without load
 * is scaled down to the least, and then given the traffic of all.
 */
export async function lowAutoscalers(
  cluster: Cluster,
  arms: readonly string[],
  ready: ReadyByArm,
  signal: AbortSignal,
): Promise<string[]> {
  const said = await Promise.all(
    arms.map(async (arm) => {
      const { pod } = ready[arm] ?? {}
      const others = Object.entries(ready).filter(([other]) => other !== arm)
      const most = Math.max(0, ...others.map(([, one]) => one.ready))
      if (!pod || most < 2) return []
      const target = await workloadOf(cluster, pod, signal)
      const scalers = await autoscalersIn(cluster, pod.namespace, signal)
      return scalers
        .filter((scaler) => scaler.target === target && scaler.least < most)
        .map(
          ({ name, least }) =>
            `${name} may leave ${arm} with ${least} of the ${most} pods that serve now: let its least be ${most} until the release is done`,
        )
    }),
  )
  return said.flat()
}

/** `Deployment shop`: a Deployment has its pods by a ReplicaSet, whose name is its own and the hash of the template. */
async function workloadOf(
  cluster: Cluster,
  pod: { namespace: string; name: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await cluster.read({ apiVersion: 'v1', plural: 'pods', ...pod }, kubernetesObject, signal)
  const owner = found?.metadata.ownerReferences?.[0]
  if (!owner) return undefined
  const hash = found.metadata.labels?.['pod-template-hash']
  return owner.kind === 'ReplicaSet' && hash !== undefined
    ? `Deployment ${owner.name.replace(`-${hash}`, '')}`
    : `${owner.kind} ${owner.name}`
}
