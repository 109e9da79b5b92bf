import { isDeepStrictEqual } from 'node:util'
import type { FakeObject } from './fake-cluster-kinds'

/** What controllers find in the fake, and do to it. */
export interface Controlled {
  list(plural: string): FakeObject[]
  /** Writes without waking the controllers again. */
  put(object: FakeObject): void
  remove(plural: string, name: string, namespace: string): void
}

/** What the controllers of a cluster make of a change, at once: endpoints follow pods, status follows what is wanted. */
export function reconcile(cluster: Controlled): void {
  for (const deployment of cluster.list('deployments')) followTemplate(cluster, deployment)
  for (const application of cluster.list('applications')) followOperation(cluster, application)
  for (const service of cluster.list('services')) followService(cluster, service)
  for (const plural of ['deployments', 'statefulsets'])
    for (const workload of cluster.list(plural)) followWorkload(cluster, workload)
  for (const route of cluster.list('httproutes')) followRoute(cluster, route)
}

/** As the controller of EndpointSlices: the pods that the Service selects, and whether they are ready. */
function followService(cluster: Controlled, { metadata, spec }: FakeObject): void {
  const { selector } = (spec ?? {}) as { selector?: Record<string, string> }
  if (!selector) return
  const pods = cluster
    .list('pods')
    .filter(
      (pod) =>
        pod.metadata.namespace === metadata.namespace &&
        Object.entries(selector).every(([key, value]) => pod.metadata.labels?.[key] === value),
    )
  cluster.put({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${metadata.name}-fake`,
      namespace: metadata.namespace ?? 'default',
      labels: { 'kubernetes.io/service-name': metadata.name },
    },
    addressType: 'IPv4',
    endpoints: pods.map((pod, index) => ({
      addresses: [`10.0.0.${index + 1}`],
      conditions: { ready: isReady(pod), serving: isReady(pod), terminating: false },
      targetRef: { kind: 'Pod', name: pod.metadata.name, namespace: pod.metadata.namespace },
    })),
  })
}

function isReady({ status }: FakeObject): boolean {
  const { conditions = [] } = (status ?? {}) as { conditions?: { type: string; status: string }[] }
  return conditions.some(({ type, status: says }) => type === 'Ready' && says === 'True')
}

function followWorkload(cluster: Controlled, workload: FakeObject): void {
  const replicas = Number(workload.spec?.['replicas'] ?? 1)
  cluster.put({
    ...workload,
    status: {
      ...workload.status,
      ...{ replicas, readyReplicas: replicas, updatedReplicas: replicas, availableReplicas: replicas },
      observedGeneration: workload.metadata.generation,
    },
  })
}

/** As a gateway that takes every route. */
function followRoute(cluster: Controlled, route: FakeObject): void {
  const { parentRefs = [] } = (route.spec ?? {}) as { parentRefs?: object[] }
  const taken = (type: string, reason: string) => ({
    ...{ type, reason, status: 'True', message: '' },
    ...{ observedGeneration: route.metadata.generation, lastTransitionTime: '2026-01-01T00:00:00Z' },
  })
  const conditions = [taken('Accepted', 'Accepted'), taken('ResolvedRefs', 'ResolvedRefs')]
  cluster.put({
    ...route,
    status: {
      parents: parentRefs.map((parentRef) => ({
        controllerName: 'example.com/gateway',
        parentRef,
        conditions,
      })),
    },
  })
}

interface Template {
  metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> }
  spec: { containers: { name: string; image: string }[] }
}
interface DeploymentSpec {
  replicas?: number
  template?: Template
}

const REVISION = 'deployment.kubernetes.io/revision'

/**
 * As the controller of Deployments: a ReplicaSet for each template, and pods of the current one that are ready at once,
 * unless their annotation `test/fails` says so. Pods of the last template stay until the new ones are ready.
 */
function followTemplate(cluster: Controlled, deployment: FakeObject): void {
  const { template, replicas = 1 } = (deployment.spec ?? {}) as DeploymentSpec
  if (!template?.spec) return
  const { name, namespace = 'default', uid = '' } = deployment.metadata
  const owned = cluster
    .list('replicasets')
    .filter(({ metadata }) => metadata.ownerReferences?.some((owner) => owner.uid === uid))
  const known = owned.find(({ spec }) =>
    isDeepStrictEqual(withoutHash((spec as DeploymentSpec).template), withoutHash(template)),
  )
  const numbers = owned.map(({ metadata }) => Number(metadata.annotations?.[REVISION]))
  const newest = Math.max(0, ...numbers)
  const isNewest = known !== undefined && Number(known.metadata.annotations?.[REVISION]) === newest
  const revision = isNewest ? newest : newest + 1
  const hash = known?.metadata.labels?.['pod-template-hash'] ?? `hash${newest + 1}`
  const labels = { ...template.metadata?.labels, 'pod-template-hash': hash }
  const set: FakeObject = {
    ...{ apiVersion: 'apps/v1', kind: 'ReplicaSet' },
    metadata: {
      ...{ name: `${name}-${hash}`, namespace, labels, annotations: { [REVISION]: String(revision) } },
      ownerReferences: [{ kind: 'Deployment', name, uid }],
    },
    spec: { template: { ...template, metadata: { ...template.metadata, labels } } },
  }
  cluster.put(set)
  cluster.put({
    ...deployment,
    metadata: {
      ...deployment.metadata,
      annotations: { ...deployment.metadata.annotations, [REVISION]: String(revision) },
    },
  })
  const fails = template.metadata?.annotations?.['test/fails'] !== undefined
  for (const pod of fails ? [] : podsOf(cluster, name, namespace))
    cluster.remove('pods', pod.metadata.name, namespace)
  const image = template.spec.containers[0]?.image ?? ''
  for (let index = 0; index < replicas; index++)
    cluster.put({
      ...{ apiVersion: 'v1', kind: 'Pod', spec: template.spec },
      metadata: {
        ...{ name: `${name}-${hash}-${index}`, namespace, labels },
        ownerReferences: [
          { kind: 'ReplicaSet', name: set.metadata.name, uid: `uid-of-replicasets-${set.metadata.name}` },
        ],
      },
      status: fails ? notReady(image) : ready(image),
    })
}

const podsOf = (cluster: Controlled, deployment: string, namespace: string): FakeObject[] =>
  cluster
    .list('pods')
    .filter(
      ({ metadata }) =>
        metadata.namespace === namespace &&
        metadata.ownerReferences?.some((owner) => owner.name.startsWith(`${deployment}-hash`)),
    )

function withoutHash(template: Template | undefined): unknown {
  const { 'pod-template-hash': _, ...labels } = template?.metadata?.labels ?? {}
  return { ...template, metadata: { ...template?.metadata, labels } }
}

const ready = (image: string): Record<string, unknown> => ({
  ...{ phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] },
  containerStatuses: [
    { name: 'app', image, imageID: image, ready: true, restartCount: 0, state: { running: {} } },
  ],
})
const notReady = (image: string): Record<string, unknown> => ({
  phase: 'Pending',
  containerStatuses: [
    {
      name: 'app',
      image,
      imageID: '',
      ready: false,
      restartCount: 0,
      state: { waiting: { reason: 'ImagePullBackOff' } },
    },
  ],
})

interface Operation {
  info?: unknown
  sync: { revision?: string; source?: object }
}
interface ApplicationStatus {
  history?: { id: number; revision: string; source: object }[]
  [field: string]: unknown
}

/** As the controller of Argo CD: it takes an operation, and the Application is synced by it and healthy at once. */
function followOperation(cluster: Controlled, application: FakeObject): void {
  const { operation: given, ...rest } = application
  if (given === undefined) return
  const operation = given as Operation
  const { source: wanted } = application.spec as { source: object }
  const source = operation.sync.source ?? wanted
  const { history = [] } = (application.status ?? {}) as ApplicationStatus
  const fails = application.metadata.annotations?.['test/fails']
  const last = history.at(-1)
  const done = {
    id: (last?.id ?? -1) + 1,
    revision: operation.sync.revision ?? last?.revision ?? 'main',
    source,
  }
  const at = '2026-11-21T10:00:05Z'
  cluster.put({
    ...rest,
    status: {
      ...application.status,
      operationState: {
        ...{ operation, startedAt: at, finishedAt: at },
        ...(fails ? { phase: 'Failed', message: fails } : { phase: 'Succeeded' }),
      },
      reconciledAt: at,
      ...(!fails && {
        ...{ history: [...history, done], health: { status: 'Healthy' } },
        summary: { images: imagesIn(source) },
      }),
    },
  })
}

/** The chart of the fake has one image, by the parameter or by what Kustomize is told. */
function imagesIn(source: object): string[] {
  const { helm, kustomize } = source as {
    helm?: { parameters?: { name: string; value: string }[] }
    kustomize?: { images?: string[] }
  }
  const digest = helm?.parameters?.find(({ name }) => name === 'image.digest')?.value
  return digest === undefined ? (kustomize?.images ?? []) : [`registry.example.com/shop@${digest}`]
}
