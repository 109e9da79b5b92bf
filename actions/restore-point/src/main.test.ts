import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  GateFailed,
  InputError,
  ProviderError,
  type ChildProcess,
  type ChildResult,
} from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { readJobTransactions, restoreUnfinishedTraffic } from '@deploy-actions/transaction'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'

const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
const metrics = `{ sources: { p: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, requests: { source: p, sum: ['r{arm="\${arm}"}'] }, errors: { source: p, sum: ['e{arm="\${arm}"}'] } }`

let haproxy: FakeHaproxy
let folder: string
/** What the scripts were run with, and what they answer. */
let scripts: ChildProcess[]
let answer: (child: ChildProcess) => Partial<ChildResult>

beforeEach(async () => {
  haproxy = await startFakeHaproxy({ blue: 100, green: 0 })
  folder = await mkdtemp(join(tmpdir(), 'restore-point-'))
  scripts = []
  answer = (child) => ({ stdout: child.command[0].endsWith('snapshot.sh') ? 'green had 0.9.0\n' : '' })
  await config()
})
afterEach(() => haproxy.close())

const config = (port = haproxy.port): Promise<void> =>
  writeFile(
    join(folder, 'rollout.yml'),
    `version: 1
service: shop
regions: [{ name: us, environment: production-us }, { name: eu, environment: production-eu }]
deploy: { script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: 'ops/restore.sh \${arm}' } }
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: ${port}, backend: app } } }
checks: { up: { type: http, url: 'http://10.0.0.1/\${arm}/healthz' } }
gates: { after-deploy: { checks: [up] } }
metrics: ${metrics}
`,
  )

/** A job of a run: its steps share RUNNER_TEMP. */
async function job(runId = 1001, health = 200): Promise<FakePorts> {
  const temp = join(folder, `job-${runId}-${Math.random()}`)
  await mkdir(temp, { recursive: true })
  const ports = createFakePorts({
    context: { temp, runId },
    http: () => ({ status: health }),
    process: (child) => {
      scripts.push(child)
      return answer(child)
    },
  })
  return { ...ports, context: { ...ports.context, workspace: folder } }
}

const run = (ports: FakePorts, inputs: Record<string, string>): Promise<Outputs | Error> =>
  main(schema.parse({ region: 'eu', ledger: `file:${folder}/ledger`, ...inputs }), ports).catch(
    (error: Error) => error,
  )
const begin = (ports: FakePorts, inputs: Record<string, string> = {}) =>
  run(ports, { mode: 'begin', ...release, ...inputs })
const states = async (): Promise<string[]> =>
  (await openLedger(`file:${folder}/ledger`, 'shop', createFakePorts()).find({})).map(({ state }) => state)
const writes = (): string[] => haproxy.commands.filter((command) => command.startsWith('set server'))
const message = (outcome: Outputs | Error): string =>
  outcome instanceof Error ? outcome.message : outcome.reason

