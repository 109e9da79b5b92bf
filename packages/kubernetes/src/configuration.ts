import { ClusterRefused, type Cluster } from './cluster'

/** What a restore point can carry; a template that names more is not of a usual service. */
const MANY = 50

/** ConfigMaps and Secrets by `ConfigMap/name`, each with the version that it had; absent ones have none. */
export type Configuration = Record<string, string>

const PLURALS: Record<string, string> = { ConfigMap: 'configmaps', Secret: 'secrets' }

/** Where a template names them. Source: Kubernetes API, PodSpec: `envFrom`, `valueFrom`, volumes, projected volumes. */
const KEYS: Record<string, [kind: string, name: string]> = {
  configMapRef: ['ConfigMap', 'name'],
  configMapKeyRef: ['ConfigMap', 'name'],
  configMap: ['ConfigMap', 'name'],
  secretRef: ['Secret', 'name'],
  secretKeyRef: ['Secret', 'name'],
  secret: ['Secret', 'secretName'],
}

/**
 * The versions of what a template reads: an undo brings the template back and not these.
 * What may not be read is left out. @throws ProviderError where the cluster does not answer
 */
export async function configurationOf(
  cluster: Cluster,
  namespace: string,
  template: unknown,
  signal: AbortSignal,
): Promise<Configuration> {
  const named = [...new Set(namesIn(template))].toSorted().slice(0, MANY)
  const versions = await Promise.all(
    named.map(async (key) => [key, await versionOf(cluster, namespace, key, signal)] as const),
  )
  return Object.fromEntries(
    versions.flatMap(([key, version]) => (version === undefined ? [] : [[key, version]])),
  )
}

/** Those of them that are not as they were, in words. */
export async function whatChanged(
  cluster: Cluster,
  namespace: string,
  before: Configuration,
  signal: AbortSignal,
): Promise<string[]> {
  const changed = await Promise.all(
    Object.entries(before).map(async ([key, version]) => {
      const now = await versionOf(cluster, namespace, key, signal)
      return now === version ? [] : [`${key} (${now === undefined ? 'cannot be read now' : 'changed since'})`]
    }),
  )
  return changed.flat()
}

function namesIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(namesIn)
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value as Record<string, unknown>).flatMap(([key, inner]) => {
    const [kind, field] = KEYS[key] ?? []
    const name = field === undefined ? undefined : (inner as Record<string, unknown> | null)?.[field]
    return typeof name === 'string' ? [`${kind}/${name}`] : namesIn(inner)
  })
}

/** Undefined where it is not there or may not be read: Secrets often may not, and nothing depends on it. */
async function versionOf(
  cluster: Cluster,
  namespace: string,
  key: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const [kind = '', name = ''] = key.split('/')
  const ref = { apiVersion: 'v1', plural: PLURALS[kind] ?? '', namespace, name }
  try {
    return (await cluster.readMetadata(ref, signal))?.resourceVersion
  } catch (error) {
    if (error instanceof ClusterRefused && error.reason === 'Forbidden') return undefined
    throw error
  }
}
