import type { Clock } from './clock'
import { Cancelled, messageOf, ProviderError } from './errors'
import type { EvidenceCollector, GitHub, RunContext } from './ports'

const PAGE = 100
/** A call that did not answer is tried again at most so often; only reads are. */
const READ_RETRIES = 3

interface Dependencies {
  token: string
  apiUrl: string
  context: Pick<RunContext, 'owner' | 'repo'>
  clock: Clock
  signal: AbortSignal
  evidence: Pick<EvidenceCollector, 'call'>
}

/** GitHub's REST API through octokit, loaded at the first call. Reads are repeated on 429, 5xx and lost connections; writes are not. */
export function createGitHub({
  token,
  apiUrl,
  context,
  clock,
  signal: ended,
  evidence,
}: Dependencies): GitHub {
  const call = async (
    route: string,
    parameters: Record<string, unknown>,
    permission: string | undefined,
    signal: AbortSignal,
  ) => {
    const { getOctokit } = await import('@actions/github')
    const octokit = getOctokit(token, {
      baseUrl: apiUrl,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    })
    const started = clock.realMs()
    const note = (status: number | string): void =>
      evidence.call({ system: 'github', what: route, status, ms: Math.round(clock.realMs() - started) })
    try {
      const response = await octokit.request(route, {
        owner: context.owner,
        repo: context.repo,
        ...parameters,
        request: { signal: AbortSignal.any([signal, AbortSignal.timeout(clock.ioTimeout(30_000))]) },
      })
      note(response.status)
      return response.data as unknown
    } catch (error) {
      note(answeredStatus(error) ?? messageOf(error))
      if (signal.aborted) throw new Cancelled('the run was cancelled', { cause: error })
      throw providerError(route, error, permission)
    }
  }

  const request = async <T>(
    route: string,
    parameters: Record<string, unknown> = {},
    options: { permission?: string; signal?: AbortSignal } = {},
  ) => {
    const signal = options.signal ?? ended
    const attempt = (): Promise<unknown> => call(route, parameters, options.permission, signal)
    if (!route.startsWith('GET ')) return (await attempt()) as T
    const { default: pRetry } = await import('p-retry')
    return (await pRetry(attempt, {
      retries: READ_RETRIES,
      minTimeout: 500 / clock.speed,
      maxTimeout: 10_000 / clock.speed,
      randomize: true,
      signal,
      shouldRetry: ({ error }) => error instanceof ProviderError && error.retryable,
    })) as T
  }

  return {
    request,
    async list<T>(
      route: string,
      parameters: Record<string, unknown> = {},
      { permission, limit = 1_000, pick }: { permission?: string; limit?: number; pick?: string } = {},
    ) {
      const items: T[] = []
      for (let page = 1; items.length < limit; page++) {
        const data = await request<T[] | Record<string, T[]>>(
          route,
          { ...parameters, per_page: Math.min(PAGE, limit), page },
          permission === undefined ? {} : { permission },
        )
        const found = Array.isArray(data) ? data : ((pick === undefined ? undefined : data[pick]) ?? [])
        items.push(...found)
        if (found.length < Math.min(PAGE, limit)) break
      }
      return items.slice(0, limit)
    },
  }
}

function providerError(route: string, error: unknown, permission: string | undefined): ProviderError {
  const { response } = error as {
    response?: { headers?: Record<string, string>; data?: { message?: string } }
  }
  const status = answeredStatus(error)
  const said = response?.data?.message ?? messageOf(error)
  const denied = status === 403 && permission !== undefined && !/rate limit/i.test(said)
  const requestId = response?.headers?.['x-github-request-id']
  return new ProviderError(
    denied
      ? `GitHub refused ${route} (403: ${said}): the token lacks \`${permission}\`; add it to the job's permissions and to those of every calling job`
      : `GitHub ${status === undefined ? 'could not be reached for' : `answered ${status} to`} ${route}: ${said}`,
    {
      provider: 'GitHub',
      cause: error,
      retryable:
        status === undefined ||
        status === 429 ||
        status >= 500 ||
        (status === 403 && /rate limit/i.test(said)),
      ...(status === undefined ? {} : { status }),
      ...(requestId === undefined ? {} : { requestId }),
    },
  )
}

/** The status that was answered, if anything was: octokit calls a lost connection a 500 too, but has no response then. */
function answeredStatus(error: unknown): number | undefined {
  const { status, response } = error as { status?: number; response?: unknown }
  return response === undefined ? undefined : status
}
