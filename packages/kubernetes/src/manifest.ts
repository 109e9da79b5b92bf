import { z } from 'zod'
import { InputError } from '@deploy-actions/action-kit'
import { kubernetesObject, type KubernetesObject } from './cluster'
import { isWorkload, podSpec, type Workload } from './workloads'

const list = z.looseObject({ kind: z.string().endsWith('List'), items: z.array(z.unknown()) })

/**
 * The objects of a manifest, as `helm get manifest` and `helm template` print it: documents of YAML, those of a List each
 * by itself.
 * @throws InputError where it cannot be read; nothing of it is shown
 */
export async function objectsIn(manifest: string): Promise<KubernetesObject[]> {
  const { parseAllDocuments } = await import('yaml')
  const documents = parseAllDocuments(manifest, { prettyErrors: false })
  const values = Array.isArray(documents) ? documents : []
  return values.flatMap((document, index) => {
    if (document.errors.length > 0)
      throw new InputError(`document ${index + 1} of the manifest is not YAML: ${document.errors[0]?.code}`)
    return objectsOf(withoutNulls(document.toJS()), index)
  })
}

/** A field without a value is none, as the API server takes it; templates leave many, such as `annotations:`. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls)
  if (typeof value !== 'object' || value === null) return value
  const given = Object.entries(value).filter(([, inner]) => inner !== null)
  return Object.fromEntries(given.map(([key, inner]) => [key, withoutNulls(inner)]))
}

function objectsOf(value: unknown, index: number): KubernetesObject[] {
  if (value === null || value === undefined) return []
  const many = list.safeParse(value)
  if (many.success) return many.data.items.flatMap((item) => objectsOf(item, index))
  const one = kubernetesObject.safeParse(value)
  if (one.success) return [one.data]
  throw new InputError(`document ${index + 1} of the manifest is not an object of Kubernetes`)
}

/** `Deployment api/shop`. */
export const titleOf = ({ kind, metadata: { namespace, name } }: KubernetesObject): string =>
  `${kind} ${namespace === undefined ? name : `${namespace}/${name}`}`

/** A container that a manifest asks for. */
export interface ManifestContainer {
  /** the object that has it */
  in: KubernetesObject
  name: string
  image: string
  init: boolean
}

/** Where each kind has its pods. */
const PODS: Record<string, readonly string[]> = {
  Pod: ['spec'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  ...Object.fromEntries(
    ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'ReplicationController', 'Rollout'].map(
      (kind) => [kind, ['spec', 'template', 'spec']],
    ),
  ),
}

export function containersOf(object: KubernetesObject): ManifestContainer[] {
  const path = PODS[object.kind ?? '']
  if (path === undefined) return []
  const found = podSpec.safeParse(path.reduce<unknown>((value, key) => fieldOf(value, key), object))
  if (!found.success) return []
  const { containers, initContainers } = found.data
  const of = (init: boolean) => (one: { name: string; image: string }) => ({
    in: object,
    name: one.name,
    image: one.image,
    init,
  })
  return [...initContainers.map(of(true)), ...containers.map(of(false))]
}

const fieldOf = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined

/** The workloads of a manifest; those that name no namespace are in the release's. */
export const workloadsIn = (objects: readonly KubernetesObject[], namespace: string): Workload[] =>
  objects.flatMap(({ apiVersion, kind, metadata }) =>
    apiVersion === 'apps/v1' && isWorkload(kind)
      ? [{ kind, name: metadata.name, namespace: metadata.namespace ?? namespace }]
      : [],
  )
