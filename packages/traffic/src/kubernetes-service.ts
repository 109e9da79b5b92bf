import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import {
  clusterOf,
  isReadyPod,
  namespacedOptions,
  objectName,
  kubernetesObject,
  type Cluster,
  type ObjectRef,
} from '@deploy-actions/kubernetes'
import { endpointsRule, nameOf, pointer } from './kubernetes-options'
import { missing, openSplit, type Split, type SplitKind } from './kubernetes-split'
import { readyEndpointsOf, type ReadyByArm } from './ready-endpoints'
import { router } from './router'
import { steeredObject } from './steering-controllers'

/** One label of a Service's selector: all the traffic goes to the pods that have it. */
const options = z
  .strictObject({
    ...namespacedOptions,
    service: objectName.describe('name of the Service'),
    key: z.string().min(1).default('slot').describe('label of its selector that tells the arms apart'),
    members: z
      .record(z.string().min(1), z.strictObject({ value: z.string().min(1).describe('value of that label') }))
      .describe('arm -> value of the label'),
    endpoints: endpointsRule,
  })
  .describe('the selector of a Kubernetes Service, all or nothing')
type Options = z.infer<typeof options>

const service = steeredObject.extend({
  spec: z.looseObject({
    selector: z.record(z.string(), z.string()).optional(),
    sessionAffinity: z.string().optional(),
  }),
})
const pod = kubernetesObject.extend({
  status: z
    .looseObject({
      conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).default([]),
    })
    .optional(),
})

export default router({
  options,
  armsOf: ({ members }) => Object.keys(members),
  create(settings, ports) {
    const { namespace, service: name, endpoints } = settings
    const where = nameOf('Service', { namespace, name })
    const kind: SplitKind = {
      where,
      capabilities: {
        // New connections follow at once; those that are kept stay with the pod that they are with.
        ...{ min: 0, max: 1, step: 1, only: 'all-or-nothing', splits: 'clients', zero: 'weight' },
        ...{ atomic: true, compareAndSet: true },
        // The controller of EndpointSlices, then kube-proxy on each node.
        effectWithin: '5s',
      },
      look: (cluster, signal) => look(cluster, { where, settings, signal }),
    }
    return openSplit(kind, { endpoints, cluster: clusterOf(settings, ports) }, ports)
  },
})

function allForOne(wanted: Weights, where: string): Record<string, number> {
  const units = Object.entries(wanted).map(([arm, share]) => [arm, share / WHOLE] as const)
  if (units.every(([, own]) => Number.isInteger(own))) return Object.fromEntries(units)
  throw new ProviderError(
    `${where} gives all the traffic to one arm, and ${formatWeights(wanted)} is asked for: let the stages be 0% and 100%, or choose a router that splits`,
    { provider: where },
  )
}

async function look(
  cluster: Cluster,
  { where, settings, signal }: { where: string; settings: Options; signal: AbortSignal },
): Promise<Split> {
  const { key, members, service: name } = settings
  const ref: ObjectRef = {
    ...{ apiVersion: 'v1', plural: 'services', name },
    namespace: settings.namespace ?? cluster.namespace,
  }
  const object = await cluster.read(ref, service, signal)
  if (!object) throw missing(where, cluster)
  const value = object.spec.selector?.[key]
  const arm = Object.keys(members).find((one) => members[one]?.value === value)
  if (value === undefined || arm === undefined)
    throw new ProviderError(
      `${where} selects ${value === undefined ? `pods whatever their ${key}` : `${key}=${value}`}, which is none of the arms: ${armsIn(settings)}; set the selector's ${key} to one of them`,
      { provider: where },
    )
  const path = pointer('spec', 'selector', key)
  const { [key]: _, ...others } = object.spec.selector ?? {}
  return {
    ref,
    object,
    toUnits: (wanted) => allForOne(wanted, where),
    endpoints: (asked) => endpointsOf(cluster, { ref, selected: arm, others, settings, signal: asked }),
    units: Object.fromEntries(Object.keys(members).map((one) => [one, one === arm ? 1 : 0])),
    steps(units) {
      const to = Object.keys(members).find((one) => units[one] === 1)
      return [
        { op: 'test', path, value },
        { op: 'replace', path, value: to && members[to]?.value },
      ]
    },
  }
}

const armsIn = ({ key, members }: Options): string =>
  Object.entries(members)
    .map(([arm, { value }]) => `${arm} is ${key}=${value}`)
    .join(', ')

interface Selection {
  ref: ObjectRef
  /** the arm whose pods it selects */
  selected: string
  /** the rest of its selector */
  others: Record<string, string>
  settings: Options
  signal: AbortSignal
}

/**
 * The pods that the Service would select for each arm, and are ready: only those of one arm are among its endpoints. Until
 * these are of the arm that it selects, the switch is not in effect.
 */
async function endpointsOf(
  cluster: Cluster,
  { ref, selected, others, settings: { key, members }, signal }: Selection,
): Promise<{ ready: ReadyByArm; pending?: string }> {
  const namespace = ref.namespace ?? cluster.namespace
  const values = Object.values(members).map(({ value }) => value)
  const labels = [
    ...Object.entries(others).map(([label, value]) => `${label}=${value}`),
    `${key} in (${values.join(',')})`,
  ].join(',')
  const pods = await cluster.list({ apiVersion: 'v1', plural: 'pods', namespace }, pod, signal, { labels })
  const podsOf = (arm: string) =>
    pods.filter(({ metadata }) => metadata.labels?.[key] === members[arm]?.value)
  const ready = Object.keys(members).map((arm) => {
    const [first, ...more] = podsOf(arm).filter(isReady)
    const of = `pods with ${key}=${members[arm]?.value}`
    const count = first ? 1 + more.length : 0
    return [arm, { ready: count, of, pod: first && { namespace, name: first.metadata.name } }] as const
  })
  const own = new Set(podsOf(selected).map(({ metadata }) => metadata.name))
  const endpoints = await readyEndpointsOf(cluster, { namespace, name: ref.name }, signal)
  const stale = endpoints.filter((name) => !own.has(name))
  return {
    ready: Object.fromEntries(ready),
    ...(stale.length > 0 && {
      pending: `${stale.length} of its endpoints are not of ${selected} yet`,
    }),
  }
}

const isReady = (one: z.infer<typeof pod>): boolean =>
  one.metadata.deletionTimestamp === undefined && isReadyPod(one)
