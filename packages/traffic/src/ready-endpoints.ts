import { z } from 'zod'
import { formatPercent, WHOLE, type Weights } from '@deploy-actions/rollout'
import { kubernetesObject, type Cluster } from '@deploy-actions/kubernetes'
import type { EndpointsRule } from './kubernetes-options'

/** What of an arm can take requests. */
export interface ReadyEndpoints {
  ready: number
  /** whose they are: `Service api/shop-green` */
  of: string
  /** one of its pods, by whose owner the workload is found */
  pod?: { namespace: string; name: string } | undefined
}

/** Arms of which it can be known how many endpoints are ready. */
export type ReadyByArm = Record<string, ReadyEndpoints>

/** A Service, by its name in a namespace. */
export interface ServiceName {
  namespace: string
  name: string
}

/** Source: Kubernetes API, `EndpointSlice` (discovery.k8s.io/v1): without `ready` it counts as ready. */
const endpointSlice = kubernetesObject.extend({
  addressType: z.string(),
  endpoints: z
    .array(
      z.looseObject({
        addresses: z.array(z.string()),
        conditions: z
          .looseObject({ ready: z.boolean().nullish(), terminating: z.boolean().nullish() })
          .optional(),
        targetRef: z.looseObject({ kind: z.string().optional(), name: z.string().optional() }).optional(),
      }),
    )
    .nullish(),
})

/**
 * The endpoints of a Service that can take requests: names of pods, or addresses of what is no pod. A Service of both
 * families of addresses has each of its pods in two slices, and a pod of the longer one counts once.
 */
export async function readyEndpointsOf(
  cluster: Cluster,
  { namespace, name }: ServiceName,
  signal: AbortSignal,
): Promise<string[]> {
  const slices = await cluster.list(
    { apiVersion: 'discovery.k8s.io/v1', plural: 'endpointslices', namespace },
    endpointSlice,
    signal,
    { labels: `kubernetes.io/service-name=${name}` },
  )
  const families = Map.groupBy(slices, ({ addressType }) => addressType)
  const ready = [...families.values()].map((family) => new Set(family.flatMap(readyIn)))
  return [...(ready.toSorted((a, b) => b.size - a.size)[0] ?? [])]
}

const readyIn = ({ endpoints }: z.infer<typeof endpointSlice>): string[] =>
  (endpoints ?? [])
    .filter(({ conditions }) => conditions?.ready !== false && conditions?.terminating !== true)
    .map(({ targetRef, addresses }) => targetRef?.name ?? addresses[0] ?? '')

/** The ready endpoints of each arm that has a Service of its own. */
export async function readyByService(
  cluster: Cluster,
  services: Readonly<Record<string, ServiceName>>,
  signal: AbortSignal,
): Promise<ReadyByArm> {
  const found = await Promise.all(
    Object.entries(services).map(async ([arm, service]) => {
      const names = await readyEndpointsOf(cluster, service, signal)
      return [arm, readyOf(names, service)] as const
    }),
  )
  return Object.fromEntries(found)
}

export const readyOf = (names: readonly string[], { namespace, name }: ServiceName): ReadyEndpoints => ({
  ready: names.length,
  of: `Service ${namespace}/${name}`,
  pod: names[0] === undefined ? undefined : { namespace, name: names[0] },
})

/**
 * Why arms could not carry what a vector gives them, in words; undefined where they can, or nobody knows. An arm needs as
 * large a part of the endpoints of the arm with most of them as its share of the traffic is, and at least one.
 */
export function tooFew(
  wanted: Weights,
  arms: readonly string[],
  ready: ReadyByArm,
  rule: EndpointsRule,
): string | undefined {
  const most = Math.max(0, ...Object.values(ready).map((one) => one.ready))
  const why = arms.flatMap((arm) => {
    const share = wanted[arm] ?? 0
    const found = ready[arm]
    if (!found || share === 0) return []
    const needed = rule === 'enough' ? Math.max(1, Math.ceil((share * most) / WHOLE)) : 1
    return found.ready >= needed
      ? []
      : [
          `${arm} has ${found.ready} of ${needed} ready endpoints that ${formatPercent(share)} of the traffic need (${found.of})`,
        ]
  })
  return why.length === 0 ? undefined : why.join('; ')
}
