import { startFakeCluster } from '@deploy-actions/testing'
import { shop, type Steered } from '../contract/routers/cluster-lab'
import { steered as gatewayApi } from '../contract/routers/gateway-api.lab'
import { steered as istio } from '../contract/routers/istio.lab'
import { steered as ingressNginx } from '../contract/routers/kubernetes-ingress-nginx.lab'
import { steered as replicas } from '../contract/routers/kubernetes-replicas.lab'
import { steered as service } from '../contract/routers/kubernetes-service.lab'
import { kubernetesRoute, kubernetesWrites } from './call'
import { allAtOnce, byPercents, type OpenRouter, type Router } from './router'
import { forwardTo, KUBERNETES_IN_TROUBLE, openHttpTap } from './taps'

/** Those of Kubernetes, by their type, with the objects that they have in the contract of routers. */
export const kubernetesRouters = {
  istio: inCluster(istio),
  'gateway-api': inCluster(gatewayApi),
  'kubernetes-service': inCluster(service, allAtOnce),
  'kubernetes-ingress-nginx': inCluster(ingressNginx),
  'kubernetes-replicas': inCluster(replicas),
} satisfies Record<string, OpenRouter>

function inCluster(steered: Steered, walk: Router['walk'] = byPercents): OpenRouter {
  return async (switchboard) => {
    const cluster = await startFakeCluster([...shop, ...steered.objects])
    const port = Number(new URL(cluster.url).port)
    const tap = await openHttpTap(
      switchboard,
      ({ method, url }) => ({
        system: 'kubernetes',
        route: kubernetesRoute(method, url),
        writes: kubernetesWrites(method, url),
      }),
      (question) => forwardTo(port, tap.port, question),
      KUBERNETES_IN_TROUBLE,
    )
    const weights = (): Record<string, number> => inPercents(steered, steered.weightsIn(cluster))
    return {
      system: 'kubernetes',
      settings: JSON.stringify({ ...steered.settings, 'kubeconfig-secret': 'KUBECONFIG' }),
      walk,
      secrets: `KUBECONFIG=${cluster.kubeconfig.replace(cluster.url, `http://127.0.0.1:${tap.port}`)}`,
      weights: () => Promise.resolve(weights()),
      setWeights: ({ blue = 0, green = 0 }) => Promise.resolve(steered.meddle(cluster, blue, green)),
      metrics(region) {
        region.haproxy.weights = weights()
        return Promise.resolve(region.metrics())
      },
      async close() {
        await tap.close()
        await cluster.close()
      },
    }
  }
}

/** Replicas are told of all that there are to be: an arm with half of its pods is not whole, though it has all the traffic. */
function inPercents({ settings }: Steered, { blue = 0, green = 0 }: Record<string, number>) {
  const whole = Number(settings['replicas'] ?? blue + green)
  return { blue: Math.round((100 * blue) / whole), green: Math.round((100 * green) / whole) }
}
