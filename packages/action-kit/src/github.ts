import { defined, formatDuration } from '@deploy-actions/rollout'
import type { Clock } from './clock'
import { Cancelled, messageOf, ProviderError, wasNotSent } from './errors'
import { GRAPHQL, queried } from './graphql'
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
  /** what to do where the token lacks a permission; default what is to be done for that of a job */
  whenDenied?: string
}

const OF_A_JOB = "add it to the job's permissions and to those of every calling job"

/**
 * GitHub's API through octokit, loaded at the first call. Reads are repeated after rate limits, 5xx and lost
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
  whenDenied = OF_A_JOB,
}: Dependencies): GitHub {
  let saidAtMs = -Infinity
  /** Answers of those who ask again and again, by what was asked. */
  const kept = new Map<string, Kept>()
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
    { permission, ifChanged }: { permission?: string; ifChanged?: boolean },
    signal: AbortSignal,
  ) => {
    const { getOctokit } = await import('@actions/github')
    const octokit = getOctokit(token, {
      baseUrl: apiUrl,
      log: { debug() {}, info() {}, warn() {}, error() {} },
    })
    const asked = `${route} ${JSON.stringify(parameters)}`
    const before = ifChanged ? kept.get(asked) : undefined
    const started = clock.realMs()
    const note = (status: number | string): void =>
      evidence.call({ system: 'github', what: route, status, ms: Math.round(clock.realMs() - started) })
    try {
      const request = { signal: AbortSignal.any([signal, AbortSignal.timeout(clock.ioTimeout(30_000))]) }
      if (route === GRAPHQL) {
        const data = await queried(octokit, parameters, request)
        note(200)
        return data
      }
      const { owner, repo } = context
      const response = await octokit.request(route, {
        ...{ owner, repo, ...parameters, request },
        ...(before && { headers: { 'if-none-match': before.etag } }),
      })
      note(response.status)
      const data = jsonOf(route, response)
      const { etag } = response.headers
      if (ifChanged && etag !== undefined) kept.set(asked, { etag, data })
      return data
    } catch (error) {
      if (error instanceof ProviderError) throw error
      if (before && answeredStatus(error) === 304) {
        note(304)
        return before.data
      }
      note(answeredStatus(error) ?? messageOf(error))
      if (signal.aborted) throw new Cancelled('the run was cancelled', { cause: error })
      throw providerError(route, error, { permission, whenDenied }, clock.now())
    }
  }

  const request = async <T>(
    route: string,
    parameters: Record<string, unknown> = {},
    options: NonNullable<Parameters<GitHub['request']>[2]> = {},
  ) => {
    const { signal = ended, patienceMs } = options
    const limits =
      patienceMs === undefined ? { attempts: ATTEMPTS, withinMs: RETRY_WITHIN_MS } : { withinMs: patienceMs }
    return (await retrying(() => call(route, parameters, options, signal), {
      clock,
      signal,
      idempotent: route.startsWith('GET ') || route === GRAPHQL,
      onRetry: (retry) => say(route, retry),
      ...limits,
    })) as T
  }

  return { request, list: pagesOf(request) }
}

/**
 * An answer, and what GitHub knows it by. Source: REST API, "Best practices", Use conditional requests: one that is
 * answered with 304 counts against no primary limit.
 */
interface Kept {
  etag: string
  data: unknown
}

/** How much of what is no answer is shown. */
const SHOWN_CHARACTERS = 100

/** octokit gives what is not JSON as text: whoever stands in between has answered, and not GitHub. */
function jsonOf(route: string, { status, data }: { status: number; data: unknown }): unknown {
  if (typeof data !== 'string' || data === '') return data
  throw new ProviderError(
    `GitHub answered ${status} to ${route}, and not with JSON: ${JSON.stringify(data.slice(0, SHOWN_CHARACTERS))}`,
    { provider: 'GitHub', status, retryable: true },
  )
}

function providerError(
  route: string,
  error: unknown,
  { permission, whenDenied }: { permission: string | undefined; whenDenied: string },
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
      ? `GitHub refused ${route} (403: ${said}): the token lacks \`${permission}\`; ${whenDenied}`
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
