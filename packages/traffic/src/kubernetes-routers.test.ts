import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  createFakePorts,
  startFakeCluster,
  type FakeCluster,
  type FakeObject,
  type FakePorts,
} from '@deploy-actions/testing'
import { routers } from './registry'
import { Conflict, obstacleTo, type ObservedRouter } from './router'
import { restoreWeights } from './restore-weights'
import { ArmLost, NotInEffect, shift } from './shift'

const object = (apiVersion: string, kind: string, name: string, more: object = {}): FakeObject => ({
  ...{ apiVersion, kind, metadata: { name, namespace: 'default' } },
  ...more,
})
const pod = (slot: string, index: number): FakeObject => ({
  ...object('v1', 'Pod', `shop-${slot}-${index}`),
  metadata: {
    ...{ name: `shop-${slot}-${index}`, namespace: 'default' },
    labels: { app: 'shop', slot, 'pod-template-hash': 'abc' },
    ownerReferences: [{ kind: 'ReplicaSet', name: `shop-${slot}-abc`, uid: slot }],
  },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
})
const pods = (slot: string, count: number) => Array.from({ length: count }, (_, index) => pod(slot, index))
const service = (name: string, selector: Record<string, string>) =>
  object('v1', 'Service', name, { spec: { selector } })
const to = (subset: string, weight?: number) => ({
  destination: { host: 'shop', subset },
  ...(weight !== undefined && { weight }),
})
const split = [to('blue', 100), to('green', 0)]
const virtualService = (http: object[], metadata: object = {}): FakeObject => ({
  ...object('networking.istio.io/v1', 'VirtualService', 'shop'),
  metadata: { name: 'shop', namespace: 'default', ...metadata },
  spec: { hosts: ['shop'], http },
})
const destinationRule = object('networking.istio.io/v1', 'DestinationRule', 'shop', {
  spec: { host: 'shop', subsets: ['blue', 'green'].map((slot) => ({ name: slot, labels: { slot } })) },
})

let cluster: FakeCluster
let ports: FakePorts
beforeEach(async () => {
  cluster = await startFakeCluster([
    service('shop', { app: 'shop' }),
    service('shop-blue', { slot: 'blue' }),
    service('shop-green', { slot: 'green' }),
    ...[destinationRule, virtualService([{ route: split }])],
    ...[...pods('blue', 4), ...pods('green', 4)],
  ])
  ports = createFakePorts({ real: true, secrets: { KUBECONFIG: cluster.kubeconfig } })
})
afterEach(() => cluster.close())

async function open(settings: Record<string, unknown> & { type: string }): Promise<ObservedRouter> {
  const configured = await routers.configure({ ...settings, 'kubeconfig-secret': 'KUBECONFIG' })
  return configured.open(ports, ['blue', 'green'])
}
const read = async (settings: Parameters<typeof open>[0]) => (await open(settings)).read(ports.signal)
const percent = (green: number) => ({ blue: 10_000 - green * 100, green: green * 100 })
const writeOf = async (settings: Parameters<typeof open>[0], green: number) => {
  const router = await open(settings)
  await router.write(percent(green), await router.read(ports.signal), ports.signal)
}
const patches = () => cluster.requests.filter(({ method }) => method === 'PATCH')

const istio = {
  ...{ type: 'istio', 'virtual-service': 'shop' },
  members: { blue: { subset: 'blue' }, green: { subset: 'green' } },
}
const weightsOf = (index = 0) => {
  const { http } = cluster.get('virtualservices', 'shop').spec as { http: { route: { weight?: number }[] }[] }
  return http[index]?.route.map(({ weight }) => weight)
}

