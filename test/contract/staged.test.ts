import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled, ProviderError } from '@deploy-actions/action-kit'
import { startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { newest, type TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { restoreUnfinishedTraffic } from '@deploy-actions/transaction'
import type { Outputs } from '../../actions/restore-point/src/outputs'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { githubLedger, jobOf, record, restorePoint } from './github-ledger.fixture'

// A committed release that a person takes back in steps, and what makes it go back at once.

let world: TestGitHub
let haproxy: FakeHaproxy
/** each vector that the proxy was told, the arm that grows in front */
let held: string[]
beforeEach(async () => {
  world = await testGitHub({})
  haproxy = await startFakeHaproxy({ blue: 0, green: 100 })
  held = []
})
afterEach(() => Promise.all([world.close(), haproxy.close()]))

const MINUTE = 60_000
const STEPS = [{ weight: 7_500, watchMs: 5 * MINUTE }, { weight: 5_000, watchMs: 5 * MINUTE }, { weight: 0 }]
const BACK = { blue: 100, green: 0 }
const EMERGENCY = 901
const SECOND = 902

/** A run has brought a release to eu-west, and kept these steps of it, or none (null). */
async function rollOut(
  states: TransactionState[] = ['committed'],
  { staged = STEPS, change = {} }: { staged?: unknown; change?: Partial<TransactionRecord> } = {},
): Promise<TransactionRecord> {
  const opened = record(1, change)
  const ledger = githubLedger(world, { run: 1 })
  await ledger.open(opened, {
    router: { type: 'haproxy', host: '127.0.0.1', port: haproxy.port, backend: 'app' },
    arms: { baseline: 'blue', canary: 'green' },
    ...(staged !== null && { staged }),
  })
  for (const state of states) await ledger.mark(opened, state, 'by run 1')
  return opened
}
const fence = (run = EMERGENCY): Promise<Outputs | Error> =>
  restorePoint(jobOf(world, run), {
    ...{ mode: 'fence', service: 'shop', region: 'eu-west', to: 'previous', reason: 'orders are lost' },
  })
const takeBack = (
  ports: FakePorts,
  { id, environment }: TransactionRecord,
  inputs: Record<string, string> = {},
): Promise<Outputs | Error> =>
  restorePoint(ports, {
    ...{ mode: 'restore', only: 'traffic', service: 'shop', environment, region: 'eu-west', to: id },
    ...{ staged: 'true', ...inputs },
  })
const state = async () => (await newest(githubLedger(world, { run: 900 }), 'production-eu-west'))?.state
const logOf = (ports: FakePorts): string => ports.recorded.log.map(({ line }) => line).join('\n')
const began = Date.parse('2026-11-20T10:05:00.000Z')
const elapsed = (ports: FakePorts): number => ports.clock.now().getTime() - began

/** Something happens when a job has watched for so long, before the proxy answers it. */
function at(ports: FakePorts, ms: number, act: () => unknown): void {
  let done = false
  haproxy.hold = async (_, when) => {
    if (done || when !== 'before' || elapsed(ports) < ms) return
    done = true
    await act()
  }
}
/** Notes what the proxy has when a job begins another look. */
function watchWeights(): void {
  haproxy.hold = (_, when) => {
    const { blue = 0, green = 0 } = haproxy.weights
    const now = `${Math.round((100 * green) / (blue + green))}`
    if (when === 'after' && held.at(-1) !== now) held.push(now)
    return Promise.resolve()
  }
}

describe('a committed release that is taken back in steps', () => {
  it('goes through each of them, and says of each what was read back', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    watchWeights()
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringMatching(
        /^canary: reads blue 100%, green 0%; green stepped back to 75% at 10:05:0\d UTC, 50% at 10:10:0\d UTC$/,
      ),
      restored: [{ ok: true, weights: { blue: 10_000, green: 0 } }],
    })
    expect(held).toEqual(['100', '75', '50', '0'])
    expect(elapsed(ports)).toBeGreaterThanOrEqual(10 * MINUTE)
    expect(await state()).toBe('restoring')
    expect(ports.recorded.facts).toMatchObject({
      staged: {
        taken: [
          { weight: 7_500, weights: { blue: 2_500, green: 7_500 }, watchedMs: 5 * MINUTE },
          { weight: 5_000, weights: { blue: 5_000, green: 5_000 }, watchedMs: 5 * MINUTE },
        ],
      },
      restored: [{ ok: true }],
    })
    const summary = ports.recorded.summary.join('\n')
    expect(summary).toContain('| green is left with | Read back | At | Watched |')
    expect(summary).toMatch(/\| 75% \| blue 25%, green 75% \| 10:05:0\d UTC \| 5m \|/)
    // Nothing of it is left for the posts of the job.
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })

  it('is said not to be safe before the last of them', async () => {
    await rollOut()
    const ports = jobOf(world, EMERGENCY)
    const what = { mode: 'fence', service: 'shop', region: 'eu-west', to: 'previous', reason: 'lost' }
    expect(await restorePoint(ports, { ...what, staged: 'true' })).toMatchObject({ outcome: 'fenced' })
    expect(ports.recorded.summary[0]).toMatch(
      /^### Being taken back\n\n\*\*Not safe yet: it goes back in steps/,
    )
    await restorePoint(ports, what)
    expect(ports.recorded.summary[1]).not.toContain('in steps')
  })

  it('may be all of a restore, with what comes after the traffic', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    watchWeights()
    const { id, environment } = opened
    const whole = { mode: 'restore', service: 'shop', environment, region: 'eu-west', to: id, staged: 'true' }
    expect(await restorePoint(ports, whole)).toMatchObject({ outcome: 'restored' })
    expect(held).toEqual(['100', '75', '50', '0'])
    expect(await state()).toBe('restored')
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })

  it('goes on from where a runner died, by whoever comes next', async () => {
    const opened = await rollOut()
    await fence()
    haproxy.weights = { blue: 25, green: 75 }
    await fence(SECOND)
    watchWeights()
    expect(await takeBack(jobOf(world, SECOND), opened)).toMatchObject({ outcome: 'traffic-restored' })
    expect(held).toEqual(['75', '50', '0'])
    haproxy.weights = { blue: 25, green: 75 }
    expect(await takeBack(jobOf(world, 903), opened, { staged: 'false' })).toMatchObject({
      outcome: 'traffic-restored',
    })
    expect(haproxy.weights).toEqual(BACK)
  })
})

