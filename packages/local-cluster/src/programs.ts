import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { join } from 'node:path'

/** What a cluster on this machine is made of; test/systems/install builds it. */
export const clusterPrograms = [
  'etcd',
  'kube-apiserver',
  'kube-controller-manager',
  'kube-scheduler',
  'kwok',
] as const

/** Stages of kwok's own, by which nodes and pods become ready. */
export const KWOK_STAGES = 'kwok-stages.yaml'

/** Those of the files that cannot be read in a folder. */
export async function missingIn(folder: string, files: readonly string[]): Promise<string[]> {
  const found = await Promise.all(
    files.map((file) =>
      access(join(folder, file), constants.R_OK).then(
        () => true,
        () => false,
      ),
    ),
  )
  return files.filter((_, index) => !found[index])
}
