import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import {
  clusterOf,
  namespacedOptions,
  objectName,
  kubernetesObject,
  type Cluster,
  type ObjectRef,
  type PatchStep,
} from '@deploy-actions/kubernetes'
import { endpointsRule, nameOf, pointer } from './kubernetes-options'
import { missing, openSplit, plainUnits, type Split, WEIGHTED } from './kubernetes-split'
import { readyEndpointsOf, readyOf, type ReadyEndpoints, type ServiceName } from './ready-endpoints'
import { router } from './router'
import { steeredObject } from './steering-controllers'

const member = z
  .strictObject({
    subset: z.string().min(1).optional().describe('subset of a DestinationRule'),
    host: z.string().min(1).optional().describe('host of the destination, as the VirtualService writes it'),
  })
  .refine(({ subset, host }) => (subset ?? host) !== undefined, 'names neither a subset nor a host')
type Member = z.infer<typeof member>

/** Weights of the destinations of one HTTP route of an Istio VirtualService. */
const options = z
  .strictObject({
    ...namespacedOptions,
    'virtual-service': objectName.describe('name of the VirtualService'),
    route: z
      .string()
      .min(1)
      .optional()
      .describe('name of its HTTP route; default: the one that has all members as destinations'),
    members: z.record(z.string().min(1), member).describe('arm -> its destination'),
    endpoints: endpointsRule,
  })
  .describe('Istio, by the weights of a VirtualService')
type Options = z.infer<typeof options>

/** Newest first: the same object is served in each that the cluster has. Source: istio/api, customresourcedefinitions. */
const VERSIONS = ['v1', 'v1beta1', 'v1alpha3'].map((version) => `networking.istio.io/${version}`)

const destination = z.looseObject({ host: z.string(), subset: z.string().optional() })
const weighted = z.looseObject({ destination, weight: z.int().min(0).optional() })
const httpRoute = z.looseObject({
  name: z.string().optional(),
  match: z.array(z.unknown()).optional(),
  route: z.array(weighted).default([]),
})
const virtualService = steeredObject.extend({
  spec: z.looseObject({ http: z.array(httpRoute).default([]) }),
})
const destinationRule = kubernetesObject.extend({
  spec: z.looseObject({
    host: z.string(),
    subsets: z
      .array(z.looseObject({ name: z.string(), labels: z.record(z.string(), z.string()).default({}) }))
      .default([]),
  }),
})
type HttpRoute = z.infer<typeof httpRoute>

/** A route, and where its members stand in it. */
interface FoundRoute {
  index: number
  route: HttpRoute
  /** arm -> index of its destination */
  at: Record<string, number>
}

export default router({
  options,
  armsOf: ({ members }) => Object.keys(members),
  create(settings, ports) {
    const { namespace, endpoints, 'virtual-service': name } = settings
    const where = nameOf('VirtualService', { namespace, name })
    return openSplit(
      {
        where,
        capabilities: {
          ...WEIGHTED,
          // istiod gathers changes for up to ten seconds (PILOT_DEBOUNCE_MAX) before it sends them to the proxies.
          effectWithin: '10s',
        },
        look: (cluster, signal) => look(cluster, { where, settings, signal }),
      },
      { endpoints, cluster: clusterOf(settings, ports) },
      ports,
    )
  },
})

/** The version of Istio's API that the cluster serves. */
async function apiVersionOf(cluster: Cluster, where: string, signal: AbortSignal): Promise<string> {
  for (const apiVersion of VERSIONS) {
    const kinds = await cluster.kinds(apiVersion, signal)
    if (kinds.some(({ kind }) => kind === 'VirtualService')) return apiVersion
  }
  throw new ProviderError(
    `${cluster.where} has no VirtualServices: install Istio, or choose another router`,
    {
      provider: where,
    },
  )
}

interface Look {
  where: string
  settings: Options
  signal: AbortSignal
}

async function look(cluster: Cluster, { where, settings, signal }: Look): Promise<Split> {
  const ref: ObjectRef = {
    apiVersion: await apiVersionOf(cluster, where, signal),
    plural: 'virtualservices',
    namespace: settings.namespace ?? cluster.namespace,
    name: settings['virtual-service'],
  }
  const object = await cluster.read(ref, virtualService, signal)
  if (!object) throw missing(where, cluster)
  const found = routeOf(object.spec.http, { where, settings })
  const { route, at } = found
  return {
    ref,
    object,
    units: Object.fromEntries(Object.entries(at).map(([arm, index]) => [arm, unitsOf(route, index)])),
    strangers: strangersOf(found, where),
    toUnits: (wanted) => plainUnits(wanted, Object.keys(settings.members)),
    steps: (units) => stepsOf(found, units),
    endpoints: async (asked) => ({ ready: await readyOfArms(cluster, { ref, found, signal: asked }) }),
  }
}

/** Of several destinations one without a weight gets nothing. Source: Istio, HTTPRouteDestination. */
const unitsOf = ({ route }: HttpRoute, index: number): number => route[index]?.weight ?? 0

function strangersOf({ route, at }: FoundRoute, where: string): string | undefined {
  const strangers = route.route.filter(
    ({ weight = 0 }, index) => weight > 0 && !Object.values(at).includes(index),
  )
  if (strangers.length === 0) return undefined
  const named = strangers.map(({ destination: to, weight }) => `${written(to)} (weight ${weight})`).join(', ')
  return `${where} also sends traffic to ${named}, which is not an arm: list it under members or give it weight 0`
}

const written = ({ host, subset }: { host: string; subset?: string | undefined }): string =>
  subset === undefined ? host : `${host}/${subset}`

