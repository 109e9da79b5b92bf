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
    const headers = { ...limits, 'x-accepted-github-permissions': route.needs.replace(': ', '=') }
    try {
      permit(caller, route)
      const url = `${repository.apiUrl}${call.path}?${call.query}`
      return withHeaders(await route.answer(call, params, caller, url), headers)
    } catch (error) {
      throw error instanceof Refusal ? new Refusal(withHeaders(error.answer, headers)) : error
    }
  }
}

function authenticate(repository: Repository, call: HttpCall): Caller {
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
  const [, owner, name, rest] = /^\/repos\/([^/]+)\/([^/]+)(\/.*)$/.exec(path) ?? []
  if (rest === undefined || `${owner}/${name}`.toLowerCase() !== repository.fullName.toLowerCase())
    throw notFound()
  for (const route of routes) {
    const match = route.method === method ? route.pattern.exec(rest) : null
    if (match) return { route, params: decode(match.groups ?? {}) }
  }
  throw notFound()
}

function permit({ job }: Caller, { needs, documentation }: RestRoute): void {
  const [scope = '', level] = needs.split(': ')
  const granted = job.permissions[scope] ?? 'none'
  if (granted === 'write' || granted === level) return
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
