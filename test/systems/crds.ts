import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineKindsIn, type LocalCluster } from '@deploy-actions/local-cluster'

const crds = fileURLToPath(new URL('../../.cache/systems/crds/', import.meta.url))

/** Projects whose kinds test/systems/install has fetched. */
export type Project = 'istio' | 'gateway-api' | 'flagger' | 'argo-cd'

/** Makes the kinds of some projects known to a cluster, and waits until it serves them. */
export async function installKinds(cluster: LocalCluster, ...projects: readonly Project[]): Promise<void> {
  await Promise.all(projects.map((project) => defineKindsIn(cluster, path.join(crds, project))))
}