describe('istio', () => {
  it('changes both weights by one patch, which tests what it stands on', async () => {
    await writeOf(istio, 5)
    expect(patches()).toHaveLength(1)
    expect(JSON.parse(patches()[0]?.body ?? '')).toEqual([
      { op: 'test', path: '/metadata/resourceVersion', value: expect.any(String) },
      { op: 'test', path: '/spec/http/0/route/0/destination', value: to('blue').destination },
      { op: 'test', path: '/spec/http/0/route/1/destination', value: to('green').destination },
      { op: 'add', path: '/spec/http/0/route/0/weight', value: 95 },
      { op: 'add', path: '/spec/http/0/route/1/weight', value: 5 },
    ])
    await writeOf(istio, 0.5)
    expect(weightsOf()).toEqual([9950, 50])
  })

  it('takes weights in proportion, and a destination without one for nothing', async () => {
    cluster.put(virtualService([{ route: [to('blue', 3), to('green', 1)] }]))
    expect((await read(istio)).weights).toEqual(percent(25))
    cluster.put(virtualService([{ route: [to('blue', 1), to('green')] }]))
    expect((await read(istio)).weights).toEqual(percent(0))
    await writeOf(istio, 5)
    expect(weightsOf()).toEqual([95, 5])
  })

  it('finds the route by its destinations, and leaves narrower ones alone', async () => {
    const narrow = { match: [{ uri: { prefix: '/admin' } }], route: split }
    cluster.put(
      virtualService([narrow, { match: [{ headers: {} }], route: [to('green')] }, { route: split }]),
    )
    await writeOf(istio, 5)
    expect([weightsOf(0), weightsOf(1), weightsOf(2)]).toEqual([[100, 0], [undefined], [95, 5]])
  })

  it('asks for a name where several routes may be meant, and goes by it', async () => {
    cluster.put(virtualService([{ route: split }, { name: 'web', route: split }]))
    await expect(read(istio)).rejects.toThrow(
      'VirtualService shop has 2 HTTP routes with subset blue and subset green as destinations: give the one that is meant a name, and say it as `route`',
    )
    await writeOf({ ...istio, route: 'web' }, 5)
    expect([weightsOf(0), weightsOf(1)]).toEqual([
      [100, 0],
      [95, 5],
    ])
    cluster.put(virtualService([{ route: [to('blue')] }]))
    await expect(read(istio)).rejects.toThrow('list both there, the one without traffic with weight 0')
  })

  it('says which route it did not find', async () => {
    const members = { blue: { host: 'shop', subset: 'blue' }, green: { host: 'other' } }
    await expect(read({ ...istio, route: 'web', members })).rejects.toThrow(
      'VirtualService shop has no HTTP route named web with shop subset blue and other as destinations, each once',
    )
    await expect(read({ ...istio, members })).rejects.toThrow(
      'VirtualService shop has no HTTP route with shop subset blue and other as destinations, each once',
    )
  })

  it('tells who else gets traffic, be it little', async () => {
    cluster.put(virtualService([{ route: [...split, to('red', 1), to('grey', 0)] }]))
    expect(obstacleTo(await read(istio))).toContain(
      'also sends traffic to shop/red (weight 1), which is not an arm',
    )
    cluster.put(virtualService([{ route: [...split, to('grey', 0), to('red')] }]))
    expect(obstacleTo(await read(istio))).toBeUndefined()
    const host = { destination: { host: 'other' }, weight: 2 }
    cluster.put(virtualService([{ route: [...split, host] }]))
    expect(obstacleTo(await read(istio))).toContain('also sends traffic to other (weight 2)')
  })

  it.each([
    ['a weight', [{ route: [{ ...to('blue'), weight: '5' }, to('green')] }]],
    ['a weight less than nothing', [{ route: [to('blue', -5), to('green')] }]],
    ['a destination', [{ route: [{ destination: { subset: 'blue' } }, to('green')] }]],
    ['a route', [{ route: 'blue' }]],
    ['a match', [{ match: 'all', route: split }]],
    ['a list of routes', 'none' as unknown as object[]],
  ])('does not guess what %s means that is none', async (_, http) => {
    cluster.put(virtualService(http))
    await expect(read(istio)).rejects.toThrow('with what is not of its API')
  })

  it('names its arms, and says what it can', async () => {
    const configured = await routers.configure(istio)
    expect(configured.arms).toEqual(['blue', 'green'])
    expect((await open(istio)).capabilities).toMatchObject({
      ...{ min: 0, splits: 'requests', zero: 'weight', atomic: true, compareAndSet: true },
    })
  })

  it('asks the API in the version that the cluster has', async () => {
    cluster.missing.add('virtualservices')
    await expect(read(istio)).rejects.toThrow('has no VirtualServices: install Istio')
    cluster.missing.clear()
    for (const version of ['v1', 'v1beta1', 'v1alpha3']) {
      // Nothing but this one.
      cluster.before = ({ path }) =>
        path.includes('networking.istio.io') &&
        !path.includes(`/networking.istio.io/${version}/`) &&
        !path.endsWith(version)
          ? { status: 404, body: '404 page not found' }
          : undefined
      expect((await read(istio)).weights).toEqual(percent(0))
    }
    cluster.before = undefined
    cluster.remove('virtualservices', 'shop')
    await expect(read(istio)).rejects.toThrow('VirtualService shop is not there')
  })

  it('gives way to who has changed the weights, and not to who has changed something else', async () => {
    let writers = 0
    const meddle = (change: (count: number) => FakeObject) => {
      writers = 0
      cluster.before = ({ method }) => {
        if (method === 'PATCH') cluster.put(change(++writers))
        return undefined
      }
    }
    meddle(() => virtualService([{ route: [to('blue', 60), to('green', 40)] }]))
    await expect(writeOf(istio, 5)).rejects.toBeInstanceOf(Conflict)
    expect(weightsOf()).toEqual([60, 40])
    meddle((count) =>
      virtualService([{ route: [to('blue', 60), to('green', 40)] }], {
        labels: { count: String(Math.min(count, 3)) },
      }),
    )
    await writeOf(istio, 5)
    expect([writers, weightsOf()]).toEqual([4, [95, 5]])
    meddle((count) =>
      virtualService([{ route: [to('blue', 95), to('green', 5)] }], { labels: { count: String(count) } }),
    )
    await expect(writeOf(istio, 7)).rejects.toMatchObject({ reason: 'Invalid' })
    expect(writers).toBe(5)
  })

  it('does not try again what is refused for what it is', async () => {
    cluster.before = ({ method }) =>
      method === 'PATCH'
        ? { status: 422, body: { kind: 'Status', reason: 'Invalid', message: 'denied by a webhook' } }
        : undefined
    await expect(writeOf(istio, 5)).rejects.toThrow('denied by a webhook')
    expect(patches()).toHaveLength(1)
  })

  it.each([
    [{ ownerReferences: [{ kind: 'Canary', name: 'shop', uid: '1' }] }, 'Flagger (Canary shop)', true],
    [
      { annotations: { 'argo-rollouts.argoproj.io/managed-by-rollouts': 'web' } },
      'Argo Rollouts (Rollout web)',
      true,
    ],
    [
      { annotations: { 'argocd.argoproj.io/tracking-id': 'shop:/Service:default/shop' } },
      'Argo CD (application shop)',
      false,
    ],
    [
      {
        labels: { 'app.kubernetes.io/instance': 'shop' },
        managedFields: [{ manager: 'argocd-controller', operation: 'Apply' }],
      },
      'Argo CD (application shop)',
      false,
    ],
    [{ labels: { 'app.kubernetes.io/instance': 'of-helm' } }, undefined, false],
  ])('knows by %j that it is of %s', async (metadata, owner, steers) => {
    cluster.put(virtualService([{ route: split }], metadata))
    const state = await read(istio)
    expect(state.owner).toBe(owner)
    expect(obstacleTo(state) !== undefined).toBe(steers)
    if (!steers) return
    await expect(writeOf(istio, 5)).rejects.toThrow(/two writers would fight.*; nothing was written$/)
    expect(weightsOf()).toEqual([100, 0])
  })
})

