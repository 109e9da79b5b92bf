import { defineProviders } from '@deploy-actions/action-kit'

/** Every router by its `type`. A new one is one file and one line here. */
export const routers = defineProviders({
  haproxy: () => import('./haproxy'),
  istio: () => import('./istio'),
  'gateway-api': () => import('./gateway-api'),
  'kubernetes-service': () => import('./kubernetes-service'),
  'kubernetes-ingress-nginx': () => import('./kubernetes-ingress-nginx'),
  'kubernetes-replicas': () => import('./kubernetes-replicas'),
})
