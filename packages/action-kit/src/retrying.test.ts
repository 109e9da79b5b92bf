import { describe, expect, it } from '@jest/globals'
import { createFakeClock } from '@deploy-actions/testing'
import { Cancelled, InputError, ProviderError } from './errors'
import { parseRetryAfter, retrying, type Retry, type RetryOptions } from './retrying'

type Details = Partial<ConstructorParameters<typeof ProviderError>[1]>

const failure = (message: string, details: Details = {}): ProviderError =>
  new ProviderError(message, { provider: 'test', retryable: true, ...details })
/** Certainly without effect, so that a repetition does no harm. */
const refused = failure('refused', { notCarriedOut: true })
const timedOut = failure('timed out')

/** What a call that ends so, one after the other (the last end stays), comes to, when it was tried, and what was told. */
async function tried(ends: unknown[], options: Partial<RetryOptions> = {}, callTakesMs = 0) {
  const clock = createFakeClock()
  const began = clock.now().getTime()
  const at: number[] = []
  const told: Retry[] = []
  const call = async (): Promise<unknown> => {
    at.push(clock.now().getTime() - began)
    clock.advance(callTakesMs)
    const end = ends[Math.min(at.length, ends.length) - 1]
    if (end instanceof Error) throw end
    return end
  }
  const result = await retrying(call, {
    clock,
    signal: new AbortController().signal,
    idempotent: true,
    attempts: 10,
    random: () => 0.5,
    onRetry: (retry) => void told.push(retry),
    ...options,
  }).catch((error: unknown) => error)
  return { result, at, told }
}

describe('what is repeated', () => {
  it('is a call that may succeed later, until it does', async () => {
    const { result, at } = await tried([timedOut, timedOut, 'done'])
    expect([result, at.length]).toEqual(['done', 3])
  })

  it.each([
    ['an answer that will stay the same', failure('404', { retryable: false })],
    ['a mistake of the user', new InputError('no such region')],
    ['a cancelled run', new Cancelled('the run was cancelled')],
    ['a bug', new TypeError('x is not a function')],
  ])('is not %s', async (_, error) => {
    const { result, at } = await tried([error, 'done'])
    expect([result, at.length]).toEqual([error, 1])
  })

  it('is a call that must not be done twice only when it was not carried out', async () => {
    expect(await tried([refused, 'done'], { idempotent: false })).toMatchObject({ result: 'done' })
    const { result, at } = await tried([refused, timedOut, 'done'], { idempotent: false })
    expect([result, at.length]).toEqual([timedOut, 2])
  })
})

describe('how long is waited', () => {
  it('doubles up to a bound, half of it where chance says half', async () => {
    // Bounds 500, 1000, 2000, ... 8000, then 10,000: halves of them, added up.
    const { at } = await tried([timedOut], { attempts: 8 })
    expect(at).toEqual([0, 250, 750, 1750, 3750, 7750, 12_750, 17_750])
  })

  it('may be set', async () => {
    const { at } = await tried([timedOut], { attempts: 4, firstWaitMs: 100, longestWaitMs: 300 })
    expect(at).toEqual([0, 50, 150, 300])
  })

  it('is anything from nothing to the bound', async () => {
    const none = await tried([timedOut], { attempts: 3, random: () => 0 })
    expect(none.at).toEqual([0, 0, 0])
    const most = await tried([timedOut], { attempts: 3, random: () => 1 - Number.EPSILON })
    expect(most.at[2]).toBeCloseTo(1500, 6)
    const { told } = await tried([timedOut], { attempts: 50, withinMs: 1e9, random: Math.random })
    expect(told).toHaveLength(49)
    for (const { attempt, waitMs } of told) {
      expect(waitMs).toBeGreaterThanOrEqual(0)
      expect(waitMs).toBeLessThanOrEqual(Math.min(10_000, 500 * 2 ** (attempt - 1)))
    }
    // Not the same every time, or those who failed together would come back together.
    expect(new Set(told.map(({ waitMs }) => waitMs)).size).toBeGreaterThan(1)
  })

  it('is at least what the provider asks for', async () => {
    const asked = failure('429', { retryAfterMs: 7000 })
    expect((await tried([asked, 'done'])).at).toEqual([0, 7000])
    // Less than the back-off says: a provider that asks for nothing is not called without a pause.
    const at = failure('429', { retryAfterMs: 100 })
    expect((await tried([at, 'done'])).at).toEqual([0, 250])
  })

  it('is no more than the caller can wait, however much the provider asks for', async () => {
    const asked = failure('429', { retryAfterMs: 3_600_000 })
    const { result, at } = await tried([asked, 'done'], { withinMs: 60_000, retryAfterAtMostMs: 2000 })
    expect([result, at]).toEqual(['done', [0, 2000]])
  })
})