describe('endpoints', () => {
  const wait = { timeoutMs: 2_000, settleMs: 0, pollMs: 1_000 }
  const shifted = async (settings: Parameters<typeof open>[0], green: number) => {
    const router = await open(settings)
    return shift(router, percent(green), await router.read(ports.signal), ports, wait)
  }

  it('must be enough for a share that grows, and are waited for', async () => {
    for (const index of [1, 2, 3]) cluster.remove('pods', `shop-green-${index}`)
    await shifted(istio, 25)
    await expect(shifted(istio, 26)).rejects.toThrow(
      new ArmLost(
        'green has 1 of 2 ready endpoints that 26% of the traffic need (Service default/shop subset green); nothing was written',
      ),
    )
    expect(weightsOf()).toEqual([75, 25])
    expect((await shifted({ ...istio, endpoints: 'any' }, 50)).weights).toEqual(percent(50))
    let looks = 0
    cluster.before = ({ path }) => {
      if (path.includes('endpointslices') && ++looks === 8) cluster.put(pod('green', 1))
      if (path.includes('endpointslices') && looks === 8) cluster.put(pod('green', 2))
      return undefined
    }
    expect((await shifted(istio, 75)).weights).toEqual(percent(75))
  })

  it('count once, and only while they can take requests', async () => {
    const slice = (name: string, addressType: string, endpoints: object[]) =>
      cluster.put({
        ...object('discovery.k8s.io/v1', 'EndpointSlice', name),
        metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': 'shop-green' } },
        ...{ addressType, endpoints },
      })
    const endpoint = (index: number, conditions?: object) => ({
      addresses: [`10.0.0.${index}`],
      ...(conditions && { conditions }),
      targetRef: { kind: 'Pod', name: `shop-green-${index}` },
    })
    cluster.controllers = false
    cluster.remove('endpointslices', 'shop-green-fake')
    cluster.put(httpRoute())
    const counted = async (): Promise<string> => {
      const failure = await shifted(gateway, 100).catch((error: Error) => error)
      return failure instanceof Error ? failure.message : 'enough'
    }
    const leaving = endpoint(1, { ready: true, terminating: true })
    slice('one', 'IPv4', [endpoint(0), leaving, endpoint(2, { ready: false })])
    slice('two', 'IPv6', [endpoint(0), leaving, endpoint(2, { ready: false })])
    expect(await counted()).toMatch(/^green has 1 of 4 ready endpoints/)
    slice('three', 'IPv6', [endpoint(3, { ready: true })])
    expect(await counted()).toMatch(/^green has 2 of 4 ready endpoints/)
    // What nobody says is not ready counts as ready.
    slice('two', 'IPv6', [endpoint(0, {}), endpoint(1), endpoint(2, { ready: null })])
    expect(await counted()).toBe('enough')
  })
  const gateway = {
    ...{ type: 'gateway-api', route: 'shop' },
    members: { blue: { service: 'shop-blue' }, green: { service: 'shop-green' } },
  }
  const httpRoute = () => {
    const taken = ['Accepted', 'ResolvedRefs'].map((type) => ({
      type,
      status: 'True',
      observedGeneration: 9,
    }))
    return object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'shop', {
      spec: {
        parentRefs: [{ name: 'edge' }],
        rules: [{ backendRefs: [{ name: 'shop-blue' }, { name: 'shop-green', weight: 0 }] }],
      },
      status: { parents: [{ parentRef: { name: 'edge' }, conditions: taken }] },
    })
  }

  it('are asked of nobody for a share that shrinks', async () => {
    await shifted(istio, 25)
    for (const index of [1, 2, 3]) cluster.remove('pods', `shop-green-${index}`)
    expect((await shifted(istio, 10)).weights).toEqual(percent(10))
  })

  it('make an arm without any down, unless nobody looks', async () => {
    for (const index of [0, 1, 2, 3]) cluster.remove('pods', `shop-green-${index}`)
    expect((await read(istio)).members).toMatchObject({ blue: { healthy: true }, green: { healthy: false } })
    await expect(shifted(istio, 5)).rejects.toThrow(
      /green got no traffic: .*green is down; nothing was written/,
    )
    const { members } = await read({ ...istio, endpoints: 'ignore' })
    expect(members['green']).toEqual({ enabled: true, units: 0 })
    expect((await shifted({ ...istio, endpoints: 'ignore' }, 5)).weights).toEqual(percent(5))
  })

  it('are not known of hosts that are no Services, and nothing is said of them', async () => {
    const host = (name: string) => ({ destination: { host: name } })
    cluster.put(virtualService([{ route: [{ ...host('a.example.com'), weight: 1 }, host('shop-green')] }]))
    const members = { blue: { host: 'a.example.com' }, green: { host: 'shop-green' } }
    expect((await read({ ...istio, members })).members).toEqual({
      blue: { enabled: true, units: 1 },
      green: { enabled: true, units: 0, healthy: true },
    })
  })

  it('are told of where an autoscaler may take them away, and not where it leaves enough', async () => {
    cluster.put(
      object('autoscaling/v2', 'HorizontalPodAutoscaler', 'other', {
        spec: { minReplicas: 1, scaleTargetRef: { kind: 'Deployment', name: 'other' } },
      }),
    )
    cluster.put(
      object('autoscaling/v2', 'HorizontalPodAutoscaler', 'blue', {
        spec: { minReplicas: 4, scaleTargetRef: { kind: 'Deployment', name: 'shop-green' } },
      }),
    )
    await shifted(istio, 1)
    expect(ports.recorded.log).toEqual([])
    cluster.remove('horizontalpodautoscalers', 'blue')
    cluster.put(
      object('autoscaling/v2', 'HorizontalPodAutoscaler', 'shop', {
        metadata: {
          ...{ name: 'keda-hpa-shop', namespace: 'default' },
          ownerReferences: [{ kind: 'ScaledObject', name: 'shop', uid: '1' }],
        },
        spec: { minReplicas: 2, scaleTargetRef: { kind: 'Deployment', name: 'shop-green' } },
      }),
    )
    await shifted(istio, 5)
    expect(ports.recorded.log).toEqual([
      {
        level: 'warning',
        line: 'VirtualService shop: ScaledObject shop (KEDA) may leave green with 2 of the 4 pods that serve now: let its least be 4 until the release is done',
      },
    ])
  })
})

