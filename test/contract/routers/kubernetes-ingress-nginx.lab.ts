import type { FakeObject } from '@deploy-actions/testing'
import { openClusterLab, type Steered } from './cluster-lab'
import type { OpenRouterLab } from './router-lab'

const ANNOTATION = 'nginx.ingress.kubernetes.io/'

const ingress = (slot: string, annotations: Record<string, string>): FakeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: `shop-${slot}`, namespace: 'default', annotations },
  spec: {
    rules: [{ http: { paths: [{ backend: { service: { name: `shop-${slot}`, port: { number: 80 } } } }] } }],
  },
})

const canary = (weight: number): FakeObject =>
  ingress('green', {
    [`${ANNOTATION}canary`]: 'true',
    [`${ANNOTATION}canary-by-header`]: 'x-canary',
    [`${ANNOTATION}canary-weight`]: String(weight),
  })

export const steered: Steered = {
  settings: {
    type: 'kubernetes-ingress-nginx',
    members: { blue: { ingress: 'shop-blue' }, green: { ingress: 'shop-green' } },
  },
  objects: [ingress('blue', {}), canary(0)],
  weightsIn(cluster) {
    const { annotations = {} } = cluster.get('ingresses', 'shop-green').metadata
    const total = Number(annotations[`${ANNOTATION}canary-weight-total`] ?? 100)
    const green = Number(annotations[`${ANNOTATION}canary-weight`] ?? 0)
    return { blue: total - green, green }
  },
  meddle: (cluster, _, green) => void cluster.put(canary(green)),
}

export default {
  'a fake cluster': () => openClusterLab(steered),
} satisfies Record<string, OpenRouterLab>
