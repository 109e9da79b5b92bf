import { z } from 'zod'
import { clusterOf, clusterOptions, kubernetesObject, objectName } from '@deploy-actions/kubernetes'
import { check, type Reading } from './check'
import { probed, readingOf } from './cluster-probe'

const options = z
  .strictObject({
    ...clusterOptions,
    namespace: objectName.optional().describe('default that of the context'),
    canary: objectName.describe('name of the Canary'),
  })
  .describe('a Canary of Flagger has promoted what was last applied')

/**
 * Source: Flagger, artifacts/flagger/crd.yaml and "How it works": the specs are hashes of the pod template; while the last
 * one that was promoted is another than the last one that was applied, `Succeeded` is of the release before.
 */
const canaryObject = kubernetesObject.extend({
  status: z
    .looseObject({
      phase: z.string().default('not there yet'),
      canaryWeight: z.number().optional(),
      failedChecks: z.number().optional(),
      lastAppliedSpec: z.string().optional(),
      lastPromotedSpec: z.string().optional(),
      conditions: z.array(z.looseObject({ type: z.string(), message: z.string().optional() })).default([]),
    })
    .prefault({}),
})
type CanaryObject = z.infer<typeof canaryObject>

export default check({
  options,
  create({ canary, namespace, ...settings }, ports) {
    const open = clusterOf(settings, ports)
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
          return found ? judged(found, name) : readingOf([{ what: `${name} is not there` }], '')
        }),
    }
  },
})

function judged({ status }: CanaryObject, name: string): Reading {
  const { phase, lastAppliedSpec, lastPromotedSpec, canaryWeight, failedChecks } = status
  const said = status.conditions.find(({ type }) => type === 'Promoted')?.message
  if (phase === 'Failed')
    return readingOf([{ what: `${name} has failed: ${said ?? 'Flagger says no more'}`, fatal: true }], '')
  if (phase !== 'Succeeded')
    return readingOf(
      [
        {
          what: `${name} is ${phase}, with ${canaryWeight ?? 0}% of the traffic and ${failedChecks ?? 0} failed checks`,
        },
      ],
      '',
    )
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
