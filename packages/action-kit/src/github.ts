import { defined, formatDuration } from '@deploy-actions/rollout'
import type { Clock } from './clock'
import { Cancelled, messageOf, ProviderError, wasNotSent } from './errors'
import { pagesOf } from './pages-of'
import type { EvidenceCollector, GitHub, Log, RunContext } from './ports'
import { parseRetryAfter, retrying, type Retry } from './retrying'

/** One try and three more, for those that name no patience of their own. */
const ATTEMPTS = 4
/** Room for three tries that time out after 30 s, and for the minute that GitHub asks for after a secondary rate limit. */
const RETRY_WITHIN_MS = 120_000
/** A wait of more than this is said at once, shorter ones once a minute. */
const LONG_WAIT_MS = 15_000
const MINUTE_MS = 60_000

interface Dependencies {
  token: string
  apiUrl: string
  context: Pick<RunContext, 'owner' | 'repo'>
  clock: Clock
  signal: AbortSignal
  evidence: Pick<EvidenceCollector, 'call'>
  log?: Pick<Log, 'warning'>
}

/**
 * GitHub's REST API through octokit, loaded at the first call. Reads are repeated after rate limits, 5xx and lost
 * connections; writes only when they were certainly not carried out: after rate limits and without a connection.
 */
export function createGitHub({
  token,
  apiUrl,
  context,
  clock,
  signal: ended,
  evidence,
  log,
}: Dependencies): GitHub {
  let saidAtMs = -Infinity
  const say = (route: string, { error, waitMs }: Retry): void => {
    const now = clock.now().getTime()
    if (waitMs < LONG_WAIT_MS && now - saidAtMs < MINUTE_MS) return
    saidAtMs = now
    log?.warning(
      `GitHub is waited for: ${messageOf(error)}; ${route} is tried again in ${formatDuration(Math.ceil(waitMs / 1000) * 1000)}`,
    )
  }
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
      throw providerError(route, error, permission, clock.now())
    }
  }

  const request = async <T>(
    route: string,
    parameters: Record<string, unknown> = {},
    options: { permission?: string; signal?: AbortSignal; patienceMs?: number } = {},
  ) => {
    const { signal = ended, patienceMs } = options
    const limits =
      patienceMs === undefined ? { attempts: ATTEMPTS, withinMs: RETRY_WITHIN_MS } : { withinMs: patienceMs }
    return (await retrying(() => call(route, parameters, options.permission, signal), {
      clock,
      signal,
      idempotent: route.startsWith('GET '),
      onRetry: (retry) => say(route, retry),
      ...limits,
    })) as T
  }

  return { request, list: pagesOf(request) }
}

function providerError(
  route: string,
  error: unknown,
  permission: string | undefined,
  now: Date,
): ProviderError {
  const { response } = error as {
    response?: { headers?: Record<string, string>; data?: { message?: string } }
  }
  const status = answeredStatus(error)
  const said = response?.data?.message ?? messageOf(error)
  const limited = status === 429 || (status === 403 && /rate limit/i.test(said))
  const denied = status === 403 && permission !== undefined && !limited
  return new ProviderError(
    denied
      ? `GitHub refused ${route} (403: ${said}): the token lacks \`${permission}\`; add it to the job's permissions and to those of every calling job`
      : `GitHub ${status === undefined ? 'could not be reached for' : `answered ${status} to`} ${route}: ${said}`,
    defined({
      provider: 'GitHub',
      cause: error,
      status,
      requestId: response?.headers?.['x-github-request-id'],
      retryable: status === undefined || limited || status >= 500,
      notCarriedOut: limited || (status === undefined && wasNotSent(error)),
      retryAfterMs:
        parseRetryAfter(response?.headers?.['retry-after'], now) ??
        (limited ? untilAllowed(response?.headers, now) : undefined),
    }),
  )
}

/**
 * When no call of the hour is left, the milliseconds until the hour begins anew, which GitHub gives in seconds since
 * 1970; else the minute that it asks for. Source: REST API, "Rate limits", Exceeding the rate limit.
 */
function untilAllowed(headers: Record<string, string> = {}, now: Date): number {
  const reset = Number(headers['x-ratelimit-reset']) * 1000
  return headers['x-ratelimit-remaining'] === '0' && reset > 0
    ? Math.max(0, reset - now.getTime())
    : MINUTE_MS
}

/** The status that was answered, if anything was: octokit calls a lost connection a 500 too, but has no response then. */
function answeredStatus(error: unknown): number | undefined {
  const { status, response } = error as { status?: number; response?: unknown }
  return response === undefined ? undefined : status
}
