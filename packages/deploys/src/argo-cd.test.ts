import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeCluster, type FakeCluster, type FakeObject } from '@deploy-actions/testing'
import { deployers } from './registry'
import { deployPoint } from './restore-point'
import type { Deployer } from './deployer'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const arms = { baseline: 'blue', canary: 'green' }
const { signal } = new AbortController()

const source = (letter: string) => ({
  ...{ repoURL: 'https://git.example.com/shop', path: 'chart' },
  helm: {
    valuesObject: { password: 'swordfish' },
    parameters: [{ name: 'image.digest', value: digest(letter) }],
  },
})
const application = (spec: object = {}, status: object = {}): FakeObject => ({
  ...{
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'shop', namespace: 'argocd' },
  },
  spec: { source: source('a'), ...spec },
  status: {
    history: [{ id: 7, revision: 'c0ffee', source: source('a') }],
    summary: { images: [`shop@${digest('a')}`] },
    ...status,
  },
})

let cluster: FakeCluster
beforeEach(async () => {
  cluster = await startFakeCluster()
})
afterEach(() => cluster.close())

async function open(settings: object = {}): Promise<{ deployer: Deployer; lines: () => string[] }> {
  const configured = await deployers.configure({
    ...{
      type: 'argo-cd',
      application: 'shop',
      'helm-parameter': 'image.digest',
      'kubeconfig-secret': 'KUBE',
    },
    ...settings,
  })
  const ports = createFakePorts({ real: true, secrets: { KUBE: cluster.kubeconfig } })
  return { deployer: configured.open(ports, arms), lines: () => ports.recorded.log.map(({ line }) => line) }
}
const release = { version: '2', digest: digest('b') }
const held = () =>
  cluster.get('applications', 'shop', 'argocd') as FakeObject & {
    spec: { source: object; syncPolicy?: object }
    status: { history: object[] }
  }

