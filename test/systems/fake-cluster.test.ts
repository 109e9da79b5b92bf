import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startFakeCluster, type FakeCluster, type FakeObject } from '@deploy-actions/testing'
import { create, type LocalCluster } from '@deploy-actions/local-cluster'
import { installKinds } from './crds'
import { startRealCluster } from './real-cluster'

// The fake of the API that the unit tests and labs stand on, held against the real one: the same requests to both, in the
// same order, are answered alike and have the same effect.

const JSON_PATCH = 'application/json-patch+json'
const NGINX = 'nginx.ingress.kubernetes.io'
const at = (group: string, plural: string, name = 'shop') =>
  `/apis/${group}/namespaces/default/${plural}/${name}`
const VIRTUAL_SERVICE = at('networking.istio.io/v1', 'virtualservices')
const HTTP_ROUTE = at('gateway.networking.k8s.io/v1', 'httproutes')
const INGRESS = at('networking.k8s.io/v1', 'ingresses')
const SERVICE = '/api/v1/namespaces/default/services/shop'
const DEPLOYMENT = at('apps/v1', 'deployments')

const objects: readonly FakeObject[] = [
  {
    ...{ apiVersion: 'networking.istio.io/v1', kind: 'VirtualService' },
    metadata: { name: 'shop', labels: { app: 'shop' } },
    spec: {
      hosts: ['shop'],
      http: [
        {
          route: ['blue', 'green'].map((subset) => ({ destination: { host: 'shop', subset }, weight: 50 })),
        },
      ],
    },
  },
  {
    ...{ apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', metadata: { name: 'shop' } },
    spec: {
      parentRefs: [{ name: 'edge' }],
      rules: [
        {
          backendRefs: [
            { name: 'blue', port: 80 },
            { name: 'green', port: 80, weight: 0 },
          ],
        },
      ],
    },
  },
  {
    ...{ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' },
    metadata: { name: 'shop', annotations: { [`${NGINX}/canary`]: 'true' } },
    spec: { defaultBackend: { service: { name: 'green', port: { number: 80 } } } },
  },
  {
    ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: 'shop' } },
    spec: { selector: { app: 'shop', slot: 'blue' }, ports: [{ port: 80 }] },
  },
  {
    ...{ apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'shop' } },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: { containers: [{ name: 'app', image: 'app' }] },
      },
    },
  },
]

interface Answered {
  status: number
  body: unknown
}
/** One of the two. */
type Ask = (method: string, path: string, body?: unknown, type?: string) => Promise<Answered>

let real: LocalCluster
let fake: FakeCluster
beforeAll(async () => {
  real = await startRealCluster()
  await installKinds(real, 'istio', 'gateway-api')
  for (const object of objects) {
    const group = object.apiVersion === 'v1' ? '/api/v1' : `/apis/${object.apiVersion}`
    await create(real, `${group}/namespaces/default/${PLURALS[object.kind]}`, object)
  }
  fake = await startFakeCluster(objects)
}, 180_000)
afterAll(async () => {
  await Promise.all([real.close(), fake.close()])
})
const PLURALS: Record<string, string> = {
  ...{ VirtualService: 'virtualservices', HTTPRoute: 'httproutes', Ingress: 'ingresses' },
  ...{ Service: 'services', Deployment: 'deployments' },
}

const tokenOfFake = (): string =>
  (JSON.parse(fake.kubeconfig) as { users: { user: { token: string } }[] }).users[0]!.user.token

