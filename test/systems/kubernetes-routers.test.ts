import { readFile } from 'node:fs/promises'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { createClock, ProviderError, type HttpRequest } from '@deploy-actions/action-kit'
import { checks } from '@deploy-actions/checks'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import {
  ArmLost,
  Conflict,
  NotInEffect,
  obstacleTo,
  restoreWeights,
  routers,
  shift,
  type ObservedRouter,
} from '@deploy-actions/traffic'
import { create, defineKinds, documentsIn, type LocalCluster, until } from '@deploy-actions/local-cluster'
import { installKinds } from './crds'
import { startRealCluster } from './real-cluster'

// The routers and checks of Kubernetes before the real API server with the real kinds, by an account that has the rights of
// docs/kubernetes/rbac.yaml and no others.

const NAMESPACE = 'shop'
const JSON_PATCH = 'application/json-patch+json'
const ISTIO = `/apis/networking.istio.io/v1/namespaces/${NAMESPACE}`
const ROUTES = `/apis/gateway.networking.k8s.io/v1/namespaces/${NAMESPACE}/httproutes`
const INGRESSES = `/apis/networking.k8s.io/v1/namespaces/${NAMESPACE}/ingresses`
const SERVICES = `/api/v1/namespaces/${NAMESPACE}/services`
const DEPLOYMENTS = `/apis/apps/v1/namespaces/${NAMESPACE}/deployments`

let real: LocalCluster
let kubeconfig: string
beforeAll(async () => {
  real = await startRealCluster()
  await create(real, '/api/v1/namespaces', { metadata: { name: NAMESPACE } })
  await installKinds(real, 'istio', 'gateway-api', 'flagger')
  kubeconfig = await accountOfTheManual()
  for (const slot of ['blue', 'green']) {
    await create(real, DEPLOYMENTS, deployment(slot, 4))
    await create(real, SERVICES, service(`shop-${slot}`, { app: 'shop', slot }))
  }
  await create(real, SERVICES, service('shop-both', { app: 'shop' }))
  await create(real, SERVICES, service('shop', { app: 'shop', slot: 'blue' }))
  await create(real, `${ISTIO}/destinationrules`, {
    ...istio('DestinationRule', 'shop'),
    spec: {
      host: 'shop-both',
      subsets: ['blue', 'green'].map((slot) => ({ name: slot, labels: { slot } })),
    },
  })
  await readyPods('green', 4)
  await readyPods('blue', 4)
}, 240_000)
afterAll(() => real.close())

let ports: FakePorts
beforeEach(() => void (ports = portsWith()))

/** Time is real here: what controllers do takes some. */
const portsWith = (): FakePorts =>
  createFakePorts({
    real: true,
    secrets: { KUBECONFIG: kubeconfig },
    clock: { ...createClock(), advance: () => undefined },
  })

async function open(settings: Record<string, unknown> & { type: string }): Promise<ObservedRouter> {
  const configured = await routers.configure({
    ...settings,
    namespace: NAMESPACE,
    'kubeconfig-secret': 'KUBECONFIG',
  })
  return configured.open(ports, ['blue', 'green'])
}

const percent = (green: number) => ({ blue: 10_000 - green * 100, green: green * 100 })
const shiftTo = async (router: ObservedRouter, green: number) =>
  shift(router, percent(green), await router.read(ports.signal), ports, {
    ...{ timeoutMs: 10_000, settleMs: 300, pollMs: 100 },
  })
/** 5, then 25, then back to what was there. */
async function fiveTwentyFiveBack(router: ObservedRouter, during: (green: number) => Promise<void>) {
  const before = await router.read(ports.signal)
  for (const green of [5, 25]) {
    expect((await shiftTo(router, green)).effective).toEqual(percent(green))
    await during(green)
  }
  await restoreWeights(router, before.weights, ports, { withinMs: 10_000 })
  await during(0)
}

interface Manifest {
  metadata: { name: string; resourceVersion?: string; generation?: number; uid?: string }
  spec: Record<string, unknown>
}
const get = async <T = Manifest>(address: string): Promise<T> => {
  const { status, body } = await real.request('GET', address)
  expect(status).toBe(200)
  return body as T
}
const patch = async (address: string, ...steps: object[]): Promise<void> => {
  const { status, body } = await real.request('PATCH', address, steps, JSON_PATCH)
  if (status !== 200) throw new Error(JSON.stringify(body))
}

