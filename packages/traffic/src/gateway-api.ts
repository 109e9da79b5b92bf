import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import {
  clusterOf,
  namespacedOptions,
  objectName,
  type Cluster,
  type ObjectRef,
  type PatchStep,
} from '@deploy-actions/kubernetes'
import { endpointsRule, nameOf, pointer } from './kubernetes-options'
import { missing, openSplit, plainUnits, type Split, WEIGHTED } from './kubernetes-split'
import { readyByService, type ServiceName } from './ready-endpoints'
import { router } from './router'
import { steeredObject } from './steering-controllers'

const member = z.strictObject({
  service: objectName.describe('Service of the backend'),
  namespace: objectName.optional().describe('default that of the route'),
})

/** Weights of the backends of one rule of an HTTPRoute. */
const options = z
  .strictObject({
    ...namespacedOptions,
    route: objectName.describe('name of the HTTPRoute'),
    rule: z
      .string()
      .min(1)
      .optional()
      .describe('name of its rule; default: the one that has all members as backends'),
    members: z.record(z.string().min(1), member).describe('arm -> its backend'),
    endpoints: endpointsRule,
  })
  .describe('Gateway API, by the weights of an HTTPRoute')
type Options = z.infer<typeof options>

const API_VERSION = 'gateway.networking.k8s.io/v1'

/** Source: Gateway API, `HTTPBackendRef`: a Service unless it says otherwise, of weight 1, from 0 to 1,000,000. */
const backendRef = z.looseObject({
  group: z.string().default(''),
  kind: z.string().default('Service'),
  name: z.string(),
  namespace: z.string().optional(),
  weight: z.int().min(0).default(1),
})
const rule = z.looseObject({
  name: z.string().optional(),
  backendRefs: z.array(backendRef).default([]),
  sessionPersistence: z.unknown().optional(),
})
/** Source: Gateway API, `RouteParentStatus`: what each Gateway makes of the route, and of which generation of it. */
const parent = z.looseObject({
  parentRef: z.looseObject({ name: z.string() }),
  conditions: z
    .array(
      z.looseObject({
        type: z.string(),
        status: z.string(),
        reason: z.string().default(''),
        message: z.string().default(''),
        observedGeneration: z.int().optional(),
      }),
    )
    .default([]),
})
const httpRoute = steeredObject.extend({
  spec: z.looseObject({ rules: z.array(rule).default([]) }),
  status: z.looseObject({ parents: z.array(parent).default([]) }).optional(),
})
type HttpRoute = z.infer<typeof httpRoute>
type Rule = z.infer<typeof rule>

/** A rule, and where its members stand in it. */
interface FoundRule {
  index: number
  rule: Rule
  /** arm -> index of its backend */
  at: Record<string, number>
}

export default router({
  options,
  armsOf: ({ members }) => Object.keys(members),
  create(settings, ports) {
    const { namespace, endpoints, route: name } = settings
    const where = nameOf('HTTPRoute', { namespace, name })
    return openSplit(
      {
        where,
        capabilities: {
          ...WEIGHTED,
          // Until the status of the route says so: how long that takes is the gateway's.
          effectWithin: '10s',
        },
        look: (cluster, signal) => look(cluster, { where, settings, signal }),
      },
      { endpoints, cluster: clusterOf(settings, ports) },
      ports,
    )
  },
})

interface Look {
  where: string
  settings: Options
  signal: AbortSignal
}

async function look(cluster: Cluster, { where, settings, signal }: Look): Promise<Split> {
  const namespace = settings.namespace ?? cluster.namespace
  const ref: ObjectRef = { apiVersion: API_VERSION, plural: 'httproutes', namespace, name: settings.route }
  const object = await cluster.read(ref, httpRoute, signal)
  if (!object) throw missing(where, cluster)
  const found = ruleOf(object.spec.rules, { where, settings, namespace })
  const units = Object.entries(found.at).map(([arm, index]): [string, number] => [
    arm,
    found.rule.backendRefs[index]?.weight ?? 0,
  ])
  return {
    ref,
    object,
    units: Object.fromEntries(units),
    strangers: strangersOf(found, where),
    pending: pendingOf(object),
    toUnits: (wanted) => plainUnits(wanted, Object.keys(settings.members)),
    steps: (wanted) => stepsOf(found, wanted),
    endpoints: async (asked) => ({
      ready: await readyByService(cluster, servicesOf(settings.members, namespace), asked),
    }),
  }
}

