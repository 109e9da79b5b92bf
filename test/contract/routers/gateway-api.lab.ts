import type { FakeObject } from '@deploy-actions/testing'
import { openClusterLab, type Steered } from './cluster-lab'
import type { OpenRouterLab } from './router-lab'

const httpRoute = (blue: number, green: number): FakeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    parentRefs: [{ name: 'edge' }],
    rules: [
      {
        matches: [{ headers: [{ name: 'x-canary', value: 'true' }] }],
        backendRefs: [{ name: 'shop-green' }],
      },
      {
        backendRefs: [
          { name: 'shop-blue', port: 80, weight: blue },
          { name: 'shop-green', port: 80, weight: green },
        ],
      },
    ],
  },
})

export const steered: Steered = {
  settings: {
    ...{ type: 'gateway-api', route: 'shop', namespace: 'default' },
    members: { blue: { service: 'shop-blue' }, green: { service: 'shop-green' } },
  },
  objects: [httpRoute(100, 0)],
  weightsIn(cluster) {
    const { rules } = cluster.get('httproutes', 'shop').spec as {
      rules: { backendRefs: { weight: number }[] }[]
    }
    const [blue, green] = rules[1]?.backendRefs ?? []
    return { blue: blue?.weight ?? 0, green: green?.weight ?? 0 }
  },
  meddle: (cluster, blue, green) => void cluster.put(httpRoute(blue, green)),
}

export default {
  'a fake cluster': () => openClusterLab(steered),
} satisfies Record<string, OpenRouterLab>
