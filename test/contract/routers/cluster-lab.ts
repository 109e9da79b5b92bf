import { WHOLE, type Weights } from '@deploy-actions/rollout'
import { startFakeCluster, type FakeCluster, type FakeObject } from '@deploy-actions/testing'
import type { RouterLab } from './router-lab'

/** A pod of an arm that is ready. */
export const readyPod = (slot: string, index: number): FakeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: `shop-${slot}-${index}`,
    namespace: 'default',
    labels: { app: 'shop', slot, 'pod-template-hash': 'abc' },
    ownerReferences: [{ kind: 'ReplicaSet', name: `shop-${slot}-abc`, uid: slot }],
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
})

export const service = (name: string, selector: Record<string, string>): FakeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'default' },
  spec: { selector, ports: [{ port: 80 }] },
})

/** Two arms of three ready pods each, and a Service for each and for both. */
export const shop: readonly FakeObject[] = [
  service('shop', { app: 'shop', slot: 'blue' }),
  service('shop-both', { app: 'shop' }),
  service('shop-blue', { app: 'shop', slot: 'blue' }),
  service('shop-green', { app: 'shop', slot: 'green' }),
  ...['blue', 'green'].flatMap((slot) => [0, 1, 2].map((index) => readyPod(slot, index))),
]

/** A router of Kubernetes, what it needs beside {@link shop}, and what `weights` and `meddle` of its lab do with that. */
export interface Steered {
  settings: RouterLab['settings']
  objects: readonly FakeObject[]
  /** in the object's own units */
  weightsIn(cluster: FakeCluster): Record<string, number>
  /** Writes whole percents into the object, as somebody else would. */
  meddle(cluster: FakeCluster, blue: number, green: number): void
}

/** A lab on a fake cluster, whose kubeconfig is a secret. */
export async function openClusterLab({ settings, objects, weightsIn, meddle }: Steered): Promise<RouterLab> {
  const cluster = await startFakeCluster([...shop, ...objects])
  return {
    settings: { ...settings, 'kubeconfig-secret': 'KUBECONFIG' },
    secrets: { KUBECONFIG: cluster.kubeconfig },
    weights: () => Promise.resolve(inBasisPoints(weightsIn(cluster))),
    meddle: (blue, green) => Promise.resolve(meddle(cluster, blue, green)),
    close: () => cluster.close(),
  }
}

function inBasisPoints({ blue = 0, green = 0 }: Record<string, number>): Weights {
  return {
    blue: Math.round((WHOLE * blue) / (blue + green)),
    green: Math.round((WHOLE * green) / (blue + green)),
  }
}
