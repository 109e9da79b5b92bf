import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, type ChildProcess, type ChildResult } from '@deploy-actions/action-kit'
import { parseRollout } from '@deploy-actions/config'
import type { TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import {
  createFakeClock,
  createFakePorts,
  startFakeHaproxy,
  type FakeHaproxy,
  type FakePorts,
} from '@deploy-actions/testing'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { rolloutWithHooks } from '../../packages/config/src/hooks.fixture'
import { deployYml, githubLedger, jobOf, ours, record, restorePoint } from './github-ledger.fixture'

// What becomes of the arm that a committed release has replaced, and what nothing may do to it or with it.

let world: TestGitHub
let haproxy: FakeHaproxy
/** GitHub's own clock. */
let githubNow: string
beforeEach(async () => {
  githubNow = '2026-11-20T10:00:00.000Z'
  world = await testGitHub({ now: () => new Date(githubNow) })
  haproxy = await startFakeHaproxy({ blue: 0, green: 100 })
})
afterEach(() => Promise.all([world.close(), haproxy.close()]))

const HOUR_MS = 3_600_000
/** When GitHub made the marks. */
const COMMITTED = Date.parse('2026-11-20T10:00:00.000Z')
let TEXT = rolloutWithHooks("  decommission: { run: 'ops/remove.sh ${arm}', timeout: 5m }")
const SWEEPER = 900
const EMERGENCY = 950
const OLD = { version: '1.2.0', digest: `sha256:${'0'.repeat(64)}` }
const ID = '1-1-shop-eu-1'

/** A run brings a release to eu, whose old arm stays for a day, and this becomes of it. */
async function rollOut(
  run: number,
  states: TransactionState[] = ['committed'],
  change: Partial<TransactionRecord> = { keepOldMs: 24 * HOUR_MS },
): Promise<TransactionRecord> {
  const opened = record(run, {
    ...{ region: 'eu', environment: 'production-eu', guardEnvironment: 'guard-eu', previous: OLD },
    config: { path: 'rollout.yml', digest: (await parseRollout(TEXT, 'rollout.yml')).digest },
    ...change,
  })
  const ledger = githubLedger(world, { run, now: '2026-11-20T10:00:00.000Z' })
  await ledger.open(opened, {
    router: { type: 'haproxy', host: '127.0.0.1', port: haproxy.port, backend: 'app' },
    arms: { baseline: 'blue', canary: 'green' },
  })
  for (const state of states) await ledger.mark(opened, state, `by run ${run}`)
  const view = world.runs.find(({ id }) => id === run)
  if (view) view.status = 'completed'
  return opened
}

/** A job of a sweeper's run, so many hours after the commit. */
async function jobAt(
  hours: number,
  { run = SWEEPER, result = {}, meanwhile, runnerAheadHours = 0, script = 0o755 }: Job = {},
): Promise<{ ports: FakePorts; children: ChildProcess[] }> {
  const children: ChildProcess[] = []
  const at = (hour: number): string => new Date(COMMITTED + hour * HOUR_MS).toISOString()
  const clock = createFakeClock(at(hours + runnerAheadHours))
  const ports = jobOf(world, run)
  const view = world.runs.find(({ id }) => id === run)
  if (view) view.createdAt = at(hours)
  const context = { ...ports.context, workspace: join(ports.context.temp, 'workspace') }
  const { process } = createFakePorts({
    process: (child) => {
      children.push(child)
      return result
    },
  })
  const sleep: typeof clock.sleep = async (ms, signal) => {
    if (ms === 30_000) await meanwhile?.()
    await clock.sleep(ms, signal)
  }
  Object.assign(ports, { clock: { ...clock, sleep }, process, context })
  await mkdir(context.workspace, { recursive: true })
  await writeFile(join(context.workspace, 'rollout.yml'), TEXT)
  await mkdir(join(context.workspace, 'ops'), { recursive: true })
  await writeFile(join(context.workspace, 'ops', 'remove.sh'), '')
  await chmod(join(context.workspace, 'ops', 'remove.sh'), script)
  return { ports, children }
}
interface Job {
  run?: number
  result?: Partial<ChildResult>
  /** what comes between the word that the arm is to go and the hook */
  meanwhile?: () => Promise<unknown>
  /** so much its clock is ahead of GitHub's */
  runnerAheadHours?: number
  /** the mode of the script */
  script?: number
}

async function sweep(hours: number) {
  const { ports } = await jobAt(hours)
  const before = world.github.calls.length
  const end = await restorePoint(ports, { mode: 'sweep' })
  return { end, calls: world.github.calls.slice(before).map(({ method, path }) => `${method} ${path}`) }
}
async function remove(hours: number, job: Job = {}) {
  const { ports, children } = await jobAt(hours, job)
  const inputs = { mode: 'decommission', service: 'shop', environment: 'production-eu', region: 'eu', to: ID }
  return { end: await restorePoint(ports, inputs), children }
}
const fence = (run = EMERGENCY) =>
  restorePoint(jobOf(world, run), {
    ...{ mode: 'fence', service: 'shop', region: 'eu', to: 'previous', reason: 'orders are lost' },
  })
const said = (): string[] => world.github.deployments.at(-1)?.statuses.map((one) => one.description) ?? []
/** Somebody whose job has `deployments: write` posts a status. */
async function plant(description: string, named = 50): Promise<void> {
  const thief = world.begin({ deployments: 'write' }, { id: 50, path: '.github/workflows/lint.yml' })
  const status = {
    ...{ state: 'success', description, auto_inactive: false },
    log_url: `https://github.com/acme/shop/actions/runs/${named}`,
  }
  await world.send(thief.job, `POST /deployments/${world.github.deployments.at(-1)?.id}/statuses`, status)
}

describe('an old arm', () => {
  it('is due when it was kept long enough, and until then that costs one query', async () => {
    await rollOut(1)
    expect(await sweep(23.9)).toMatchObject({
      end: { outcome: 'nothing-open' },
      calls: ['POST /graphql'],
    })
    const { end } = await sweep(24.1)
    expect(end).toMatchObject({
      outcome: 'found',
      reason: expect.stringContaining('the old arm of shop in eu is due to go'),
      'old-arms': [{ transaction: ID, 'guard-environment': 'guard-eu', config: 'rollout.yml' }],
    })
    expect(end).not.toHaveProperty('targets')
  })

  it.each<[string, Parameters<typeof rollOut>[1], Parameters<typeof rollOut>[2]]>([
    ['without a hook that removes it', ['committed'], {}],
    ['of what was put back', ['restoring', 'restored'], undefined],
    ['of what was taken back after its commit', ['committed', 'restoring', 'restored'], undefined],
  ])('is never due %s', async (_, states, change) => {
    await rollOut(1, states, change)
    expect(await sweep(30)).toMatchObject({ end: { outcome: 'nothing-open' }, calls: ['POST /graphql'] })
  })

  it('is not removed before its time, whoever asks for that', async () => {
    await rollOut(1)
    expect(await remove(23)).toMatchObject({
      end: { reason: 'it is committed for 23h, and its old arm stays for 1d' },
      children: [],
    })
  })

  it('is not removed before its time by a runner whose clock is ahead', async () => {
    await rollOut(1)
    expect(await remove(1, { runnerAheadHours: 30 })).toMatchObject({
      end: { outcome: 'nothing-open', reason: 'it is committed for 1h, and its old arm stays for 1d' },
      children: [],
    })
    expect(said()[0]).toMatch(/^committed/)
  })

  it('stays, and with it the way back, where its hook could not be run at all', async () => {
    const plain = TEXT
    TEXT = rolloutWithHooks(
      "  decommission: { run: 'ops/remove.sh ${arm}', timeout: 5m, env-secrets: [CLOUD_KEY], oidc: true }",
    )
    await rollOut(1)
    expect(await remove(30, { script: 0o644 })).toMatchObject({
      end: {
        message: expect.stringMatching(
          /^blue was left as it is: hooks.decommission: ops\/remove.sh is not in the repository or not executable.*; the secret CLOUD_KEY.*; .*OIDC/,
        ),
      },
      children: [],
    })
    TEXT = plain
    expect(said()[0]).toMatch(/^committed/)
    expect(await fence()).toMatchObject({ outcome: 'fenced' })
  })

  it('stays while somebody has frozen the region: whoever looks into something may still want to go back', async () => {
    const opened = await rollOut(1)
    const freeze = {
      ...{ environment: opened.environment, reason: 'ann: INC-1' },
      ...{ from: new Date(COMMITTED + 29 * HOUR_MS), until: new Date(COMMITTED + 31 * HOUR_MS) },
    }
    githubNow = freeze.from.toISOString()
    await githubLedger(world, { run: 1 }).freeze(freeze, opened.environment)
    expect((await sweep(30)).end).not.toHaveProperty('old-arms')
    expect(await remove(30)).toMatchObject({
      end: {
        outcome: 'nothing-open',
        reason: 'production-eu is frozen until 2026-11-21T17:00:00.000Z (ann: INC-1)',
      },
      children: [],
    })
    // The run of the sweeper had begun before the freeze did.
    expect((await remove(28.9)).children).toEqual([])
    expect((await remove(31.1)).children).toHaveLength(1)
  })

  it('stays while what it was sent before has not come to an end', async () => {
    await rollOut(1)
    haproxy.underWay = { blue: 2 }
    expect(await remove(30)).toMatchObject({
      end: {
        outcome: 'nothing-open',
        reason: '2 requests or connections to blue have not come to an end',
      },
      children: [],
    })
    expect(said()[0]).toMatch(/^committed/)
    haproxy.underWay = {}
    expect((await remove(30)).children).toHaveLength(1)
  })

  it('is due though GitHub itself has said last that it is inactive', async () => {
    const opened = await rollOut(1)
    const other = world.begin({ deployments: 'write' }, { id: 51, path: '.github/workflows/other.yml' })
    const made = await world.send(other.job, 'POST /deployments', {
      ...{ ref: 'main', environment: opened.environment, task: 'deploy:other', auto_merge: false },
      required_contexts: [],
    })
    const { id } = (await made.json()) as { id: number }
    await world.send(other.job, `POST /deployments/${id}/statuses`, { state: 'success' })
    expect(said()[0]).toBe('')
    expect((await sweep(23)).end).not.toHaveProperty('old-arms')
    expect((await sweep(30)).end).toHaveProperty('old-arms')
  })

  it('that is gone is not there again because somebody says again what was true once', async () => {
    await rollOut(1)
    haproxy.weights['blue'] = 0
    await remove(30, {
      meanwhile: () => Promise.resolve(Object.assign(haproxy.weights, { blue: 100, green: 0 })),
    })
    Object.assign(haproxy.weights, { blue: 0, green: 100 })
    await plant('decommissioning: blue, try 1', SWEEPER)
    expect(await remove(31, { run: 901 })).toMatchObject({ end: { outcome: 'decommissioned' } })
    await plant('decommission-left: blue, try 1', SWEEPER)
    expect(await fence()).toMatchObject({ message: expect.stringContaining('its old arm blue is gone') })
  })

  it('is not due while the next release is on its way to it', async () => {
    await rollOut(1)
    await rollOut(2, [])
    expect((await sweep(30)).end).not.toHaveProperty('old-arms')
    expect((await remove(30)).children).toEqual([])
    // It was not let in yet, and has looked whether the arm is there.
    world.github.deployments[0]?.statuses.splice(0)
    expect((await remove(30)).children).toEqual([])
  })

  it('is removed by the hook of the commit that replaced it, once, and the ledger says so', async () => {
    await rollOut(1)
    const { end, children } = await remove(30)
    expect(end).toMatchObject({ outcome: 'decommissioned', attempt: 1 })
    expect(children).toMatchObject([
      {
        command: [expect.stringMatching(/ops\/remove\.sh$/), 'blue'],
        timeoutMs: 300_000,
        env: { DEPLOY_ARM: 'blue', DEPLOY_CANARY_ARM: 'green', DEPLOY_VERSION: '1.3.0' },
      },
    ])
    expect(said().slice(0, 2)).toEqual(['decommissioned: blue, try 1', 'decommissioning: blue, try 1'])
    expect(await sweep(31)).toMatchObject({ end: { outcome: 'nothing-open' }, calls: ['POST /graphql'] })
    const again = await remove(31, { run: 901 })
    expect(again).toMatchObject({ end: { outcome: 'nothing-open' }, children: [] })
    expect(await githubLedger(world, { run: 1 }).stateOf({ id: ID })).toMatchObject({ state: 'committed' })
  })

  it('is left where the router gives it traffic, or anybody but the new arm any, and nothing is said', async () => {
    await rollOut(1)
    const before = said()
    for (const weights of [
      { blue: 1, green: 99 },
      { blue: 100, green: 0 },
    ]) {
      Object.assign(haproxy.weights, weights)
      expect(await remove(30)).toMatchObject({
        end: { outcome: 'nothing-open', reason: expect.stringMatching(/^green does not serve all/) },
        children: [],
      })
    }
    expect(said()).toEqual(before)
  })

  it('is left where somebody gives it traffic after the word that it is to go, and is there again', async () => {
    await rollOut(1)
    const meanwhile = () => Promise.resolve(Object.assign(haproxy.weights, { blue: 100, green: 0 }))
    expect(await remove(30, { meanwhile })).toMatchObject({ end: { outcome: 'nothing-open' }, children: [] })
    expect(said()[0]).toMatch(/^decommission-left: blue, try 1: green does not serve all/)
    expect(await fence()).toMatchObject({ outcome: 'fenced' })
  })

  it('whose hook fails is tried by three sweeps, and then no more', async () => {
    await rollOut(1)
    const result = { exitCode: 3, stderr: 'no rights' }
    for (const attempt of [1, 2, 3]) {
      expect((await sweep(30 + attempt)).end).toHaveProperty('old-arms')
      const { end, children } = await remove(30 + attempt, { run: SWEEPER + attempt, result })
      expect(children).toHaveLength(1)
      expect(end).toBeInstanceOf(GateFailed)
      expect(end).toMatchObject({ outputs: { attempt } })
    }
    expect(said()[0]).toBe(
      'decommission-failed: blue, try 3: ops/remove.sh ended with exit code 3: no rights',
    )
    expect((await sweep(40)).calls).toEqual(['POST /graphql'])
    expect((await remove(40, { run: 910 })).children).toEqual([])
  })

  it('is not removed twice by two sweeps', async () => {
    await rollOut(1, ['committed'], { keepOldMs: 0 })
    let second: Awaited<ReturnType<typeof remove>> | undefined
    const first = await remove(0.1, {
      meanwhile: async () => (second = await remove(0.1, { run: 901 })),
    })
    expect(first.children).toHaveLength(1)
    expect(second?.end).toMatchObject({ reason: 'run 900 is decommissioning blue' })
    expect(second?.children).toEqual([])
  })

  it('is left by the one of two sweeps that spoke first, where both looked before', async () => {
    const opened = await rollOut(1)
    world.begin({}, { id: 901 })
    const { end, children } = await remove(30, {
      meanwhile: () =>
        githubLedger(world, { run: 901 }).sayOldArm?.(opened, { phase: 'begun', arm: 'blue', attempt: 1 }) ??
        Promise.resolve(),
    })
    expect(end).toMatchObject({ reason: 'run 901 has said that it decommissions it' })
    expect(children).toEqual([])
  })
})

describe('a rollout that begins while an old arm goes', () => {
  const begin = (now: string, runner = now) => {
    githubNow = now
    return githubLedger(world, { run: 2, now: runner }).open(
      record(2, { region: 'eu', environment: 'production-eu', openedAt: '2026-11-20T10:00:00.000Z' }),
      {},
    )
  }

  it('is refused, too, where the clock of its runner says that the hook has ended for long', async () => {
    await rollOut(1)
    let refused: Error | undefined
    await remove(24.1, {
      meanwhile: () =>
        begin('2026-11-20T10:20:00.000Z', '2026-11-20T11:10:00.000Z').catch(
          (error: Error) => (refused = error),
        ),
    })
    expect(refused?.message).toMatch(/^blue of shop in eu is being decommissioned by run 900/)
  })

  it('is refused, and may begin once the arm is gone', async () => {
    await rollOut(1)
    let refused: Error | undefined
    await remove(0.1 + 24, {
      meanwhile: () => begin('2026-11-20T10:01:00.000Z').catch((error: Error) => (refused = error)),
    })
    expect(refused?.message).toMatch(
      /^blue of shop in eu is being decommissioned by run 900 .* Nothing was written\. Start again when that run has ended; if it was lost, after 2026-11-20T11:05/,
    )
    await begin('2026-11-20T10:02:00.000Z')
  })

  it('goes first where it had looked before the word, and the hook is not run', async () => {
    await rollOut(1)
    const { end, children } = await remove(30, {
      async meanwhile() {
        const [old] = world.github.deployments
        const word = old?.statuses.shift()
        await rollOut(2, [])
        if (word) old?.statuses.unshift(word)
      },
    })
    expect(children).toEqual([])
    expect(end).toMatchObject({ reason: `2-1-shop-eu-1 has come after ${ID}` })
    expect(said()[0]).toBe(`decommission-left: blue, try 1: 2-1-shop-eu-1 has come after ${ID}`)
  })

  it('is held up by a sweeper that was lost for as long as its job may last; then the arm is tried again', async () => {
    await rollOut(1)
    await remove(30, { meanwhile: () => Promise.reject(new Error('the runner is gone')) })
    // It could not say that it left the arm either.
    world.github.deployments[0]?.statuses.shift()
    expect(said()[0]).toBe('decommissioning: blue, try 1')
    await expect(begin('2026-11-20T11:04:00.000Z')).rejects.toThrow('is being decommissioned')
    expect((await sweep(30)).end).toHaveProperty('old-arms')
    await begin('2026-11-20T11:06:00.000Z')
  })

  it('is not held up by what anybody says', async () => {
    await rollOut(1)
    await plant('decommissioning: blue, try 1')
    await begin('2026-11-20T10:01:00.000Z')
  })
})

describe('an emergency whose old arm is gone', () => {
  const GONE =
    /its old arm blue is gone \(since 2026-11-20T10:00:00Z, run 900\), so there is nothing to give the traffic back to; bring 1\.2\.0 again: run the rollout with digest sha256:0{64} and allow-older: true/

  it('writes nothing, and says what can be done instead', async () => {
    await rollOut(1)
    await remove(30)
    const before = said()
    expect(await fence()).toMatchObject({ message: expect.stringMatching(GONE) })
    expect(
      await restorePoint(jobOf(world, EMERGENCY), {
        ...{ mode: 'fence', service: 'shop', to: ID, reason: 'orders are lost' },
      }),
    ).toMatchObject({ message: expect.stringMatching(GONE) })
    expect(said()).toEqual(before)
  })

  it('is told by the restore itself, too, whoever asks for that', async () => {
    await rollOut(1)
    await remove(30)
    const inputs = { mode: 'restore', service: 'shop', environment: 'production-eu', region: 'eu', to: ID }
    for (const only of [{}, { only: 'traffic' }])
      expect(await restorePoint(jobOf(world, EMERGENCY), { ...inputs, ...only })).toMatchObject({
        message: expect.stringMatching(GONE),
      })
    expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('is told while it goes, and a mark that comes then is refused', async () => {
    const opened = await rollOut(1)
    let told: unknown
    let marked: unknown
    const { children } = await remove(30, {
      async meanwhile() {
        told = await fence()
        marked = await githubLedger(world, { run: 1 })
          .mark(opened, 'restoring', 'taken back by ann: now')
          .catch((error: Error) => error.message)
      },
    })
    expect(told).toMatchObject({ message: expect.stringContaining('blue is being decommissioned') })
    expect(marked).toMatch(/^transaction 1-1-shop-eu-1 cannot be put back: its old arm blue/)
    expect(children).toHaveLength(1)
  })

  it('is not carried out by a restorer who had looked before the word, and writes after it', async () => {
    const opened = await rollOut(1)
    world.begin({}, { id: 901, path: deployYml, referencedWorkflows: [ours] })
    let word: Promise<void> | undefined
    for (const only of [{ only: 'traffic' }, {}]) {
      const ports = jobOf(world, EMERGENCY)
      const { download } = ports.artifacts
      ports.artifacts.download = async (...args) => {
        word ??= githubLedger(world, { run: 901 }).sayOldArm?.(opened, {
          ...{ phase: 'begun', arm: 'blue', attempt: 1 },
        })
        await word
        return download(...args)
      }
      const end = await restorePoint(ports, {
        ...{ mode: 'restore', service: 'shop', environment: 'production-eu', region: 'eu', to: ID, ...only },
      })
      expect(end).toMatchObject({
        message: expect.stringMatching(/its old arm blue is being decommissioned/),
      })
      expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
    }
  })

  it('goes first where its mark came before the word was heard, and the hook is not run', async () => {
    await rollOut(1)
    const { end, children } = await remove(30, { meanwhile: () => plant('restoring: taken back by ann') })
    expect(children).toEqual([])
    expect(end).toMatchObject({ reason: `${ID} is restoring: taken back by ann` })
    expect(said()[0]).toMatch(/^decommission-left: blue, try 1/)
  })

  it('is kept from nothing by what anybody says of the old arm', async () => {
    await rollOut(1)
    await plant('decommissioned: blue, try 1')
    expect(await fence()).toMatchObject({ outcome: 'fenced' })
  })
})
