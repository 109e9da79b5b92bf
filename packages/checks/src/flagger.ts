import { z } from 'zod'
import {
  clusterOf,
  namespacedOptions,
  isWorkload,
  kubernetesObject,
  nameOfWorkload,
  objectName,
  readWorkload,
  type Cluster,
  type WorkloadObject,
} from '@deploy-actions/kubernetes'
import { check, type Reading } from './check'
import { probed, readingOf, type Finding } from './cluster-probe'

const options = z
  .strictObject({
    ...namespacedOptions,
    canary: objectName.describe('name of the Canary'),
  })
  .describe('a Canary of Flagger has promoted what was last applied')

/**
 * Source: Flagger, artifacts/flagger/crd.yaml and "How it works": the specs are hashes of the pod template; while the last
 * one that was promoted is another than the last one that was applied, `Succeeded` is of the release before.
 */
const canaryObject = kubernetesObject.extend({
  spec: z
    .looseObject({ targetRef: z.looseObject({ kind: z.string(), name: z.string() }).optional() })
    .prefault({}),
  status: z
    .looseObject({
      phase: z.string().default('not there yet'),
      canaryWeight: z.number().optional(),
      failedChecks: z.number().optional(),
      lastAppliedSpec: z.string().optional(),
      lastPromotedSpec: z.string().optional(),
      lastTransitionTime: z.string().nullish(),
      conditions: z.array(z.looseObject({ type: z.string(), message: z.string().optional() })).default([]),
    })
    .prefault({}),
})
type CanaryObject = z.infer<typeof canaryObject>

export default check({
  options,
  create({ canary, namespace, ...settings }, ports) {
    const open = clusterOf(settings, ports)
    let failedBefore: string | undefined
    return {
      probe: (signal) =>
        probed(async () => {
          const cluster = await open()
          const ref = {
            ...{ apiVersion: 'flagger.app/v1beta1', plural: 'canaries', name: canary },
            namespace: namespace ?? cluster.namespace,
          }
          const found = await cluster.read(ref, canaryObject, signal)
          const name = `Canary ${ref.namespace}/${canary}`
          if (!found) return readingOf([{ what: `${name} is not there` }], '')
          const failed = failureOf(found)
          failedBefore ??= failed ?? 'none'
          // What had failed when it was first looked at may be the release before: Flagger looks once in a while.
          const unseen = await unseenOf(cluster, ref.namespace, found, signal)
          return judged(found, name, { fatal: failed !== failedBefore, unseen })
        }),
    }
  },
})

/** Which failure it is; undefined where it has not failed. */
const failureOf = ({ status: { phase, lastTransitionTime } }: CanaryObject): string | undefined =>
  phase === 'Failed' ? `failed ${lastTransitionTime}` : undefined

/**
 * What was brought, and Flagger has not looked at yet, in words: a promotion gives the primary workload the images of the
 * target. Source: Flagger, pkg/canary.
 */
async function unseenOf(
  cluster: Cluster,
  namespace: string,
  { spec: { targetRef }, status }: CanaryObject,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!targetRef || !isWorkload(targetRef.kind) || status.phase !== 'Succeeded') return undefined
  const target = { kind: targetRef.kind, namespace, name: targetRef.name }
  const primary = { ...target, name: `${target.name}-primary` }
  const [wanted, runs] = await Promise.all(
    [target, primary].map((workload) => readWorkload(cluster, workload, signal)),
  )
  if (!wanted || !runs) return undefined
  const missing = imagesOf(wanted).filter((image) => !imagesOf(runs).includes(image))
  return missing.length === 0
    ? undefined
    : `${nameOfWorkload(primary)} does not run the images of ${nameOfWorkload(target)} yet: ${missing.join(', ')}`
}

const imagesOf = ({ spec }: WorkloadObject): string[] =>
  spec.template.spec.containers.map(({ image }) => image)

function judged(
  { status }: CanaryObject,
  name: string,
  { fatal, unseen }: { fatal: boolean; unseen: string | undefined },
): Reading {
  const { phase, lastAppliedSpec, lastPromotedSpec, canaryWeight, failedChecks } = status
  const said = status.conditions.find(({ type }) => type === 'Promoted')?.message
  if (phase === 'Failed') {
    const failed: Finding = { what: `${name} has failed: ${said ?? 'Flagger says no more'}` }
    return readingOf([{ ...failed, ...(fatal && { fatal }) }], '')
  }
  if (phase !== 'Succeeded')
    return readingOf(
      [
        {
          what: `${name} is ${phase}, with ${canaryWeight ?? 0}% of the traffic and ${failedChecks ?? 0} failed checks`,
        },
      ],
      '',
    )
  if (unseen !== undefined)
    return readingOf([{ what: `${name} has promoted ${lastPromotedSpec ?? 'nothing'}, but ${unseen}` }], '')
  return readingOf(
    lastPromotedSpec === lastAppliedSpec
      ? []
      : [
          {
            what: `${name} has promoted ${lastPromotedSpec ?? 'nothing'}, and ${lastAppliedSpec} was applied since`,
          },
        ],
    `${name} has promoted ${lastPromotedSpec}`,
  )
}