const servicesOf = (members: Options['members'], own: string): Record<string, ServiceName> =>
  Object.fromEntries(
    Object.entries(members).map(([arm, { service, namespace = own }]) => [arm, { name: service, namespace }]),
  )

/** Who gets traffic beside the arms, or whom an arm without weight would still get. */
function strangersOf({ rule, at }: FoundRule, where: string): string | undefined {
  const strangers = rule.backendRefs.filter(
    ({ weight }, index) => weight > 0 && !Object.values(at).includes(index),
  )
  if (strangers.length > 0) {
    const named = strangers.map(({ name, weight }) => `${name} (weight ${weight})`).join(', ')
    return `${where} also sends traffic to ${named}, which is not an arm: list it under members or give it weight 0`
  }
  return rule.sessionPersistence === undefined
    ? undefined
    : `${where} binds clients to backends (sessionPersistence), who reach them at weight 0, too: take it off the rule`
}

/** Why a gateway does not do what the route says, in words. */
export function pendingOf({ metadata, status }: HttpRoute): string | undefined {
  const parents = status?.parents ?? []
  if (parents.length === 0) return 'no Gateway has taken the route up'
  const why = parents.flatMap(({ parentRef, conditions }) =>
    ['Accepted', 'ResolvedRefs'].flatMap((type) => {
      const found = conditions.find((one) => one.type === type)
      if (!found || (found.observedGeneration ?? 0) < (metadata.generation ?? 0))
        return [`Gateway ${parentRef.name} has not taken the route up as it is now`]
      return found.status === 'True'
        ? []
        : [`Gateway ${parentRef.name} does not take the route: ${found.reason} ${found.message}`.trim()]
    }),
  )
  return why[0]
}

/** The rule that splits between the members; rules for a header have one of them, and are left alone. */
function ruleOf(
  rules: readonly Rule[],
  { where, settings, namespace }: Pick<Look, 'where' | 'settings'> & { namespace: string },
): FoundRule {
  const { members, rule: wanted } = settings
  const [found, ...more] = rules.flatMap((rule, index) => {
    const at = placesOf(rule, members, namespace)
    return at && (wanted === undefined || rule.name === wanted) ? [{ index, rule, at }] : []
  })
  const listed = Object.values(members)
    .map(({ service }) => service)
    .join(' and ')
  if (found && more.length === 0) return found
  throw new ProviderError(
    found
      ? `${where} has ${more.length + 1} rules with ${listed} as backends: give the one that is meant a name, and say it as \`rule\``
      : `${where} has no rule${wanted === undefined ? '' : ` named ${wanted}`} with ${listed} as backends, each once: list both there, the one without traffic with weight 0`,
    { provider: where },
  )
}

/** Where each member stands; undefined unless each stands there once. */
function placesOf(
  { backendRefs }: Rule,
  members: Options['members'],
  own: string,
): Record<string, number> | undefined {
  const places = Object.entries(members).flatMap(
    ([arm, { service, namespace = own }]): [string, number][] => {
      const [at, ...more] = backendRefs.flatMap((ref, index) =>
        ref.kind === 'Service' && ref.name === service && (ref.namespace ?? own) === namespace ? [index] : [],
      )
      return at === undefined || more.length > 0 ? [] : [[arm, at]]
    },
  )
  return places.length === Object.keys(members).length ? Object.fromEntries(places) : undefined
}

/** Only weights change, and only while their backends stand where they were read. */
function stepsOf({ index, rule, at }: FoundRule, units: Record<string, number>): PatchStep[] {
  const places = Object.entries(at).map(([arm, place]) => ({
    path: pointer('spec', 'rules', index, 'backendRefs', place),
    name: rule.backendRefs[place]?.name,
    weight: units[arm] ?? 0,
  }))
  return [
    ...places.map(({ path, name: value }): PatchStep => ({ op: 'test', path: `${path}/name`, value })),
    ...places.map(({ path, weight: value }): PatchStep => ({ op: 'add', path: `${path}/weight`, value })),
  ]
}
