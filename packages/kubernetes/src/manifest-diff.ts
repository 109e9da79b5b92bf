import { kubernetesObject, type Cluster, type KubernetesObject } from './cluster'
import { fieldChanges, type FieldChange } from './fields'
import { forApply, inTurns, refIn } from './live'
import { titleOf } from './manifest'

/** What a release would do to one object. */
export interface ObjectChange {
  /** `Deployment api/shop` */
  object: string
  change: 'add' | 'remove' | 'modify'
  /** of a `modify`: `spec.replicas: 3 -> 5`, or the path alone where the value is not shown */
  fields: string[]
}

const AT_ONCE = 8

/**
 * What will change in a cluster: each object as the API server would make it (a dry run of server-side apply), held against
 * the one that is there, and what the running manifest has and the next one does not. Texts are never shown, for they may be
 * of a values file or of a Secret; images, numbers and switches are.
 * @param running objects of the manifest that was rolled out last; empty at the first install
 * @throws ClusterRefused, ProviderError where the cluster does not tell
 */
export async function manifestDiff(
  cluster: Cluster,
  {
    running,
    next,
    namespace,
  }: { running: readonly KubernetesObject[]; next: readonly KubernetesObject[]; namespace: string },
  signal: AbortSignal,
): Promise<ObjectChange[]> {
  const then = new Map(running.map((object) => [keyOf(object, namespace), object]))
  const now = new Set(next.map((object) => keyOf(object, namespace)))
  const changed = await inTurns(next, AT_ONCE, async (object): Promise<ObjectChange[]> => {
    const title = titleOf(object)
    const ref = await refIn(cluster, object, namespace, signal)
    // A custom resource whose definition comes with the release.
    if (ref === undefined) return [{ object: title, change: 'add', fields: [] }]
    const live = await cluster.read(ref, kubernetesObject, signal)
    if (live === undefined) return [{ object: title, change: 'add', fields: [] }]
    const wanted = await cluster.dryApply(ref, forApply(object, ref), signal)
    const before = then.get(keyOf(object, namespace))
    const gone =
      before === undefined ? [] : fieldChanges(before, object).filter(({ after }) => after === undefined)
    const fields = [
      ...fieldChanges(live, wanted).map((change) => shown(object, change)),
      // A dry run by another field manager leaves it in.
      ...gone.map(({ path }) => `${path} is taken out`),
    ]
    return fields.length === 0 ? [] : [{ object: title, change: 'modify', fields: [...new Set(fields)] }]
  })
  const removed = [...then]
    .filter(([key]) => !now.has(key))
    .map(([, object]): ObjectChange => ({ object: titleOf(object), change: 'remove', fields: [] }))
  return [...changed.flat(), ...removed]
}

const keyOf = ({ apiVersion, kind, metadata }: KubernetesObject, namespace: string): string =>
  [apiVersion?.split('/').slice(0, -1).join('/'), kind, metadata.namespace ?? namespace, metadata.name].join(
    ' ',
  )

function shown({ kind }: KubernetesObject, { path, before, after }: FieldChange): string {
  const isImage = path.endsWith('.image')
  const mayBeShown = (value: unknown): boolean =>
    ['undefined', 'number', 'boolean'].includes(typeof value) || (isImage && typeof value === 'string')
  if (kind === 'Secret' || !mayBeShown(before) || !mayBeShown(after)) return `${path}: changed`
  return `${path}: ${textOf(before)} -> ${textOf(after)}`
}

const textOf = (value: unknown): string => (value === undefined ? 'not set' : String(value))
