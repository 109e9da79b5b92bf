import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Cancelled, createClock, type ProviderPorts } from '@deploy-actions/action-kit'
import { deployers, deployPoint, type Deployer } from '@deploy-actions/deploys'
import { createFakePorts } from '@deploy-actions/testing'
import type { LocalCluster } from '@deploy-actions/local-cluster'
import { digest } from './helm.fixture'
import { PODS_THAT_FAIL } from './pods-that-fail'
import { kubeconfigWithRights } from './rights'
import { startRealCluster } from './real-cluster'

// The deployer `kubernetes` on the real API server, with its controllers and exactly the rights of
// docs/kubernetes/deployers.yaml: what it says is held against what is there.

let real: LocalCluster
let kubeconfig: string
beforeAll(async () => {
  real = await startRealCluster(PODS_THAT_FAIL)
  kubeconfig = await kubeconfigWithRights(real, 'deployers.yaml', 'default')
}, 180_000)
afterAll(() => real.close())

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet'] as const
type Kind = (typeof KINDS)[number]
const release = (letter: string) => ({ version: letter, digest: digest(letter) })
const image = (letter: string): string => `registry.example.com/shop@${digest(letter)}`
const pathOf = (kind: Kind): string => `/apis/apps/v1/namespaces/default/${kind.toLowerCase()}s`

async function create(kind: Kind, name: string, spec: object = {}, containers = 1): Promise<void> {
  const { status, body } = await real.request('POST', pathOf(kind), {
    metadata: { name },
    spec: {
      ...(kind !== 'DaemonSet' && { replicas: 2 }),
      ...(kind === 'StatefulSet' && { serviceName: name }),
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name } },
        spec: {
          containers: ['app', 'log'].slice(0, containers).map((one) => ({
            ...{ name: one, image: image('a') },
            ...(one === 'app' && { envFrom: [{ configMapRef: { name: 'settings', optional: true } }] }),
          })),
        },
      },
      ...spec,
    },
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
}

interface Held {
  metadata: { annotations?: Record<string, string> }
  spec: {
    replicas: number
    template: { metadata: { annotations?: object }; spec: { containers: { image: string }[] } }
  }
  status: Record<string, number>
}
const read = async (kind: Kind, name: string): Promise<Held> =>
  (await real.request('GET', `${pathOf(kind)}/${name}`)).body as Held
const imagesOf = async (kind: Kind, name: string): Promise<string[]> =>
  (await read(kind, name)).spec.template.spec.containers.map((one) => one.image)
/** What its pods are to be from now on. */
const annotate = (kind: Kind, name: string, annotations: object | null) =>
  real.request(
    'PATCH',
    `${pathOf(kind)}/${name}`,
    { spec: { template: { metadata: { annotations } } } },
    'application/merge-patch+json',
  )

async function open(
  kind: Kind,
  name: string,
  more: Record<string, unknown> = {},
  ports: ProviderPorts = portsOf(),
): Promise<Deployer> {
  const configured = await deployers.configure({
    type: 'kubernetes',
    ...{ kind, name, namespace: 'default', timeout: '20s', 'restore-timeout': '30s' },
    ...more,
  })
  return configured.open(ports, { baseline: 'blue', canary: 'green' })
}
/** In the time that the controllers take. */
const portsOf = (cancelReason?: Error) => ({
  ...createFakePorts({
    real: true,
    ambient: { KUBECONFIG: kubeconfig },
    ...(cancelReason && { cancelReason }),
  }),
  clock: createClock(),
})
const { signal } = new AbortController()
/** What the ledger keeps of it. */
async function snapshot(deployer: Deployer) {
  const [point] = await deployer.snapshot(signal)
  return deployPoint().parse(JSON.parse(JSON.stringify(point)))
}

