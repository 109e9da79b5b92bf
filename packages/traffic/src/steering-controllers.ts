import { z } from 'zod'
import { kubernetesObject, type Cluster, type ObjectRef } from '@deploy-actions/kubernetes'

/** An object by which traffic is steered, with who wrote it. */
export const steeredObject = kubernetesObject.extend({
  metadata: kubernetesObject.shape.metadata.extend({
    managedFields: z.array(z.looseObject({ manager: z.string().optional() })).optional(),
  }),
})
export type SteeredObject = z.infer<typeof steeredObject>

/** Somebody else's controller that has a hand in an object. */
export interface Controller {
  /** `Flagger (Canary shop)` */
  name: string
  /** it writes the shares itself, so nobody else may; otherwise it puts back what its repository says */
  steers: boolean
}

/**
 * Whose an object is, as far as controllers say so. Sources: Flagger, pkg/router (what it writes belongs to its Canary);
 * Argo Rollouts, "Traffic Management" (a Rollout names what it writes; Services carry `managed-by-rollouts`); Argo CD,
 * "Resource Tracking" (an annotation, or a label that Helm sets, too, and then the field manager tells).
 */
export async function controllerOf(
  cluster: Cluster,
  ref: ObjectRef,
  object: SteeredObject,
  signal: AbortSignal,
): Promise<Controller | undefined> {
  return steeringOwner(object) ?? (await rolloutNaming(cluster, ref, signal)) ?? argoCd(object)
}

const ROLLOUTS = 'argoproj.io/v1alpha1'
const MANAGED_BY_ROLLOUT = 'argo-rollouts.argoproj.io/managed-by-rollouts'

function steeringOwner({ metadata }: SteeredObject): Controller | undefined {
  const owners = metadata.ownerReferences ?? []
  const canary = owners.find(({ kind }) => kind === 'Canary')
  if (canary) return { name: `Flagger (Canary ${canary.name})`, steers: true }
  const rollout =
    owners.find(({ kind }) => kind === 'Rollout')?.name ?? metadata.annotations?.[MANAGED_BY_ROLLOUT]
  return rollout === undefined ? undefined : { name: `Argo Rollouts (Rollout ${rollout})`, steers: true }
}

function argoCd({ metadata }: SteeredObject): Controller | undefined {
  const tracked = metadata.annotations?.['argocd.argoproj.io/tracking-id']?.split(':')[0]
  const applied = metadata.managedFields?.some(({ manager }) => manager === 'argocd-controller')
  const application = tracked ?? (applied ? metadata.labels?.['app.kubernetes.io/instance'] : undefined)
  return application === undefined
    ? undefined
    : { name: `Argo CD (application ${application})`, steers: false }
}

const named = z.looseObject({ name: z.string() })
const list = <T extends z.ZodType>(of: T) => z.array(of).default([])

/** Where a Rollout names what it writes. Source: Argo Rollouts, manifests/crds/rollout-crd.yaml. */
const rolloutObject = kubernetesObject.extend({
  spec: z.looseObject({
    workloadRef: z.looseObject({ kind: z.string(), name: z.string() }).optional(),
    strategy: z
      .looseObject({
        blueGreen: z
          .looseObject({ activeService: z.string().optional(), previewService: z.string().optional() })
          .optional(),
        canary: z
          .looseObject({
            stableService: z.string().optional(),
            canaryService: z.string().optional(),
            trafficRouting: z
              .looseObject({
                istio: z
                  .looseObject({ virtualService: named.optional(), virtualServices: list(named) })
                  .optional(),
                nginx: z
                  .looseObject({ stableIngress: z.string().optional(), stableIngresses: list(z.string()) })
                  .optional(),
                plugins: z
                  .record(
                    z.string(),
                    z.looseObject({ httpRoute: z.string().optional(), httpRoutes: list(named) }),
                  )
                  .optional(),
              })
              .optional(),
          })
          .optional(),
      })
      .default({}),
  }),
})

/** The Rollout that writes this object, where Argo Rollouts is installed. */
async function rolloutNaming(
  cluster: Cluster,
  { plural, namespace, name }: ObjectRef,
  signal: AbortSignal,
): Promise<Controller | undefined> {
  const kinds = await cluster.kinds(ROLLOUTS, signal)
  if (!kinds.some(({ kind }) => kind === 'Rollout')) return undefined
  const rollouts = await cluster.list(
    { apiVersion: ROLLOUTS, plural: 'rollouts', namespace },
    rolloutObject,
    signal,
  )
  const found = rollouts.find((rollout) => namedBy(rollout)[plural]?.includes(name))
  return found && { name: `Argo Rollouts (Rollout ${found.metadata.name})`, steers: true }
}

function namedBy({ spec }: z.infer<typeof rolloutObject>): Record<string, (string | undefined)[]> {
  const { blueGreen, canary } = spec.strategy
  const { istio, nginx, plugins = {} } = canary?.trafficRouting ?? {}
  return {
    services: [
      ...[blueGreen?.activeService, blueGreen?.previewService],
      ...[canary?.stableService, canary?.canaryService],
    ],
    virtualservices: [istio?.virtualService, ...(istio?.virtualServices ?? [])].map((one) => one?.name),
    ingresses: [nginx?.stableIngress, ...(nginx?.stableIngresses ?? [])],
    httproutes: Object.values(plugins).flatMap(({ httpRoute, httpRoutes }) => [
      httpRoute,
      ...httpRoutes.map((one) => one.name),
    ]),
    deployments: [spec.workloadRef?.kind === 'Deployment' ? spec.workloadRef.name : undefined],
  }
}