describe('what autoscalers do', () => {
  it.each([
    ['refuses to tell', { status: 403, body: { kind: 'Status', reason: 'Forbidden', message: 'forbidden' } }],
    ['tells something else', { status: 200, body: '<html>' }],
  ])('is only told, so that nothing fails where the cluster %s', async (_, answer) => {
    cluster.before = ({ path }) => (path.includes('horizontalpodautoscalers') ? answer : undefined)
    const router = await open(istio)
    const { weights } = await shift(router, percent(5), await router.read(ports.signal), ports)
    expect(weights).toEqual(percent(5))
    expect(ports.recorded.log.map(({ line }) => line)).toEqual([
      expect.stringContaining('nobody knows what autoscalers do with the arms'),
    ])
  })
})

describe('gateway-api', () => {
  const settings = {
    ...{ type: 'gateway-api', route: 'shop' },
    members: { blue: { service: 'shop-blue' }, green: { service: 'shop-green' } },
  }
  const rule = (more: object = {}) => ({
    backendRefs: [{ name: 'shop-blue' }, { name: 'shop-green', weight: 0 }],
    ...more,
  })
  const httpRoute = (rules: object[], more: object = {}) =>
    object('gateway.networking.k8s.io/v1', 'HTTPRoute', 'shop', {
      spec: { parentRefs: [{ name: 'edge' }], rules },
      ...more,
    })

  it('is not in effect before each Gateway has taken it up as it is', async () => {
    cluster.put(httpRoute([rule()]))
    expect((await read(settings)).pending).toBeUndefined()
    cluster.controllers = false
    const router = await open(settings)
    const failure = shift(router, percent(5), await router.read(ports.signal), ports)
    await expect(failure).rejects.toBeInstanceOf(NotInEffect)
    await expect(failure).rejects.toThrow(
      'the router holds blue 95%, green 5%, Gateway edge has not taken the route up as it is now',
    )
    const conditions = [
      { type: 'Accepted', status: 'True', observedGeneration: 9 },
      {
        ...{ type: 'ResolvedRefs', status: 'False', observedGeneration: 9 },
        ...{ reason: 'BackendNotFound', message: 'no shop-green' },
      },
    ]
    cluster.put(httpRoute([rule()], { status: { parents: [{ parentRef: { name: 'edge' }, conditions }] } }))
    expect((await read(settings)).pending).toBe(
      'Gateway edge does not take the route: BackendNotFound no shop-green',
    )
    cluster.put(httpRoute([rule()], { status: {} }))
    expect((await read(settings)).pending).toBe('no Gateway has taken the route up')
  })

  it('finds its rule by its backends or its name', async () => {
    cluster.put(httpRoute([rule(), rule({ name: 'web' })]))
    await expect(read(settings)).rejects.toThrow(
      'HTTPRoute shop has 2 rules with shop-blue and shop-green as backends',
    )
    await writeOf({ ...settings, rule: 'web' }, 5)
    expect((await read({ ...settings, rule: 'web' })).weights).toEqual(percent(5))
    cluster.put(httpRoute([{ backendRefs: [{ name: 'shop-blue' }] }]))
    await expect(read(settings)).rejects.toThrow('has no rule with shop-blue and shop-green as backends')
  })

  it('tells of strangers, and of clients that it binds', async () => {
    cluster.put(httpRoute([rule({ sessionPersistence: { type: 'Cookie' } })]))
    expect(obstacleTo(await read(settings))).toContain('binds clients to backends (sessionPersistence)')
    const { backendRefs } = rule()
    cluster.put(httpRoute([{ backendRefs: [...backendRefs, { name: 'red' }] }]))
    expect(obstacleTo(await read(settings))).toContain('also sends traffic to red (weight 1)')
  })
})