function deployment(slot: string, replicas: number) {
  const labels = { app: 'shop', slot }
  return {
    metadata: { name: `shop-${slot}` },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } },
    },
  }
}
const service = (name: string, selector: Record<string, string>) => ({
  metadata: { name },
  spec: { selector, ports: [{ port: 80 }] },
})
const istio = (kind: string, name: string) => ({
  apiVersion: 'networking.istio.io/v1',
  kind,
  metadata: { name },
})

const scale = (slot: string, replicas: number) =>
  patch(`${DEPLOYMENTS}/shop-${slot}/scale`, { op: 'replace', path: '/spec/replicas', value: replicas })

/** Waits until the endpoints of an arm are as many as its pods. */
const readyPods = (slot: string, count: number): Promise<void> =>
  until(async () => {
    const selector = encodeURIComponent(`kubernetes.io/service-name=shop-${slot}`)
    const { items } = await get<{ items: { endpoints: { conditions: { ready: boolean } }[] | null }[] }>(
      `/apis/discovery.k8s.io/v1/namespaces/${NAMESPACE}/endpointslices?labelSelector=${selector}`,
    )
    const ready = items
      .flatMap(({ endpoints }) => endpoints ?? [])
      .filter(({ conditions }) => conditions.ready)
    if (ready.length !== count) throw new Error(`${slot} has ${ready.length} of ${count} ready endpoints`)
  }, 1200)