describe.each(KINDS)('a %s', (kind) => {
  const name = `shop-${kind.toLowerCase()}`
  const count = kind === 'DaemonSet' ? 1 : 2

  it('gets the image of a release, and the one before back', async () => {
    await create(kind, name)
    const deployer = await open(kind, name)
    await deployer.deploy(release('a'), 'green', signal)
    const before = await snapshot(deployer)
    const pods = `${count} of ${count} pods are new and ready`
    expect(await deployer.deploy(release('b'), 'green', signal)).toMatchObject({
      ...{ ended: 'done', detail: `${kind} default/${name} was brought to ${digest('b')}: ${pods}` },
    })
    expect(await imagesOf(kind, name)).toEqual([image('b')])
    const back = await (await open(kind, name)).restore(before, signal)
    expect(back).toMatchObject({
      ended: 'done',
      detail: expect.stringMatching(/ is back at .*: [12] of [12] pods are new/),
    })
    expect(await imagesOf(kind, name)).toEqual([image('a')])
    // Once more is no change.
    const generation = (await read(kind, name)).metadata
    expect(await deployer.restore(before, signal)).toMatchObject({
      detail: expect.stringContaining('stands at'),
    })
    expect((await read(kind, name)).metadata).toEqual(generation)
  }, 120_000)

  it('whose pods do not come up says why, and gets what ran back', async () => {
    // Long enough for the old pods of a StatefulSet to go before the new ones come, on a busy machine, too.
    const deployer = await open(kind, name, { timeout: '20s' })
    const before = await snapshot(deployer)
    await annotate(kind, name, { 'test/fails': 'image-pull' })
    expect(await deployer.deploy(release('c'), 'green', signal)).toMatchObject({
      ended: 'failed',
      facts: { failure: 'image-pull' },
      detail: expect.stringMatching(
        new RegExp(
          `^ImagePullBackOff: ${image('c')} in ${kind} default/${name}, [01]/${count} ready \\(.* after 20s\\)$`,
        ),
      ),
    })
    expect(await deployer.restore(before, signal)).toMatchObject({ ended: 'done' })
    expect(await imagesOf(kind, name)).toEqual([image('a')])
    expect((await read(kind, name)).spec.template.metadata.annotations).toBeUndefined()
  }, 120_000)
})

it('runs what was approved, or that is told', async () => {
  await create('Deployment', 'verified')
  const deployer = await open('Deployment', 'verified')
  expect((await deployer.verify('green', signal)).state).toBe('unknown')
  const verified = async (imageId: string) => {
    await annotate('Deployment', 'verified', { 'test/image-id': imageId })
    expect(await deployer.deploy(release('b'), 'green', signal)).toMatchObject({ ended: 'done' })
    return deployer.verify('green', signal)
  }
  expect(await verified(image('b'))).toEqual({ state: 'verified', detail: `2 containers run ${digest('b')}` })
  // The digest is of an index, and the node names the one of its platform.
  expect(await verified(image('e'))).toMatchObject({ state: 'verified' })
  await real.request(
    'PATCH',
    `${pathOf('Deployment')}/verified`,
    [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image('f') }],
    'application/json-patch+json',
  )
  expect(await deployer.verify('green', signal)).toEqual({
    ...{
      state: 'unverified',
      detail: `no container of Deployment default/verified asks for ${digest('b')} any more`,
    },
  })
}, 60_000)

it('writes nothing where it is not known what to write', async () => {
  const nobody = await open('Deployment', 'nobody')
  expect(await nobody.deploy(release('b'), 'green', signal)).toMatchObject({
    ...{
      ended: 'failed',
      detail: expect.stringMatching(
        /^Deployment default\/nobody is not in .*; create it for this arm first$/,
      ),
    },
  })
  await create('Deployment', 'two', {}, 2)
  const two = await open('Deployment', 'two')
  expect(await two.deploy(release('b'), 'green', signal)).toMatchObject({
    ended: 'failed',
    detail: expect.stringContaining('has the containers app, log'),
  })
  expect(await imagesOf('Deployment', 'two')).toEqual([image('a'), image('a')])
  const log = await open('Deployment', 'two', { container: 'log', image: 'registry.example.com:5000/log' })
  expect(await log.deploy(release('b'), 'green', signal)).toMatchObject({ ended: 'done' })
  expect(await imagesOf('Deployment', 'two')).toEqual([
    image('a'),
    `registry.example.com:5000/log@${digest('b')}`,
  ])
}, 60_000)

it('scales an arm that stands empty up where it is told to, and down again', async () => {
  await create('Deployment', 'empty', { replicas: 0 })
  const empty = await open('Deployment', 'empty')
  expect(await empty.deploy(release('b'), 'green', signal)).toMatchObject({
    ended: 'failed',
    detail: expect.stringContaining('has no replicas, so nothing would run'),
  })
  const deployer = await open('Deployment', 'empty', { replicas: 3 })
  const before = await snapshot(deployer)
  expect(await deployer.deploy(release('b'), 'green', signal)).toMatchObject({
    detail: expect.stringContaining('3 of 3 pods'),
  })
  expect(await deployer.restore(before, signal)).toMatchObject({ ended: 'done' })
  expect((await read('Deployment', 'empty')).spec.replicas).toBe(0)
}, 60_000)

