import type { FakeObject } from './fake-cluster-kinds'

/** What controllers find in the fake, and do to it. */
export interface Controlled {
  list(plural: string): FakeObject[]
  /** Writes without waking the controllers again. */
  put(object: FakeObject): void
}

/** What the controllers of a cluster make of a change, at once: endpoints follow pods, status follows what is wanted. */
export function reconcile(cluster: Controlled): void {
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
