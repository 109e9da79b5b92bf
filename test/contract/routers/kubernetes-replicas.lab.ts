import type { FakeObject } from '@deploy-actions/testing'
import { openClusterLab, type Steered } from './cluster-lab'
import type { OpenRouterLab } from './router-lab'

const deployment = (slot: string, replicas: number): FakeObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: `shop-${slot}`, namespace: 'default' },
  spec: { replicas },
})

export const steered: Steered = {
  settings: {
    ...{ type: 'kubernetes-replicas', replicas: 100 },
    members: { blue: { workload: 'shop-blue' }, green: { workload: 'shop-green' } },
  },
  objects: [deployment('blue', 100), deployment('green', 0)],
  weightsIn: (cluster) =>
    Object.fromEntries(
      ['blue', 'green'].map((slot) => [
        slot,
        Number(cluster.get('deployments', `shop-${slot}`).spec?.['replicas']),
      ]),
    ),
  meddle(cluster, blue, green) {
    cluster.put(deployment('blue', blue))
    cluster.put(deployment('green', green))
  },
}

export default {
  'a fake cluster': () => openClusterLab(steered),
} satisfies Record<string, OpenRouterLab>
