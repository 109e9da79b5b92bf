import { startFakeCluster, type FakeObject } from '@deploy-actions/testing'
import type { OpenCheckLab } from './check-lab'

const deployment = (paused: boolean): FakeObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    ...{ replicas: 2, paused, selector: { matchLabels: { app: 'shop' } } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'app', image: 'app' }] },
    },
  },
})

export default {
  async 'a fake cluster'() {
    const cluster = await startFakeCluster([deployment(false)])
    return {
      settings: {
        ...{ type: 'kubernetes', workloads: ['Deployment/shop'] },
        'kubeconfig-secret': 'KUBECONFIG',
      },
      secrets: { KUBECONFIG: cluster.kubeconfig },
      red: () => Promise.resolve(void cluster.put(deployment(true))),
      break: () => cluster.close(),
      close: () => cluster.close(),
    }
  },
} satisfies Record<string, OpenCheckLab>
