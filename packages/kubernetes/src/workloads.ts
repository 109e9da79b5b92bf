import { z } from 'zod'
import type { Cluster, ObjectRef } from './cluster'
import { kubernetesObject } from './cluster'

/** What keeps pods running, and replaces them when its template changes. */
export type WorkloadKind = 'Deployment' | 'StatefulSet' | 'DaemonSet'

const PLURALS: Record<WorkloadKind, string> = {
  Deployment: 'deployments',
  StatefulSet: 'statefulsets',
  DaemonSet: 'daemonsets',
}

export interface Workload {
  kind: WorkloadKind
  namespace: string
  name: string
}

export const isWorkload = (kind: string | undefined): kind is WorkloadKind =>
  kind !== undefined && Object.hasOwn(PLURALS, kind)

/** `Deployment api/shop`, as messages name it. */
export const nameOfWorkload = ({ kind, namespace, name }: Workload): string => `${kind} ${namespace}/${name}`

export const refOf = ({ kind, namespace, name }: Workload): ObjectRef => ({
  ...{ apiVersion: 'apps/v1', plural: PLURALS[kind], namespace, name },
})

export const condition = z.looseObject({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastUpdateTime: z.string().nullish(),
})
export type Condition = z.infer<typeof condition>

export const container = z.looseObject({ name: z.string(), image: z.string().default('') })

export const podSpec = z.looseObject({
  containers: z.array(container),
  initContainers: z.array(container).default([]),
})

const selector = z.looseObject({
  matchLabels: z.record(z.string(), z.string()).default({}),
  matchExpressions: z
    .array(z.looseObject({ key: z.string(), operator: z.string(), values: z.array(z.string()).default([]) }))
    .default([]),
})
export type LabelSelector = z.infer<typeof selector>

const count = z.number().default(0)

/** A workload as the API server holds it, of any of the three kinds. */
export const workloadObject = kubernetesObject.extend({
  spec: z.looseObject({
    replicas: z.number().default(1),
    paused: z.boolean().default(false),
    revisionHistoryLimit: z.number().optional(),
    selector,
    template: z.looseObject({ spec: podSpec }),
    updateStrategy: z
      .looseObject({
        type: z.string().default('RollingUpdate'),
        rollingUpdate: z.looseObject({ partition: z.number().default(0) }).optional(),
      })
      .optional(),
  }),
  status: z
    .looseObject({
      observedGeneration: count,
      replicas: count,
      updatedReplicas: count,
      readyReplicas: count,
      availableReplicas: count,
      updateRevision: z.string().optional(),
      desiredNumberScheduled: count,
      updatedNumberScheduled: count,
      numberReady: count,
      numberAvailable: count,
      conditions: z.array(condition).default([]),
    })
    .prefault({}),
})
export type WorkloadObject = z.infer<typeof workloadObject>

const started = z.looseObject({ startedAt: z.string().nullish() })
const terminated = z.looseObject({
  exitCode: z.number(),
  reason: z.string().optional(),
  message: z.string().optional(),
})
const waiting = z.looseObject({ reason: z.string().optional(), message: z.string().optional() })

const containerStatus = z.looseObject({
  name: z.string(),
  image: z.string().default(''),
  imageID: z.string().default(''),
  ready: z.boolean().default(false),
  started: z.boolean().nullish(),
  restartCount: count,
  state: z
    .looseObject({
      waiting: waiting.optional(),
      running: started.optional(),
      terminated: terminated.optional(),
    })
    .prefault({}),
  lastState: z.looseObject({ terminated: terminated.optional() }).prefault({}),
})
export type ContainerStatus = z.infer<typeof containerStatus>

/** A pod as the API server holds it. */
export const podObject = kubernetesObject.extend({
  spec: podSpec,
  status: z
    .looseObject({
      phase: z.string().default('Unknown'),
      reason: z.string().optional(),
      message: z.string().optional(),
      conditions: z.array(condition).default([]),
      initContainerStatuses: z.array(containerStatus).default([]),
      containerStatuses: z.array(containerStatus).default([]),
    })
    .prefault({}),
})
export type PodObject = z.infer<typeof podObject>

/** As its conditions say; of a pod that leaves they may say so still. */
export const isReadyPod = ({
  status,
}: {
  status?: { conditions: readonly Pick<Condition, 'type' | 'status'>[] } | undefined
}): boolean => (status?.conditions ?? []).some(({ type, status: is }) => type === 'Ready' && is === 'True')

/** Undefined where there is no such workload. @throws ClusterRefused, ProviderError */
export const readWorkload = (
  cluster: Cluster,
  workload: Workload,
  signal: AbortSignal,
): Promise<WorkloadObject | undefined> => cluster.read(refOf(workload), workloadObject, signal)

/** A selector as addresses have it. Source: Kubernetes, "Labels and Selectors". */
export function labelQuery({ matchLabels, matchExpressions }: LabelSelector): string {
  const equal = Object.entries(matchLabels).map(([key, value]) => `${key}=${value}`)
  const more = matchExpressions.map(({ key, operator, values }) => {
    if (operator === 'Exists') return key
    if (operator === 'DoesNotExist') return `!${key}`
    return `${key} ${operator === 'In' ? 'in' : 'notin'} (${values.join(',')})`
  })
  return [...equal, ...more].join(',')
}