const askFake: Ask = async (method, path, body, type) => {
  const answer = await fetch(`${fake.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${tokenOfFake()}`, ...(type && { 'content-type': type }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  return { status: answer.status, body: text.startsWith('{') ? JSON.parse(text) : text }
}

const weight = (value: unknown, index = 0) => ({
  ...{ op: 'replace', path: `/spec/http/0/route/${index}/weight`, value },
})
const backendWeight = (value: unknown) => ({
  ...{ op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value },
})
const annotation = (value: unknown) => ({
  ...{ op: 'add', path: `/metadata/annotations/${NGINX}~1canary-weight`, value },
})
const slot = (value: unknown) => ({ op: 'replace', path: '/spec/selector/slot', value })
const test = (path: string, value: unknown) => ({ op: 'test', path, value })

/** What is sent, and how. */
type Row = [what: string, path: string, steps?: readonly object[] | string, type?: string]

const rows: readonly Row[] = [
  ['an object', VIRTUAL_SERVICE],
  ['an object in an older version', VIRTUAL_SERVICE.replace('/v1/', '/v1beta1/')],
  ['what is not there', `${VIRTUAL_SERVICE}-not`],
  ['a kind that the version does not have', at('apps/v1', 'pods')],
  ['a group that nobody serves', at('nobody.example/v1', 'things')],
  ['a part that the kind does not have', `${SERVICE}/nothing`],
  ['no selector', '/api/v1/namespaces/default/services?labelSelector=%3D%3D%3D'],
  ['a weight', VIRTUAL_SERVICE, [weight(60)]],
  ['the weight that is there', VIRTUAL_SERVICE, [weight(60)]],
  ['no step', VIRTUAL_SERVICE, []],
  ['a weight less than nothing, which is for the webhook of Istio', VIRTUAL_SERVICE, [weight(-5)]],
  ['a weight that is a text', VIRTUAL_SERVICE, [weight('60')]],
  ['a weight that is no integer', VIRTUAL_SERVICE, [weight(1.5)]],
  [
    'a step into nothing',
    VIRTUAL_SERVICE,
    [{ op: 'replace', path: '/spec/http/7/route/0/weight', value: 1 }],
  ],
  ['a test that does not hold', VIRTUAL_SERVICE, [test('/spec/http/0/route/1/weight', 1), weight(70)]],
  ['a test that holds', VIRTUAL_SERVICE, [test('/spec/http/0/route/1/weight', 50), weight(70)]],
  ['two steps, the second of which fails', VIRTUAL_SERVICE, [weight(10), test('/spec/hosts/0', 'other')]],
  ['a version of another time', VIRTUAL_SERVICE, [test('/metadata/resourceVersion', '1'), weight(80)]],
  [
    'a version of another time, written',
    VIRTUAL_SERVICE,
    [{ op: 'replace', path: '/metadata/resourceVersion', value: '1' }, weight(80)],
  ],
  ['an operation that nobody knows', VIRTUAL_SERVICE, [{ op: 'frob', path: '/spec' }]],
  ['no patch', VIRTUAL_SERVICE, 'nonsense'],
  ['another type', VIRTUAL_SERVICE, [weight(80)], 'application/json'],
  ['a patch of what is not there', `${VIRTUAL_SERVICE}-not`, [weight(80)]],
  ['a try', `${VIRTUAL_SERVICE}?dryRun=All`, [weight(80)]],
  ['a try of another kind', `${VIRTUAL_SERVICE}?dryRun=Some`, [weight(80)]],
  ['a try that is refused', `${VIRTUAL_SERVICE}?dryRun=All`, [weight('x')]],
  ['a backend', HTTP_ROUTE],
  ['the largest weight of a backend', HTTP_ROUTE, [backendWeight(1_000_000)]],
  ['a larger one', HTTP_ROUTE, [backendWeight(1_000_001)]],
  ['one less than nothing', HTTP_ROUTE, [backendWeight(-1)]],
  ['a weight that is taken away', HTTP_ROUTE, [{ op: 'remove', path: '/spec/rules/0/backendRefs/1/weight' }]],
  ['a status by the object', HTTP_ROUTE, [{ op: 'add', path: '/status', value: { parents: [] } }]],
  ['an annotation', INGRESS, [annotation('5')]],
  ['an annotation that is a number', INGRESS, [annotation(5)]],
  ['the selector of a Service', SERVICE, [test('/spec/selector/slot', 'blue'), slot('green')]],
  ['a selector that is a number', SERVICE, [slot(5)]],
  ['a selector that is no label', SERVICE, [slot('not valid!')]],
  ['a scale', `${DEPLOYMENT}/scale`, [{ op: 'replace', path: '/spec/replicas', value: 3 }]],
  [
    'a scale less than nothing',
    `${DEPLOYMENT}/scale`,
    [{ op: 'replace', path: '/spec/replicas', value: -3 }],
  ],
  [
    'a scale of another time',
    `${DEPLOYMENT}/scale`,
    [test('/metadata/resourceVersion', '1'), { op: 'replace', path: '/spec/replicas', value: 4 }],
  ],
]

it.each(rows.map(([what, ...request]) => ({ what, request })))('answers $what alike', async ({ request }) => {
  expect(await asked(askFake, ...request)).toEqual(await asked(real.request, ...request))
})

it('lists what is selected, alike', async () => {
  for (const selector of [
    'app=shop',
    'app!=shop',
    'app',
    '!app',
    'app in (a,shop)',
    'app notin (shop)',
    'a=b,app',
  ]) {
    const path = `/apis/networking.istio.io/v1/namespaces/default/virtualservices?labelSelector=${encodeURIComponent(selector)}`
    const names = async (ask: Ask) => {
      const { items } = (await ask('GET', path)).body as { items: { metadata: { name: string } }[] }
      return items.map(({ metadata }) => metadata.name)
    }
    expect([selector, await names(askFake)]).toEqual([selector, await names(real.request)])
  }
})

it('has kinds that the real one has, by the same names', async () => {
  for (const version of [
    'api/v1',
    'apis/apps/v1',
    'apis/networking.istio.io/v1beta1',
    'apis/discovery.k8s.io/v1',
  ]) {
    const kinds = async (ask: Ask) => {
      const { resources } = (await ask('GET', `/${version}`)).body as {
        resources: { name: string; kind: string; namespaced: boolean }[]
      }
      return resources
        .filter(({ name }) => !name.includes('/'))
        .map(({ name, kind, namespaced }) => ({ name, kind, namespaced }))
    }
    expect(await kinds(real.request)).toEqual(expect.arrayContaining(await kinds(askFake)))
  }
})

it('knows nobody without the token', async () => {
  const answer = await fetch(`${fake.url}${SERVICE}`)
  expect([answer.status, await answer.json()]).toEqual([
    401,
    expect.objectContaining({ reason: 'Unauthorized' }),
  ])
})

/** How it is answered, and what it has done to the object: its fields, and whether it has another version now. */
async function asked(
  ask: Ask,
  path: string,
  steps?: readonly object[] | string,
  type = JSON_PATCH,
): Promise<object> {
  const object = path.replace(/\?.*|\/scale$/, '')
  const before = (await ask('GET', object)).body
  const { status, body } =
    steps === undefined ? await ask('GET', path) : await ask('PATCH', path, steps, type)
  const after = (await ask('GET', object)).body
  return {
    status,
    reason: reasonOf(body),
    said: shownIn(body),
    effect: shownIn(after),
    // What of a Deployment changes by itself, meanwhile, is its controller's.
    changed: object !== DEPLOYMENT && versionOf(before) !== versionOf(after),
  }
}

const reasonOf = (body: unknown): unknown =>
  typeof body === 'object' ? (body as { reason?: string }).reason : body

const versionOf = (body: unknown): string | undefined =>
  (body as { metadata?: { resourceVersion?: string } }).metadata?.resourceVersion

/** What of an object both have: the fields that are steered by, and how often what is wanted has changed. */
function shownIn(body: unknown): unknown {
  const { kind, apiVersion, metadata, spec } = body as Partial<FakeObject>
  if (kind === 'Status' || spec === undefined) return undefined
  const { http, rules, selector, replicas } = spec
  return {
    ...{ kind, apiVersion, annotations: metadata?.annotations?.[`${NGINX}/canary-weight`] },
    ...{ http, replicas, selector: kind === 'Service' ? selector : undefined },
    weights: kind === 'HTTPRoute' ? weightsOf(rules) : undefined,
    generation: kind === 'Deployment' || kind === 'Ingress' ? undefined : metadata?.generation,
  }
}

const weightsOf = (rules: unknown): unknown =>
  (rules as { backendRefs: { weight: number }[] }[]).map(({ backendRefs }) =>
    backendRefs.map((ref) => ref.weight),
  )