/** Creates what the manual says, and gives a kubeconfig of that account. */
async function accountOfTheManual(): Promise<string> {
  const manual = await readFile(new URL('../../docs/kubernetes/rbac.yaml', import.meta.url), 'utf8')
  for (const object of documentsIn(manual) as { kind: string; apiVersion: string }[]) {
    const group = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion}`
    await create(real, `${group}/namespaces/${NAMESPACE}/${object.kind.toLowerCase()}s`, object)
  }
  const { status } = (await create(
    real,
    `/api/v1/namespaces/${NAMESPACE}/serviceaccounts/deploy-actions/token`,
    { spec: {} },
  )) as { status: { token: string } }
  const config = JSON.parse(await readFile(real.kubeconfig, 'utf8')) as { users: { user: object }[] }
  config.users[0]!.user = { token: status.token }
  return JSON.stringify(config)
}

describe('istio', () => {
  const VIRTUAL_SERVICE = `${ISTIO}/virtualservices/shop`
  const settings = {
    ...{ type: 'istio', 'virtual-service': 'shop' },
    members: { blue: { subset: 'blue' }, green: { subset: 'green' } },
  }
  const to = (subset: string, weight?: number) => ({
    destination: { host: 'shop-both', subset },
    ...(weight !== undefined && { weight }),
  })
  const http = [
    { match: [{ headers: { 'x-canary': { exact: 'true' } } }], route: [to('green')] },
    { route: [to('blue', 100), to('green', 0)], timeout: '3s', retries: { attempts: 2 } },
  ]
  const weightAt = (index: number) => `/spec/http/1/route/${index}/weight`
  const weights = async () => {
    const { spec } = await get<{ spec: { http: { route: { weight?: number }[] }[] } }>(VIRTUAL_SERVICE)
    return spec.http[1]!.route.map(({ weight }) => weight)
  }
  beforeAll(async () => {
    await create(real, `${ISTIO}/virtualservices`, {
      ...istio('VirtualService', 'shop'),
      spec: { hosts: ['shop'], http },
    })
  })

  it('goes to 5, to 25 and back, and everything but two weights stays as it is, to the byte', async () => {
    const router = await open(settings)
    const before = JSON.stringify((await get(VIRTUAL_SERVICE)).spec)
    await fiveTwentyFiveBack(router, async (green) => {
      const { spec } = await get(VIRTUAL_SERVICE)
      const [testers, split] = spec['http'] as [unknown, { route: unknown }]
      expect(JSON.stringify(testers)).toBe(JSON.stringify(http[0]))
      expect(split).toEqual({ ...http[1], route: [to('blue', 100 - green), to('green', green)] })
    })
    expect(JSON.stringify((await get(VIRTUAL_SERVICE)).spec)).toBe(before)
  })

  it('leaves the route for testers of a VirtualService of an older version as it is, to the byte', async () => {
    const api = (subset: string, weight?: number) => ({
      destination: { host: 'api-gateway', subset },
      ...(weight !== undefined && { weight }),
    })
    const testers = { match: [{ headers: { 'x-canary': { exact: 'true' } } }], route: [api('canary')] }
    await create(real, `/apis/networking.istio.io/v1beta1/namespaces/${NAMESPACE}/virtualservices`, {
      ...{ apiVersion: 'networking.istio.io/v1beta1', kind: 'VirtualService' },
      metadata: { name: 'api-gateway' },
      spec: {
        hosts: ['api-gateway', 'api.example.com'],
        gateways: ['edge'],
        http: [testers, { route: [api('stable', 95), api('canary', 5)] }],
      },
    })
    const address = `${ISTIO}/virtualservices/api-gateway`
    const before = JSON.stringify((await get(address)).spec)
    const router = await open({
      ...{ type: 'istio', 'virtual-service': 'api-gateway' },
      members: { blue: { subset: 'stable' }, green: { subset: 'canary' } },
    })
    const found = await router.read(ports.signal)
    // No DestinationRule names these subsets: of their endpoints nothing is known.
    expect(found).toMatchObject({ weights: percent(5), members: { green: { enabled: true, units: 5 } } })
    for (const green of [25, 50]) {
      await shiftTo(router, green)
      const { http: routes } = (await get(address)).spec as { http: object[] }
      expect(routes.map((route) => JSON.stringify(route))).toEqual([
        JSON.stringify(testers),
        JSON.stringify({ route: [api('stable', 100 - green), api('canary', green)] }),
      ])
    }
    await restoreWeights(router, found.weights, ports, { withinMs: 10_000 })
    expect(JSON.stringify((await get(address)).spec)).toBe(before)
  })

  /** Somebody else comes between the read and the patch of a write. */
  const interrupted = async (by: () => Promise<void>): Promise<ObservedRouter> => {
    let come = false
    const request = ports.http.request.bind(ports.http)
    const configured = await routers.configure({
      ...{ ...settings, namespace: NAMESPACE, 'kubeconfig-secret': 'KUBECONFIG' },
    })
    return configured.open(
      {
        ...ports,
        http: {
          async request(asked: HttpRequest) {
            if (asked.method === 'PATCH' && !come) {
              come = true
              await by()
            }
            return request(asked)
          },
        },
      },
      ['blue', 'green'],
    )
  }

  it('does not write over who came between the read and the patch', async () => {
    const router = await interrupted(() =>
      patch(
        VIRTUAL_SERVICE,
        { op: 'replace', path: weightAt(0), value: 60 },
        { op: 'replace', path: weightAt(1), value: 40 },
      ),
    )
    const before = await router.read(ports.signal)
    await expect(router.write(percent(5), before, ports.signal)).rejects.toBeInstanceOf(Conflict)
    expect(await weights()).toEqual([60, 40])
    await restoreWeights(router, before.weights, ports, { withinMs: 10_000 })
    expect(await weights()).toEqual([100, 0])
  })

  it('writes once more where who came between has left the weights alone, and keeps what he wrote', async () => {
    const labelled = { op: 'add', path: '/metadata/labels', value: { team: 'checkout' } }
    const router = await interrupted(() => patch(VIRTUAL_SERVICE, labelled))
    await router.write(percent(5), await router.read(ports.signal), ports.signal)
    expect(await weights()).toEqual([95, 5])
    expect(await get(VIRTUAL_SERVICE)).toMatchObject({ metadata: { labels: { team: 'checkout' } } })
    await shiftTo(router, 0)
  })

  it('gives an arm no more than its ready endpoints can carry', async () => {
    await scale('green', 1)
    await readyPods('green', 1)
    const router = await open(settings)
    expect((await shiftTo(router, 25)).weights).toEqual(percent(25))
    const failure = await shift(router, percent(50), await router.read(ports.signal), ports, {
      ...{ timeoutMs: 500, settleMs: 0, pollMs: 100 },
    }).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ArmLost)
    expect((failure as Error).message).toBe(
      'green has 1 of 2 ready endpoints that 50% of the traffic need (Service shop/shop-both subset green); nothing was written',
    )
    expect(await weights()).toEqual([75, 25])
    await scale('green', 0)
    await readyPods('green', 0)
    expect(await router.read(ports.signal)).toMatchObject({
      effective: { blue: 10_000, green: 0 },
      members: { green: { healthy: false } },
    })
    await restoreWeights(router, percent(0), ports, { withinMs: 10_000 })
    await scale('green', 4)
    await readyPods('green', 4)
  }, 60_000)

  it('tells of an autoscaler that may take the pods of an arm away', async () => {
    const address = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`
    await create(real, address, {
      metadata: { name: 'shop-green' },
      spec: {
        ...{ minReplicas: 1, maxReplicas: 8 },
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop-green' },
      },
    })
    await shiftTo(await open(settings), 5)
    await shiftTo(await open(settings), 0)
    await real.request('DELETE', `${address}/shop-green`)
    expect(ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)).toEqual([
      'VirtualService shop/shop: HorizontalPodAutoscaler shop-green may leave green with 1 of the 4 pods that serve now: let its least be 4 until the release is done',
    ])
  })

  it('names Argo CD where it puts back what was written', async () => {
    await patch(VIRTUAL_SERVICE, {
      ...{ op: 'add', path: '/metadata/annotations' },
      value: { 'argocd.argoproj.io/tracking-id': 'shop:networking.istio.io/VirtualService:shop/shop' },
    })
    const router = await open(settings)
    const before = await router.read(ports.signal)
    expect(before.owner).toBe('Argo CD (application shop)')
    const healing = { until: false }
    const healed = heal(healing)
    const failure = await shift(router, percent(5), before, ports, {
      ...{ timeoutMs: 5_000, settleMs: 1_000, pollMs: 100 },
    }).catch((error: unknown) => error)
    healing.until = true
    await healed
    expect(failure).toBeInstanceOf(NotInEffect)
    expect((failure as Error).message).toContain(
      'blue 95%, green 5% was reverted by Argo CD (application shop)',
    )
    await patch(VIRTUAL_SERVICE, { op: 'remove', path: '/metadata/annotations' })
  })
  /** As Argo CD does some time after something differs from the repository. */
  async function heal(over: { until: boolean }): Promise<void> {
    while (!over.until) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      if ((await weights())[1] === 0) continue
      await new Promise((resolve) => setTimeout(resolve, 500))
      await patch(
        VIRTUAL_SERVICE,
        { op: 'replace', path: weightAt(0), value: 100 },
        { op: 'replace', path: weightAt(1), value: 0 },
      )
    }
  }

  it('refuses what Flagger owns, and what a Rollout names, and writes nothing', async () => {
    const canaries = `/apis/flagger.app/v1beta1/namespaces/${NAMESPACE}/canaries`
    const canary = (await create(real, canaries, {
      ...{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', metadata: { name: 'theirs' } },
      spec: {
        targetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop-blue' },
        service: { port: 80 },
        analysis: { interval: '1m', threshold: 5, iterations: 3 },
      },
    })) as Manifest
    const { uid } = canary.metadata
    const owners = [{ apiVersion: 'flagger.app/v1beta1', kind: 'Canary', name: 'theirs', uid }]
    await create(real, `${ISTIO}/virtualservices`, {
      ...istio('VirtualService', 'theirs'),
      metadata: { name: 'theirs', ownerReferences: owners },
      spec: { hosts: ['theirs'], http },
    })
    await mustBeRefused('theirs', 'Flagger (Canary theirs)')

    await defineKinds(real, [rollouts])
    await create(real, `/apis/argoproj.io/v1alpha1/namespaces/${NAMESPACE}/rollouts`, {
      ...{ apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', metadata: { name: 'argo' } },
      spec: {
        strategy: { canary: { trafficRouting: { istio: { virtualService: { name: 'argo' } } } } },
      },
    })
    await create(real, `${ISTIO}/virtualservices`, {
      ...istio('VirtualService', 'argo'),
      spec: { hosts: ['argo'], http },
    })
    await mustBeRefused('argo', 'Argo Rollouts (Rollout argo)')
  })
  async function mustBeRefused(name: string, owner: string): Promise<void> {
    const router = await open({ ...settings, 'virtual-service': name })
    const before = await get(`${ISTIO}/virtualservices/${name}`)
    const state = await router.read(ports.signal)
    expect(state.owner).toBe(owner)
    expect(obstacleTo(state)).toContain(`${owner} writes the weights of VirtualService shop/${name}`)
    const failure = await router.write(percent(5), state, ports.signal).catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ProviderError)
    expect((failure as ProviderError).message).toMatch(/nothing was written$/)
    expect(await get(`${ISTIO}/virtualservices/${name}`)).toEqual(before)
  }
  /** As much of it as a router looks at. */
  const rollouts = {
    ...{ apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' },
    metadata: { name: 'rollouts.argoproj.io' },
    spec: {
      ...{ group: 'argoproj.io', scope: 'Namespaced', names: { kind: 'Rollout', plural: 'rollouts' } },
      versions: [
        {
          ...{ name: 'v1alpha1', served: true, storage: true },
          schema: {
            openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
          },
        },
      ],
    },
  }
})

