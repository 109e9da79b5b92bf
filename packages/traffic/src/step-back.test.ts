import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import type { ObservedRouter } from './router'
import { stepBack, type StepBackOptions, type SteppedBack, type StepTaken } from './step-back'

const MINUTE = 60_000
const START = Date.parse('2026-11-21T10:00:00.000Z')

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
let alone: (elapsedMs: number) => string | undefined
let asked: number
let seen: StepTaken[]
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 0, green: 100 })
  ports = createFakePorts()
  const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })
  router = haproxy.open(ports, ['blue', 'green'])
  ;[alone, asked, seen] = [() => undefined, 0, []]
})
afterEach(() => fake.close())

const elapsed = () => ports.clock.now().getTime() - START
const steps = [{ weight: 7_500, watchMs: 5 * MINUTE }, { weight: 5_000, watchMs: 5 * MINUTE }, { weight: 0 }]
const back = (change: Partial<StepBackOptions> = {}): Promise<SteppedBack> =>
  stepBack(
    router,
    {
      arms: { baseline: 'blue', canary: 'green' },
      steps,
      whyNotAlone: async () => {
        asked++
        return Promise.resolve(alone(elapsed()))
      },
      onTaken: (step) => void seen.push(step),
      ...change,
    },
    ports,
  )
const weightsWritten = () =>
  fake.commands
    .filter((command) => command.startsWith('set'))
    .map((command) => command.split(' ').slice(2).join(' '))
/** Does something once so much time has passed, before the router answers. */
const at = (ms: number, act: () => void): void => {
  let done = false
  fake.before = () => {
    if (!done && elapsed() >= ms) {
      done = true
      act()
    }
    return 'act'
  }
}

