import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClock } from '@deploy-actions/action-kit'
import { deployers, deployPoint, type Deployer } from '@deploy-actions/deploys'
import { createFakePorts } from '@deploy-actions/testing'
import { create, type LocalCluster } from '@deploy-actions/local-cluster'
import { installKinds } from './crds'
import { digest } from './helm.fixture'
import { kubeconfigWithRights } from './rights'
import { startRealCluster } from './real-cluster'

// The deployer `argo-cd` on the real API server with the real kind, whose schema refuses what is not of it. Its controller
// is a stand-in: it does what the deployer waits for, one step at a time.

const APPLICATIONS = '/apis/argoproj.io/v1alpha1/namespaces/default/applications'
let real: LocalCluster
let kubeconfig: string
let controller: Promise<void>
const stop = new AbortController()
beforeAll(async () => {
  real = await startRealCluster()
  await installKinds(real, 'argo-cd')
  kubeconfig = await kubeconfigWithRights(real, 'deployers.yaml', 'default')
  controller = control()
}, 180_000)
afterAll(async () => {
  stop.abort()
  await controller
  await real.close()
})

interface Application {
  metadata: { name: string }
  spec: { source: { helm: { parameters: { name: string; value: string }[] } } }
  operation?: { sync: { revision?: string; source?: Application['spec']['source'] } }
  status?: Record<string, unknown> & { history?: { id: number }[]; operationState?: { phase: string } }
}

const merge = async (name: string, change: object): Promise<void> => {
  const { status, body } = await real.request(
    'PATCH',
    `${APPLICATIONS}/${name}`,
    change,
    'application/merge-patch+json',
  )
  if (status !== 200) throw new Error(JSON.stringify(body))
}

/** Takes operations, has each run for a while, then syncs, and sees to health somewhat later. */
async function control(): Promise<void> {
  while (!stop.signal.aborted) {
    const { items = [] } = (await real.request('GET', APPLICATIONS)).body as { items?: Application[] }
    for (const { metadata, spec, operation, status = {} } of items) {
      if (!operation) continue
      const at = () => new Date().toISOString().replace(/\.\d+/, '')
      const startedAt = at()
      await merge(metadata.name, {
        operation: null,
        status: { operationState: { operation, phase: 'Running', startedAt, finishedAt: null } },
      })
      await sleep(300)
      const source = operation.sync.source ?? spec.source
      const revision = operation.sync.revision ?? 'c0ffee'
      const { history = [] } = status
      const value = source.helm.parameters.find(({ name }) => name === 'image.digest')?.value
      await merge(metadata.name, {
        status: {
          operationState: { operation, phase: 'Succeeded', startedAt, finishedAt: at() },
          history: [...history, { id: (history.at(-1)?.id ?? -1) + 1, revision, source, deployedAt: at() }],
        },
      })
      await sleep(1_500)
      await merge(metadata.name, {
        status: { reconciledAt: at(), health: { status: 'Healthy' }, summary: { images: [`shop@${value}`] } },
      })
    }
    await sleep(100)
  }
}

async function open(more: object = {}): Promise<Deployer> {
  const configured = await deployers.configure({
    ...{ type: 'argo-cd', application: 'shop', namespace: 'default', 'helm-parameter': 'image.digest' },
    ...{ timeout: '30s', 'restore-timeout': '30s', ...more },
  })
  const ports = createFakePorts({ real: true, ambient: { KUBECONFIG: kubeconfig } })
  return configured.open({ ...ports, clock: createClock() }, { baseline: 'blue', canary: 'green' })
}
const { signal } = new AbortController()
const source = (letter: string) => ({
  ...{ repoURL: 'https://git.example.com/shop', path: 'chart', targetRevision: 'main' },
  helm: { parameters: [{ name: 'image.digest', value: digest(letter) }] },
})
const held = async () => (await real.request('GET', `${APPLICATIONS}/shop`)).body as Application

describe('an Application', () => {
  it('is told the digest, synced, and put back by its history', async () => {
    await create(real, APPLICATIONS, {
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'shop' } },
      spec: {
        ...{ project: 'default', source: source('a') },
        destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
        syncPolicy: { automated: { selfHeal: true } },
      },
    })
    const deployer = await open({ 'disable-auto-sync': true })
    const first = await deployer.deploy({ version: 'a', digest: digest('a') }, 'green', signal)
    expect(first.detail).toMatch(/synced and healthy; its automated sync was switched off and stays off$/)
    const point = deployPoint().parse(JSON.parse(JSON.stringify((await deployer.snapshot(signal))[0])))
    expect(await deployer.deploy({ version: 'b', digest: digest('b') }, 'green', signal)).toMatchObject({
      ...{ ended: 'done', detail: `Application shop was brought to ${digest('b')}, synced and healthy` },
    })
    expect(await deployer.verify('green', signal)).toMatchObject({ state: 'verified' })
    expect((await held()).spec.source.helm.parameters).toMatchObject([
      { name: 'image.digest', value: digest('b') },
    ])
    const other = await open()
    expect(await other.restore(point, signal)).toMatchObject({
      ended: 'done',
      detail: expect.stringContaining('is back at deployment'),
    })
    expect((await held()).spec.source.helm.parameters).toMatchObject([
      { name: 'image.digest', value: digest('a') },
    ])
    expect(await other.restore(point, signal)).toMatchObject({
      ended: 'done',
      detail: expect.stringContaining('stands at deployment'),
    })
  }, 120_000)
})