describe('kubernetes-service', () => {
  const settings = {
    ...{ type: 'kubernetes-service', service: 'shop' },
    members: { blue: { value: 'blue' }, green: { value: 'green' } },
  }

  it('is not in effect while its endpoints are those of the other arm', async () => {
    cluster.put(service('shop', { app: 'shop', slot: 'blue' }))
    cluster.controllers = false
    await writeOf(settings, 100)
    expect(await read(settings)).toMatchObject({
      weights: percent(100),
      pending: '4 of its endpoints are not of green yet',
    })
  })

  it('refuses what selects both, or neither', async () => {
    await expect(read(settings)).rejects.toThrow(
      "Service shop selects pods whatever their slot, which is none of the arms: blue is slot=blue, green is slot=green; set the selector's slot to one of them",
    )
    cluster.put(service('shop', { app: 'shop', slot: 'red' }))
    await expect(read(settings)).rejects.toThrow('Service shop selects slot=red, which is none of the arms')
  })
})

describe('kubernetes-ingress-nginx', () => {
  const NGINX = 'nginx.ingress.kubernetes.io/'
  const settings = {
    type: 'kubernetes-ingress-nginx',
    members: { blue: { ingress: 'blue' }, green: { ingress: 'green' } },
  }
  const ingress = (name: string, annotations: Record<string, string>) =>
    cluster.put({
      ...object('networking.k8s.io/v1', 'Ingress', name),
      metadata: {
        ...{ name, namespace: 'default' },
        annotations: Object.fromEntries(
          Object.entries(annotations).map(([key, value]) => [NGINX + key, value]),
        ),
      },
      spec: {
        rules: [{ http: { paths: [{ backend: { service: { name: `shop-${name}` } } }] } }],
      },
    })
  const annotations = () => cluster.get('ingresses', 'green').metadata.annotations

  it('keeps the total that is there where it can hold the share, and takes a finer one where not', async () => {
    ingress('blue', {})
    ingress('green', { canary: 'true', 'canary-weight-total': '1000' })
    await writeOf(settings, 5)
    expect(annotations()).toMatchObject({
      [`${NGINX}canary-weight`]: '50',
      [`${NGINX}canary-weight-total`]: '1000',
    })
    await writeOf(settings, 0.25)
    expect(annotations()).toMatchObject({
      [`${NGINX}canary-weight`]: '25',
      [`${NGINX}canary-weight-total`]: '10000',
    })
    expect((await read(settings)).weights).toEqual({ blue: 9975, green: 25 })
  })

  it('knows which of the two is the canary, and refuses what is not clear', async () => {
    ingress('blue', {})
    ingress('green', {})
    await expect(read(settings)).rejects.toThrow('neither is marked as canary')
    ingress('green', { canary: 'true', 'canary-weight': 'much' })
    await expect(read(settings)).rejects.toThrow(
      /canary-weight of green is "much", which is not a whole number/,
    )
    ingress('blue', { canary: 'true' })
    await expect(read(settings)).rejects.toThrow('both are marked as canary')
  })

  it('tells of clients that a cookie binds to the canary', async () => {
    ingress('green', { canary: 'true' })
    ingress('blue', { affinity: 'cookie' })
    expect(obstacleTo(await read(settings))).toContain('binds clients to the canary by the cookie of blue')
    ingress('blue', { affinity: 'cookie', 'affinity-canary-behavior': 'legacy' })
    expect(obstacleTo(await read(settings))).toBeUndefined()
  })
})