describe('a release that goes back in steps', () => {
  it('is written, read back and watched at each but the last, growing before shrinking', async () => {
    const { taken, because } = await back()
    expect(because).toBeUndefined()
    expect(taken).toMatchObject([
      { weight: 7_500, weights: { blue: 2_500, green: 7_500 }, watchedMs: 5 * MINUTE },
      { weight: 5_000, weights: { blue: 5_000, green: 5_000 }, watchedMs: 5 * MINUTE },
    ])
    expect(seen).toEqual(taken)
    expect(Date.parse(taken[1]?.readAt ?? '') - Date.parse(taken[0]?.readAt ?? '')).toBeGreaterThanOrEqual(
      5 * MINUTE,
    )
    expect(fake.weights.blue).toBe(fake.weights.green)
    expect(weightsWritten()[0]).toMatch(/^app\/blue weight/)
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      'a step back: green has 75%, read back as blue 25%, green 75%; watched for 5m',
    )
  })

  it('leaves out what is not below what the arm still carries', async () => {
    fake.weights = { blue: 40, green: 60 }
    expect((await back()).taken.map(({ weight }) => weight)).toEqual([5_000])
    fake.weights = { blue: 70, green: 30 }
    expect(await back()).toEqual({ taken: [], because: 'green carries 30%, and only the last step is less' })
    fake.weights = { blue: 100, green: 0 }
    expect((await back()).because).toMatch(/^green has no traffic that could be taken from it: /)
    expect(weightsWritten().filter((line) => line.startsWith('app/green'))).toHaveLength(1)
  })

  it('begins nothing over what no rollout would begin over', async () => {
    fake.weights = { blue: 0, green: 100, red: 50 }
    expect((await back()).because).toContain('also sends traffic to red')
    expect(weightsWritten()).toEqual([])
  })

  it.each<[string, () => void, RegExp]>([
    ['the old arm goes down', () => (fake.states = { blue: 'down' }), /^blue is down/],
    ['the arm that is taken back goes down', () => (fake.states = { green: 'down' }), /^green is down/],
    [
      'somebody else changes the weights',
      () => (fake.weights = { blue: 10, green: 90 }),
      /^somebody else changed the weights/,
    ],
    [
      'somebody has put all back',
      () => (fake.weights = { blue: 100, green: 0 }),
      /^somebody else changed the weights/,
    ],
    [
      'the router is reloaded',
      () => ((fake.uptimeSec = 0), (fake.weights = { blue: 100, green: 100 })),
      /reload/,
    ],
  ])('ends where %s, and steps no further', async (_, act, because) => {
    at(2 * MINUTE, act)
    const ended = await back()
    expect(ended).toMatchObject({ taken: [{ weight: 7_500 }], because: expect.stringMatching(because) })
    expect(ended.taken[0]?.watchedMs).toBeLessThan(3 * MINUTE)
  })

  it('does not end for one reading that is lost, and does for the second in a row', async () => {
    let lost = 1
    fake.before = () => {
      if (elapsed() >= MINUTE && lost-- > 0) throw new Error('away')
      return 'act'
    }
    expect((await back()).because).toBeUndefined()
    fake.weights = { blue: 0, green: 100 }
    const began = elapsed()
    fake.before = () => {
      if (elapsed() >= began + MINUTE) throw new Error('away')
      return 'act'
    }
    const ended = await back()
    expect(ended.taken).toHaveLength(1)
    expect(ended.because).toBeDefined()
    expect(elapsed() - began).toBeLessThan(2 * MINUTE)
  })

  it('gives an arm that is down nothing', async () => {
    fake.states = { blue: 'down' }
    expect(await back()).toEqual({ taken: [], because: expect.stringContaining('blue got no traffic') })
    expect(fake.weights).toEqual({ blue: 0, green: 100 })
  })

  it('asks right before each write, and writes nothing once somebody else is at it', async () => {
    alone = () => 'run 902 has it put back meanwhile'
    expect(await back()).toEqual({ taken: [], because: 'run 902 has it put back meanwhile' })
    expect([weightsWritten(), asked]).toEqual([[], 1])
    // During the second watch.
    alone = (ms) => (ms >= 7 * MINUTE ? 'run 902 has it put back meanwhile' : undefined)
    const ended = await back()
    expect(ended.taken.map(({ weight }) => weight)).toEqual([7_500, 5_000])
    expect(ended.because).toBe('run 902 has it put back meanwhile')
    expect(elapsed()).toBeLessThan(8 * MINUTE)
  })

  it('notices right after a write that somebody was faster than its question', async () => {
    const began = elapsed()
    const first = async (): Promise<string | undefined> =>
      Promise.resolve(++asked === 1 ? undefined : 'run 902 has it put back meanwhile')
    expect(await back({ whyNotAlone: first })).toMatchObject({
      taken: [{ watchedMs: 0 }],
      because: /run 902/,
    })
    expect(elapsed() - began).toBeLessThan(5_000)
  })

  it('writes nothing without an answer of the ledger, and watches on without one', async () => {
    const silent = new ProviderError('GitHub answered 500', { provider: 'GitHub', retryable: true })
    expect(await back({ whyNotAlone: () => Promise.reject(silent) })).toEqual({
      taken: [],
      because: 'GitHub answered 500',
    })
    expect(weightsWritten()).toEqual([])
    const between = (): Promise<undefined> =>
      ++asked === 1 || elapsed() % MINUTE === 0 ? Promise.resolve(undefined) : Promise.reject(silent)
    const ended = await back({
      whyNotAlone: between,
      steps: [{ weight: 5_000, watchMs: 2 * MINUTE }, { weight: 0 }],
    })
    expect(ended).toMatchObject({ taken: [{ watchedMs: 2 * MINUTE }] })
    expect(ended.because).toBeUndefined()
    expect(ports.recorded.log).toContainEqual({
      level: 'warning',
      line: expect.stringContaining('whether somebody else has it taken back meanwhile is not known'),
    })
  })

  it('is cut off by a cancelled run, and writes no more', async () => {
    const cancel = new AbortController()
    at(MINUTE, () => cancel.abort(new Error('the run was cancelled')))
    await expect(
      stepBack(
        router,
        {
          ...{ arms: { baseline: 'blue', canary: 'green' }, steps },
          whyNotAlone: () => Promise.resolve(undefined),
          onTaken: (step) => void seen.push(step),
        },
        { ...ports, signal: cancel.signal },
      ),
    ).rejects.toThrow('the run was cancelled')
    expect(seen).toMatchObject([{ weight: 7_500 }])
    expect(fake.weights.green).toBe(3 * (fake.weights.blue ?? 0))
  })
})