it('does not say that a release runs where no node is for it', async () => {
  const nowhere = { nodeSelector: { disk: 'none' }, containers: [{ name: 'app', image: image('a') }] }
  await create('DaemonSet', 'nowhere', {
    template: { metadata: { labels: { app: 'nowhere' } }, spec: nowhere },
  })
  const deployer = await open('DaemonSet', 'nowhere')
  expect(await deployer.deploy(release('b'), 'green', signal)).toMatchObject({
    ended: 'failed',
    detail: expect.stringMatching(/has no pods, so nothing runs it: no node is for it$/),
  })
}, 60_000)

describe('what is put back', () => {
  it('is told what an undo does not bring back', async () => {
    await real.request('POST', '/api/v1/namespaces/default/configmaps', {
      metadata: { name: 'settings' },
      data: { a: '1' },
    })
    await create('Deployment', 'configured')
    const deployer = await open('Deployment', 'configured')
    const before = await snapshot(deployer)
    expect(before).toMatchObject({ configuration: { 'ConfigMap/settings': expect.stringMatching(/^\d+$/) } })
    await real.request('PUT', '/api/v1/namespaces/default/configmaps/settings', {
      metadata: { name: 'settings' },
      data: { a: '2' },
    })
    await deployer.deploy(release('b'), 'green', signal)
    expect((await deployer.restore(before, signal)).detail).toMatch(
      /; not put back, for an undo does not: ConfigMap\/settings \(changed since\)$/,
    )
  }, 60_000)

  it('is not guessed where it is gone', async () => {
    await create('Deployment', 'short', { revisionHistoryLimit: 1 })
    const deployer = await open('Deployment', 'short')
    const before = await snapshot(deployer)
    await deployer.deploy(release('b'), 'green', signal)
    await deployer.deploy(release('c'), 'green', signal)
    await expect(deployer.restore(before, signal)).rejects.toThrow(
      /no longer keeps the template short-\w+ \(revisionHistoryLimit\); set its images by hand: app: registry\.example\.com\/shop@sha256:a+$/,
    )
    await real.request('DELETE', `${pathOf('Deployment')}/short`)
    await create('Deployment', 'short')
    await expect(deployer.restore(before, signal)).rejects.toThrow('it was deleted and created anew')
    const other = await open('Deployment', 'configured')
    await expect(other.restore(before, signal)).rejects.toThrow(
      'it is of Deployment default/short, and rollout.yml names Deployment default/configured',
    )
  }, 60_000)

  it('is freed of a pod that never gets ready, by the next one too where a restore was cut off', async () => {
    await create('StatefulSet', 'cut-off')
    const deployer = await open('StatefulSet', 'cut-off', { timeout: '3s' })
    const before = await snapshot(deployer)
    await annotate('StatefulSet', 'cut-off', { 'test/fails': 'image-pull' })
    expect(await deployer.deploy(release('c'), 'green', signal)).toMatchObject({ ended: 'failed' })
    // What it had written by then.
    await annotate('StatefulSet', 'cut-off', null)
    await real.request(
      'PATCH',
      `${pathOf('StatefulSet')}/cut-off`,
      [{ op: 'replace', path: '/spec/template/spec/containers/0/image', value: image('a') }],
      'application/json-patch+json',
    )
    await createClock().sleep(2_000, signal)
    expect(await deployer.restore(before, signal)).toMatchObject({
      ended: 'done',
      detail: expect.stringContaining('stands at'),
    })
  }, 60_000)

  it('is not waited for by a run that was cancelled', async () => {
    const ports = portsOf(new Cancelled('the run was cancelled'))
    await create('Deployment', 'cancelled')
    const deployer = await open('Deployment', 'cancelled', {}, ports)
    await annotate('Deployment', 'cancelled', { 'test/fails': 'image-pull' })
    const deploying = deployer.deploy(release('d'), 'green', ports.signal)
    setTimeout(() => ports.cancel(), 500)
    expect(await deploying).toMatchObject({ ended: 'cancelled' })
  }, 60_000)
})
