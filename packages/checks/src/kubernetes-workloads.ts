import { z } from 'zod'
import {
  kubernetesObject,
  runningImages,
  type Cluster,
  type podObject,
  type Workload,
} from '@deploy-actions/kubernetes'
import type { Finding } from './cluster-probe'

type Pod = z.infer<typeof podObject>

/** What is expected of the pods of a workload. */
export interface Expectation {
  maxRestarts: number
  sidecars: readonly string[]
  digest?: string
}

/** A workload with the pods of its template as it is now. */
export interface Looked {
  cluster: Cluster
  workload: Workload
  /** `Deployment shop/api` */
  name: string
  pods: readonly Pod[]
  expected: Expectation
  signal: AbortSignal
}

/** Source: Kubernetes API, `HorizontalPodAutoscalerCondition` (autoscaling/v2). */
const autoscaler = kubernetesObject.extend({
  spec: z.looseObject({ scaleTargetRef: z.looseObject({ kind: z.string(), name: z.string() }) }),
  status: z
    .looseObject({
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            reason: z.string().default(''),
            message: z.string().default(''),
          }),
        )
        .nullish(),
    })
    .optional(),
})

/** An HPA scales the workload, and can: it has its metrics. */
export async function hpaOf({ cluster, workload, name, signal }: Looked): Promise<Finding[]> {
  const { namespace } = workload
  const resource = { apiVersion: 'autoscaling/v2', plural: 'horizontalpodautoscalers', namespace }
  const all = await cluster.list(resource, autoscaler, signal)
  const own = all.find(
    ({ spec: { scaleTargetRef: of } }) => of.kind === workload.kind && of.name === workload.name,
  )
  if (!own) return [{ what: `${name} has no HorizontalPodAutoscaler` }]
  return ['AbleToScale', 'ScalingActive'].flatMap((type) => {
    const found = own.status?.conditions?.find((one) => one.type === type)
    if (found?.status === 'True') return []
    const why = found ? `${found.reason} ${found.message}`.trim() : 'it has not looked yet'
    return [{ what: `HorizontalPodAutoscaler ${own.metadata.name} of ${name} is not ${type}: ${why}` }]
  })
}

const DRIVER = 'secrets-store.csi.k8s.io'

const volumes = z.looseObject({
  volumes: z
    .array(
      z.looseObject({
        csi: z
          .looseObject({
            driver: z.string(),
            volumeAttributes: z.record(z.string(), z.string()).default({}),
          })
          .optional(),
      }),
    )
    .default([]),
})
/** What the driver says of each mount. Source: secrets-store-csi-driver, `SecretProviderClassPodStatus`. */
const mount = kubernetesObject.extend({
  status: z
    .looseObject({
      podName: z.string().optional(),
      secretProviderClassName: z.string().optional(),
      mounted: z.boolean().default(false),
    })
    .prefault({}),
})

/** Each pod has what its SecretProviderClasses name mounted, as the driver says. */
export async function mountsOf({ cluster, workload, name, pods, signal }: Looked): Promise<Finding[]> {
  const wanted = pods.flatMap(({ metadata, spec }) =>
    volumes
      .parse(spec)
      .volumes.filter(({ csi }) => csi?.driver === DRIVER)
      .map(({ csi }) => ({ pod: metadata.name, of: csi?.volumeAttributes['secretProviderClass'] ?? '' })),
  )
  if (wanted.length === 0) return [{ what: `${name} has no pod with a volume of ${DRIVER}` }]
  const mounts = await cluster.list(
    {
      ...{ apiVersion: 'secrets-store.csi.x-k8s.io/v1', plural: 'secretproviderclasspodstatuses' },
      namespace: workload.namespace,
    },
    mount,
    signal,
  )
  return wanted
    .filter(
      ({ pod, of }) =>
        !mounts.some(
          ({ status }) => status.podName === pod && status.secretProviderClassName === of && status.mounted,
        ),
    )
    .map(({ pod, of }) => ({ what: `pod ${pod} of ${name} has not mounted SecretProviderClass ${of}` }))
}

const statusesOf = ({ status }: Pod) => [...status.initContainerStatuses, ...status.containerStatuses]

export function restartsOf({ name, pods, expected: { maxRestarts } }: Looked): Finding[] {
  if (pods.length === 0) return [{ what: `${name} has no pods` }]
  return pods.flatMap((pod) =>
    statusesOf(pod)
      .filter(({ restartCount }) => restartCount > maxRestarts)
      .map((container) => ({
        what: `container ${container.name} of pod ${pod.metadata.name} of ${name} has restarted ${container.restartCount} times, allowed ${maxRestarts}`,
      })),
  )
}

export function sidecarsOf({ name, pods, expected: { sidecars } }: Looked): Finding[] {
  if (pods.length === 0) return [{ what: `${name} has no pods` }]
  return pods.flatMap((pod) =>
    sidecars
      .filter((wanted) => !statusesOf(pod).some((container) => container.name === wanted && container.ready))
      .map((wanted) => ({ what: `pod ${pod.metadata.name} of ${name} has no ready container ${wanted}` })),
  )
}

/** Each pod asks for the digest in one container at least, and runs it there. */
export function digestsOf({ name, pods, expected: { digest = '' } }: Looked): Finding[] {
  if (pods.length === 0) return [{ what: `${name} has no pods` }]
  return pods.flatMap((pod): Finding[] => {
    const meant = [...pod.spec.initContainers, ...pod.spec.containers].filter(({ image }) =>
      image.includes(digest),
    )
    if (meant.length === 0)
      return [{ what: `pod ${pod.metadata.name} of ${name} asks for ${digest} in none of its containers` }]
    return runningImages(pod, digest, new Set(meant.map((container) => container.name)))
      .filter(({ is }) => is === 'another' || is === 'unknown')
      .map(({ container, running }) => ({
        what: `container ${container} of pod ${pod.metadata.name} of ${name} runs ${running || 'nothing yet'}, expected ${digest}`,
      }))
  })
}