describe('gateway-api', () => {
  const ROUTE = `${ROUTES}/shop`
  const settings = {
    ...{ type: 'gateway-api', route: 'shop' },
    members: { blue: { service: 'shop-blue' }, green: { service: 'shop-green' } },
  }
  beforeAll(async () => {
    await create(real, ROUTES, {
      ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'shop' } },
      spec: {
        parentRefs: [{ name: 'edge' }],
        rules: [
          {
            matches: [{ headers: [{ name: 'x-canary', value: 'true' }] }],
            backendRefs: [{ name: 'shop-green', port: 80 }],
          },
          {
            backendRefs: [
              { name: 'shop-blue', port: 80 },
              { name: 'shop-green', port: 80, weight: 0 },
            ],
          },
        ],
      },
    })
  })

  /** As a Gateway does that takes every generation of the route, a moment later. */
  async function takeUp(over: { until: boolean }): Promise<void> {
    let taken = 0
    while (!over.until) {
      await new Promise((resolve) => setTimeout(resolve, 100))
      const { generation = 0 } = (await get(ROUTE)).metadata
      if (generation !== taken) await accept(generation)
      taken = generation
    }
  }
  const accept = (observedGeneration: number) =>
    patch(`${ROUTE}/status`, {
      ...{ op: 'add', path: '/status' },
      value: {
        parents: [
          {
            ...{ controllerName: 'example.com/gateway', parentRef: { name: 'edge' } },
            conditions: ['Accepted', 'ResolvedRefs'].map((type) => ({
              ...{ type, status: 'True', reason: type, message: '', observedGeneration },
              lastTransitionTime: '2026-01-01T00:00:00Z',
            })),
          },
        ],
      },
    })

  it('goes to 5, to 25 and back, in effect once the Gateway has taken it up', async () => {
    const router = await open(settings)
    expect((await router.read(ports.signal)).pending).toBe('no Gateway has taken the route up')
    const gateway = { until: false }
    const running = takeUp(gateway)
    await until(async () => expect((await router.read(ports.signal)).pending).toBeUndefined())
    await fiveTwentyFiveBack(router, async (green) => {
      const { spec } = await get<{ spec: { rules: { backendRefs: object[] }[] } }>(ROUTE)
      expect(spec.rules[1]!.backendRefs).toMatchObject(
        green === 0 ? [{ weight: 100 }, { weight: 0 }] : [{ weight: 100 - green }, { weight: green }],
      )
      expect(spec.rules[0]!.backendRefs).toMatchObject([{ name: 'shop-green', weight: 1 }])
    })
    gateway.until = true
    await running
    await router.write(percent(5), await router.read(ports.signal), ports.signal)
    expect((await router.read(ports.signal)).pending).toBe(
      'Gateway edge has not taken the route up as it is now',
    )
  }, 60_000)
})

