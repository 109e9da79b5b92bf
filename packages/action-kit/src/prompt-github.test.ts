import { describe, expect, it } from '@jest/globals'
import { ProviderError } from './errors'
import type { GitHub } from './ports'
import { promptGitHub } from './prompt-github'

const ROUTE = 'GET /repos/{owner}/{repo}/deployments'
const clockOf = (asked: number[], ioMs: number) => ({
  speed: 1,
  now: () => new Date(0),
  realMs: () => 0,
  sleep: () => Promise.resolve(),
  ioTimeout(ms: number) {
    asked.push(ms)
    return ioMs
  },
})
type Call = [route: string, parameters: unknown, options: { signal?: AbortSignal } | undefined]
/** A GitHub of these answers, and a caller of it who waits 3 s of the action's time, which are so many real ms. */
function prompt(answer: (...call: Call) => Promise<unknown>, ioMs: number) {
  const bounds: number[] = []
  const ended = new AbortController()
  const request = answer as GitHub['request']
  const list = () => Promise.reject(new Error('a list is asked for page by page'))
  const github = promptGitHub({ request, list }, 3_000, {
    clock: clockOf(bounds, ioMs),
    signal: ended.signal,
  })
  return { github, bounds, ended }
}
const LONG = 600_000
const never = () => new Promise<never>(() => {})

describe('a GitHub that is asked for a prompt answer', () => {
  it('is not waited for, and not asked again, when it is silent', async () => {
    let signal: AbortSignal | undefined
    const { github, bounds } = prompt((_, __, options) => {
      signal = options?.signal
      return never()
    }, 1)
    const refused = await github.request(ROUTE).catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(ProviderError)
    expect(refused).toMatchObject({
      message: `GitHub gave no answer to ${ROUTE} within 3s`,
      provider: 'GitHub',
      retryable: false,
    })
    expect(bounds).toEqual([3_000])
    // The call itself is ended, too.
    expect(signal?.aborted).toBe(true)
  })

  it('says the same when the call ends itself by then', async () => {
    const { github } = prompt(
      (_, __, options) =>
        new Promise((_, reject) =>
          options?.signal?.addEventListener('abort', () => reject(new Error('cancelled'))),
        ),
      1,
    )
    await expect(github.request(ROUTE)).rejects.toThrow('gave no answer')
  })

  it('has the time anew for each page of a list', async () => {
    const { github, bounds } = prompt((_, parameters) => {
      const { page } = parameters as { page: number }
      return Promise.resolve(Array.from({ length: page < 3 ? 100 : 1 }, () => page))
    }, LONG)
    expect(await github.list(ROUTE)).toHaveLength(201)
    expect(bounds).toEqual([3_000, 3_000, 3_000])
  })

  it('is asked as it would be, and its own errors stay its own', async () => {
    const calls: Call[] = []
    const own = new ProviderError('GitHub answered 500', { provider: 'GitHub', status: 500, retryable: true })
    const { github } = prompt((...call) => {
      calls.push(call)
      return Promise.reject(own)
    }, LONG)
    const options = { permission: 'deployments: read', patienceMs: 7 }
    await expect(github.request(ROUTE, { page: 1 }, options)).rejects.toBe(own)
    expect(calls).toEqual([[ROUTE, { page: 1 }, { ...options, signal: expect.any(AbortSignal) }]])
  })

  it.each(['the run', 'the caller'])('ends with %s', async (whose) => {
    const caller = new AbortController()
    const { github, ended } = prompt(
      (_, __, { signal } = {}) =>
        new Promise((_, reject) =>
          signal?.addEventListener('abort', () => reject(new Error('was cancelled'))),
        ),
      LONG,
    )
    const asked = github.request(ROUTE, {}, whose === 'the run' ? {} : { signal: caller.signal })
    ;(whose === 'the run' ? ended : caller).abort()
    await expect(asked).rejects.toThrow('was cancelled')
  })
})
