/** An object as the fake keeps it. */
export interface FakeObject {
  apiVersion: string
  kind: string
  metadata: {
    name: string
    namespace?: string
    resourceVersion?: string
    uid?: string
    generation?: number
    creationTimestamp?: string
    labels?: Record<string, string>
    annotations?: Record<string, string>
    ownerReferences?: { apiVersion?: string; kind: string; name: string; uid: string }[]
    managedFields?: { manager: string; operation: string }[]
  }
  spec?: Record<string, unknown>
  status?: Record<string, unknown>
  [field: string]: unknown
}

/** A kind as the fake serves it. */
export interface FakeKind {
  kind: string
  plural: string
  group: string
  /** the same object in each of them */
  versions: readonly string[]
  /** the server counts changes of what is wanted */
  generation?: boolean
  subresources?: readonly ('scale' | 'status')[]
  /** fills in what nobody wrote */
  defaults?(object: FakeObject): void
  /** what the server refuses, in its words */
  problems?(object: FakeObject): string[]
}

const workload = {
  group: 'apps',
  versions: ['v1'],
  generation: true,
  subresources: ['scale', 'status'],
} as const
const istio = {
  group: 'networking.istio.io',
  generation: true,
  versions: ['v1', 'v1beta1', 'v1alpha3'],
} as const

/** What a cluster with Istio, Gateway API and Flagger has, as far as routers and checks ask for it. */
export const fakeKinds: readonly FakeKind[] = [
  { kind: 'Pod', plural: 'pods', group: '', versions: ['v1'], subresources: ['status'] },
  { kind: 'Service', plural: 'services', group: '', versions: ['v1'], problems: problemsOfService },
  { kind: 'ServiceAccount', plural: 'serviceaccounts', group: '', versions: ['v1'] },
  { kind: 'Deployment', plural: 'deployments', ...workload },
  { kind: 'StatefulSet', plural: 'statefulsets', ...workload },
  { kind: 'ReplicaSet', plural: 'replicasets', ...workload },
  { kind: 'DaemonSet', plural: 'daemonsets', ...workload, subresources: ['status'] },
  { kind: 'ControllerRevision', plural: 'controllerrevisions', group: 'apps', versions: ['v1'] },
  {
    ...{ kind: 'SecretProviderClassPodStatus', plural: 'secretproviderclasspodstatuses' },
    ...{ group: 'secrets-store.csi.x-k8s.io', versions: ['v1'] },
  },
  { kind: 'EndpointSlice', plural: 'endpointslices', group: 'discovery.k8s.io', versions: ['v1'] },
  {
    ...{ kind: 'HorizontalPodAutoscaler', plural: 'horizontalpodautoscalers' },
    ...{ group: 'autoscaling', versions: ['v2', 'v1'] },
  },
  {
    ...{ kind: 'Ingress', plural: 'ingresses', generation: true },
    ...{ group: 'networking.k8s.io', versions: ['v1'] },
    problems: problemsOfAnnotations,
  },
  { kind: 'VirtualService', plural: 'virtualservices', ...istio, problems: problemsOfVirtualService },
  { kind: 'DestinationRule', plural: 'destinationrules', ...istio },
  {
    ...{ kind: 'HTTPRoute', plural: 'httproutes', generation: true, subresources: ['status'] },
    ...{ group: 'gateway.networking.k8s.io', versions: ['v1', 'v1beta1'] },
    defaults: defaultsOfHttpRoute,
    problems: problemsOfHttpRoute,
  },
  {
    ...{ kind: 'Application', plural: 'applications', generation: true },
    ...{ group: 'argoproj.io', versions: ['v1alpha1'] },
  },
  {
    ...{ kind: 'Canary', plural: 'canaries', generation: true, subresources: ['status'] },
    ...{ group: 'flagger.app', versions: ['v1beta1'] },
  },
]

interface Weighted {
  weight?: unknown
}
interface VirtualServiceSpec {
  http?: { route?: Weighted[] }[]
}
interface HttpRouteSpec {
  rules?: { backendRefs?: (Weighted & { group?: string; kind?: string })[] }[]
}

/** The schema wants integers; that they are not negative is for Istio's webhook. */
function problemsOfVirtualService({ spec }: FakeObject): string[] {
  return ((spec as VirtualServiceSpec).http ?? []).flatMap(({ route = [] }, rule) =>
    route.flatMap(({ weight }, index) =>
      weight === undefined || Number.isInteger(weight)
        ? []
        : [`spec.http[${rule}].route[${index}].weight: in body must be of type integer: "${typeof weight}"`],
    ),
  )
}

function defaultsOfHttpRoute({ spec }: FakeObject): void {
  for (const { backendRefs = [] } of (spec as HttpRouteSpec).rules ?? [])
    for (const [index, ref] of backendRefs.entries())
      backendRefs[index] = { group: '', kind: 'Service', weight: 1, ...ref }
}

const LARGEST_WEIGHT = 1_000_000

function problemsOfHttpRoute({ spec }: FakeObject): string[] {
  return ((spec as HttpRouteSpec).rules ?? []).flatMap(({ backendRefs = [] }, rule) =>
    backendRefs.flatMap(({ weight }, index) => {
      const right = Number.isInteger(weight) && Number(weight) >= 0 && Number(weight) <= LARGEST_WEIGHT
      const at = `spec.rules[${rule}].backendRefs[${index}].weight`
      return right ? [] : [`${at}: Invalid value: in body should be an integer from 0 to ${LARGEST_WEIGHT}`]
    }),
  )
}

function problemsOfAnnotations({ metadata }: FakeObject): string[] {
  return Object.entries(metadata.annotations ?? {})
    .filter(([, value]) => typeof value !== 'string')
    .map(([name]) => `patch: Invalid value: metadata.annotations ${name} is not a string`)
}

const LABEL = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

function problemsOfService(service: FakeObject): string[] {
  const { selector = {} } = (service.spec ?? {}) as { selector?: Record<string, unknown> }
  const wrong = Object.values(selector).filter((value) => typeof value !== 'string' || !LABEL.test(value))
  return [
    ...problemsOfAnnotations(service),
    ...wrong.map(
      (value) => `spec.selector: Invalid value: ${JSON.stringify(value)}: a valid label must be ...`,
    ),
  ]
}
