import { createHash } from 'node:crypto'
import { type Answer, type Door, type HttpCall, Refusal, tokenOf } from './http-call'
import type { RateLimit } from './rate-limit'
import type { Caller, Repository } from './repository'
import { notFound, type RestRoute } from './rest-route'

/** GitHub's REST API for one repository: who calls, may they, which endpoint. */
export function restApi(repository: Repository, routes: readonly RestRoute[], rateLimit: RateLimit): Door {
  return async (call) => {
    const caller = authenticate(repository, call)
    const { route, params } = find(repository, routes, call)
    const limits = rateLimit.take(route.documentation)
    const headers = { ...limits, 'x-accepted-github-permissions': route.needs.replaceAll(': ', '=') }
    try {
      permit(caller, route)
      const url = `${repository.apiUrl}${call.path}?${call.query}`
      const answer = await route.answer(call, params, caller, url)
      if (call.method !== 'GET' || answer.status !== 200) return withHeaders(answer, headers)
      const etag = `W/"${createHash('sha256').update(JSON.stringify(answer.body)).digest('hex')}"`
      if (call.headers['if-none-match'] !== etag) return withHeaders(answer, { ...headers, etag })
      // Source: REST API, "Best practices", Use conditional requests: it counts against no primary limit.
      rateLimit.giveBack()
      return { status: 304, headers: { etag } }
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(withHeaders(error.answer, headers)) : error
    }
  }
}

/** Who calls. @throws Refusal with 401 for a token that is none of a running job's */
export function authenticate(repository: Repository, call: HttpCall): Caller {
  const token = tokenOf(call)
  const caller = token === undefined ? undefined : repository.caller((job) => job.token === token)
  if (!caller)
    throw new Refusal({
      status: 401,
      body: { message: 'Bad credentials', documentation_url: 'https://docs.github.com/rest', status: '401' },
    })
  call.job = caller.job.id
  return caller
}

function find(
  repository: Repository,
  routes: readonly RestRoute[],
  { method, path }: HttpCall,
): { route: RestRoute; params: Record<string, string> } {
  const rest = restOf(repository, path)
  if (rest === undefined) throw notFound()
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(rest) : null
    if (match) return { route, params: decode(match.groups ?? {}) }
  }
  throw notFound()
}

/**
 * What of a path comes after the repository, by its name or its number.
 * @throws Refusal for a name that it had before. Source: REST API, "Using the REST API", Follow redirects
 */
function restOf(repository: Repository, path: string): string | undefined {
  const [, id, below = ''] = /^\/repositories\/(\d+)(\/.*)?$/.exec(path) ?? []
  if (id !== undefined) return Number(id) === repository.id ? below : undefined
  const [, asked = '', rest = ''] = /^\/repos\/([^/]+\/[^/]+)(\/.*)?$/.exec(path) ?? []
  if (same(asked, repository.fullName)) return rest
  if (!same(asked, repository.options.settings?.formerName ?? '')) return undefined
  const location = `${repository.apiUrl}/repositories/${repository.id}${rest}`
  throw new Refusal({
    status: 301,
    headers: { location },
    body: {
      message: 'Moved Permanently',
      url: location,
      documentation_url: 'https://docs.github.com/rest',
    },
  })
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

function permit({ job }: Caller, { needs, documentation }: RestRoute): void {
  for (const one of needs.split('; ')) {
    const [scope = '', level] = one.split(': ')
    // Every token may see the repository that it is for.
    const granted = scope === 'metadata' ? 'read' : (job.permissions[scope] ?? 'none')
    if (granted === 'write' || granted === level) return
  }
  const body = {
    message: 'Resource not accessible by integration',
    documentation_url: documentation,
    status: '403',
  }
  throw new Refusal({ status: 403, body })
}

function decode(groups: Record<string, string>): Record<string, string> {
  try {
    return Object.fromEntries(
      Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
    )
  } catch {
    throw notFound()
  }
}

const withHeaders = (answer: Answer, headers: Record<string, string>): Answer => ({
  ...answer,
  headers: { ...headers, ...answer.headers },
})