describe('kubernetes-replicas', () => {
  const settings = {
    ...{ type: 'kubernetes-replicas', replicas: 10 },
    members: { blue: { workload: 'blue' }, green: { workload: 'green' } },
  }
  const deployment = (name: string, replicas: number) =>
    cluster.put(object('apps/v1', 'Deployment', name, { spec: { replicas } }))
  const replicas = () => ['blue', 'green'].map((name) => cluster.get('deployments', name).spec?.['replicas'])

  it('lets pods start before others go, and takes what gets nothing away at once', async () => {
    deployment('blue', 10)
    deployment('green', 0)
    const seen: unknown[] = []
    cluster.before = ({ method }) => (method === 'PATCH' && seen.push(replicas()), undefined)
    await writeOf(settings, 30)
    await writeOf(settings, 0)
    expect(seen).toEqual([
      [10, 0],
      [10, 3],
      [7, 3],
      [10, 3],
    ])
    expect(replicas()).toEqual([10, 0])
  })

  it('waits for pods that do not come, and says that they get nothing', async () => {
    deployment('blue', 10)
    deployment('green', 0)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    cluster.controllers = false
    await router.write(percent(30), before, ports.signal)
    expect(await router.read(ports.signal)).toMatchObject({ weights: percent(30), effective: percent(0) })
    expect(ports.clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')).toBe(120_000)
  })

  it('keeps who serves until enough of those that take over are ready', async () => {
    deployment('blue', 8)
    deployment('green', 2)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    cluster.controllers = false
    const ready = () => cluster.get('deployments', 'green').status?.['readyReplicas']
    let looks = 0
    const readyWhenBlueGoes: unknown[] = []
    cluster.before = ({ method, path }) => {
      if (method === 'PATCH' && path.includes('blue')) readyWhenBlueGoes.push(ready())
      if (replicas()[1] === 10 && ++looks === 6)
        cluster.put({ ...cluster.get('deployments', 'green'), status: { readyReplicas: 10 } })
      return undefined
    }
    await router.write(percent(100), before, ports.signal)
    expect(readyWhenBlueGoes).toEqual([10])
    expect(replicas()).toEqual([0, 10])
  })

  it('does not take the last pods that serve away for some that do not come', async () => {
    deployment('blue', 10)
    deployment('green', 0)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    cluster.controllers = false
    await expect(router.write(percent(100), before, ports.signal)).rejects.toThrow(
      'Deployment green has no ready pod after 2m; Deployment blue was left as it is',
    )
    expect(replicas()).toEqual([10, 10])
  })

  it.each(['green', 'blue'])(
    'goes on where a lost answer has cut it off, when it was that about %s',
    async (name) => {
      deployment('blue', 10)
      deployment('green', 0)
      const router = await open(settings)
      const before = await router.read(ports.signal)
      let lost = 0
      cluster.before = ({ method, path }) => {
        if (method !== 'PATCH' || !path.includes(name) || ++lost > 1) return undefined
        if (name === 'green') deployment('green', 3)
        return { status: 503, body: { kind: 'Status', reason: 'ServiceUnavailable' } }
      }
      expect((await shift(router, percent(30), before, ports)).weights).toEqual(percent(30))
      expect(replicas()).toEqual([7, 3])
    },
  )

  it('waits for the pods of one that has grown before its answer was lost', async () => {
    deployment('blue', 10)
    deployment('green', 0)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    cluster.controllers = false
    deployment('green', 10)
    await expect(router.write(percent(100), before, ports.signal)).rejects.toThrow(
      'Deployment green has no ready pod after 2m; Deployment blue was left as it is',
    )
    expect(replicas()).toEqual([10, 10])
  })

  it('lets nobody go for pods that were written and are not wanted there', async () => {
    deployment('blue', 5)
    deployment('green', 5)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    let lies = 0
    cluster.before = ({ method, path }) =>
      method === 'PATCH' && path.includes('blue') && ++lies === 1
        ? { status: 200, body: { ...cluster.get('deployments', 'blue'), spec: { replicas: 10 } } }
        : undefined
    await expect(router.write(percent(0), before, ports.signal)).rejects.toThrow(
      'Deployment blue does not have the replicas that were written, and no other workload was made smaller',
    )
    expect(replicas()).toEqual([5, 5])
    await router.write(percent(0), before, ports.signal)
    expect(replicas()).toEqual([10, 0])
  })

  it('takes a bad release off all the same where something undoes what the other was given', async () => {
    deployment('blue', 3)
    deployment('green', 7)
    const router = await open(settings)
    cluster.before = ({ method, path }) => {
      // A controller that is at once where it wants to be.
      if (method === 'GET' && path.endsWith('/blue')) deployment('blue', 3)
      return undefined
    }
    const restored = await restoreWeights(router, percent(0), ports, { withinMs: 600_000 })
    expect(restored.weights).toEqual(percent(0))
    expect(replicas()).toEqual([3, 0])
    expect(ports.recorded.log.map(({ line }) => line).join()).toContain(
      'Deployment blue does not keep the replicas that were written: something undoes it, and 3 ready pods take all of the traffic',
    )
  })

  it('takes more pods than it has written for enough', async () => {
    deployment('blue', 5)
    deployment('green', 5)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    let patched = false
    cluster.before = ({ method, path }) => {
      if (method === 'GET' && path.endsWith('/blue') && patched) deployment('blue', 20)
      patched ||= method === 'PATCH' && path.includes('blue')
      return undefined
    }
    await router.write(percent(0), before, ports.signal)
    expect(replicas()).toEqual([20, 0])
  })

  it('lets nobody go for one that has none ready, be it that it is made smaller, too', async () => {
    deployment('blue', 10)
    deployment('green', 0)
    cluster.controllers = false
    deployment('green', 12)
    const router = await open(settings)
    const before = await router.read(ports.signal)
    await expect(router.write(percent(100), before, ports.signal)).rejects.toThrow(
      'Deployment green has no ready pod after 2m',
    )
    expect(replicas()[0]).toBe(10)
  })

  it('gives way to who has scaled one of them', async () => {
    deployment('blue', 10)
    deployment('green', 0)
    cluster.before = ({ method, path }) => {
      if (method === 'PATCH' && path.includes('green')) deployment('green', 5)
      return undefined
    }
    await expect(writeOf(settings, 30)).rejects.toBeInstanceOf(Conflict)
    expect(replicas()).toEqual([10, 5])
  })
})