describe('begin', () => {
  it('records what it found before anything is written, and says which arm is which', async () => {
    const ports = await job()
    expect(await begin(ports)).toMatchObject({
      outcome: 'begun',
      transaction: '1001-1-shop-eu-1',
      'baseline-arm': 'blue',
      'canary-arm': 'green',
    })
    const [transaction] = await readJobTransactions(ports.context.temp)
    expect(transaction?.record.restore).toEqual([
      { kind: 'traffic', router: 'canary', weights: { blue: 10_000, green: 0 } },
      { kind: 'script', name: 'deploy', arm: 'green', state: 'green had 0.9.0' },
    ])
    expect(scripts[0]?.env).toMatchObject({
      DEPLOY_ARM: 'green',
      DEPLOY_BASELINE_ARM: 'blue',
      DEPLOY_CANARY_ARM: 'green',
      DEPLOY_REGION: 'eu',
    })
    expect(await states()).toEqual(['open'])
    expect(writes()).toEqual([])
    expect(ports.recorded.log.map(({ line }) => line).join('\n')).toContain('"router": "canary"')
  })

  it('writes nothing at all in a dry run', async () => {
    const ports = await job()
    expect(await begin(ports, { 'dry-run': 'true' })).toMatchObject({ outcome: 'would-begin' })
    expect(await states()).toEqual([])
    expect(await readJobTransactions(ports.context.temp)).toEqual([])
  })

  it.each<[string, () => unknown, RegExp, new (...args: never[]) => Error]>([
    [
      'when neither arm carries all the traffic',
      () => void (haproxy.weights = { blue: 60, green: 40 }),
      /neither arm of shop in eu carries all the traffic: the router holds blue 60%, green 40%; nothing was written/,
      InputError,
    ],
    [
      'when the proxy cannot be reached',
      () => config(1),
      /haproxy 127\.0\.0\.1:1 could not be reached: .*is it open to this runner\?/,
      ProviderError,
    ],
    [
      'when the snapshot fails',
      () => void (answer = () => ({ exitCode: 2, stderr: 'no api\n' })),
      /the snapshot failed, so nothing was written: ops\/snapshot\.sh ended with exit code 2: no api/,
      GateFailed,
    ],
    [
      'when the snapshot is too long to keep',
      () => void (answer = () => ({ stdout: 'x'.repeat(1025) })),
      /at most 1 KiB/,
      Error,
    ],
  ])('opens nothing %s', async (_, spoil, expected, kind) => {
    await spoil()
    const outcome = await begin(await job())
    expect(outcome).toBeInstanceOf(kind)
    expect(message(outcome)).toMatch(expected)
    expect(await states()).toEqual([])
  })

  it('refuses a target that another run holds, names that run and leaves its transaction alone', async () => {
    await begin(await job(77))
    const outcome = await begin(await job(1001))
    expect(message(outcome)).toMatch(
      /shop in eu is held by run 77 .* transaction 77-1-shop-eu-1 is open\. Nothing was written/,
    )
    expect(await states()).toEqual(['open'])
  })

  it('proves the predecessor again: an approval may have taken days', async () => {
    expect(message(await begin(await job(), { predecessor: 'us' }))).toMatch(
      /us comes first and has no transaction yet/,
    )
    expect(await states()).toEqual([])
  })

  it('restores what an earlier attempt of the same run left open, then starts over', async () => {
    const first = await job()
    await begin(first)
    haproxy.weights = { blue: 50, green: 50 }
    expect(await begin(await job())).toMatchObject({ outcome: 'begun', 'baseline-arm': 'blue' })
    expect(await states()).toEqual(['open', 'restored'])
  })
})

describe('commit', () => {
  it('closes the transaction when the router shows all traffic on the canary arm', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 0, green: 100 }
    expect(await run(ports, { mode: 'commit', transaction: '1001-1-shop-eu-1' })).toMatchObject({
      outcome: 'committed',
    })
    expect(await states()).toEqual(['committed'])
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
  })

  it('does not take a green canary for it: the router decides', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 25, green: 75 }
    expect(message(await run(ports, { mode: 'commit', transaction: '1001-1-shop-eu-1' }))).toMatch(
      /eu cannot be committed: green does not carry all the traffic \(the router holds blue 25%, green 75%/,
    )
    expect(await states()).toEqual(['open'])
  })

  it('stops when somebody else has taken the transaction over', async () => {
    const ports = await job()
    await begin(ports)
    await openLedger(`file:${folder}/ledger`, 'shop', ports).mark(
      '1001-1-shop-eu-1',
      'restoring',
      'emergency',
    )
    expect(message(await run(ports, { mode: 'commit', transaction: '1001-1-shop-eu-1' }))).toMatch(
      /is restoring \(restoring: emergency\): nothing more is written/,
    )
  })

  it('needs the transaction of this job', async () => {
    expect(message(await run(await job(), { mode: 'commit' }))).toMatch(/input `transaction`: is missing/)
    expect(message(await run(await job(), { mode: 'commit', transaction: '9-1-shop-eu-1' }))).toMatch(
      /was not begun in this job/,
    )
  })
})

