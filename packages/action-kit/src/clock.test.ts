import * as timers from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'

/** Node's sleeper behind a record of what it was asked for. Jest's fake timers do not reach node:timers/promises. */
const setTimeout = jest.fn(timers.setTimeout)
jest.unstable_mockModule('node:timers/promises', () => ({ ...timers, setTimeout }))
const { clockFromEnvironment, createClock } = await import('./clock')

beforeEach(() => {
  jest.useFakeTimers({ now: Date.parse('2026-11-21T10:00:00.000Z') })
  setTimeout.mockClear()
})
afterEach(() => void jest.useRealTimers())

const epoch = Date.parse('2026-11-21T09:59:00.000Z')
const rehearsal = {
  GITHUB_API_URL: 'http://127.0.0.1:4000/api/v3',
  DEPLOY_ACTIONS_SPEED: '60',
  DEPLOY_ACTIONS_EPOCH: String(epoch),
}

/** The real milliseconds that Node's timer is set for by a sleep of that many of the action's. */
async function timerOf(clock: ReturnType<typeof createClock>, sleepMs: number): Promise<unknown> {
  setTimeout.mockResolvedValueOnce(undefined)
  await clock.sleep(sleepMs, new AbortController().signal)
  return setTimeout.mock.lastCall?.[0]
}

describe('the clock of the wall', () => {
  const clock = createClock()

  it('is the wall clock', async () => {
    expect([clock.speed, clock.now().toISOString(), clock.ioTimeout(500)]).toEqual([
      1,
      '2026-11-21T10:00:00.000Z',
      500,
    ])
    expect(await timerOf(clock, 1000)).toBe(1000)
  })

  it('sleeps', async () => {
    await expect(clock.sleep(1, new AbortController().signal)).resolves.toBeUndefined()
    expect(setTimeout).toHaveBeenCalledTimes(1)
  })

  it('does not take a very long time for none at all', async () => {
    // Node sets a timer of more than 2^31 - 1 ms to 1 ms.
    expect(await timerOf(clock, 2 ** 31)).toBe(2 ** 31 - 1)
    expect(clock.ioTimeout(2 ** 40)).toBe(2 ** 31 - 1)
  })

  it('wakes a sleeper when the run is cancelled, and lets nobody sleep after that', async () => {
    const run = new AbortController()
    const asleep = clock.sleep(60_000, run.signal)
    const reason = new Error('the run was cancelled')
    run.abort(reason)
    await expect(asleep).rejects.toBe(reason)
    await expect(clock.sleep(1, run.signal)).rejects.toBe(reason)
  })

  it('does not hide why else a sleep failed', async () => {
    const broken = new Error('the timer is broken')
    setTimeout.mockRejectedValueOnce(broken)
    await expect(clock.sleep(1, new AbortController().signal)).rejects.toBe(broken)
  })
})

describe('the clock of a rehearsal', () => {
  const clock = clockFromEnvironment(rehearsal)

  it('runs faster from a moment that all processes share', async () => {
    // A real minute after the epoch, 60 times as fast, is an hour.
    expect([clock.speed, clock.now().toISOString()]).toEqual([60, '2026-11-21T10:59:00.000Z'])
    expect(await timerOf(clock, 60_000)).toBe(1000)
  })

  it('leaves input and output two real seconds', () => {
    // 30 s / 60 would be half a second; 10 min / 60 is ten.
    expect([clock.ioTimeout(30_000), clock.ioTimeout(600_000)]).toEqual([2000, 10_000])
  })

  it('limits input and output by whole milliseconds, since a timer of a signal takes no others', () => {
    // 30 s / 11 is 2,727.27 ms; the limit is never the shorter one.
    const limits = [createClock({ speed: 11, epoch: 1 }).ioTimeout(30_000), createClock().ioTimeout(1500.5)]
    expect(limits).toEqual([2728, 1501])
    for (const limit of limits) expect(() => AbortSignal.timeout(limit)).not.toThrow()
  })

  it.each([
    ["where GitHub's API is the real one", { GITHUB_API_URL: 'https://api.github.com' }],
    ['where it only looks like the loopback', { GITHUB_API_URL: 'http://127.0.0.1.evil.test/' }],
    ['without an address', { GITHUB_API_URL: undefined }],
    ['with what is not an address', { GITHUB_API_URL: '127.0.0.1' }],
    ['slower than the wall clock', { DEPLOY_ACTIONS_SPEED: '0.5' }],
    ['at what is not a speed', { DEPLOY_ACTIONS_SPEED: 'fast' }],
    ['without the shared moment', { DEPLOY_ACTIONS_EPOCH: undefined }],
  ])('is not to be had %s', (_, change) =>
    expect(clockFromEnvironment({ ...rehearsal, ...change }).speed).toBe(1),
  )

  it.each(['http://localhost:1', 'http://127.3.2.1/', 'http://[::1]:4000'])('is to be had on %s', (url) =>
    expect(clockFromEnvironment({ ...rehearsal, GITHUB_API_URL: url }).speed).toBe(60),
  )
})
