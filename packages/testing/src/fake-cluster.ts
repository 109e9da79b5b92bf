import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { isDeepStrictEqual } from 'node:util'
import { reconcile } from './fake-cluster-controllers'
import { fakeKinds, type FakeKind, type FakeObject } from './fake-cluster-kinds'
import { selects } from './fake-cluster-selectors'
import { patched, PatchRefused, type PatchOperation } from './json-patch'

/** A request as the fake got it. */
export interface ClusterRequest {
  method: string
  /** with its query */
  path: string
  type: string | undefined
  body: string
}

/** What the fake answers. */
export interface ClusterAnswer {
  status: number
  body: unknown
}

/**
 * The API of Kubernetes as far as routers and checks ask it, over what a test puts there: reads, lists, JSON patches and
 * the kinds that there are. What it does not know it refuses, as the real one does, which a system test holds it against.
 */
export interface FakeCluster {
  url: string
  /** text of a kubeconfig, whose namespace is `default` */
  kubeconfig: string
  /** every request so far */
  requests: ClusterRequest[]
  /** Called before each request is carried out; what it answers is the answer. */
  before?: ((request: ClusterRequest) => ClusterAnswer | undefined) | undefined
  /** whether endpoints follow pods, and status what is wanted; true unless said */
  controllers: boolean
  /** kinds that are not installed, by their plural */
  missing: Set<string>
  /** Somebody else writes an object, whole. */
  put(object: FakeObject): FakeObject
  /** @throws Error when it is not there */
  get(plural: string, name: string, namespace?: string): FakeObject
  remove(plural: string, name: string, namespace?: string): void
  close(): Promise<void>
}

const TOKEN = 'correct-horse-battery-staple'

export async function startFakeCluster(objects: readonly FakeObject[] = []): Promise<FakeCluster> {
  const store = new Store()
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => {
        const { status, body: said } = answer(fake, store, request, body)
        const text = typeof said === 'string' ? said : JSON.stringify(said)
        const type = typeof said === 'string' ? 'text/plain' : 'application/json'
        response.writeHead(status, { 'content-type': type }).end(text)
      })
      .catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const changed = (): void => {
    if (fake.controllers)
      reconcile({
        list: (plural) => store.list(plural),
        put: (object) => void store.put(object),
        remove: (plural, name, namespace) => store.remove(plural, name, namespace),
      })
  }
  store.onChange = changed
  const fake: FakeCluster = {
    url,
    kubeconfig: kubeconfigOf(url),
    requests: [],
    controllers: true,
    missing: new Set(),
    put(object) {
      store.put(object)
      changed()
      return store.mustGet(kindOf(object).plural, object.metadata.name, object.metadata.namespace)
    },
    get: (plural, name, namespace) => structuredClone(store.mustGet(plural, name, namespace)),
    remove(plural, name, namespace = 'default') {
      store.remove(plural, name, namespace)
      changed()
    },
    close: () => closed(server),
  }
  for (const object of objects) fake.put(object)
  return fake
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = []
  for await (const part of request) parts.push(part as Buffer)
  return Buffer.concat(parts).toString('utf8')
}

const kubeconfigOf = (server: string): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'fake', cluster: { server } }],
    users: [{ name: 'admin', user: { token: TOKEN } }],
    contexts: [{ name: 'fake', context: { cluster: 'fake', user: 'admin', namespace: 'default' } }],
    'current-context': 'fake',
  })

/** @throws Error when the fake has no such kind: a test asked for what nobody built */
function kindOf({ apiVersion, kind }: FakeObject): FakeKind {
  const [version, group = ''] = apiVersion.split('/').toReversed()
  const found = fakeKinds.find(
    (one) => one.kind === kind && one.group === group && one.versions.includes(version ?? ''),
  )
  if (!found) throw new Error(`the fake cluster has no ${apiVersion} ${kind}`)
  return found
}

/** Objects by kind, namespace and name; what was not changed keeps its version. */
class Store {
  onChange = (): void => {}
  private readonly objects = new Map<string, FakeObject>()
  private version = 100

  list(plural: string, namespace?: string): FakeObject[] {
    return [...this.objects]
      .filter(([key]) => key.startsWith(`${plural}/${namespace === undefined ? '' : `${namespace}/`}`))
      .map(([, object]) => object)
  }

  get(plural: string, name: string, namespace = 'default'): FakeObject | undefined {
    return this.objects.get(`${plural}/${namespace}/${name}`)
  }

  mustGet(plural: string, name: string, namespace?: string): FakeObject {
    const found = this.get(plural, name, namespace)
    if (!found) throw new Error(`the fake cluster has no ${plural} ${name}`)
    return found
  }

  remove(plural: string, name: string, namespace: string): void {
    this.objects.delete(`${plural}/${namespace}/${name}`)
  }