describe('restore', () => {
  it('puts traffic and workload back in that order, proves the health of what serves, and closes the ledger', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    scripts = []
    const outcome = await run(ports, {
      mode: 'restore',
      transaction: '1001-1-shop-eu-1',
      reason: 'too many errors',
    })
    expect(outcome).toMatchObject({
      outcome: 'restored',
      restored: [
        { kind: 'traffic', ok: true },
        { kind: 'script', ok: true },
        { kind: 'health', ok: true },
      ],
    })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(scripts[0]).toMatchObject({
      command: [join(folder, 'ops/restore.sh'), 'green'],
      // The arm that the snapshot was taken from: the one that serves again is not touched.
      env: { DEPLOY_STATE: 'green had 0.9.0', DEPLOY_ARM: 'green', DEPLOY_BASELINE_ARM: 'blue' },
    })
    expect(await states()).toEqual(['restored'])
  })

  it('is a quick no-op when this run left nothing open', async () => {
    const ports = await job()
    expect(await run(ports, { mode: 'restore' })).toMatchObject({ outcome: 'nothing-open' })
    expect(haproxy.commands).toEqual([])
  })

  it('finds from another job what this run left open, but not what another run has', async () => {
    await begin(await job(77))
    haproxy.weights = { blue: 50, green: 50 }
    expect(await run(await job(1001), { mode: 'restore' })).toMatchObject({ outcome: 'nothing-open' })
    expect(haproxy.weights).toEqual({ blue: 50, green: 50 })
    expect(await run(await job(77), { mode: 'restore' })).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('says that it failed when the workload could not be put back, with the traffic back all the same', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    answer = () => ({ exitCode: 1, stderr: 'refused\n' })
    const outcome = await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })
    expect((outcome as GateFailed).outputs).toMatchObject({ outcome: 'restore-failed' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['restore-failed'])
  })

  it('does not wait for a ledger that gives no answer: traffic is back first', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    let give: (answer: Error) => void = () => undefined
    const unanswered = new Promise<never>((_, reject) => (give = reject))
    haproxy.before = (command) => {
      if (command.startsWith('set server'))
        give(new ProviderError('GitHub gave no answer', { provider: 'GitHub' }))
      return 'act'
    }
    const github = { request: () => unanswered, list: () => unanswered }
    const transaction = '1001-1-shop-eu-1'
    expect(
      await run({ ...ports, github }, { mode: 'restore', to: 'open', ledger: 'github', transaction }),
    ).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is tried again by posts and guard when the traffic could not be put back', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    // The router refuses for the whole restore, and is back afterwards.
    haproxy.before = () => {
      throw new Error('down')
    }
    const outcome = await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })
    expect((outcome as GateFailed).outputs).toMatchObject({ outcome: 'restore-failed' })
    expect((await readJobTransactions(ports.context.temp))[0]?.state).toBe('open')
    delete haproxy.before
    expect(await run(await job(1001), { mode: 'restore' })).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is unverified when what serves is not healthy', async () => {
    const ports = await job(1001, 503)
    await begin(ports)
    expect(await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })).toMatchObject({
      outcome: 'unverified',
    })
    expect(await states()).toEqual(['unverified'])
  })

  it('undoes a committed transaction by its id only while it is the newest', async () => {
    const ports = await job(77)
    await begin(ports)
    haproxy.weights = { blue: 0, green: 100 }
    await run(ports, { mode: 'commit', transaction: '77-1-shop-eu-1' })
    await begin(await job(78))
    expect(message(await run(await job(79), { mode: 'restore', to: '77-1-shop-eu-1' }))).toMatch(
      /is no longer the newest in eu: 78-1-shop-eu-1/,
    )
    expect(message(await run(await job(79), { mode: 'restore', to: 'nope' }))).toMatch(
      /the ledger has no transaction nope of shop/,
    )
  })

  it('writes nothing in a dry run', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    expect(
      await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1', 'dry-run': 'true' }),
    ).toMatchObject({ outcome: 'would-restore' })
    expect(haproxy.weights).toEqual({ blue: 50, green: 50 })
    expect(await states()).toEqual(['open'])
  })
})