describe('kubernetes-service', () => {
  it('switches and goes back, in effect once its endpoints are those of the other arm', async () => {
    const router = await open({
      ...{ type: 'kubernetes-service', service: 'shop' },
      members: { blue: { value: 'blue' }, green: { value: 'green' } },
    })
    const before = await router.read(ports.signal)
    expect(before.weights).toEqual(percent(0))
    const shown = await shift(router, percent(100), before, ports, {
      ...{ timeoutMs: 10_000, settleMs: 300, pollMs: 50 },
    })
    expect(shown.effective).toEqual(percent(100))
    expect((await get(`${SERVICES}/shop`)).spec['selector']).toEqual({ app: 'shop', slot: 'green' })
    await restoreWeights(router, before.weights, ports, { withinMs: 10_000 })
    expect((await get(`${SERVICES}/shop`)).spec['selector']).toEqual({ app: 'shop', slot: 'blue' })
    await expect(router.write(percent(5), before, ports.signal)).rejects.toThrow(
      'gives all the traffic to one arm, and blue 95%, green 5% is asked for',
    )
  })
})

describe('kubernetes-ingress-nginx', () => {
  const ingress = (slot: string, annotations: Record<string, string>) => ({
    metadata: { name: `shop-${slot}`, annotations },
    spec: {
      rules: [
        {
          host: 'shop.example.com',
          http: {
            paths: [
              {
                ...{ path: '/', pathType: 'Prefix' },
                backend: { service: { name: `shop-${slot}`, port: { number: 80 } } },
              },
            ],
          },
        },
      ],
    },
  })

  it('goes to 5, to 25 and back by the annotations of the canary, and touches nothing else', async () => {
    const nginx = 'nginx.ingress.kubernetes.io'
    await create(real, INGRESSES, ingress('blue', { [`${nginx}/limit-rps`]: '50' }))
    const own = { [`${nginx}/canary`]: 'true', [`${nginx}/canary-by-header`]: 'x-canary' }
    await create(real, INGRESSES, ingress('green', own))
    const router = await open({
      type: 'kubernetes-ingress-nginx',
      members: { blue: { ingress: 'shop-blue' }, green: { ingress: 'shop-green' } },
    })
    const baseline = await get(`${INGRESSES}/shop-blue`)
    await fiveTwentyFiveBack(router, async (green) => {
      expect(await get(`${INGRESSES}/shop-green`)).toMatchObject({
        metadata: { annotations: { ...own, [`${nginx}/canary-weight`]: String(green) } },
      })
    })
    expect(await get(`${INGRESSES}/shop-blue`)).toEqual(baseline)
  })
})

