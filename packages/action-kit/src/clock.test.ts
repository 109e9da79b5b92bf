import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals'
import { clockFromEnvironment, createClock } from './clock'

beforeEach(() => void jest.useFakeTimers({ now: Date.parse('2026-11-21T10:00:00.000Z') }))
afterEach(() => void jest.useRealTimers())

const epoch = Date.parse('2026-11-21T09:59:00.000Z')
const rehearsal = {
  GITHUB_API_URL: 'http://127.0.0.1:4000/api/v3',
  DEPLOY_ACTIONS_SPEED: '60',
  DEPLOY_ACTIONS_EPOCH: String(epoch),
}

/** Whether a sleep is over after so many real milliseconds. */
async function overAfter(
  clock: ReturnType<typeof createClock>,
  sleepMs: number,
  realMs: number,
): Promise<boolean> {
  let over = false
  void clock.sleep(sleepMs, new AbortController().signal).then(() => (over = true))
  await jest.advanceTimersByTimeAsync(realMs)
  return over
}

describe('the clock of the wall', () => {
  const clock = createClock()

  it('is the wall clock', async () => {
    expect([clock.speed, clock.now().toISOString(), clock.ioTimeout(500)]).toEqual([
      1,
      '2026-11-21T10:00:00.000Z',
      500,
    ])
    expect([await overAfter(clock, 1000, 999), await overAfter(clock, 1000, 1000)]).toEqual([false, true])
  })

  it('does not take a very long time for none at all', async () => {
    // Node sets a timer of more than 2^31 - 1 ms to 1 ms.
    expect(await overAfter(clock, 2 ** 31, 60_000)).toBe(false)
    expect(clock.ioTimeout(2 ** 40)).toBe(2 ** 31 - 1)
  })

  it('wakes a sleeper when the run is cancelled, and lets nobody sleep after that', async () => {
    const run = new AbortController()
    const asleep = clock.sleep(60_000, run.signal)
    const reason = new Error('the run was cancelled')
    run.abort(reason)
    await expect(asleep).rejects.toBe(reason)
    await expect(clock.sleep(1, run.signal)).rejects.toBe(reason)
    expect(jest.getTimerCount()).toBe(0)
  })
})

describe('the clock of a rehearsal', () => {
  const clock = clockFromEnvironment(rehearsal)

  it('runs faster from a moment that all processes share', async () => {
    // A real minute after the epoch, 60 times as fast, is an hour.
    expect([clock.speed, clock.now().toISOString()]).toEqual([60, '2026-11-21T10:59:00.000Z'])
    expect([await overAfter(clock, 60_000, 999), await overAfter(clock, 60_000, 1000)]).toEqual([false, true])
  })

  it('leaves input and output two real seconds', () => {
    // 30 s / 60 would be half a second; 10 min / 60 is ten.
    expect([clock.ioTimeout(30_000), clock.ioTimeout(600_000)]).toEqual([2000, 10_000])
  })

  it.each([
    ["where GitHub's API is the real one", { GITHUB_API_URL: 'https://api.github.com' }],
    ['where it only looks like the loopback', { GITHUB_API_URL: 'http://127.0.0.1.evil.test/' }],
    ['without an address', { GITHUB_API_URL: undefined }],
    ['with an address that is none', { GITHUB_API_URL: '127.0.0.1' }],
    ['slower than the wall clock', { DEPLOY_ACTIONS_SPEED: '0.5' }],
    ['at a speed that is none', { DEPLOY_ACTIONS_SPEED: 'fast' }],
    ['without the shared moment', { DEPLOY_ACTIONS_EPOCH: undefined }],
  ])('is not to be had %s', (_, change) =>
    expect(clockFromEnvironment({ ...rehearsal, ...change }).speed).toBe(1),
  )

  it.each(['http://localhost:1', 'http://127.3.2.1/', 'http://[::1]:4000'])('is to be had on %s', (url) =>
    expect(clockFromEnvironment({ ...rehearsal, GITHUB_API_URL: url }).speed).toBe(60),
  )
})
