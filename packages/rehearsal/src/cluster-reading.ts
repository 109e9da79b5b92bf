import { z } from 'zod'
import type { LocalCluster } from '@deploy-actions/local-cluster'

/** An arm as the API server has it. */
export interface ClusterArm {
  /** what the pods of all its ready endpoints run; undefined where these differ, or there are none */
  digest?: string
  ready: number
  /** its Deployment has not come to the end of a change */
  changing: boolean
}

/** What the API server holds of a region: how its traffic is split, in percent, and its arms. */
export interface ClusterRegion {
  weights: Record<string, number>
  arms: Record<string, ClusterArm>
}

/** All of the traffic, in percent. */
const ALL = 100

/** By what kind traffic is split there, as the router's type says. */
export type Routing = 'istio' | 'kubernetes-service'

/** The service of the example, of which its objects are named. */
const SERVICE = 'shop'

const metadata = z.looseObject({
  name: z.string(),
  namespace: z.string(),
  generation: z.int().default(0),
  labels: z.record(z.string(), z.string()).default({}),
})
const of = <T extends z.ZodRawShape>(shape: T) => z.looseObject({ metadata, ...shape })
const destinations = z.array(
  z.looseObject({ destination: z.looseObject({ host: z.string() }), weight: z.int().default(0) }),
)
const virtualService = of({
  spec: z.looseObject({ http: z.array(z.looseObject({ name: z.string().optional(), route: destinations })) }),
})
const service = of({ spec: z.looseObject({ selector: z.record(z.string(), z.string()).default({}) }) })
const slice = of({
  endpoints: z
    .array(
      z.looseObject({
        conditions: z.looseObject({ ready: z.boolean().optional() }).optional(),
        targetRef: z.looseObject({ name: z.string() }).optional(),
      }),
    )
    .nullish(),
})
const pod = of({ spec: z.looseObject({ containers: z.array(z.looseObject({ image: z.string() })) }) })
const deployment = of({
  spec: z.looseObject({ replicas: z.int() }),
  status: z.looseObject({
    observedGeneration: z.int().default(0),
    replicas: z.int().default(0),
    updatedReplicas: z.int().default(0),
    availableReplicas: z.int().default(0),
  }),
})

/** For each kind of router: where its objects are, and what one of them says. */
const ROUTES: Record<Routing, { path: string; weightsOf(object: unknown): Record<string, number> }> = {
  istio: {
    path: '/apis/networking.istio.io/v1/virtualservices',
    weightsOf(object) {
      const shares = virtualService.parse(object).spec.http.find(({ name }) => name === 'shares')
      return Object.fromEntries(
        // One alone takes everything, whatever its weight. Source: Istio, HTTPRouteDestination.
        (shares?.route ?? []).map(({ destination, weight }, _, { length }) => [
          armOf(destination.host),
          length === 1 ? ALL : weight,
        ]),
      )
    },
  },
  'kubernetes-service': {
    path: '/api/v1/services',
    weightsOf: (object) => ({ [service.parse(object).spec.selector['slot'] ?? 'nobody']: ALL }),
  },
}

/** The arm that an object is of: `shop-green` of green. */
const armOf = (name: string): string => name.slice(SERVICE.length + 1)

/**
 * Reads what the API server holds of each region, whose namespace has its name: weights, ready endpoints, and the images of
 * the pods behind these.
 * @throws when it cannot be asked, or an object is not what it should be
 */
export async function readCluster(
  cluster: Pick<LocalCluster, 'request'>,
  { routing, regions, arms }: { routing: Routing; regions: readonly string[]; arms: readonly string[] },
): Promise<Record<string, ClusterRegion>> {
  const [routes, slices, pods, deployments] = await Promise.all([
    list(cluster, ROUTES[routing].path),
    list(cluster, '/apis/discovery.k8s.io/v1/endpointslices').then((items) => z.array(slice).parse(items)),
    list(cluster, '/api/v1/pods').then((items) => z.array(pod).parse(items)),
    list(cluster, '/apis/apps/v1/deployments').then((items) => z.array(deployment).parse(items)),
  ])
  const route = (region: string): Record<string, number> => {
    const object = routes.find((one) => isNamed(of({}).parse(one), region, SERVICE))
    if (object === undefined) throw new Error(`nothing named ${SERVICE} splits the traffic of ${region}`)
    const weights = ROUTES[routing].weightsOf(object)
    const sum = arms.reduce((total, arm) => total + (weights[arm] ?? 0), 0)
    if (sum !== ALL || Object.keys(weights).some((arm) => !arms.includes(arm)))
      throw new Error(
        `what splits the traffic of ${region} gives ${arms.join(' and ')} not all of it: ${JSON.stringify(weights)}`,
      )
    return Object.fromEntries(arms.map((arm) => [arm, weights[arm] ?? 0]))
  }
  const arm = (region: string, name: string): ClusterArm => {
    const ready = slices
      .filter(
        ({ metadata: { namespace, labels } }) =>
          namespace === region && labels['kubernetes.io/service-name'] === `${SERVICE}-${name}`,
      )
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions?.ready === true)
    const images = ready.map(
      ({ targetRef }) =>
        pods.find((one) => isNamed(one, region, targetRef?.name ?? ''))?.spec.containers[0]?.image,
    )
    const [digest, ...others] = new Set(images.map((image) => image?.split('@')[1]))
    const own = deployments.find((one) => isNamed(one, region, `${SERVICE}-${name}`))
    return {
      ready: ready.length,
      changing: own !== undefined && isChanging(own),
      ...(digest !== undefined && others.length === 0 && { digest }),
    }
  }
  return Object.fromEntries(
    regions.map((region) => [
      region,
      { weights: route(region), arms: Object.fromEntries(arms.map((name) => [name, arm(region, name)])) },
    ]),
  )
}

const isNamed = (
  { metadata }: { metadata: { namespace: string; name: string } },
  namespace: string,
  name: string,
): boolean => metadata.namespace === namespace && metadata.name === name

const isChanging = ({ metadata, spec, status }: z.infer<typeof deployment>): boolean =>
  status.observedGeneration < metadata.generation ||
  [status.replicas, status.updatedReplicas, status.availableReplicas].some((count) => count !== spec.replicas)

async function list({ request }: Pick<LocalCluster, 'request'>, path: string): Promise<unknown[]> {
  const { status, body } = await request('GET', path)
  if (status !== 200) throw new Error(`GET ${path} is answered by ${status}: ${JSON.stringify(body)}`)
  return z.looseObject({ items: z.array(z.unknown()) }).parse(body).items
}