describe('kubernetes-replicas', () => {
  const settings = {
    ...{ type: 'kubernetes-replicas', replicas: 8 },
    members: { blue: { workload: 'split-blue' }, green: { workload: 'split-green' } },
  }
  const replicas = async () =>
    Promise.all(
      ['blue', 'green'].map(async (slot) => (await get(`${DEPLOYMENTS}/split-${slot}`)).spec['replicas']),
    )
  beforeAll(async () => {
    for (const [slot, count] of [
      ['blue', 8],
      ['green', 0],
    ] as const) {
      const labels = { app: 'split', slot }
      await create(real, DEPLOYMENTS, {
        metadata: { name: `split-${slot}` },
        spec: {
          replicas: count,
          selector: { matchLabels: labels },
          template: { metadata: { labels }, spec: { containers: [{ name: 'app', image: 'app' }] } },
        },
      })
    }
  })

  it('goes to an eighth, to a quarter and back, by pods that are ready before others go', async () => {
    const router = await open(settings)
    await until(async () => expect((await router.read(ports.signal)).effective).toEqual(percent(0)), 600)
    const before = await router.read(ports.signal)
    for (const green of [1250, 2500]) {
      const wanted = { blue: 10_000 - green, green }
      const shown = await shift(router, wanted, await router.read(ports.signal), ports, {
        ...{ timeoutMs: 30_000, settleMs: 300, pollMs: 100 },
      })
      expect(shown.weights).toEqual(wanted)
      expect(await replicas()).toEqual([8 - green / 1250, green / 1250])
    }
    await restoreWeights(router, before.weights, ports, { withinMs: 30_000 })
    expect(await replicas()).toEqual([8, 0])
    await expect(router.write(percent(5), await router.read(ports.signal), ports.signal)).rejects.toThrow(
      /a share of 5% for green is less than one of the 8 pods/,
    )
  }, 90_000)

  it('refuses to fight with an autoscaler, and names it', async () => {
    const address = `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`
    await create(real, address, {
      metadata: { name: 'split' },
      spec: {
        ...{ minReplicas: 8, maxReplicas: 9 },
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'split-blue' },
      },
    })
    const router = await open(settings)
    const state = await router.read(ports.signal)
    expect(obstacleTo(state)).toContain('HorizontalPodAutoscaler split scales Deployment split-blue')
    await expect(router.write(percent(50), state, ports.signal)).rejects.toThrow(/nothing was written$/)
    expect(await replicas()).toEqual([8, 0])
  })
})

