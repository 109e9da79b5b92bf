import { startFakeCluster, type FakeObject } from '@deploy-actions/testing'
import type { OpenCheckLab } from './check-lab'

const canary = (phase: string): FakeObject => ({
  ...{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary' },
  metadata: { name: 'shop', namespace: 'default' },
  spec: {},
  status: { phase, lastAppliedSpec: '59bc', lastPromotedSpec: '59bc' },
})

export default {
  async 'a fake cluster'() {
    const cluster = await startFakeCluster([canary('Succeeded')])
    return {
      settings: { type: 'flagger', canary: 'shop', 'kubeconfig-secret': 'KUBECONFIG' },
      secrets: { KUBECONFIG: cluster.kubeconfig },
      red: () => Promise.resolve(void cluster.put(canary('Progressing'))),
      break: () => cluster.close(),
      close: () => cluster.close(),
    }
  },
} satisfies Record<string, OpenCheckLab>
