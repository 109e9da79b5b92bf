import { fileURLToPath } from 'node:url'
import { startLocalCluster, type LocalCluster } from '@deploy-actions/local-cluster'

/** Where test/systems/install has put it. */
const bin = fileURLToPath(new URL('../../.cache/systems/bin/', import.meta.url))

/** A cluster on this machine, of the programs of test/systems/install. @param stages documents for kwok beside its own */
export const startRealCluster = (stages: readonly string[] = []): Promise<LocalCluster> =>
  startLocalCluster(bin, stages)