/**
 * The route that splits between the members: it has each of them as a destination. Routes for a header, as for testers
 * who ask for the canary, have one of them, and are left alone.
 */
function routeOf(
  routes: readonly HttpRoute[],
  { where, settings }: Pick<Look, 'where' | 'settings'>,
): FoundRoute {
  const { members, route: wanted } = settings
  const refuse = (message: string): never => {
    throw new ProviderError(`${where} ${message}`, { provider: where })
  }
  const all = routes.flatMap((route, index) => {
    const at = placesOf(route, members)
    return at && (wanted === undefined || route.name === wanted) ? [{ index, route, at }] : []
  })
  const open = all.filter(({ route }) => (route.match ?? []).length === 0)
  const [found, ...more] = open.length === 1 ? open : all
  const listed = Object.values(members).map(named).join(' and ')
  if (more.length > 0)
    return refuse(
      `has ${more.length + 1} HTTP routes with ${listed} as destinations: give the one that is meant a name, and say it as \`route\``,
    )
  return (
    found ??
    refuse(
      `has no HTTP route${wanted === undefined ? '' : ` named ${wanted}`} with ${listed} as destinations, each once: list both there, the one without traffic with weight 0`,
    )
  )
}

const named = ({ host, subset }: Member): string =>
  [host, subset === undefined ? undefined : `subset ${subset}`].filter((part) => part !== undefined).join(' ')

/** Where each member stands; undefined unless each stands there once. */
function placesOf({ route }: HttpRoute, members: Options['members']): Record<string, number> | undefined {
  const places = Object.entries(members).flatMap(([arm, member]): [string, number][] => {
    const [at, ...more] = route.flatMap(({ destination: to }, index) => (isMember(to, member) ? [index] : []))
    return at === undefined || more.length > 0 ? [] : [[arm, at]]
  })
  const distinct = new Set(places.map(([, at]) => at))
  return distinct.size === Object.keys(members).length ? Object.fromEntries(places) : undefined
}

const isMember = (to: z.infer<typeof destination>, { host, subset }: Member): boolean =>
  (host === undefined || to.host === host) && (subset === undefined || to.subset === subset)

/** Only weights change, and only while their destinations stand where they were read. */
function stepsOf({ index, route, at }: FoundRoute, units: Record<string, number>): PatchStep[] {
  const places = Object.entries(at).map(([arm, place]) => ({
    path: pointer('spec', 'http', index, 'route', place),
    destination: route.route[place]?.destination,
    weight: units[arm] ?? 0,
  }))
  return [
    ...places.map(({ path, destination: value }): PatchStep => ({
      op: 'test',
      path: `${path}/destination`,
      value,
    })),
    ...places.map(({ path, weight: value }): PatchStep => ({ op: 'add', path: `${path}/weight`, value })),
  ]
}

/**
 * What is ready of each arm. A host is known where it is a Service of the cluster: a name without dots, which is of the
 * VirtualService's own namespace, or NAME.NAMESPACE.svc.DOMAIN. A subset is known by the DestinationRule of that namespace.
 * Of ServiceEntries, WorkloadEntries and DestinationRules of other namespaces nothing is known, and nothing is said.
 */
async function readyOfArms(
  cluster: Cluster,
  { ref, found: { route, at }, signal }: { ref: ObjectRef; found: FoundRoute; signal: AbortSignal },
): Promise<Record<string, ReadyEndpoints>> {
  const namespace = ref.namespace ?? cluster.namespace
  const { apiVersion } = ref
  const resource = { apiVersion, plural: 'destinationrules', namespace }
  const rules = await cluster.list(resource, destinationRule, signal)
  const found = await Promise.all(
    Object.entries(at).map(async ([arm, index]) => {
      const to = route.route[index]?.destination
      const service = to && serviceOf(to.host, namespace)
      if (!service) return []
      const names = await readyEndpointsOf(cluster, service, signal)
      if (to.subset === undefined) return [[arm, readyOf(names, service)] as const]
      const labels = rules
        .filter(({ spec }) => sameService(serviceOf(spec.host, namespace), service))
        .flatMap(({ spec }) => spec.subsets)
        .find(({ name }) => name === to.subset)?.labels
      if (!labels) return []
      const pods = await podsWith(cluster, { namespace: service.namespace, labels, signal })
      const own = names.filter((name) => pods.has(name))
      const { of, ...ready } = readyOf(own, service)
      return [[arm, { ...ready, of: `${of} subset ${to.subset}` }] as const]
    }),
  )
  return Object.fromEntries(found.flat())
}

/** Source: Istio, "Destination": a short name is of the namespace of the rule; any other one is taken as it is written. */
function serviceOf(host: string, namespace: string): ServiceName | undefined {
  if (!host.includes('.')) return { name: host, namespace }
  const [, name, of] = /^([^.]+)\.([^.]+)\.svc\./.exec(host) ?? []
  return name === undefined || of === undefined ? undefined : { name, namespace: of }
}

const sameService = (one: ServiceName | undefined, other: ServiceName): boolean =>
  one?.name === other.name && one.namespace === other.namespace

async function podsWith(
  cluster: Cluster,
  { namespace, labels, signal }: { namespace: string; labels: Record<string, string>; signal: AbortSignal },
): Promise<Set<string>> {
  const selected = Object.entries(labels).map(([key, value]) => `${key}=${value}`)
  const pods = await cluster.list({ apiVersion: 'v1', plural: 'pods', namespace }, kubernetesObject, signal, {
    labels: selected.join(','),
  })
  return new Set(pods.map(({ metadata }) => metadata.name))
}
