import { openClusterLab, service, type Steered } from './cluster-lab'
import type { OpenRouterLab } from './router-lab'

export const steered: Steered = {
  settings: {
    ...{ type: 'kubernetes-service', service: 'shop' },
    members: { blue: { value: 'blue' }, green: { value: 'green' } },
  },
  objects: [],
  weightsIn(cluster) {
    const { selector } = cluster.get('services', 'shop').spec as { selector: { slot: string } }
    return { [selector.slot]: 1 }
  },
  meddle: (cluster, blue) =>
    void cluster.put(service('shop', { app: 'shop', slot: blue > 0 ? 'blue' : 'green' })),
}

export default {
  'a fake cluster': () => openClusterLab(steered),
} satisfies Record<string, OpenRouterLab>