describe('an Application', () => {
  it('keeps what else it says, and a second restore is no change', async () => {
    cluster.put(application())
    const { deployer, lines } = await open()
    const [point] = await deployer.snapshot(signal)
    // Values may hold secrets, and a restore point is kept where people read it.
    expect(JSON.stringify(point)).not.toContain('swordfish')
    expect(point).toEqual({
      ...{ kind: 'argo-cd', name: 'shop', namespace: 'argocd', arm: 'green', history: 7, revision: 'c0ffee' },
      ...{ override: digest('a'), images: [`shop@${digest('a')}`] },
    })
    cluster.put(application({}, { summary: { images: [`registry.example.com/shop@${digest('a')}`] } }))
    const before = deployPoint().parse((await deployer.snapshot(signal))[0])
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({
      ...{ ended: 'done', detail: `Application shop was brought to ${digest('b')}, synced and healthy` },
    })
    expect(held().spec.source).toMatchObject({
      repoURL: 'https://git.example.com/shop',
      helm: { valuesObject: { password: 'swordfish' } },
    })
    expect(lines()).toEqual(['Application shop: it is synced and healthy'])
    expect(await deployer.restore(before, signal)).toMatchObject({
      ended: 'done',
      detail: 'Application shop is back at deployment 7 (c0ffee), synced and healthy',
    })
    expect(held().spec.source).toMatchObject(source('a'))
    const deployments = held().status.history.length
    expect((await deployer.restore(before, signal)).detail).toBe(
      'Application shop stands at deployment 7, as it was found',
    )
    expect(held().status.history).toHaveLength(deployments)
  })

  it('that syncs by itself is refused, or told to no longer do that', async () => {
    cluster.put(application({ syncPolicy: { automated: { selfHeal: true }, syncOptions: ['a=b'] } }))
    const refusing = await open()
    await expect(refusing.deployer.snapshot(signal)).rejects.toThrow(
      'syncs by itself, so what is put back would be undone at once; nothing was written',
    )
    const { deployer } = await open({ 'disable-auto-sync': true })
    const [point] = await deployer.snapshot(signal)
    const { detail } = await deployer.deploy(release, 'green', signal)
    expect(detail).toMatch(/synced and healthy; its automated sync was switched off and stays off$/)
    expect(held().spec.syncPolicy).toEqual({ syncOptions: ['a=b'] })
    // Somebody has switched it on again.
    cluster.put({ ...held(), spec: { ...held().spec, syncPolicy: { automated: {} } } })
    await expect(deployer.restore(deployPoint().parse(point), signal)).rejects.toThrow(
      'would undo what is put back',
    )
    cluster.put({ ...held(), spec: { ...held().spec, syncPolicy: { automated: { enabled: false } } } })
    expect(await refusing.deployer.snapshot(signal)).toHaveLength(1)
  })

  it.each([
    ['is not there', undefined, 'Application argocd/shop is not in '],
    [
      'has several sources',
      application({ source: undefined, sources: [source('a')] }),
      'has several sources (spec.sources)',
    ],
    [
      'was never synced',
      application({}, { history: [] }),
      'was never synced, so there is nothing to go back to',
    ],
  ])('that %s is not begun with', async (_, object, message) => {
    if (object) cluster.put(object)
    const { deployer } = await open()
    await expect(deployer.snapshot(signal)).rejects.toThrow(message)
  })

  it.each([
    [
      'is being synced',
      { operationState: { phase: 'Running', operation: {} } },
      {},
      'is being synced by somebody else; nothing was written',
    ],
    [
      'does not sync',
      {},
      { annotations: { 'test/fails': 'hook\nfailed' } },
      'Application shop: its sync ended with Failed: hook failed',
    ],
  ])('that %s is told', async (_, status, metadata, message) => {
    const object = application({}, status)
    cluster.put({ ...object, metadata: { ...object.metadata, ...metadata } })
    const { deployer } = await open()
    const deployed = await deployer.deploy(release, 'green', signal)
    expect(deployed).toMatchObject({ ended: 'failed', detail: expect.stringContaining(message) })
  })

  it('whose chart does not use the parameter is told from one that runs the release', async () => {
    cluster.put(application())
    const { deployer } = await open({ 'helm-parameter': 'image.diggest' })
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({
      ended: 'failed',
      detail: `Application shop was synced and is healthy, but no object of it has ${digest('b')}: its chart does not use the parameter image.diggest`,
    })
    expect(await deployer.verify('green', signal)).toMatchObject({ state: 'unverified' })
  })

  it('that does not become healthy is told with what is ill', async () => {
    cluster.put(application())
    const { deployer } = await open({ timeout: '30s' })
    const ill = {
      kind: 'Deployment',
      name: 'shop',
      health: { status: 'Degraded', message: 'exceeded its progress deadline' },
    }
    const well = { kind: 'Service', name: 'shop', health: { status: 'Healthy' } }
    let asked = 0
    cluster.before = ({ method }) => {
      if (method !== 'GET' || ++asked < 2) return undefined
      const now = held()
      return {
        status: 200,
        body: { ...now, status: { ...now.status, health: { status: 'Degraded' }, resources: [well, ill] } },
      }
    }
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({
      ended: 'failed',
      detail:
        'Application shop: it is synced and Degraded (Deployment shop Degraded: exceeded its progress deadline), after 30s',
    })
  })

  it('whose way back did not succeed is not said to stand there by the next one', async () => {
    const found = application({}, { summary: { images: [`registry.example.com/shop@${digest('a')}`] } })
    cluster.put(found)
    const { deployer } = await open()
    const point = deployPoint().parse((await deployer.snapshot(signal))[0])
    const failing = {
      metadata: { ...found.metadata, annotations: { 'test/fails': 'half of it was applied' } },
    }
    cluster.put({ ...held(), ...failing })
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({ ended: 'failed' })
    expect(await deployer.restore(point, signal)).toMatchObject({ ended: 'failed' })
    // Its override is back by now, and its history has nothing but what was found.
    expect(await deployer.restore(point, signal)).toMatchObject({ ended: 'failed' })
    cluster.put({ ...held(), metadata: found.metadata })
    expect(await deployer.restore(point, signal)).toMatchObject({
      ended: 'done',
      detail: 'Application shop is back at deployment 7 (c0ffee), synced and healthy',
    })
  })

  it('is put back once what a lost run has begun is over, by an API server that is away for a while', async () => {
    cluster.put(application({}, { summary: { images: [`registry.example.com/shop@${digest('a')}`] } }))
    const { deployer } = await open()
    const point = deployPoint().parse((await deployer.snapshot(signal))[0])
    await deployer.deploy(release, 'green', signal)
    const done = held()
    const running = { ...done.status, operationState: { phase: 'Running', operation: {} } }
    cluster.put({ ...done, status: running })
    let asked = 0
    cluster.before = () => {
      if (++asked === 4) cluster.put(done)
      return [2, 6, 8].includes(asked)
        ? { status: 503, body: { kind: 'Status', message: 'away' } }
        : undefined
    }
    expect(await deployer.restore(point, signal)).toMatchObject({ ended: 'done' })
    expect(held().spec.source).toMatchObject(source('a'))
  })

  it('is waited for by an API server that is away for a while', async () => {
    cluster.put(application())
    const { deployer } = await open()
    let asked = 0
    cluster.before = () =>
      ++asked === 3 ? { status: 503, body: { kind: 'Status', message: 'away' } } : undefined
    expect(await deployer.deploy(release, 'green', signal)).toMatchObject({ ended: 'done' })
  })

  it('whose history is gone is not guessed at', async () => {
    cluster.put(application())
    const { deployer } = await open()
    const point = deployPoint().parse((await deployer.snapshot(signal))[0])
    cluster.put(application({}, { history: [{ id: 12, revision: 'other', source: source('b') }] }))
    await expect(deployer.restore(point, signal)).rejects.toThrow(
      `no longer has deployment 7 in its history (revisionHistoryLimit); sync it by hand to c0ffee with shop@${digest('a')}`,
    )
  })
})

it.each([
  [{}, 'say where the digest goes'],
  [{ 'helm-parameter': 'a', 'kustomize-image': 'b' }, 'say where the digest goes'],
  [{ 'kustomize-image': 'shop@sha256:1' }, 'is not an image without tag and digest'],
])('%j is refused', async (settings, message) => {
  const written = { type: 'argo-cd', application: 'shop', ...settings }
  await expect(deployers.configure(written)).rejects.toThrow(message)
})
