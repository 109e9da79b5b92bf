import type { Clock } from './clock'
import { ProviderError } from './errors'

/** How a call is tried again. All times are the action's milliseconds. */
export type RetryOptions = RetryLimits & {
  clock: Pick<Clock, 'now' | 'sleep'>
  /** ends everything at once, by its own reason */
  signal: AbortSignal
  /** true when the call done twice is the same as done once; otherwise it is repeated only when it was not carried out */
  idempotent: boolean
  /** which errors are worth another try; default: a ProviderError that says so */
  worthwhile?: (error: unknown) => boolean
  /** bound of the first wait, which doubles from try to try; default 500 */
  firstWaitMs?: number
  /** what the bound of a wait grows to; default 10,000 */
  longestWaitMs?: number
  /** a Retry-After of more than this is not waited for: what must be done now is tried all the same */
  retryAfterAtMostMs?: number
  /** called before each wait: for a line of progress */
  onRetry?: (retry: Retry) => void
  /** from 0 to less than 1 */
  random?: () => number
}

/** What ends it: a number of tries, the first included; a time since the first began; or whichever comes first. */
export type RetryLimits = { attempts: number; withinMs?: number } | { attempts?: number; withinMs: number }

/** One failed try that will be repeated. */
export interface Retry {
  error: unknown
  /** which try it was, from 1 */
  attempt: number
  waitMs: number
}

/**
 * Calls until it succeeds, and waits between the tries: at least as long as the provider asks for, otherwise by
 * exponential back-off with full jitter, a random part of a bound that doubles, so that those who failed together do
 * not come back together (Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015). A call under way is
 * not cut off at the deadline; it has a time-out of its own.
 *
 * Own code although there is p-retry: that waits on the wall clock, where a rehearsal runs faster and a test has no
 * time at all.
 * @throws the last error as it was thrown: one that is not worth repeating, or the one after which there was no try or
 * no time left, which includes a Retry-After beyond the deadline; the signal's reason once it has aborted
 */
export async function retrying<T>(call: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, attempts = Infinity, withinMs = Infinity, onRetry } = options
  const deadline = clock.now().getTime() + withinMs
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    try {
      return await call()
    } catch (error) {
      if (!isRepeatable(error, options) || attempt >= attempts) throw error
      signal.throwIfAborted()
      const leftMs = deadline - clock.now().getTime()
      const waitMs = waitFor(error, attempt, leftMs, options)
      if (waitMs === undefined) throw error
      onRetry?.({ error, attempt, waitMs })
      await clock.sleep(waitMs, signal)
    }
  }
}

function isRepeatable(error: unknown, { idempotent, worthwhile }: RetryOptions): boolean {
  const known = error instanceof ProviderError ? error : undefined
  const worthIt = worthwhile ? worthwhile(error) : known?.retryable === true
  return worthIt && (idempotent || known?.notCarriedOut === true)
}

/** Milliseconds until the next try; undefined when there is no time for one. The last one is at the deadline itself. */
function waitFor(
  error: unknown,
  attempt: number,
  leftMs: number,
  {
    firstWaitMs = 500,
    longestWaitMs = 10_000,
    retryAfterAtMostMs = Infinity,
    random = Math.random,
  }: RetryOptions,
): number | undefined {
  const asked = error instanceof ProviderError ? (error.retryAfterMs ?? 0) : 0
  const retryAfterMs = Math.min(asked, retryAfterAtMostMs)
  if (leftMs <= 0 || retryAfterMs > leftMs) return undefined
  const bound = Math.min(longestWaitMs, firstWaitMs * 2 ** (attempt - 1))
  return Math.min(Math.max(retryAfterMs, random() * bound), leftMs)
}

/** RFC 9110, 5.6.7: the three forms of an HTTP-date, all of which begin with the day's name. */
const HTTP_DATE = /^(mon|tue|wed|thu|fri|sat|sun)/i

/**
 * Milliseconds that a Retry-After header asks to wait (RFC 9110, 10.2.3): seconds, of which some services send
 * fractions, or an HTTP-date. Undefined without the header and for what is neither.
 */
export function parseRetryAfter(header: string | undefined, now: Date): number | undefined {
  const value = header?.trim() ?? ''
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000
  if (!HTTP_DATE.test(value)) return undefined
  // The form of asctime names no zone; all three are in UTC.
  const date = Date.parse(/GMT$/i.test(value) ? value : `${value} GMT`)
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime())
}