describe('the end', () => {
  it('comes after the allowed number of tries, with the last error', async () => {
    const last = failure('the third')
    const { result, at } = await tried([failure('the first'), failure('the second'), last], { attempts: 3 })
    expect([result, at.length]).toEqual([last, 3])
  })

  it('comes at once when only one try is allowed', async () => {
    const { result, told } = await tried([timedOut, 'done'], { attempts: 1 })
    expect([result, told]).toEqual([timedOut, []])
  })

  it('comes when the time is over, after a last try at its end', async () => {
    // 250 + 500 = 750 is within 1 s, the next half (1000 of 2000) is cut to what is left.
    const { result, at } = await tried([timedOut], { attempts: Infinity, withinMs: 1000 })
    expect([result, at]).toEqual([timedOut, [0, 250, 750, 1000]])
  })

  it('counts the time of the calls themselves', async () => {
    const { at } = await tried([timedOut], { withinMs: 1000 }, 2000)
    expect(at).toEqual([0])
  })

  it('comes at once when the provider asks for more time than there is', async () => {
    const asked = failure('429', { retryAfterMs: 1001 })
    const { result, at, told } = await tried([asked, 'done'], { withinMs: 1000 })
    expect([result, at, told]).toEqual([asked, [0], []])
    const inTime = failure('429', { retryAfterMs: 1000 })
    expect((await tried([inTime, 'done'], { withinMs: 1000 })).at).toEqual([0, 1000])
  })
})

describe('a line of progress', () => {
  it('is told before each wait, and of no other failure', async () => {
    const { told } = await tried([timedOut, refused, failure('404', { retryable: false })])
    expect(told).toEqual([
      { error: timedOut, attempt: 1, waitMs: 250 },
      { error: refused, attempt: 2, waitMs: 500 },
    ])
  })
})

describe('a run that is cancelled', () => {
  const reason = new Cancelled('the run was cancelled')

  it('begins no call', async () => {
    const { result, at } = await tried(['done'], { signal: AbortSignal.abort(reason) })
    expect([result, at]).toEqual([reason, []])
  })

  it('while waiting ends at once', async () => {
    const run = new AbortController()
    const { result, at } = await tried([timedOut, 'done'], {
      signal: run.signal,
      onRetry: () => setImmediate(() => run.abort(reason)),
      // A clock whose sleepers only wake when the run ends.
      clock: {
        now: () => new Date(0),
        sleep: (_, signal) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => reject(signal.reason as Error)),
          ),
      },
    })
    expect([result, at.length]).toEqual([reason, 1])
  })

  it('during a call that fails by it is not told that it will be repeated', async () => {
    const run = new AbortController()
    const told: Retry[] = []
    const call = (): Promise<never> => {
      run.abort(reason)
      return Promise.reject(timedOut)
    }
    const ended = retrying(call, {
      clock: createFakeClock(),
      signal: run.signal,
      idempotent: true,
      attempts: 3,
      onRetry: (retry) => void told.push(retry),
    })
    await expect(ended).rejects.toBe(reason)
    expect(told).toEqual([])
  })

  it('keeps what a call still came to', async () => {
    const run = new AbortController()
    const call = async (): Promise<string> => {
      run.abort(reason)
      return 'written'
    }
    const options = { clock: createFakeClock(), signal: run.signal, idempotent: false, attempts: 3 }
    expect(await retrying(call, options)).toBe('written')
  })
})

describe('Retry-After', () => {
  const now = new Date('1994-11-06T08:49:30.000Z')

  it.each([
    ['0', 0],
    ['120', 120_000],
    [' 7 ', 7000],
    ['0.65', 650],
    // The three forms of RFC 9110, 5.6.7: the same moment, 7 s from now.
    ['Sun, 06 Nov 1994 08:49:37 GMT', 7000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 7000],
    ['Sun Nov  6 08:49:37 1994', 7000],
    // In the past already.
    ['Sun, 06 Nov 1994 08:49:00 GMT', 0],
  ])('%j is %d ms', (header, ms) => expect(parseRetryAfter(header, now)).toBe(ms))

  it.each([undefined, '', '-1', '1e3', 'soon', '2026-11-21', 'Sunday'])('%j says nothing', (header) =>
    expect(parseRetryAfter(header, now)).toBeUndefined(),
  )
})
