import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAllDocuments } from 'yaml'
import type { LocalCluster } from './local-cluster'
import { until } from './until'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

interface Definition {
  metadata: { name: string }
}

/** Makes the kinds known to a cluster whose definitions are the files of a folder, and waits until it serves them. */
export async function defineKindsIn(cluster: LocalCluster, folder: string): Promise<void> {
  const files = (await readdir(folder)).map((file) => readFile(join(folder, file), 'utf8'))
  await defineKinds(cluster, (await Promise.all(files)).flatMap(documentsIn) as Definition[])
}

/** Makes kinds known to a cluster by their definitions, and waits until it serves them. */
export async function defineKinds(cluster: LocalCluster, definitions: readonly Definition[]): Promise<void> {
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
export async function create(cluster: LocalCluster, address: string, object: unknown): Promise<unknown> {
  const { status, body } = await cluster.request('POST', address, object)
  if (status !== 201) throw new Error(`POST ${address} is answered by ${status}: ${JSON.stringify(body)}`)
  return body
}
