import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import { WHOLE, type Weights } from '@deploy-actions/rollout'
import {
  clusterOf,
  namespacedOptions,
  objectName,
  type Cluster,
  type ObjectRef,
  type PatchStep,
} from '@deploy-actions/kubernetes'
import { endpointsRule, pointer } from './kubernetes-options'
import { missing, openSplit, type Split, WEIGHTED } from './kubernetes-split'
import { readyByService, type ServiceName } from './ready-endpoints'
import { router } from './router'
import { steeredObject } from './steering-controllers'

const member = z.strictObject({ ingress: objectName.describe('Ingress of the arm') })

/** A canary Ingress beside the one that carries the rest. */
const options = z
  .strictObject({
    ...namespacedOptions,
    members: z
      .record(z.string().min(1), member)
      .refine((members) => Object.keys(members).length === 2, 'are two: one is the canary of the other')
      .describe('arm -> its Ingress; one of the two is marked as canary'),
    endpoints: endpointsRule,
  })
  .describe('ingress-nginx, by the weight of a canary Ingress')
type Options = z.infer<typeof options>

/** Source: ingress-nginx, "Annotations", Canary: shares are of `canary-weight-total`, 100 unless it says otherwise. */
const ANNOTATION = 'nginx.ingress.kubernetes.io/'
const PERCENT = 100

const ingress = steeredObject.extend({
  spec: z.looseObject({
    rules: z
      .array(
        z.looseObject({
          http: z
            .looseObject({
              paths: z.array(
                z.looseObject({
                  backend: z.looseObject({ service: z.looseObject({ name: z.string() }).optional() }),
                }),
              ),
            })
            .optional(),
        }),
      )
      .default([]),
  }),
})
type Ingress = z.infer<typeof ingress>

/** An Ingress, and whose it is. */
interface Side {
  arm: string
  ref: ObjectRef
  object: Ingress
}
interface Pair {
  canary: Side
  baseline: Side
}

export default router({
  options,
  armsOf: ({ members }) => Object.keys(members),
  create(settings, ports) {
    const names = Object.values(settings.members).map(({ ingress: name }) => name)
    const where = `Ingress ${[settings.namespace, names.join(' and ')].filter((part) => part !== undefined).join('/')}`
    return openSplit(
      {
        where,
        capabilities: {
          ...WEIGHTED,
          // The controller hands weights to nginx without a reload, at most every 3.3 s (--sync-rate-limit 0.3).
          effectWithin: '10s',
        },
        look: (cluster, signal) => look(cluster, { where, settings, signal }),
      },
      { endpoints: settings.endpoints, cluster: clusterOf(settings, ports) },
      ports,
    )
  },
})

interface Look {
  where: string
  settings: Options
  signal: AbortSignal
}

async function look(cluster: Cluster, asked: Look): Promise<Split> {
  const { where } = asked
  const { canary, baseline } = await pairOf(cluster, asked)
  const total = totalOf(canary.object, where)
  const weight = Math.min(total, numberIn(canary.object, 'canary-weight', { default: 0, where }))
  const namespace = canary.ref.namespace ?? cluster.namespace
  return {
    ref: canary.ref,
    object: canary.object,
    units: unitsOf(asked.settings, { [canary.arm]: weight, [baseline.arm]: total - weight }),
    strangers: boundTo(baseline.object, where),
    toUnits: (wanted) => unitsFor(wanted, { canary: canary.arm, baseline: baseline.arm, total }),
    steps: (units) => [
      ...stepTo('canary-weight', units[canary.arm] ?? 0),
      ...stepTo('canary-weight-total', (units[canary.arm] ?? 0) + (units[baseline.arm] ?? 0), total),
    ],
    endpoints: async (signal) => ({
      ready: await readyByService(cluster, servicesOf([canary, baseline], namespace), signal),
    }),
  }
}

/** In the order of the members. */
const unitsOf = ({ members }: Options, units: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.keys(members).map((arm) => [arm, units[arm] ?? 0]))

/** In the total that is there, where that can hold it exactly; else in percents or basis points. */
function unitsFor(
  wanted: Weights,
  { canary, baseline, total: own }: { canary: string; baseline: string; total: number },
): Record<string, number> {
  const share = wanted[canary] ?? 0
  const total = [own, PERCENT, WHOLE].find((one) => (share * one) % WHOLE === 0) ?? WHOLE
  const units = (share * total) / WHOLE
  return { [canary]: units, [baseline]: total - units }
}

const stepTo = (name: string, to: number, from?: number): PatchStep[] =>
  to === from
    ? []
    : [{ op: 'add', path: pointer('metadata', 'annotations', `${ANNOTATION}${name}`), value: String(to) }]

function totalOf(object: Ingress, where: string): number {
  return numberIn(object, 'canary-weight-total', { default: PERCENT, where })
}

/** An annotation that is a number, written as text. */
function numberIn(
  { metadata }: Ingress,
  name: string,
  { default: otherwise, where }: { default: number; where: string },
): number {
  const text = metadata.annotations?.[`${ANNOTATION}${name}`]
  if (text === undefined) return otherwise
  if (/^\d+$/.test(text)) return Number(text)
  throw new ProviderError(
    `${where}: ${ANNOTATION}${name} of ${metadata.name} is ${JSON.stringify(text)}, which is not a whole number; ingress-nginx ignores it: mend it`,
    { provider: where },
  )
}

/** Which of the two is the canary, by its own annotation. */
async function pairOf(cluster: Cluster, { where, settings, signal }: Look): Promise<Pair> {
  const namespace = settings.namespace ?? cluster.namespace
  const found = await Promise.all(
    Object.entries(settings.members).map(async ([arm, { ingress: name }]): Promise<Side> => {
      const ref = { apiVersion: 'networking.k8s.io/v1', plural: 'ingresses', namespace, name }
      const object = await cluster.read(ref, ingress, signal)
      if (!object) throw missing(`Ingress ${namespace}/${name}`, cluster)
      return { arm, ref, object }
    }),
  )
  const [canary, ...others] = found.filter(
    ({ object }) => object.metadata.annotations?.[`${ANNOTATION}canary`] === 'true',
  )
  const baseline = found.find((one) => one !== canary)
  if (canary && baseline && others.length === 0) return { canary, baseline }
  throw new ProviderError(
    `${where}: ${canary ? 'both are' : 'neither is'} marked as canary: set ${ANNOTATION}canary: "true" on one of them, and on that one alone`,
    { provider: where },
  )
}

/** What the two of them send traffic to. */
function servicesOf(sides: readonly Side[], namespace: string): Record<string, ServiceName> {
  const named = sides.map(({ arm, object }) => {
    const names = object.spec.rules
      .flatMap(({ http }) => http?.paths ?? [])
      .map(({ backend }) => backend.service?.name)
    return [arm, names] as const
  })
  // Of an Ingress with several backends nobody can say which of them its share is for.
  return Object.fromEntries(
    named.flatMap(([arm, names]) => {
      const [name, ...more] = new Set(names)
      return name !== undefined && more.length === 0 ? [[arm, { name, namespace }]] : []
    }),
  )
}

/** Headers and cookies that a client asks for the canary by are its own choice; a cookie that binds it is not. */
function boundTo({ metadata }: Ingress, where: string): string | undefined {
  const said = (name: string) => metadata.annotations?.[`${ANNOTATION}${name}`]
  if (said('affinity') !== 'cookie' || said('affinity-canary-behavior') === 'legacy') return undefined
  return `${where} binds clients to the canary by the cookie of ${metadata.name}, who reach it at weight 0, too: set ${ANNOTATION}affinity-canary-behavior: legacy there`
}
