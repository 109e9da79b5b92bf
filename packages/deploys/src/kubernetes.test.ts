import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeCluster, type FakeCluster, type FakeObject } from '@deploy-actions/testing'
import type { Deployer } from './deployer'
import { deployers } from './registry'
import { deployPoint } from './restore-point'

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`
const image = (letter: string): string => `registry.example.com/shop@${digest(letter)}`
const release = (letter: string) => ({ version: letter, digest: digest(letter) })
const arms = { baseline: 'blue', canary: 'green' }
const { signal } = new AbortController()

const deployment = (spec: object = {}): FakeObject => ({
  ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop', namespace: 'shop' } },
  spec: {
    ...{ replicas: 2, selector: { matchLabels: { app: 'shop' } } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'app', image: image('a') }] },
    },
    ...spec,
  },
})

let cluster: FakeCluster
beforeEach(async () => {
  cluster = await startFakeCluster([deployment()])
})
afterEach(() => cluster.close())

async function open(settings: object = {}): Promise<Deployer> {
  const configured = await deployers.configure({
    ...{ type: 'kubernetes', name: 'shop', namespace: 'shop', 'kubeconfig-secret': 'KUBE' },
    ...settings,
  })
  return configured.open(createFakePorts({ real: true, secrets: { KUBE: cluster.kubeconfig } }), arms)
}
const pointOf = async (deployer: Deployer) => deployPoint().parse((await deployer.snapshot(signal))[0])
const held = () =>
  cluster.get('deployments', 'shop', 'shop').spec as {
    template: { spec: { containers: { image: string }[] } }
  }
const runs = () => held().template.spec.containers[0]?.image
const patches = () => cluster.requests.filter(({ method }) => method === 'PATCH').length
const away = { kind: 'Status', reason: 'ServiceUnavailable', message: 'the server is away', code: 503 }

describe('a workload that is put back', () => {
  it('is not called back where somebody has brought another template since', async () => {
    const deployer = await open()
    const before = await pointOf(deployer)
    await deployer.deploy(release('b'), 'green', signal)
    cluster.before = ({ method }) => {
      // A tool that keeps the workload as its repository says it.
      if (method === 'GET' && patches() > 1 && runs() === image('a'))
        cluster.put(deployment({ template: { ...held().template, spec: containers('b') } }))
      return undefined
    }
    const back = await deployer.restore(before, signal)
    expect(runs()).toBe(image('b'))
    expect(back).toMatchObject({
      ended: 'failed',
      detail: expect.stringMatching(
        /^Deployment shop\/shop was put back to shop-hash1, but somebody has changed its template since: it is to run app: .*b$/,
      ),
    })
  })

  it('is put back by an API server that is away for a while', async () => {
    const deployer = await open()
    const before = await pointOf(deployer)
    await deployer.deploy(release('b'), 'green', signal)
    let asked = 0
    cluster.before = () => (++asked % 2 === 1 && asked < 12 ? { status: 503, body: away } : undefined)
    expect(await deployer.restore(before, signal)).toMatchObject({ ended: 'done' })
    expect(runs()).toBe(image('a'))
  })
})

describe('the health of a workload that is put back', () => {
  const health = { port: 8080, paths: ['/live', '/ready'] }
  /** Answers of pods, by what is asked of them. */
  const pods = (status: (path: string) => number) => {
    const asked: string[] = []
    cluster.before = ({ path }) => {
      const [, pod = '', of = ''] = /\/pods\/([^/]+):8080\/proxy(\/.*)$/.exec(decodeURIComponent(path)) ?? []
      if (pod === '') return undefined
      asked.push(`${pod}${of}`)
      return { status: status(of), body: 'ok' }
    }
    return asked
  }

  it('is asked of every pod, through the API server', async () => {
    const deployer = await open({ health })
    const before = await pointOf(deployer)
    await deployer.deploy(release('b'), 'green', signal)
    const asked = pods(() => 200)
    expect(await deployer.restore(before, signal)).toMatchObject({ ended: 'done' })
    const each = ['0', '1'].flatMap((pod) => ['/live', '/ready'].map((path) => `shop-hash1-${pod}${path}`))
    expect(asked.toSorted()).toEqual(each)
  })

  it('is asked again where a pod came or went, and told where it stays ill', async () => {
    const deployer = await open({ health })
    const before = await pointOf(deployer)
    let left = 3
    pods(() => (left-- > 0 ? 404 : 200))
    expect(await deployer.restore(before, signal)).toMatchObject({ ended: 'done' })
    pods((path) => (path === '/ready' ? 503 : 200))
    expect(await deployer.restore(before, signal)).toMatchObject({
      ended: 'failed',
      detail: expect.stringMatching(
        /^Deployment shop\/shop is back at shop-hash1, but \/ready of shop-hash1-\d answered 503$/,
      ),
    })
  })
})

const containers = (letter: string) => ({ containers: [{ name: 'app', image: image(letter) }] })

describe('a workload that could not be put back, or would not run the release', () => {
  it.each([
    ['keeps no template', { revisionHistoryLimit: 0 }, 'keeps no template but the one that runs'],
    ['is paused', { paused: true }, 'is paused: nothing is rolled out before somebody resumes it'],
  ])('since it %s is refused before anything is written', async (_, spec, message) => {
    cluster.put(deployment(spec))
    const deployer = await open()
    await expect(deployer.snapshot(signal)).rejects.toThrow(message)
    expect(patches()).toBe(0)
  })
})