describe('what is asked for in steps, and goes back at once', () => {
  it.each<[string, () => Promise<TransactionRecord>, RegExp]>([
    [
      'no steps were kept of',
      () => rollOut(['committed'], { staged: null }),
      /it goes back at once: no steps were kept of it: its rollout\.yml had no rollback\.staged, or an older version/,
    ],
    [
      'steps were kept of which nobody can take',
      () => rollOut(['committed'], { staged: [{ weight: 5_000, watchMs: 24 * 60 * MINUTE }, { weight: 0 }] }),
      /it goes back at once: the steps that were kept of it cannot be taken: .*is watched for 1d in all/,
    ],
    [
      'something else was kept of',
      () => rollOut(['committed'], { staged: 'all' }),
      /the steps that were kept of it cannot be taken/,
    ],
    ['was never committed', () => rollOut([]), /it goes back at once: it was never committed/],
    [
      'leaves some traffic where it was',
      () =>
        rollOut(['committed'], {
          change: {
            restore: [{ kind: 'traffic', router: 'canary', weights: { blue: 9_000, green: 1_000 } }],
          },
        }),
      /it goes back at once: its restore point leaves traffic with green/,
    ],
    [
      'was set by hand',
      () => rollOut(['committed'], { change: { weightsOnly: true } }),
      /it goes back at once: its weights were set by hand/,
    ],
  ])('is what %s: it says so', async (_, brought, why) => {
    const opened = await brought()
    const ports = jobOf(world, EMERGENCY)
    watchWeights()
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringMatching(why),
    })
    expect(held).toHaveLength(2)
    expect(elapsed(ports)).toBeLessThan(MINUTE)
    expect(ports.recorded.summary.join('\n')).toMatch(why)
    expect(ports.recorded.log).toContainEqual({
      level: 'warning',
      line: expect.stringMatching(/^asked for in steps, and it goes back at once: /),
    })
  })

  it.each<[string, () => void, RegExp]>([
    ['the arm that is taken back goes down', () => (haproxy.states = { green: 'down' }), /green is down/],
    [
      'somebody else changes the weights',
      () => (haproxy.weights = { blue: 5, green: 95 }),
      /somebody else changed/,
    ],
  ])('is what is left where %s', async (_, act, why) => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    at(ports, 2 * MINUTE, act)
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringMatching(why),
    })
    expect(haproxy.weights).toEqual(BACK)
    expect(elapsed(ports)).toBeLessThan(3 * MINUTE)
  })

  it('stays where it serves while the old arm is down, and is back when that serves', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    at(ports, 2 * MINUTE, () => {
      haproxy.states = { blue: 'down' }
      at(ports, 4 * MINUTE, () => (haproxy.states = {}))
    })
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringContaining('then it goes back at once: blue is down'),
    })
    expect(haproxy.weights).toEqual(BACK)
  })

  it('is put back by the posts of a job that is cancelled in the middle, which close nothing', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    const cancel = new AbortController()
    at(ports, 7 * MINUTE, () => cancel.abort(new Cancelled('the run was cancelled')))
    expect(await takeBack({ ...ports, signal: cancel.signal }, opened)).toMatchObject({
      message: 'the run was cancelled',
    })
    expect(haproxy.weights.green).toBe(haproxy.weights.blue)
    expect(ports.recorded.facts).toMatchObject({ staged: { taken: [{ weight: 7_500 }, { weight: 5_000 }] } })
    expect(await restoreUnfinishedTraffic(ports)).toMatchObject({ outcome: 'traffic-restored' })
    expect(haproxy.weights).toEqual(BACK)
    expect(logOf(ports)).toContain('was being taken back in steps: its traffic goes back at once')
    expect(await state()).toBe('restoring')
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })
})

