import { defined } from '@deploy-actions/rollout'
import { Cancelled, messageOf, ProviderError, wasNotSent } from './errors'
import type { Clock } from './clock'
import type { EvidenceCollector, Http, HttpRequest, HttpResponse } from './ports'

const DEFAULT_TIMEOUT_MS = 10_000
/** A metrics page of a large proxy is a few MiB; more than this is a mistake or an attack on our memory. */
const MAX_BODY_BYTES = 16 * 1024 * 1024

/** HTTP over node-fetch, loaded at the first request; a proxy named by the environment is used. */
export function createHttp(clock: Clock, evidence: Pick<EvidenceCollector, 'call'>): Http {
  return {
    async request(request) {
      const started = clock.realMs()
      const { origin, pathname } = new URL(request.url)
      const what = `${request.method ?? 'GET'} ${request.hidePath ? '(path not shown)' : pathname}`
      try {
        const response = await send(request, clock)
        evidence.call({ system: origin, what, status: response.status, ms: response.ms })
        return response
      } catch (error) {
        evidence.call({
          system: origin,
          what,
          status: messageOf(error),
          ms: Math.round(clock.realMs() - started),
        })
        throw error
      }
    },
  }
}

async function send(request: HttpRequest, clock: Clock): Promise<HttpResponse> {
  const { agentsFor, fetch } = await import('./http-transport')
  throwIfAborted(request.signal)
  const limit = clock.ioTimeout(request.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const timeout = AbortSignal.timeout(limit)
  const started = clock.realMs()
  try {
    const response = await fetch(
      request.url,
      defined({
        method: request.method ?? 'GET',
        headers: { 'user-agent': 'deploy-actions', ...request.headers },
        body: request.body,
        signal: AbortSignal.any([request.signal, timeout]),
        size: MAX_BODY_BYTES,
        redirect: 'manual' as const,
        agent: agentsFor(request.tls),
      }),
    )
    const body = await response.text()
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body,
      ms: Math.round(clock.realMs() - started),
    }
  } catch (cause) {
    if (request.signal.aborted) throw new Cancelled('the run was cancelled', { cause })
    const { origin } = new URL(request.url)
    const why = timeout.aborted
      ? `gave no answer within ${Math.round(limit)} ms`
      : `could not be reached: ${reasonOf(cause, request)}`
    throw new ProviderError(`${origin} ${why}`, {
      provider: origin,
      // Its text names the whole address.
      cause: request.hidePath ? undefined : cause,
      retryable: true,
      notCarriedOut: wasNotSent(cause),
    })
  }
}

/** What went wrong. The texts of node-fetch name the whole address; where that is a secret, only the code is told. */
function reasonOf(cause: unknown, { hidePath }: HttpRequest): string {
  if (!hidePath) return messageOf(cause)
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined
  return typeof code === 'string' ? code : 'the connection was lost'
}

/** node-fetch would end the body of a request that never began with an error that nobody hears, and so the process. */
function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new Cancelled('the run was cancelled', { cause: signal.reason })
}