describe('the checks', () => {
  const opened = async (settings: Record<string, unknown> & { type: string }) => {
    const configured = await checks.configure({
      ...settings,
      namespace: NAMESPACE,
      'kubeconfig-secret': 'KUBECONFIG',
    })
    return configured.open(ports)
  }
  const look = async (settings: Record<string, unknown> & { type: string }) =>
    (await opened(settings)).probe(ports.signal)
  const kubernetes = { type: 'kubernetes', workloads: ['Deployment/shop-blue'] }

  it('see rollouts, restarts and autoscalers that have no metrics', async () => {
    expect(await look({ ...kubernetes, expect: ['rollouts-complete', 'restarts'] })).toEqual({
      state: 'green',
      detail: 'Deployment/shop-blue: rollouts-complete, restarts',
    })
    const hpa = { ...kubernetes, expect: ['hpa-active'] }
    expect(await look(hpa)).toEqual({
      state: 'red',
      detail: 'Deployment shop/shop-blue has no HorizontalPodAutoscaler',
    })
    await create(real, `/apis/autoscaling/v2/namespaces/${NAMESPACE}/horizontalpodautoscalers`, {
      metadata: { name: 'shop-blue' },
      spec: {
        ...{ minReplicas: 4, maxReplicas: 8 },
        scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'shop-blue' },
      },
    })
    // Nobody serves metrics here: the controller says so once it has looked.
    await until(async () => {
      const { state, detail } = await look(hpa)
      expect([state, detail]).toEqual(['red', expect.stringMatching(/is not ScalingActive: FailedGet/)])
    }, 800)
  }, 60_000)

  it('see fields of objects, a digest that nobody asks for, and mounts that nobody has', async () => {
    const field = '/metadata/annotations/nginx.ingress.kubernetes.io~1limit-rps'
    const fields = (is: string) => [{ of: 'networking.k8s.io/v1/ingresses/shop-blue', field, is }]
    expect((await look({ type: 'kubernetes', fields: fields('50') })).state).toBe('green')
    expect(await look({ type: 'kubernetes', fields: fields('10') })).toEqual({
      state: 'red',
      detail: `ingresses shop/shop-blue: ${field} is "50", expected "10"`,
    })
    const digest = `sha256:${'a'.repeat(64)}`
    const { state, detail } = await look({ ...kubernetes, expect: ['digests', 'secrets-mounted'], digest })
    expect([state, detail]).toEqual([
      'red',
      expect.stringMatching(
        /asks for sha256:a+ in none of its containers.*has no pod with a volume of secrets-store/,
      ),
    ])
  })

  it('see what Flagger says of a Canary', async () => {
    const flagger = { type: 'flagger', canary: 'theirs' }
    expect(await look(flagger)).toMatchObject({
      state: 'red',
      detail: expect.stringContaining('Canary shop/theirs is not there yet'),
    })
    const say = (status: object) =>
      patch(`/apis/flagger.app/v1beta1/namespaces/${NAMESPACE}/canaries/theirs/status`, {
        ...{ op: 'add', path: '/status', value: status },
      })
    await say({ phase: 'Succeeded', lastAppliedSpec: '5d', lastPromotedSpec: '5d' })
    expect(await look(flagger)).toEqual({
      state: 'green',
      detail: 'Canary shop/theirs has promoted 5d',
    })
    const during = await opened(flagger)
    expect(await during.probe(ports.signal)).toMatchObject({ state: 'green' })
    await say({ phase: 'Failed', lastTransitionTime: '2026-01-01T00:00:00Z' })
    expect(await during.probe(ports.signal)).toMatchObject({ state: 'red', fatal: true })
    // What has failed before anybody looked may be the release before: it is waited for.
    expect(await look(flagger)).toEqual({
      state: 'red',
      detail: 'Canary shop/theirs has failed: Flagger says no more',
    })
  })
})