describe('somebody else who comes while it goes back in steps', () => {
  it('is obeyed at once where a second emergency has no time for steps', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    let afterwards = 0
    at(ports, 2 * MINUTE, async () => {
      haproxy.hold = () => Promise.resolve()
      await fence(SECOND)
      expect(await takeBack(jobOf(world, SECOND), opened, { staged: 'false' })).toMatchObject({
        outcome: 'traffic-restored',
      })
      expect(haproxy.weights).toEqual(BACK)
      haproxy.commands.length = 0
      afterwards = elapsed(ports)
    })
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringContaining('then it goes back at once'),
    })
    expect(haproxy.commands.filter((command) => command.startsWith('set'))).toEqual([])
    expect(elapsed(ports) - afterwards).toBeLessThan(MINUTE)
  })

  it('is heard before he has written anything: from his mark on nothing steps', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    at(ports, 2 * MINUTE, () => fence(SECOND))
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringContaining(`run ${SECOND} has ${opened.id} put back meanwhile`),
    })
    expect(haproxy.weights).toEqual(BACK)
    expect(elapsed(ports)).toBeLessThan(3 * MINUTE)
  })

  it('is heard where the job of the steps began after his mark, although he said the very same', async () => {
    const opened = await rollOut()
    await fence()
    await fence(SECOND)
    const ports = jobOf(world, EMERGENCY)
    watchWeights()
    expect(await takeBack(ports, opened)).toMatchObject({
      outcome: 'traffic-restored',
      reason: expect.stringContaining(
        `it goes back at once: run ${SECOND} has ${opened.id} put back meanwhile`,
      ),
    })
    expect(held).toEqual(['100', '0'])
  })

  it('is left alone where he has closed it and the next release has come', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    at(ports, 2 * MINUTE, async () => {
      await githubLedger(world, { run: SECOND }).mark(opened, 'restored', 'by hand')
      const next = record(5, { openedAt: '2026-11-20T10:06:30.000Z' })
      await githubLedger(world, { run: 5 }).open(next, {})
      haproxy.weights = { blue: 90, green: 10 }
      haproxy.commands.length = 0
    })
    expect(await takeBack(ports, opened)).toMatchObject({ outcome: 'nothing-open' })
    expect(haproxy.weights).toEqual({ blue: 90, green: 10 })
    expect(haproxy.commands.filter((command) => command.startsWith('set'))).toEqual([])
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })

  it('is not guessed: a step that the ledger gives no answer for is not taken', async () => {
    const opened = await rollOut()
    await fence()
    const ports = jobOf(world, EMERGENCY)
    const { list, request } = ports.github
    const silent = (): Promise<never> =>
      Promise.reject(new ProviderError('GitHub answered 500', { provider: 'GitHub', retryable: true }))
    const isSilent = (): boolean => elapsed(ports) > 2 * MINUTE
    Object.assign(ports.github, {
      list: (...what: Parameters<typeof list>) => (isSilent() ? silent() : list(...what)),
      request: (...what: Parameters<typeof request>) => (isSilent() ? silent() : request(...what)),
    })
    watchWeights()
    expect(await takeBack(ports, opened)).toMatchObject({ outcome: 'traffic-restored' })
    expect(held).toEqual(['100', '75', '0'])
    expect(ports.recorded.facts).toMatchObject({
      staged: { taken: [{ weight: 7_500 }], because: expect.stringContaining('500') },
    })
  })
})