  /** Keeps it, unless nothing is new. */
  put(object: FakeObject): FakeObject {
    const kind = kindOf(object)
    const namespace = object.metadata.namespace ?? 'default'
    const key = `${kind.plural}/${namespace}/${object.metadata.name}`
    const before = this.objects.get(key)
    const next = become(kind, before, { ...object, metadata: { ...object.metadata, namespace } })
    if (before && isDeepStrictEqual(next, before)) return before
    next.metadata.resourceVersion = String(++this.version)
    this.objects.set(key, next)
    return next
  }
}

/** What an object becomes by a write: the server's own fields beside what was written. */
function become(kind: FakeKind, before: FakeObject | undefined, written: FakeObject): FakeObject {
  // As it comes over the wire: what a test has put into two places is two things.
  const next = JSON.parse(JSON.stringify(written)) as FakeObject
  kind.defaults?.(next)
  const { name } = next.metadata
  next.metadata.uid = before?.metadata.uid ?? `uid-of-${kind.plural}-${name}`
  next.metadata.creationTimestamp = before?.metadata.creationTimestamp ?? '2026-11-21T10:00:00Z'
  if (before?.metadata.resourceVersion !== undefined)
    next.metadata.resourceVersion = before.metadata.resourceVersion
  if (kind.generation) {
    const same = before && isDeepStrictEqual(wantedOf(before), wantedOf(next))
    next.metadata.generation = (before?.metadata.generation ?? 0) + (same ? 0 : 1)
  }
  return next
}

/** Everything but what the server and controllers say of it. */
function wantedOf({ metadata: _, status: __, apiVersion: ___, ...wanted }: FakeObject): object {
  return wanted
}

/** A path of the API, taken apart. */
interface Target {
  kind: FakeKind
  apiVersion: string
  namespace: string | undefined
  name: string | undefined
  subresource: string | undefined
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
  ) {
    super(message)
  }
}

function answer(fake: FakeCluster, store: Store, incoming: IncomingMessage, body: string): ClusterAnswer {
  const { method = 'GET', url = '/', headers } = incoming
  const request = { method, path: url, type: headers['content-type'], body }
  fake.requests.push(request)
  try {
    if (headers.authorization !== `Bearer ${TOKEN}`) throw new Refusal(401, 'Unauthorized', 'Unauthorized')
    return fake.before?.(request) ?? carryOut(fake, store, request)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    return { status: error.status, body: statusOf(error) }
  }
}

const statusOf = ({ status: code, reason, message }: Refusal): object => ({
  ...{ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure' },
  ...{ message, reason, code },
})

function carryOut(fake: FakeCluster, store: Store, request: ClusterRequest): ClusterAnswer {
  const { pathname, searchParams } = new URL(request.path, 'http://fake')
  const served = fakeKinds.filter(({ plural }) => !fake.missing.has(plural))
  const [, group, version, rest] =
    /^\/(?:api|apis\/([^/]+))\/([^/]+)((?:\/.*)?)$/.exec(pathname) ?? ([] as (string | undefined)[])
  const kinds = served.filter((one) => one.group === (group ?? '') && one.versions.includes(version ?? ''))
  if (kinds.length === 0) return { status: 404, body: '404 page not found\n' }
  const apiVersion = [group, version].filter((part) => part !== undefined).join('/')
  if (!rest) return { status: 200, body: resourcesOf(apiVersion, kinds) }
  const target = targetOf(rest, apiVersion, kinds)
  if (request.method === 'GET') return { status: 200, body: read(store, target, searchParams) }
  if (request.method === 'PATCH' && target.name !== undefined)
    return { status: 200, body: patch(store, target, request, searchParams) }
  throw new Refusal(
    405,
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  )
}

function resourcesOf(groupVersion: string, kinds: readonly FakeKind[]): object {
  return {
    ...{ kind: 'APIResourceList', apiVersion: 'v1', groupVersion },
    resources: kinds.flatMap(({ kind, plural, subresources = [] }) =>
      [plural, ...subresources.map((part) => `${plural}/${part}`)].map((name) => ({
        ...{ name, kind, namespaced: true, singularName: '', verbs: ['get', 'list', 'patch'] },
      })),
    ),
  }
}

function targetOf(rest: string, apiVersion: string, kinds: readonly FakeKind[]): Target {
  const parts = rest.slice(1).split('/').map(decodeURIComponent)
  const namespace = parts[0] === 'namespaces' && parts.length > 2 ? parts.splice(0, 2)[1] : undefined
  const [plural, name, subresource, ...more] = parts
  const kind = kinds.find((one) => one.plural === plural)
  const known = subresource === undefined || kind?.subresources?.some((part) => part === subresource)
  if (!kind || !known || more.length > 0 || (name !== undefined && namespace === undefined))
    throw new Refusal(404, 'NotFound', 'the server could not find the requested resource')
  return { kind, apiVersion, namespace, name, subresource }
}

function read(store: Store, target: Target, query: URLSearchParams): object {
  const { kind, apiVersion, namespace, name, subresource } = target
  if (name !== undefined) {
    const found = existing(store, target)
    return subresource === 'scale' ? scaleOf(found) : { ...found, apiVersion }
  }
  const selector = query.get('labelSelector') ?? ''
  if (selects(selector) === undefined) throw new Refusal(400, 'BadRequest', `${selector} is not a selector`)
  const items = store
    .list(kind.plural, namespace)
    .filter(({ metadata }) => selects(selector, metadata.labels))
    .map((object) => ({ ...object, apiVersion }))
  return { apiVersion, kind: `${kind.kind}List`, metadata: { resourceVersion: '1' }, items }
}

function existing(store: Store, { kind, name = '', namespace }: Target): FakeObject {
  const found = store.get(kind.plural, name, namespace)
  if (found) return found
  const of = kind.group === '' ? kind.plural : `${kind.plural}.${kind.group}`
  throw new Refusal(404, 'NotFound', `${of} "${name}" not found`)
}

/** Source: Kubernetes API, `Scale` (autoscaling/v1). */
function scaleOf({ metadata, spec, status }: FakeObject): FakeObject {
  const { name, namespace = 'default', uid = '', resourceVersion = '', creationTimestamp = '' } = metadata
  return {
    ...{ kind: 'Scale', apiVersion: 'autoscaling/v1' },
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec?.['replicas'] ?? 1 },
    status: { replicas: status?.['replicas'] ?? 0 },
  }
}

