import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFakeCluster, type FakeObject } from '@deploy-actions/testing'
import type { OpenDeployerLab } from './deployer-lab'

const image = (letter: string): string => `registry.example.com/shop@sha256:${letter.repeat(64)}`
const VERSIONS: Record<string, string> = {
  [image('9')]: '0.9.0',
  [image('a')]: '1.0.0',
  [image('b')]: '1.1.0',
}

const deployment = (arm: string, letter: string): FakeObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment' },
  metadata: { name: `shop-${arm}`, namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: 'shop', arm } },
    template: {
      metadata: { labels: { app: 'shop', arm } },
      spec: { containers: [{ name: 'app', image: image(letter) }] },
    },
  },
})

export default {
  async 'a cluster'() {
    const workspace = await mkdtemp(join(tmpdir(), 'kubernetes-'))
    const cluster = await startFakeCluster([deployment('blue', 'a'), deployment('green', '9')])
    const versionOf = (arm: string): string => {
      const { spec } = cluster.get('deployments', `shop-${arm}`, 'shop')
      const { template } = spec as { template: { spec: { containers: { image: string }[] } } }
      return VERSIONS[template.spec.containers[0]?.image ?? ''] ?? 'none'
    }
    return {
      settings: {
        ...{ type: 'kubernetes', name: 'shop-green', namespace: 'shop', image: 'registry.example.com/shop' },
        'kubeconfig-secret': 'KUBECONFIG',
      },
      secrets: { KUBECONFIG: cluster.kubeconfig },
      workspace,
      versions: () => Promise.resolve({ blue: versionOf('blue'), green: versionOf('green') }),
      async refuse() {
        const body = { kind: 'Status', reason: 'Forbidden', message: 'a policy denies it', code: 403 }
        cluster.before = ({ method }) => (method === 'PATCH' ? { status: 403, body } : undefined)
      },
      async close() {
        await cluster.close()
        await rm(workspace, { recursive: true })
      },
    }
  },
} satisfies Record<string, OpenDeployerLab>
