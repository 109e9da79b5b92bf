import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseAllDocuments } from 'yaml'
import { until } from './loopback'
import type { RealCluster } from './real-cluster'

const crds = fileURLToPath(new URL('../../.cache/systems/crds/', import.meta.url))
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

/** Projects whose kinds test/systems/install has fetched. */
export type Project = 'istio' | 'gateway-api' | 'flagger' | 'argo-cd'

interface Definition {
  metadata: { name: string }
}

/** Makes the kinds of a project known to a cluster, and waits until it serves them. */
export async function installKinds(cluster: RealCluster, ...projects: readonly Project[]): Promise<void> {
  const folders = projects.map((project) => path.join(crds, project))
  const files = await Promise.all(
    folders.map(async (folder) => (await readdir(folder)).map((file) => path.join(folder, file))),
  )
  const texts = await Promise.all(files.flat().map((file) => readFile(file, 'utf8')))
  await defineKinds(cluster, texts.flatMap(documentsIn) as Definition[])
}

export async function defineKinds(cluster: RealCluster, definitions: readonly Definition[]): Promise<void> {
  await Promise.all(
    definitions.map(async (definition) => {
      await create(cluster, DEFINITIONS, definition)
      await until(async () => {
        const { body } = await cluster.request('GET', `${DEFINITIONS}/${definition.metadata.name}`)
        const { conditions = [] } =
          (body as { status?: { conditions?: { type: string; status: string }[] } }).status ?? {}
        if (!conditions.some(({ type, status }) => type === 'Established' && status === 'True'))
          throw new Error(`${definition.metadata.name} is not served yet`)
      }, 600)
    }),
  )
}

/** The documents of a YAML file; an empty one is none. */
export const documentsIn = (text: string): unknown[] =>
  parseAllDocuments(text)
    .map((document) => document.toJS() as unknown)
    .filter((document) => document !== null)

/** @throws what the cluster says, unless it has created it */
export async function create(cluster: RealCluster, address: string, object: unknown): Promise<unknown> {
  const { status, body } = await cluster.request('POST', address, object)
  if (status !== 201) throw new Error(`POST ${address} is answered by ${status}: ${JSON.stringify(body)}`)
  return body
}
