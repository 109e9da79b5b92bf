import { z } from 'zod'
import {
  ClusterRefused,
  kubernetesObject,
  type Cluster,
  type KubernetesObject,
  type ObjectRef,
} from './cluster'
import { extraItems, fieldChanges } from './fields'
import { containersOf, titleOf } from './manifest'

/** What is wrong with an object, held against a manifest. */
export interface Difference {
  /** `Deployment api/shop` */
  object: string
  /** in words; no values */
  detail: string
}

/** Asked at once; an API server sheds load beyond a few dozen. */
const AT_ONCE = 8

/**
 * Holds the objects of a cluster against a manifest: every field that the manifest has is as it says, and no container,
 * variable or volume is there that it does not have (a three-way merge can leave one: helm#13346). What it says is what
 * the API server would make of it (a dry run of server-side apply), so that defaults and the forms of quantities do not
 * count. Replicas are left out where an autoscaler sets them.
 * @throws ClusterRefused, ProviderError where the cluster does not tell
 */
export async function differencesFrom(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  namespace: string,
  signal: AbortSignal,
): Promise<Difference[]> {
  const scaled = await autoscaled(cluster, namespace, signal)
  const compare = async (object: KubernetesObject): Promise<Difference[]> => {
    const ref = await refIn(cluster, object, namespace, signal)
    const at = titleOf(object)
    if (ref === undefined) return [{ object: at, detail: 'the cluster has no such kind' }]
    const live = await cluster.read(ref, kubernetesObject, signal)
    if (live === undefined) return [{ object: at, detail: 'is not there' }]
    const wanted = await cluster.dryApply(ref, forApply(object, ref), signal)
    const isScaled = scaled.has(`${object.kind} ${object.metadata.name}`)
    return [
      ...fieldChanges(live, wanted)
        .filter(({ path }) => !(isScaled && path === 'spec.replicas'))
        .map(({ path }) => `${path} differs`),
      ...(await leftovers(cluster, { live, object, ref, signal })).map(
        (path) => `${path} is in the cluster and not in the manifest`,
      ),
    ].map((detail) => ({ object: at, detail }))
  }
  return (await inTurns(objects, AT_ONCE, compare)).flat()
}

/** What the pods of an object have and its manifest does not, nor what admission adds to every new one, such as a sidecar. */
async function leftovers(
  cluster: Cluster,
  {
    live,
    object,
    ref,
    signal,
  }: { live: KubernetesObject; object: KubernetesObject; ref: ObjectRef; signal: AbortSignal },
): Promise<string[]> {
  const extra = containersOf(object).length === 0 ? [] : extraItems(live, object)
  if (extra.length === 0) return []
  const wanted = forApply(object, ref)
  const fresh = await cluster
    .dryCreate(
      ref,
      { ...wanted, metadata: { ...wanted.metadata, name: `${object.metadata.name.slice(0, 40)}-as-new` } },
      signal,
    )
    .catch((error: unknown) => {
      signal.throwIfAborted()
      if (error instanceof ClusterRefused) return object
      throw error
    })
  const added = new Set(extraItems(fresh, object))
  return extra.filter((path) => !added.has(path))
}

/** Calls for each, a few at once; results in order. */
export async function inTurns<T, R>(
  items: readonly T[],
  atOnce: number,
  call: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = []
  for (let first = 0; first < items.length; first += atOnce)
    results.push(...(await Promise.all(items.slice(first, first + atOnce).map(call))))
  return results
}

/** Undefined where the cluster does not serve the kind. @throws ClusterRefused, ProviderError */
export async function refIn(
  cluster: Cluster,
  { apiVersion = 'v1', kind, metadata }: KubernetesObject,
  namespace: string,
  signal: AbortSignal,
): Promise<ObjectRef | undefined> {
  const found = (await cluster.kinds(apiVersion, signal)).find((one) => one.kind === kind)
  if (found === undefined) return undefined
  const { plural, namespaced } = found
  const ref = { apiVersion, plural, name: metadata.name }
  return namespaced ? { ...ref, namespace: metadata.namespace ?? namespace } : ref
}

/** Without what an apply must not have. */
export function forApply(object: KubernetesObject, { namespace }: ObjectRef): KubernetesObject {
  const { status: _, ...rest } = object
  const { managedFields: __, resourceVersion: ___, uid: ____, ...metadata } = object.metadata
  return { ...rest, metadata: { ...metadata, ...(namespace === undefined ? {} : { namespace }) } }
}

const autoscaler = kubernetesObject.extend({
  spec: z.looseObject({
    scaleTargetRef: z.looseObject({ kind: z.string().default('Deployment'), name: z.string() }),
  }),
})

/** `Deployment shop`, for each that something scales. What is not served or may not be read scales nothing that is known. */
async function autoscaled(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<Set<string>> {
  const kinds = [
    { apiVersion: 'autoscaling/v2', plural: 'horizontalpodautoscalers', namespace },
    { apiVersion: 'keda.sh/v1alpha1', plural: 'scaledobjects', namespace },
  ]
  const found = await Promise.all(
    kinds.map((resource) =>
      cluster.list(resource, autoscaler, signal).catch((error: unknown) => {
        if (error instanceof ClusterRefused && [403, 404].includes(error.status ?? 0)) return []
        throw error
      }),
    ),
  )
  return new Set(
    found.flat().map(
      ({
        spec: {
          scaleTargetRef: { kind, name },
        },
      }) => `${kind} ${name}`,
    ),
  )
}
