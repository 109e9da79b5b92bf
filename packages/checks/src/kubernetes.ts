import { z } from 'zod'
import {
  clusterOf,
  namespacedOptions,
  isWorkload,
  nameOfWorkload,
  podsOf,
  readWorkload,
  rolloutOf,
  type Cluster,
  type Workload,
} from '@deploy-actions/kubernetes'
import { defined } from '@deploy-actions/rollout'
import { check } from './check'
import { probed, readingOf, type Finding } from './cluster-probe'
import { fieldsOf, fieldOption } from './kubernetes-fields'
import {
  digestsOf,
  hpaOf,
  mountsOf,
  restartsOf,
  sidecarsOf,
  type Expectation,
  type Looked,
} from './kubernetes-workloads'

const EXPECTATIONS = [
  'rollouts-complete',
  'hpa-active',
  'secrets-mounted',
  'restarts',
  'sidecars',
  'digests',
] as const

const WORKLOAD = /^(Deployment|StatefulSet|DaemonSet)\/([a-z0-9][a-z0-9.-]*)$/

const options = z
  .strictObject({
    ...namespacedOptions,
    workloads: z
      .array(
        z.string().regex(WORKLOAD, 'is not written as Deployment/NAME, StatefulSet/NAME or DaemonSet/NAME'),
      )
      .default([])
      .describe('what is looked at: `Deployment/NAME`, `StatefulSet/NAME` or `DaemonSet/NAME`'),
    expect: z
      .array(z.enum(EXPECTATIONS))
      .min(1)
      .default(['rollouts-complete'])
      .describe(
        'of each workload: all pods new and ready; an HPA that scales it; volumes of the Secrets Store CSI driver mounted; few restarts; sidecars ready; the digest running',
      ),
    'max-restarts': z.coerce
      .number()
      .int()
      .min(0)
      .default(0)
      .describe('restarts that a container may have had, for `restarts`'),
    sidecars: z.array(z.string().min(1)).default([]).describe('names of containers, for `sidecars`'),
    digest: z
      .string()
      .regex(/^sha256:[0-9a-f]{64}$/, 'is not written as sha256: and 64 hex digits')
      .optional()
      .describe('what is to run, for `digests`: `${release.digest}`'),
    fields: z
      .array(fieldOption)
      .default([])
      .describe(
        'fields of any objects, such as rate limits of an Ingress or the identity of a ServiceAccount',
      ),
  })
  .superRefine(({ workloads, fields, expect, sidecars, digest }, context) => {
    const refuse = (path: string, message: string) =>
      context.addIssue({ code: 'custom', path: [path], message })
    if (workloads.length + fields.length === 0)
      refuse('workloads', 'is empty, and so is fields: there is nothing to look at')
    if (expect.includes('sidecars') && sidecars.length === 0)
      refuse('sidecars', 'names none, and they are expected')
    if (expect.includes('digests') && digest === undefined)
      refuse('digest', 'is missing, and digests are expected')
  })
  .describe('workloads of Kubernetes and fields of its objects are as they should be')

export default check({
  options,
  create(settings, ports) {
    const { workloads, expect, sidecars, digest, fields } = settings
    const open = clusterOf(settings, ports)
    const expected = { sidecars, maxRestarts: settings['max-restarts'], ...defined({ digest }) }
    return {
      probe: (signal) =>
        probed(async () => {
          const cluster = await open()
          const namespace = settings.namespace ?? cluster.namespace
          const found = await Promise.all([
            ...workloads.map((written) =>
              findingsOf(cluster, workloadOf(written, namespace), { expect, expected, signal }),
            ),
            fieldsOf(cluster, namespace, fields, signal),
          ])
          return readingOf(found.flat(), summary(workloads, expect, fields.length))
        }),
    }
  },
})

function workloadOf(written: string, namespace: string): Workload {
  const [kind = '', name = ''] = written.split('/')
  if (!isWorkload(kind)) throw new Error(`${written} is no workload`)
  return { kind, namespace, name }
}

const summary = (workloads: readonly string[], expect: readonly string[], fields: number): string =>
  [
    ...(workloads.length > 0 ? [`${workloads.join(', ')}: ${expect.join(', ')}`] : []),
    ...(fields > 0 ? [`${fields} field${fields > 1 ? 's' : ''} as expected`] : []),
  ].join('; ')

interface Asked {
  expect: readonly (typeof EXPECTATIONS)[number][]
  expected: Expectation
  signal: AbortSignal
}

async function findingsOf(
  cluster: Cluster,
  workload: Workload,
  { expect, expected, signal }: Asked,
): Promise<Finding[]> {
  const object = await readWorkload(cluster, workload, signal)
  const name = nameOfWorkload(workload)
  if (!object) return [{ what: `${name} is not there` }]
  const { current } = await podsOf(cluster, workload, object, signal)
  const looked: Looked = { cluster, workload, name, pods: current, expected, signal }
  const found = await Promise.all(
    expect.map(async (one) => {
      if (one !== 'rollouts-complete') return LOOKS[one](looked)
      const { state, detail } = rolloutOf(workload, object)
      return state === 'done'
        ? []
        : [{ what: `${name}: ${detail}`, ...(state === 'stuck' && { fatal: true }) }]
    }),
  )
  return found.flat()
}

const LOOKS = {
  'hpa-active': hpaOf,
  'secrets-mounted': mountsOf,
  restarts: restartsOf,
  sidecars: sidecarsOf,
  digests: digestsOf,
}
