import type { FakeObject } from '@deploy-actions/testing'
import { openClusterLab, type Steered } from './cluster-lab'
import type { OpenRouterLab } from './router-lab'

const to = (subset: string) => ({ destination: { host: 'shop-both', subset } })

/** With a route for testers who ask for the canary, as many have it. */
const virtualService = (blue: number, green: number): FakeObject => ({
  apiVersion: 'networking.istio.io/v1',
  kind: 'VirtualService',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    hosts: ['shop'],
    http: [
      { match: [{ headers: { 'x-canary': { exact: 'true' } } }], route: [to('green')] },
      {
        route: [
          { ...to('blue'), weight: blue },
          { ...to('green'), weight: green },
        ],
      },
    ],
  },
})

const destinationRule: FakeObject = {
  apiVersion: 'networking.istio.io/v1',
  kind: 'DestinationRule',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    host: 'shop-both.default.svc.cluster.local',
    subsets: ['blue', 'green'].map((slot) => ({ name: slot, labels: { slot } })),
  },
}

export const steered: Steered = {
  settings: {
    ...{ type: 'istio', 'virtual-service': 'shop' },
    members: { blue: { subset: 'blue' }, green: { subset: 'green' } },
  },
  objects: [destinationRule, virtualService(100, 0)],
  weightsIn(cluster) {
    const { http } = cluster.get('virtualservices', 'shop').spec as {
      http: { route: { weight: number }[] }[]
    }
    const [blue, green] = http[1]?.route ?? []
    return { blue: blue?.weight ?? 0, green: green?.weight ?? 0 }
  },
  meddle: (cluster, blue, green) => void cluster.put(virtualService(blue, green)),
}

export default {
  'a fake cluster': () => openClusterLab(steered),
} satisfies Record<string, OpenRouterLab>
