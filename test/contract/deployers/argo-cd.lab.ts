import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startFakeCluster, type FakeObject } from '@deploy-actions/testing'
import type { OpenDeployerLab } from './deployer-lab'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const IMAGE = 'registry.example.com/shop'
const VERSIONS: Record<string, string> = {
  [digest('9')]: '0.9.0',
  [digest('a')]: '1.0.0',
  [digest('b')]: '1.1.0',
}

type Tool = 'helm' | 'kustomize'

const sourceOf = (tool: Tool, letter: string): object => ({
  ...{ repoURL: 'https://git.example.com/shop', path: 'chart', targetRevision: 'main' },
  ...(tool === 'helm'
    ? { helm: { parameters: [{ name: 'image.digest', value: digest(letter) }] } }
    : { kustomize: { images: [`${IMAGE}@${digest(letter)}`] } }),
})

const application = (tool: Tool, arm: string, letter: string): FakeObject => ({
  ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' },
  metadata: { name: `shop-${arm}`, namespace: 'argocd' },
  spec: { source: sourceOf(tool, letter), destination: { namespace: 'shop' }, project: 'default' },
  status: {
    health: { status: 'Healthy' },
    history: [{ id: 7, revision: 'c0ffee', source: sourceOf(tool, letter) }],
    summary: { images: [`${IMAGE}@${digest(letter)}`] },
  },
})

const lab =
  (tool: Tool): OpenDeployerLab =>
  async () => {
    const workspace = await mkdtemp(join(tmpdir(), 'argo-cd-'))
    const cluster = await startFakeCluster([application(tool, 'blue', 'a'), application(tool, 'green', '9')])
    const versionOf = (arm: string): string => {
      const { status } = cluster.get('applications', `shop-${arm}`, 'argocd')
      const { summary } = status as { summary: { images: string[] } }
      return VERSIONS[summary.images[0]?.split('@')[1] ?? ''] ?? 'none'
    }
    return {
      settings: {
        ...{ type: 'argo-cd', application: 'shop-green' },
        ...(tool === 'helm' ? { 'helm-parameter': 'image.digest' } : { 'kustomize-image': IMAGE }),
        'kubeconfig-secret': 'KUBECONFIG',
      },
      secrets: { KUBECONFIG: cluster.kubeconfig },
      workspace,
      versions: () => Promise.resolve({ blue: versionOf('blue'), green: versionOf('green') }),
      async refuse() {
        const green = cluster.get('applications', 'shop-green', 'argocd')
        green.metadata.annotations = { 'test/fails': 'one or more objects failed to apply' }
        cluster.put(green)
      },
      async close() {
        await cluster.close()
        await rm(workspace, { recursive: true })
      },
    }
  }

export default { 'a chart': lab('helm'), 'a kustomization': lab('kustomize') } satisfies Record<
  string,
  OpenDeployerLab
>