const JSON_PATCH = 'application/json-patch+json'

function patch(store: Store, target: Target, request: ClusterRequest, query: URLSearchParams): object {
  if (request.type !== JSON_PATCH)
    throw new Refusal(
      415,
      'UnsupportedMediaType',
      `the body of the request was in an unknown format - accepted media types include: ${JSON_PATCH}`,
    )
  const operations = operationsIn(request.body)
  const dryRun = query.get('dryRun')
  if (dryRun !== null && dryRun !== 'All')
    throw new Refusal(422, 'Invalid', `dryRun: Unsupported value: ["${dryRun}"]: supported values: "All"`)
  const before = existing(store, target)
  const next = changed(target, before, operations)
  mustBeValid(target, next)
  if (next.metadata.resourceVersion !== before.metadata.resourceVersion)
    throw new Refusal(
      409,
      'Conflict',
      `Operation cannot be fulfilled on ${target.kind.plural} "${before.metadata.name}": the object has been modified; please apply your changes to the latest version and try again`,
    )
  const kept = dryRun === null ? store.put(next) : become(target.kind, before, next)
  const shown = structuredClone(kept)
  if (dryRun === null) store.onChange()
  return target.subresource === 'scale' ? scaleOf(shown) : { ...shown, apiVersion: target.apiVersion }
}

function operationsIn(body: string): PatchOperation[] {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch {
    parsed = undefined
  }
  if (Array.isArray(parsed)) return parsed as PatchOperation[]
  throw new Refusal(
    400,
    'BadRequest',
    'error decoding patch: json: cannot unmarshal into []handlers.jsonPatchOp',
  )
}

/** The whole object as the patch leaves it. A patch of the status changes nothing else, and no other one changes that. */
function changed(
  { kind, subresource }: Target,
  before: FakeObject,
  operations: PatchOperation[],
): FakeObject {
  try {
    if (subresource === 'scale') {
      const { metadata, spec } = patched(scaleOf(before), operations)
      const { resourceVersion = '' } = metadata
      return {
        ...before,
        metadata: { ...before.metadata, resourceVersion },
        spec: { ...before.spec, ...spec },
      }
    }
    const next = patched(before, operations)
    if (subresource === 'status') return { ...before, status: next.status ?? {} }
    if (!kind.subresources?.includes('status')) return next
    const { status: _, ...rest } = next
    return before.status === undefined ? rest : { ...(rest as FakeObject), status: before.status }
  } catch (error) {
    if (!(error instanceof PatchRefused)) throw error
    throw new Refusal(422, 'Invalid', 'the server rejected our request due to an error in our request')
  }
}

function mustBeValid({ kind, subresource }: Target, object: FakeObject): void {
  const filled = structuredClone(object)
  kind.defaults?.(filled)
  const replicas = filled.spec?.['replicas']
  const problems = [
    ...(kind.problems?.(filled) ?? []),
    ...(subresource === 'scale' && !(Number.isInteger(replicas) && Number(replicas) >= 0)
      ? [`spec.replicas: Invalid value: ${String(replicas)}: must be greater than or equal to 0`]
      : []),
  ]
  if (problems.length > 0)
    throw new Refusal(
      422,
      'Invalid',
      `${kind.kind} "${object.metadata.name}" is invalid: ${problems.join('; ')}`,
    )
}
