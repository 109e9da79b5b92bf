import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { defineKinds, documentsIn, type LocalCluster } from '@deploy-actions/local-cluster'

const crds = fileURLToPath(new URL('../../.cache/systems/crds/', import.meta.url))

/** Projects whose kinds test/systems/install has fetched. */
export type Project = 'istio' | 'gateway-api' | 'flagger' | 'argo-cd'

/** Makes the kinds of a project known to a cluster, and waits until it serves them. */
export async function installKinds(cluster: LocalCluster, ...projects: readonly Project[]): Promise<void> {
  const folders = projects.map((project) => path.join(crds, project))
  const files = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((file) => path.join(folder, file))),
  )
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')))
  await defineKinds(cluster, texts.flatMap(documentsIn) as Parameters<typeof defineKinds>[1])
}
