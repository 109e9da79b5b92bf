import { z } from 'zod'
import {
  parseRetryAfter,
  ProviderError,
  type HttpRequest,
  type HttpResponse,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import { defined } from '@deploy-actions/rollout'
import { identitiesOf } from './credentials'
import { clusterAccess, type ClusterChoice } from './kubeconfig'

/** What every object of the API has. */
export const kubernetesObject = z.looseObject({
  apiVersion: z.string().optional(),
  kind: z.string().optional(),
  metadata: z.looseObject({
    name: z.string(),
    namespace: z.string().optional(),
    uid: z.string().optional(),
    resourceVersion: z.string().optional(),
    generation: z.number().optional(),
    creationTimestamp: z.string().optional(),
    deletionTimestamp: z.string().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    ownerReferences: z
      .array(z.looseObject({ kind: z.string(), name: z.string(), uid: z.string() }))
      .optional(),
  }),
})
export type KubernetesObject = z.infer<typeof kubernetesObject>

/** Objects of one kind, by the name that they have in addresses: `deployments` of `apps/v1`. */
export interface Resource {
  /** `v1`, or group and version: `apps/v1` */
  apiVersion: string
  /** plural, as in addresses */
  plural: string
  /** absent for what belongs to no namespace */
  namespace?: string | undefined
}

/** One object. */
export interface ObjectRef extends Resource {
  name: string
  /** a part of it that has an address of its own: `scale`, which may be written without a right to the rest */
  part?: 'scale'
}

/** One step of a JSON patch (RFC 6902); `test` makes all of it fail where something else stands. */
export type PatchStep =
  { op: 'test' | 'add' | 'replace'; path: string; value: unknown } | { op: 'remove'; path: string }

/** What is asked of the API of a cluster. Nothing is repeated but what was refused for a credential that has ended. */
export interface Cluster {
  /** for messages: `Kubernetes prod (https://10.0.0.1:6443)` */
  readonly where: string
  /** of the context */
  readonly namespace: string
  /** @returns undefined where it is not there; @throws ClusterRefused, ProviderError */
  read<T extends z.ZodType>(ref: ObjectRef, schema: T, signal: AbortSignal): Promise<z.output<T> | undefined>
  /** What an object is called and which version it has, without what is in it: a Secret stays where it is. */
  readMetadata(ref: ObjectRef, signal: AbortSignal): Promise<KubernetesObject['metadata'] | undefined>
  /** All of them, by pages. @throws ClusterRefused, ProviderError */
  list<T extends z.ZodType>(
    resource: Resource,
    schema: T,
    signal: AbortSignal,
    selected?: { labels?: string | undefined; fields?: string | undefined },
  ): Promise<z.output<T>[]>
  /** @throws ClusterRefused: `Invalid` where a test did not hold, `NotFound`, `Forbidden` */
  patch<T extends z.ZodType>(
    ref: ObjectRef,
    steps: readonly PatchStep[],
    schema: T,
    signal: AbortSignal,
    options?: { dryRun?: boolean },
  ): Promise<z.output<T>>
  /** Server-side apply of a whole object that is kept nowhere: what it would become. @throws ClusterRefused */
  dryApply(ref: ObjectRef, object: KubernetesObject, signal: AbortSignal): Promise<KubernetesObject>
  /** What would come of an object that is new, admission included; it is kept nowhere. @throws ClusterRefused */
  dryCreate(resource: Resource, object: KubernetesObject, signal: AbortSignal): Promise<KubernetesObject>
  /** Deletes an object if it is still the one of that uid; one that is gone is no error. @throws ClusterRefused */
  remove(ref: ObjectRef, uid: string, signal: AbortSignal): Promise<void>
  /** What a pod answers to a GET on one of its ports, asked by the API server. Any status is an answer. */
  askPod(
    pod: { namespace: string; name: string; port: number; path: string },
    signal: AbortSignal,
  ): Promise<Pick<HttpResponse, 'status' | 'body'>>
  /** The kinds that a version of the API has, asked once. Empty where the cluster does not have that version. */
  kinds(apiVersion: string, signal: AbortSignal): Promise<readonly Kind[]>
  /** The end of what a container has printed; `previous` is the one before the last restart. */
  logs(
    pod: { namespace: string; name: string; container: string },
    options: { lines: number; previous?: boolean },
    signal: AbortSignal,
  ): Promise<string>
}

/** A kind as the cluster serves it. */
export interface Kind {
  kind: string
  plural: string
  namespaced: boolean
}

/** Who wrote a field, for the API server. */
const FIELD_MANAGER = 'deploy-actions'
/** Source: Kubernetes, "API concepts", metadata-only fetches. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1'
/** As kubectl reads lists. */
const PAGE = 500

/** The API server's own answer. Source: Kubernetes API, `Status` (meta/v1). */
const status = z.looseObject({
  kind: z.literal('Status'),
  reason: z.string().optional(),
  message: z.string().optional(),
})

/** The API server has said no: what it says, and the reason by which it is told apart. */
export class ClusterRefused extends ProviderError {
  /** `NotFound`, `Forbidden`, `Conflict`, `Invalid`, ... */
  readonly reason: string

  constructor(
    message: string,
    details: { reason: string; provider: string; status: number; retryable: boolean; retryAfterMs?: number },
  ) {
    super(message, { ...details, notCarriedOut: details.status === 429 })
    this.reason = details.reason
  }
}

/**
 * Opens a cluster; it is not asked anything yet.
 * @throws InputError when no kubeconfig says which it is
 */
export async function openCluster(choice: ClusterChoice, ports: ProviderPorts): Promise<Cluster> {
  const access = await clusterAccess(choice, ports)
  const where = `Kubernetes ${access.context} (${access.server})`
  const identities = identitiesOf(access, ports)
  const send = async (
    request: Omit<HttpRequest, 'url' | 'tls'> & { path: string },
  ): Promise<HttpResponse> => {
    const { path, ...rest } = request
    const { headers, tls } = await identities.now(request.signal)
    return ports.http.request({
      ...rest,
      url: `${access.server}${path}`,
      headers: { accept: 'application/json', ...headers, ...request.headers },
      tls,
    })
  }
  const ask = async (request: Parameters<typeof send>[0]): Promise<HttpResponse> => {
    const answer = await send(request)
    return answer.status === 401 && identities.refused() ? send(request) : answer
  }
  return clusterOf({ where, namespace: access.namespace, ask, now: () => ports.clock.now() })
}

interface Asked {
  where: string
  now(): Date
  namespace: string
  ask(request: Omit<HttpRequest, 'url' | 'tls'> & { path: string }): Promise<HttpResponse>
}

function clusterOf({ where, namespace, ask, now }: Asked): Cluster {
  const known = new Map<string, readonly Kind[]>()
  const must = (answer: HttpResponse, what: string): HttpResponse => {
    if (answer.status >= 200 && answer.status < 300) return answer
    throw refusal(answer, { where, what, now: now() })
  }
  return {
    where,
    namespace,
    async read(ref, schema, signal) {
      const answer = await ask({ path: pathOf(ref), signal })
      if (isMissing(answer)) return undefined
      return as(schema, must(answer, `read ${nameOf(ref)}`), where)
    },
    async readMetadata(ref, signal) {
      const answer = await ask({ path: pathOf(ref), headers: { accept: METADATA_ONLY }, signal })
      if (isMissing(answer)) return undefined
      return as(kubernetesObject, must(answer, `read ${nameOf(ref)}`), where).metadata
    },
    async list(resource, schema, signal, { labels, fields } = {}) {
      const page = listOf(schema)
      const all: z.output<typeof schema>[] = []
      let next: string | undefined
      do {
        const query = queryOf({
          limit: String(PAGE),
          labelSelector: labels,
          fieldSelector: fields,
          continue: next,
        })
        const answer = must(
          await ask({ path: `${pathOf(resource)}${query}`, signal }),
          `list ${resource.plural}`,
        )
        const { items, metadata } = as(page, answer, where)
        all.push(...items)
        next = metadata?.continue || undefined
      } while (next !== undefined)
      return all
    },
    async patch(ref, steps, schema, signal, { dryRun } = {}) {
      const query = queryOf({ fieldManager: FIELD_MANAGER, dryRun: dryRun ? 'All' : undefined })
      const headers = { 'content-type': 'application/json-patch+json' }
      const body = JSON.stringify(steps)
      const answer = await ask({ method: 'PATCH', path: `${pathOf(ref)}${query}`, headers, body, signal })
      return as(schema, must(answer, `change ${nameOf(ref)}`), where)
    },
    async dryApply(ref, object, signal) {
      const query = queryOf({ fieldManager: FIELD_MANAGER, dryRun: 'All', force: 'true' })
      const headers = { 'content-type': 'application/apply-patch+yaml' }
      const body = JSON.stringify(object)
      const answer = await ask({ method: 'PATCH', path: `${pathOf(ref)}${query}`, headers, body, signal })
      return as(kubernetesObject, must(answer, `apply ${nameOf(ref)}`), where)
    },
    async dryCreate(resource, object, signal) {
      const query = queryOf({ fieldManager: FIELD_MANAGER, dryRun: 'All' })
      const headers = { 'content-type': 'application/json' }
      const { apiVersion, plural, namespace: of } = resource
      const path = `${pathOf({ apiVersion, plural, namespace: of })}${query}`
      const answer = await ask({ method: 'POST', path, headers, body: JSON.stringify(object), signal })
      return as(kubernetesObject, must(answer, `create one of ${resource.plural}`), where)
    },
    async remove(ref, uid, signal) {
      const headers = { 'content-type': 'application/json' }
      const body = JSON.stringify({ preconditions: { uid } })
      const answer = await ask({ method: 'DELETE', path: pathOf(ref), headers, body, signal })
      if (!isMissing(answer)) must(answer, `delete ${nameOf(ref)}`)
    },
    async askPod({ namespace: of, name, port, path }, signal) {
      const pod = pathOf({ apiVersion: 'v1', plural: 'pods', namespace: of, name: `${name}:${port}` })
      return ask({ path: `${pod}/proxy${path}`, signal })
    },
    async kinds(apiVersion, signal) {
      const before = known.get(apiVersion)
      if (before) return before
      const answer = await ask({ path: groupPath(apiVersion), signal })
      const kinds = isMissing(answer) ? [] : kindsIn(as(resources, must(answer, `read ${apiVersion}`), where))
      known.set(apiVersion, kinds)
      return kinds
    },
    async logs({ namespace: of, name, container }, { lines, previous = false }, signal) {
      const query = queryOf({ container, tailLines: String(lines), previous: String(previous) })
      const path = `${pathOf({ apiVersion: 'v1', plural: 'pods', namespace: of, name })}/log${query}`
      const answer = await ask({ path, headers: { accept: 'text/plain, application/json' }, signal })
      return must(answer, `read the log of ${name}`).body
    },
  }
}

const isMissing = ({ status: code }: HttpResponse): boolean => code === 404

const listOf = <T extends z.ZodType>(schema: T) =>
  z.looseObject({
    items: z
      .array(schema)
      .nullable()
      .transform((items) => items ?? []),
    metadata: z.looseObject({ continue: z.string().optional() }).optional(),
  })

/** Source: Kubernetes API, `APIResourceList`: a name with a slash is a part of another one. */
const resources = z.looseObject({
  resources: z.array(z.looseObject({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
})

const kindsIn = ({ resources: all }: z.infer<typeof resources>): Kind[] =>
  all
    .filter(({ name }) => !name.includes('/'))
    .map(({ name, kind, namespaced }) => ({ kind, plural: name, namespaced }))

const groupPath = (apiVersion: string): string =>
  apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`

function pathOf({
  apiVersion,
  plural,
  namespace,
  name,
  part,
}: Resource & Partial<Pick<ObjectRef, 'name' | 'part'>>): string {
  const within = namespace === undefined ? '' : `/namespaces/${encodeURIComponent(namespace)}`
  const one = name === undefined ? '' : `/${encodeURIComponent(name)}`
  const of = part === undefined ? '' : `/${part}`
  return `${groupPath(apiVersion)}${within}/${plural}${one}${of}`
}

/** `deployments api/shop`. */
const nameOf = ({ plural, namespace, name }: ObjectRef): string =>
  `${plural} ${namespace === undefined ? name : `${namespace}/${name}`}`

function queryOf(parameters: Record<string, string | undefined>): string {
  const query = new URLSearchParams(defined(parameters) as Record<string, string>).toString()
  return query === '' ? '' : `?${query}`
}

/** @throws ProviderError when the answer is not of the API, such as the page of a proxy */
function as<T extends z.ZodType>(
  schema: T,
  { body, status: code }: HttpResponse,
  where: string,
): z.output<T> {
  const result = schema.safeParse(jsonIn(body))
  if (result.success) return result.data
  const problems = result.error.issues.map(({ path, message }) => `${path.join('.')} ${message}`.trim())
  throw new ProviderError(
    `${where} answered ${code} with what is not of its API: ${problems.slice(0, 3).join('; ')}`,
    { provider: where, status: code },
  )
}

function jsonIn(body: string): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return undefined
  }
}

/** What may succeed when it is asked again: the server is busy or just coming up. */
const PASSING = new Set([429, 500, 502, 503, 504])

function refusal(
  { status: code, headers, body }: HttpResponse,
  { where, now, what }: { where: string; now: Date; what: string },
): ProviderError {
  const said = status.safeParse(jsonIn(body))
  const message = said.success ? (said.data.message ?? said.data.reason) : undefined
  if (code === 401)
    return new ProviderError(
      `${where} does not accept the credentials of the kubeconfig (401) to ${what}; log in anew in a step before this one`,
      { provider: where, status: code },
    )
  const reason = (said.success && said.data.reason) || `status ${code}`
  return new ClusterRefused(`${where} refuses to ${what}: ${withoutValues(message ?? reason)}`, {
    ...defined({ retryAfterMs: parseRetryAfter(headers['retry-after'], now) }),
    ...{ reason, provider: where, status: code, retryable: PASSING.has(code) },
  })
}

/** What an error of the API server repeats of what was sent may be the value of a variable of a container. */
export const withoutValues = (text: string): string =>
  text
    .replace(/Invalid value: [^\n]*[{[][^\n]*[}\]]/g, 'Invalid value: {...}')
    .replace(/valueUnstructured\{[^\n]*\}/g, 'valueUnstructured{...}')
