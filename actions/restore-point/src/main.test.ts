import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
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
import { openLedger, restorePointArtifact, takenBackNote, type Ledger } from '@deploy-actions/ledger'
import {
  createFakePorts,
  startFakeHaproxy,
  type FakeHaproxy,
  type FakePorts,
  type FakePortsOptions,
} from '@deploy-actions/testing'
import { noteWrite, readJobTransactions, restoreUnfinishedTraffic } from '@deploy-actions/transaction'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'

const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
const metrics = `{ sources: { p: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, requests: { source: p, sum: ['r{arm="\${arm}"}'] }, errors: { source: p, sum: ['e{arm="\${arm}"}'] } }`

let haproxy: FakeHaproxy
let folder: string
/** What the scripts were run with, and what they answer. */
let scripts: ChildProcess[]
/** Addresses of health checks. */
let asked: string[]
let answer: (child: ChildProcess) => Partial<ChildResult>

beforeEach(async () => {
  haproxy = await startFakeHaproxy({ blue: 100, green: 0 })
  folder = await mkdtemp(join(tmpdir(), 'restore-point-'))
  scripts = []
  asked = []
  answer = (child) => ({ stdout: child.command[0].endsWith('snapshot.sh') ? 'green had 0.9.0\n' : '' })
  await config()
})
afterEach(() => haproxy.close())

const config = (port = haproxy.port, restore = 'ops/restore.sh ${arm}', access = ''): Promise<void> =>
  writeFile(
    join(folder, 'rollout.yml'),
    `version: 1
service: shop
regions: [{ name: us, environment: production-us }, { name: eu, environment: production-eu }]
deploy: { script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: '${restore}'${access} } }
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: ${port}, backend: app } } }
checks: { up: { type: http, url: 'http://10.0.0.1/\${arm}/healthz' } }
gates: { after-deploy: { checks: [up] } }
metrics: ${metrics}
`,
  )

/** A job of a run: its steps share RUNNER_TEMP. */
async function job(
  runId = 1001,
  health = 200,
  more: Pick<FakePortsOptions, 'secrets' | 'oidc'> = {},
): Promise<FakePorts> {
  const temp = join(folder, `job-${runId}-${Math.random()}`)
  await mkdir(temp, { recursive: true })
  const ports = createFakePorts({
    ...more,
    context: { temp, runId },
    http({ url }) {
      asked.push(url)
      return { status: health }
    },
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

  describe('on what the infrastructure of the region gives', () => {
    const onOutputs = async (): Promise<void> => {
      const text = await readFile(join(folder, 'rollout.yml'), 'utf8')
      await writeFile(
        join(folder, 'rollout.yml'),
        `${text
          .replace('host: 127.0.0.1', "host: '${infra.host}'")
          .replace('http://10.0.0.1/', 'http://${infra.host}/')}infrastructure:
  path: infra
  plan-key-secret: PLAN_KEY
  backend-config: { key: '\${region}' }
  outputs: { host: 10.0.0.9 }
`,
      )
    }
    const secrets = { PLAN_KEY: 'fedcba9876543210fedcba9876543210' }
    beforeEach(onOutputs)

    it('is refused, with nothing written, where nobody has told it', async () => {
      expect(message(await begin(await job(1001, 200, { secrets })))).toMatch(
        /infrastructure: the output host has no value here: hand it over by the input infra/,
      )
      expect(await states()).toEqual([])
    })

    it('is put back by what it was told when it began, in a job that was told nothing', async () => {
      const ports = await job(1001, 200, { secrets })
      const infra = JSON.stringify({ host: '127.0.0.1' })
      expect(await begin(ports, { infra })).toMatchObject({ outcome: 'begun' })
      expect(scripts[0]?.env).toMatchObject({ DEPLOY_INFRA_HOST: '127.0.0.1' })
      const [transaction] = await readJobTransactions(ports.context.temp)
      expect(transaction?.settings).toMatchObject({
        infra: { host: '127.0.0.1' },
        router: { host: '127.0.0.1' },
      })
      // Not in the record, which the ledger shows to everybody, and anybody may plant.
      expect(JSON.stringify(transaction?.record)).not.toContain('127.0.0.1')
      haproxy.weights = { blue: 90, green: 10 }
      const guard = await job(1001, 200, { secrets })
      expect(await run(guard, { mode: 'restore', to: 'open' })).toMatchObject({ outcome: 'restored' })
      expect(scripts.at(-1)?.env).toMatchObject({ DEPLOY_INFRA_HOST: '127.0.0.1' })
      expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
      expect(asked).toEqual(['http://127.0.0.1/blue/healthz'])
    })
  })

  it('writes nothing at all in a dry run', async () => {
    const ports = await job()
    expect(await begin(ports, { 'dry-run': 'true' })).toMatchObject({ outcome: 'would-begin' })
    expect(await states()).toEqual([])
    expect(await readJobTransactions(ports.context.temp)).toEqual([])
  })

  it('brings no release that a person had taken back while it waited for its approval, unless that is said', async () => {
    await begin(await job(900))
    const ledger = openLedger(`file:${folder}/ledger`, 'shop', createFakePorts())
    await ledger.mark({ id: '900-1-shop-eu-1' }, 'restoring', takenBackNote('ann', 'orders are lost'))
    await ledger.mark({ id: '900-1-shop-eu-1' }, 'restored', '')
    expect(message(await begin(await job()))).toMatch(
      /was taken back by ann: orders are lost .* Nothing was written$/,
    )
    expect(await states()).toEqual(['restored'])
    expect(await begin(await job(), { again: 'true' })).toMatchObject({ outcome: 'begun' })
  })

  it('brings no release that is older than the one that came while it waited, unless that is said', async () => {
    await begin(await job(900))
    const ledger = openLedger(`file:${folder}/ledger`, 'shop', createFakePorts())
    await ledger.mark({ id: '900-1-shop-eu-1' }, 'committed', '')
    const newer = await job(901)
    await begin(newer, { digest: `sha256:${'c'.repeat(64)}`, version: '1.9.0' })
    await ledger.mark({ id: '901-1-shop-eu-1' }, 'committed', '')
    expect(message(await begin(await job()))).toMatch(
      /^1\.9\.0, which serves in eu since run 901, would be replaced by an older release: .* Nothing was written$/,
    )
    expect(await states()).toEqual(['committed', 'committed'])
    expect(await begin(await job(), { 'allow-older': 'true' })).toMatchObject({ outcome: 'begun' })
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

  it('refuses a target whose last restore failed, and says how it becomes free', async () => {
    const ports = await restoreFailed()
    const outcome = await begin(await job(1002))
    expect(message(outcome)).toMatch(
      /held by run 1001 .*, which brought 1\.1\.0 there and could not put it back: transaction 1001-1-shop-eu-1 is restore-failed: .*\(restore-point with mode: restore, to: 1001-1-shop-eu-1\); or, .*\(mode: resolve, to: 1001-1-shop-eu-1, with a reason\)/,
    )
    expect(await states()).toEqual(['restore-failed'])
    // Once it is restored the target is free.
    await run(ports, { mode: 'restore', to: '1001-1-shop-eu-1' })
    expect(await begin(await job(1002))).toMatchObject({ outcome: 'begun' })
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

describe('begin of a job that died right after its commit, and is run again', () => {
  const id = '1001-1-shop-eu-1'
  const again = async (runId = 1001): Promise<FakePorts> => {
    const ports = await job(runId)
    return { ...ports, context: { ...ports.context, attempt: 2 } }
  }
  beforeEach(async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 0, green: 100 }
    expect(await run(ports, { mode: 'commit', transaction: id })).toMatchObject({ outcome: 'committed' })
  })

  it('rolls nothing out once more, which would be written over the release before it', async () => {
    const ports = await again()
    expect(await begin(ports)).toMatchObject({
      ...{ outcome: 'already-committed', transaction: id },
      ...{ 'baseline-arm': 'blue', 'canary-arm': 'green' },
      reason: `eu needs nothing: attempt 1 of this run has committed ${id}, and 1.1.0 serves on green`,
    })
    expect(await states()).toEqual(['committed'])
    expect(ports.recorded.summary.join()).toContain('committed by an earlier attempt')
  })

  it('goes on with what follows a commit, and puts nothing back when that fails', async () => {
    const ports = await again()
    await begin(ports, { infra: '{"host":"10.1.0.5"}' })
    // What follows is told what the infrastructure gives, too.
    expect(await readJobTransactions(ports.context.temp)).toMatchObject([
      { record: { id }, state: 'committed', settings: { infra: { host: '10.1.0.5' } } },
    ])
    expect(await run(ports, { mode: 'restore', to: 'open', transaction: id })).toMatchObject({
      outcome: 'nothing-open',
    })
    expect(await restoreUnfinishedTraffic(ports)).toBeUndefined()
    expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('says the same in a dry run, and keeps nothing', async () => {
    const ports = await again()
    expect(await begin(ports, { 'dry-run': 'true' })).toMatchObject({ outcome: 'already-committed' })
    expect(await readJobTransactions(ports.context.temp)).toEqual([])
  })

  it('needs no window: nothing is moved', async () => {
    const file = join(folder, 'rollout.yml')
    await writeFile(
      file,
      `${await readFile(file, 'utf8')}windows: { freeze: [{ from: 2000-01-01, to: 2100-01-01, reason: a fair }] }\n`,
    )
    expect(await begin(await again())).toMatchObject({ outcome: 'already-committed' })
  })

  it('begins anew where somebody has moved the traffic since', async () => {
    haproxy.weights = { blue: 100, green: 0 }
    expect(await begin(await again())).toMatchObject({ outcome: 'begun', 'canary-arm': 'green' })
  })

  it.each([
    ['another run', () => again(1002), {}],
    ['another release', again, { version: '1.2.0', digest: `sha256:${'c'.repeat(64)}` }],
  ])('begins for %s', async (_, ofJob, other) => {
    expect(await begin(await ofJob(), other)).toMatchObject({ outcome: 'begun', 'canary-arm': 'blue' })
  })

  it('is refused where a person has taken the release back since', async () => {
    const ledger = openLedger(`file:${folder}/ledger`, 'shop', createFakePorts())
    await ledger.mark({ id }, 'restoring', takenBackNote('ann', 'orders are lost'))
    await ledger.mark({ id }, 'restored', '')
    haproxy.weights = { blue: 100, green: 0 }
    expect(message(await begin(await again()))).toMatch(/was taken back by ann/)
  })
})

/** A transaction of run 1001 whose workload could not be put back; afterwards its script works again. */
async function restoreFailed(): Promise<FakePorts> {
  const ports = await job()
  await begin(ports)
  haproxy.weights = { blue: 50, green: 50 }
  answer = () => ({ exitCode: 1, stderr: 'refused\n' })
  await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })
  answer = () => ({ stdout: 'green had 0.9.0\n' })
  return ports
}

describe('begin when it is not to begin', () => {
  const closed = 'windows: { allow: [{ rrule: FREQ=DAILY;BYHOUR=2, duration: 4h }] }\n'
  const frozen = 'windows: { freeze: [{ from: 2026-11-20, to: 2026-11-30, reason: a fair }] }\n'

  it.each([
    ['its windows have closed', closed, 'its windows are closed'],
    ['a freeze has begun', frozen, 'nothing begins until 2026-12-01T00:00:00Z (a fair)'],
  ])('writes nothing while it waited for its approval and %s, unless that is said', async (_, text, why) => {
    const file = join(folder, 'rollout.yml')
    await writeFile(file, `${await readFile(file, 'utf8')}${text}`)
    const refused = message(await begin(await job()))
    expect(refused).toContain(`production-eu: ${why}`)
    expect(refused).toMatch(/say why in `override-window`. Nothing was written$/)
    expect(await states()).toEqual([])
    const ports = await job()
    expect(await begin(ports, { 'override-window': 'orders are lost' })).toMatchObject({ outcome: 'begun' })
    expect(ports.recorded.facts).toMatchObject({
      'windowOverridden production-eu': { reason: 'orders are lost' },
    })
    // Nothing is kept from being put back.
    expect(await run(ports, { mode: 'restore' })).toMatchObject({ outcome: 'restored' })
  })

  it('writes down how the regions of its rollout follow each other', async () => {
    const ports = await job()
    await begin(ports, { order: 'delayed' })
    const [transaction] = await readJobTransactions(ports.context.temp)
    expect(transaction?.record.order).toBe('delayed')
    expect(transaction?.record).not.toHaveProperty('keepOldMs')
  })

  it('writes down how long the old arm stays, where a hook removes it then', async () => {
    const file = join(folder, 'rollout.yml')
    const text = await readFile(file, 'utf8')
    await writeFile(file, `${text}arms: { keep-old: 2h }\nhooks: { decommission: ops/remove.sh }\n`)
    const ports = await job()
    await begin(ports)
    const [transaction] = await readJobTransactions(ports.context.temp)
    expect(transaction?.record.keepOldMs).toBe(7_200_000)
  })
})

describe('a release that is brought onto the old arm, too', () => {
  const [first, second] = ['1001-1-shop-eu-1', '1001-1-shop-eu-2'] as const
  const fence = async (): Promise<Outputs | Error> =>
    run(await job(3001), { mode: 'fence', service: 'shop', to: 'previous', reason: 'orders are lost' })
  beforeEach(async () => {
    const file = join(folder, 'rollout.yml')
    await writeFile(file, `${await readFile(file, 'utf8')}arms: { finish: promote }\n`)
    await begin(await job(900), { digest: `sha256:${'0'.repeat(64)}`, version: '1.0.0' })
    haproxy.weights = { blue: 0, green: 100 }
    const ledger = openLedger(`file:${folder}/ledger`, 'shop', createFakePorts())
    await ledger.mark({ id: '900-1-shop-eu-1' }, 'committed', '')
    haproxy.weights = { blue: 100, green: 0 }
  })
  /** It serves all of the traffic on green, and is to be brought onto blue. */
  async function committed(): Promise<FakePorts> {
    const ports = await job()
    expect(await begin(ports)).toMatchObject({ outcome: 'begun', finish: 'promote' })
    haproxy.weights = { blue: 0, green: 100 }
    await run(ports, { mode: 'commit', transaction: first })
    return ports
  }

  it('has a transaction of its own, with the old arm as it was for its restore point', async () => {
    const ports = await committed()
    answer = () => ({ stdout: 'blue had 1.0.0\n' })
    const begun = await begin(ports, { finishes: first })
    expect(begun).toMatchObject({ outcome: 'begun', 'baseline-arm': 'green', 'canary-arm': 'blue' })
    expect(begun).not.toHaveProperty('finish')
    const { record } = (await readJobTransactions(ports.context.temp)).at(-1) ?? {}
    expect(record).toMatchObject({
      id: second,
      finishes: { id: first, replaced: { version: '1.0.0' } },
      previous: { version: '1.1.0' },
      restore: [
        { kind: 'traffic', weights: { blue: 0, green: 10_000 } },
        { kind: 'script', arm: 'blue', state: 'blue had 1.0.0' },
      ],
    })
    expect(record).not.toHaveProperty('order')
  })

  it('stays committed where that fails, and nothing else is said', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    haproxy.weights = { blue: 100, green: 0 }
    expect(await run(ports, { mode: 'restore', to: 'open', transaction: second })).toMatchObject({
      ...{ outcome: 'restored', 'serves-on': true },
      reason: expect.stringMatching(
        /^shop in eu is back at its restore point \(1\.1\.0 was to be brought onto the other arm, too; it is committed, and not taken back\); /,
      ),
    })
    expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
    expect(await states()).toEqual(['restored', 'committed', 'committed'])
    // And is taken back as any other.
    expect(await fence()).toMatchObject({ outcome: 'fenced', targets: [{ transaction: first }] })
  })

  it('cannot be taken back once it is on both, and which one to deploy is said', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    haproxy.weights = { blue: 100, green: 0 }
    const end = await run(ports, { mode: 'commit', transaction: second })
    expect(end).toMatchObject({ outcome: 'committed' })
    expect(ports.recorded.summary.at(-1)).toContain('Nothing of the release before it is left: green has')
    const refusal = `1.1.0 was brought onto both arms (it followed ${first}), so there is nothing to give the traffic back to; bring 1.0.0 again: run the rollout with digest sha256:${'0'.repeat(64)} and allow-older: true`
    expect(message(await fence())).toContain(`eu is NOT taken back: ${refusal}`)
    expect(message(await run(await job(2001), { mode: 'restore', to: second }))).toContain(refusal)
    expect(message(await run(await job(2001), { mode: 'restore', to: first }))).toMatch(
      /no longer the newest/,
    )
  })

  it('is taken back by two dispatches while it is brought, and the first one says so', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    const end = await fence()
    expect(end).toMatchObject({ outcome: 'fenced', targets: [{ transaction: second }] })
    expect(message(end)).toMatch(
      /^shop: that 1\.1\.0 is brought onto the old arm of eu, too, is undone; eu is NOT taken back: .* it serves on\. Run this once more/,
    )
    // Also where the guard was faster than the last job of it.
    for (const _ of [1, 2])
      expect(await run(await job(3001), { mode: 'restore', to: second })).toMatchObject({
        ...{ outcome: 'restored', 'serves-on': true },
        reason: expect.stringContaining('1.1.0 was to be brought onto the other arm, too'),
      })
    expect(await fence()).toMatchObject({ outcome: 'fenced', targets: [{ transaction: first }] })
    const back = await run(await job(3002), { mode: 'restore', to: first })
    expect(back).toMatchObject({ outcome: 'restored' })
    expect(back).not.toHaveProperty('serves-on')
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is taken back by two dispatches while what serves is not healthy: that is mostly why', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    await fence()
    expect(await run(await job(3001, 503), { mode: 'restore', to: second })).toMatchObject({
      outcome: 'unverified',
    })
    expect(await fence()).toMatchObject({ outcome: 'fenced', targets: [{ transaction: first }] })
    const back = { mode: 'restore', to: first, service: 'shop', environment: 'production-eu' }
    expect(await run(await job(3002), { ...back, only: 'traffic' })).toMatchObject({
      outcome: 'traffic-restored',
    })
    expect(await run(await job(3002), back)).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is not given the traffic again by a job of the first dispatch that is run again', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    await run(await job(3001), { mode: 'restore', to: second })
    await run(await job(3002), { mode: 'restore', to: first })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(message(await run(await job(3001), { mode: 'restore', to: second }))).toMatch(
      /was undone, and 1001-1-shop-eu-1, which it followed, is restored.* since: .* nothing was written/,
    )
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    // And what serves is what served before.
    await begin(await job(1007), { again: 'true', digest: `sha256:${'c'.repeat(64)}`, version: '1.2.0' })
    const ledger = openLedger(`file:${folder}/ledger`, 'shop', createFakePorts())
    expect((await ledger.find({ run: 1007 }))[0]?.record.previous).toMatchObject({ version: '1.0.0' })
  })

  it('is on both arms, too, where a rollout that is run again has brought it there', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    await run(ports, { mode: 'restore', to: 'open', transaction: second })
    const again = await job(1005)
    await begin(again)
    // Whoever takes it back meanwhile is told that it serves on.
    const undone = await fence()
    expect(undone).toMatchObject({ targets: [{ transaction: '1005-1-shop-eu-1' }] })
    expect(message(undone)).toMatch(/eu is NOT taken back: .* it serves on\. Run this once more/)
    await run(await job(3001), { mode: 'restore', to: '1005-1-shop-eu-1' })
    expect(await fence()).toMatchObject({ targets: [{ transaction: first }] })
  })

  it('gives nothing back to an arm with the same release once a further run has brought it there', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    await run(ports, { mode: 'restore', to: 'open', transaction: second })
    const again = await job(1005)
    await begin(again)
    haproxy.weights = { blue: 100, green: 0 }
    await run(again, { mode: 'commit', transaction: '1005-1-shop-eu-1' })
    expect(message(await fence())).toMatch(
      /eu is NOT taken back: 1\.1\.0 was brought onto both arms .* bring 1\.0\.0 again: run the rollout with digest/,
    )
  })

  it('is brought no further once a person who did not see that yet has the commit itself taken back', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    haproxy.weights = { blue: 100, green: 0 }
    const ledger = openLedger(`file:${folder}/ledger`, 'shop', createFakePorts())
    await ledger.mark({ id: first }, 'restoring', takenBackNote('ann', 'orders are lost'))
    expect(message(await run(ports, { mode: 'commit', transaction: second }))).toMatch(
      /transaction 1001-1-shop-eu-1 is restoring .*taken back by ann.*nothing is done that follows a commit/,
    )
    await run(ports, { mode: 'restore', to: 'open', transaction: second })
    expect(await run(await job(3001), { mode: 'restore', to: first })).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is on both arms still when it is rolled out once more since another one failed', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    haproxy.weights = { blue: 100, green: 0 }
    await run(ports, { mode: 'commit', transaction: second })
    const other = await job(1005)
    await begin(other, { version: '1.2.0', digest: `sha256:${'c'.repeat(64)}` })
    await run(other, { mode: 'restore', to: 'open', transaction: '1005-1-shop-eu-1' })
    const again = await job(1006)
    await begin(again)
    haproxy.weights = { blue: 0, green: 100 }
    await run(again, { mode: 'commit', transaction: '1006-1-shop-eu-1' })
    expect(message(await fence())).toMatch(
      /eu is NOT taken back: 1\.1\.0 was brought onto both arms .* bring 1\.0\.0/,
    )
  })

  it('is not where it is not committed, nor where it does not serve', async () => {
    const open = await job()
    await begin(open)
    expect(message(await begin(open, { finishes: first }))).toMatch(/is open .*nothing is done that follows/)
    haproxy.weights = { blue: 0, green: 100 }
    await run(open, { mode: 'commit', transaction: first })
    haproxy.weights = { blue: 100, green: 0 }
    expect(message(await begin(open, { finishes: first }))).toMatch(
      /^1\.1\.0 does not serve in eu: .*blue 100%, green 0%.* It was not brought onto blue; nothing was written$/,
    )
    expect(message(await begin(await job(), { finishes: first }))).toMatch(/was not begun in this job/)
  })

  it('does not go back to the other arm where it serves already', async () => {
    const ports = await committed()
    await begin(ports, { finishes: first })
    await run(ports, { mode: 'restore', to: 'open', transaction: second })
    // A second run of the rollout brings it onto blue.
    expect(await begin(await job(1005))).toMatchObject({ 'canary-arm': 'blue', finish: 'swap' })
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

  it('warns before it deploys under clients that are bound to the idle arm', async () => {
    haproxy.cookie = 'SRV'
    const ports = await job()
    await begin(ports)
    const warnings = ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)
    expect(warnings.join()).toMatch(/clients that are bound to green still reach it without a weight/)
    haproxy.states = { green: 'maint' }
    const quiet = await job(1002)
    await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })
    await begin(quiet)
    expect(quiet.recorded.log.filter(({ level }) => level === 'warning')).toEqual([])
  })

  it('writes once more what a reload has lost, proves it, and commits', async () => {
    const ports = await job()
    await begin(ports)
    const [own] = await readJobTransactions(ports.context.temp)
    if (!own) throw new Error('nothing was begun')
    await noteWrite(own, { blue: 0, green: 10_000 }, ports)
    ports.clock.advance(60_000)
    haproxy.configured = { blue: 100, green: 0 }
    haproxy.weights = { blue: 100, green: 0 }
    const commit = () => run(ports, { mode: 'commit', transaction: '1001-1-shop-eu-1' })
    // The same weights of an old process are somebody's hand.
    expect(((await commit()) as unknown as Error).message).toMatch(/cannot be committed/)
    haproxy.uptimeSec = 30
    expect(await commit()).toMatchObject({ outcome: 'committed' })
    expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
  })

  it('does not roll a finished rollout back for one reading that flapped, or one that was lost', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 0, green: 100 }
    let looks = 0
    haproxy.before = (command) => {
      if (command !== 'show servers state app') return 'act'
      looks++
      if (looks === 2) throw new Error('cut')
      haproxy.states = looks === 1 ? { green: 'down' } : {}
      return 'act'
    }
    expect(await run(ports, { mode: 'commit', transaction: '1001-1-shop-eu-1' })).toMatchObject({
      outcome: 'committed',
    })
    expect(looks).toBe(3)
  })

  it('stops when somebody else has taken the transaction over', async () => {
    const ports = await job()
    await begin(ports)
    await openLedger(`file:${folder}/ledger`, 'shop', ports).mark(
      { id: '1001-1-shop-eu-1' },
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
    await config(haproxy.port, 'ops/restore.sh ${arm} ${version}')
    await begin(ports, { version: '1.1.0 "rc 1"' })
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
      // As recorded; each variable is one argument.
      command: [join(folder, 'ops/restore.sh'), 'green', '1.1.0 "rc 1"'],
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
    for (const own of await readJobTransactions(ports.context.temp))
      await noteWrite(own, { blue: 5000, green: 5000 }, ports)
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

  it('calls nobody for the next release, where GitHub was slow at first and then takes the token no more', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 0, green: 100 }
    let asked = 0
    const answer = () => {
      const status = asked++ === 0 ? 503 : 401
      return Promise.reject(new ProviderError(`${status}`, { provider: 'GitHub', status }))
    }
    const late = { ...ports, github: { request: answer, list: answer } }
    const transaction = '1001-1-shop-eu-1'
    expect(await run(late, { mode: 'restore', to: 'open', ledger: 'github', transaction })).toMatchObject({
      outcome: 'nothing-open',
      reason: expect.stringContaining("is the guard's"),
    })
    expect([haproxy.weights, writes()]).toEqual([{ blue: 0, green: 100 }, []])
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

  it('is stubborn: in the job that opened it for five minutes, in any other for fifty', async () => {
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    haproxy.before = () => 'lie'
    const took = async (from: FakePorts, more: Record<string, string>): Promise<number> => {
      const began = from.clock.now().getTime()
      await run(from, { mode: 'restore', ...more })
      // Beside the router, a ledger may be waited for for some seconds.
      return Math.floor((from.clock.now().getTime() - began) / 60_000)
    }
    expect(await took(ports, { transaction: '1001-1-shop-eu-1' })).toBe(5)
    expect(await took(await job(), {})).toBe(50)
  })

  it('tells the sinks after a minute that the traffic is not back, and claims nothing of what was not verified', async () => {
    await writeFile(
      join(folder, 'rollout.yml'),
      `${await readFile(join(folder, 'rollout.yml'), 'utf8')}notifications: [{ type: webhook, url: 'https://hooks.example.com/' }]\n`,
    )
    const ports = await job()
    await begin(ports)
    haproxy.weights = { blue: 50, green: 50 }
    haproxy.states = { blue: 'down' }
    const told: string[] = []
    const http: FakePorts['http'] = {
      ...ports.http,
      request: async (request) => {
        told.push(String(request.body))
        return ports.http.request(request)
      },
    }
    await run({ ...ports, http }, { mode: 'restore', transaction: '1001-1-shop-eu-1' })
    expect(told).toHaveLength(1)
    expect(told[0]).toContain('the traffic is NOT back after a minute')
    const [summary = ''] = ports.recorded.summary.filter((text) => text.includes('restore-failed'))
    expect(summary).toContain('blue is down, and the traffic stays with green')
    expect(summary).toContain('The traffic was NOT verified')
    expect(summary).not.toContain('Traffic was verified')
    expect(haproxy.weights).toEqual({ blue: 50, green: 50 })
  })

  it('is unverified when what serves is not healthy', async () => {
    const ports = await job(1001, 503)
    await begin(ports)
    expect(await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })).toMatchObject({
      outcome: 'unverified',
    })
    expect(await states()).toEqual(['unverified'])
  })

  it.each<[string, (ledger: Ledger) => Promise<void>, RegExp]>([
    [
      'a person has put right',
      async (ledger) => {
        for (const state of ['restoring', 'restore-failed', 'resolved'] as const)
          await ledger.mark({ id: '1001-1-shop-eu-1' }, state, 'mended')
      },
      /is resolved: mended: there is nothing of it to be put back, and nothing was written/,
    ],
    [
      'never wrote anything',
      (ledger) => ledger.mark({ id: '1001-1-shop-eu-1' }, 'superseded', ''),
      /is superseded: there is nothing of it/,
    ],
  ])('leaves alone what %s', async (_, close, refusal) => {
    await begin(await job())
    await close(openLedger(`file:${folder}/ledger`, 'shop', createFakePorts()))
    haproxy.weights = { blue: 0, green: 100 }
    scripts = []
    const named = { mode: 'restore', to: '1001-1-shop-eu-1' }
    for (const more of [{}, { only: 'traffic', service: 'shop', environment: 'production-eu' }])
      expect(message(await run(await job(2001), { ...named, ...more }))).toMatch(refusal)
    expect([writes(), scripts]).toEqual([[], []])
  })

  describe('by a runner that stands still, and comes back after the next rollout', () => {
    const next = { version: '2.0.0', digest: `sha256:${'c'.repeat(64)}` }
    const traffic = { only: 'traffic', service: 'shop', environment: 'production-eu' }
    /** Somebody restores in its place, and the next release is rolled out. */
    const replaced = async (): Promise<void> => {
      await run(await job(2001), { mode: 'restore', to: '1001-1-shop-eu-1' })
      const later = await job(4001)
      await begin(later, next)
      haproxy.weights = { blue: 0, green: 100 }
      await run(later, { mode: 'commit', transaction: '4001-1-shop-eu-1' })
      scripts = []
      haproxy.commands.length = 0
    }
    const atItsFirstLook = (): void => {
      let stands = true
      haproxy.hold = async (_, side) => {
        if (side === 'after' || !stands) return
        stands = false
        await replaced()
      }
    }

    it.each<[string, Record<string, string>, RegExp]>([
      ['the guard', {}, /^4001-1-shop-eu-1 has come after 1001-1-shop-eu-1, so its target is left alone/],
      ['the guard, traffic first', traffic, /has come after/],
      ['one that was told its id', { to: '1001-1-shop-eu-1' }, /has come after/],
    ])('is left alone by %s', async (_, inputs, reason) => {
      await begin(await job())
      haproxy.weights = { blue: 50, green: 50 }
      atItsFirstLook()
      const guard = await job()
      expect(await run(guard, { mode: 'restore', ...inputs })).toMatchObject({
        outcome: 'nothing-open',
        reason: expect.stringMatching(reason),
      })
      expect([writes(), scripts]).toEqual([[], []])
      expect(await states()).toEqual(['committed', 'restored'])
    })

    it('keeps its workload, though its traffic was put back before', async () => {
      await begin(await job())
      haproxy.weights = { blue: 50, green: 50 }
      let stands = true
      // Its own write has been read back, and the answer waits for it.
      haproxy.hold = async (command, side) => {
        if (side === 'before' || !stands || command.startsWith('set') || writes().length === 0) return
        stands = false
        await replaced()
      }
      expect(await run(await job(), { mode: 'restore' })).toMatchObject({ outcome: 'nothing-open' })
      expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
      expect(scripts).toEqual([])
    })
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

describe('a deploy whose scripts get secrets', () => {
  const given = {
    secrets: { API_KEY: 'swordfish-1', OTHER: 'swordfish-2' },
    oidc: { url: 'https://token', token: 'request-token' },
  }
  const env = {
    API_KEY: 'swordfish-1',
    ACTIONS_ID_TOKEN_REQUEST_URL: 'https://token',
    ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'request-token',
  }
  beforeEach(() => config(haproxy.port, 'ops/restore.sh ${arm}', ', env-secrets: [API_KEY], oidc: true'))

  it('hands them to the snapshot, and to the restore of the guard in another job', async () => {
    await begin(await job(1001, 200, given))
    haproxy.weights = { blue: 50, green: 50 }
    expect(await run(await job(1001, 200, given), { mode: 'restore' })).toMatchObject({ outcome: 'restored' })
    expect(scripts.map(({ command }) => command[0].split('/').at(-1))).toEqual(['snapshot.sh', 'restore.sh'])
    for (const script of scripts) {
      expect(script.env).toMatchObject(env)
      expect(script.env).not.toHaveProperty('OTHER')
    }
  })

  it('says which one a guard lacks, with the traffic back all the same', async () => {
    await begin(await job(1001, 200, given))
    haproxy.weights = { blue: 50, green: 50 }
    const outcome = await run(await job(1001, 200, { oidc: given.oidc }), { mode: 'restore' })
    expect(message(outcome)).toMatch(/deploy: script: the secret API_KEY was not handed over; add API_KEY=/)
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(await states()).toEqual(['restore-failed'])
  })

  it('tells none of them when the restore fails', async () => {
    const ports = await job(1001, 200, given)
    await begin(ports)
    answer = () => ({
      exitCode: 1,
      stdout: 'with swordfish-1\n',
      stderr: 'refused swordfish-1 request-token\n',
    })
    const outcome = await run(ports, { mode: 'restore', transaction: '1001-1-shop-eu-1' })
    expect(message(outcome)).toContain('refused *** ***')
    const said = JSON.stringify([(outcome as GateFailed).outputs, ports.recorded])
    expect(`${message(outcome)}${said}`).not.toMatch(/swordfish-1|request-token/)
  })

  it('opens nothing where they are not there, or where the snapshot prints one', async () => {
    expect(message(await begin(await job(1001, 200, { secrets: given.secrets })))).toMatch(
      /ops\/snapshot\.sh gets to ask for OIDC tokens, but this job may not/,
    )
    expect(message(await begin(await job(1001, 200, { oidc: given.oidc })))).toMatch(
      /env-secrets: the secret API_KEY was not handed over/,
    )
    answer = () => ({ stdout: 'key swordfish-1' })
    expect(message(await begin(await job(1001, 200, given)))).toMatch(
      /the snapshot printed a secret, and what it prints is kept where people read it: nothing was written/,
    )
    expect(await states()).toEqual([])
  })
})

describe('resolve', () => {
  const id = '1001-1-shop-eu-1'
  const resolve = async (inputs: Record<string, string> = {}, ports?: FakePorts) =>
    run(ports ?? (await job(2001)), {
      mode: 'resolve',
      to: id,
      reason: 'green redeployed by hand',
      ...inputs,
    })

  it('frees a target that a person has put right, when one serving arm has all the traffic', async () => {
    await restoreFailed()
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    expect(await resolve()).toMatchObject({
      outcome: 'resolved',
      reason: expect.stringMatching(/^blue serves all of shop in eu, read at .*: green redeployed by hand$/),
    })
    expect(await states()).toEqual(['resolved'])
    expect(await begin(await job(1002))).toMatchObject({ outcome: 'begun' })
  })

  it.each([
    ['two arms share the traffic', { blue: 50, green: 50 }, {}],
    ['the arm with all the traffic is down', { blue: 100, green: 0 }, { blue: 'down' as const }],
  ])('refuses while %s', async (_, weights, downs) => {
    await restoreFailed()
    Object.assign(haproxy, { weights, states: downs })
    expect(message(await resolve())).toMatch(
      /is not resolved: no single serving arm has all the traffic \(the router holds/,
    )
    expect(await states()).toEqual(['restore-failed'])
  })

  it('refuses while a server that is no arm gets traffic', async () => {
    await restoreFailed()
    haproxy.weights = { ...haproxy.weights, red: 100 }
    expect(message(await resolve())).toMatch(
      /is not resolved: no single serving arm has all the traffic \(.* also sends traffic to red/,
    )
    expect(await states()).toEqual(['restore-failed'])
  })

  it('refuses while clients that are bound to it reach the other arm', async () => {
    await restoreFailed()
    haproxy.cookie = 'SRV'
    haproxy.states = {}
    expect(message(await resolve())).toMatch(
      /is not resolved: .*clients that are bound to green still reach it/,
    )
    haproxy.states = { green: 'maint' }
    expect(await resolve()).toMatchObject({ outcome: 'resolved' })
  })

  it('refuses while the proxies of a pair do not hold the same', async () => {
    await restoreFailed()
    const other = await startFakeHaproxy({ blue: 0, green: 100 })
    const router = `{ type: haproxy, hosts: ['127.0.0.1:${haproxy.port}', '127.0.0.1:${other.port}'], port: 9999, backend: app }`
    const named = { service: 'shop', environment: 'production-eu', ledger: `file:${folder}/ledger` }
    const inputs = { mode: 'resolve', to: id, reason: 'put back by hand', ...named, router }
    const resolved = await main(schema.parse(inputs), await job(2001)).catch((error: Error) => error)
    await other.close()
    expect(message(resolved)).toMatch(/is not resolved: .*its addresses differ: .* blue 100%.* green 100%/)
    expect(await states()).toEqual(['restore-failed'])
  })

  it('is not for what its run still has open, and says everything that is missing', async () => {
    await begin(await job())
    expect(message(await resolve({}, await job(1001)))).toMatch(
      /is open, and run 1001 is this one: wait for it/,
    )
    expect(message(await resolve({ to: 'open', reason: ' ' }))).toMatch(
      /input `to`: is missing[^]*input `reason`: is missing/,
    )
    expect(message(await resolve({ to: 'nope' }))).toMatch(/the ledger has no transaction nope of shop/)
    await run(await job(), { mode: 'restore' })
    expect(message(await resolve())).toMatch(/is restored: it holds nothing, and nothing was written/)
  })

  it('is not for the transaction of another region', async () => {
    await restoreFailed()
    expect(message(await resolve({ region: 'us' }))).toMatch(
      /the ledger has no transaction 1001-1-shop-eu-1 of shop in production-us/,
    )
  })

  it('frees what a dead run has left open or half restored, also without a rollout.yml', async () => {
    await begin(await job())
    await openLedger(`file:${folder}/ledger`, 'shop', createFakePorts()).mark(
      { id: id },
      'restoring',
      'guard, cancelled',
    )
    const inputs = {
      mode: 'resolve',
      to: id,
      reason: 'put back by hand',
      service: 'shop',
      environment: 'production-eu',
      ledger: `file:${folder}/ledger`,
      router: `{ type: haproxy, port: ${haproxy.port}, backend: app }`,
    }
    expect(await main(schema.parse(inputs), await job(2001))).toMatchObject({ outcome: 'resolved' })
    expect(await states()).toEqual(['resolved'])
  })

  it('changes nothing in a dry run', async () => {
    await restoreFailed()
    expect(await resolve({ 'dry-run': 'true' })).toMatchObject({ outcome: 'would-resolve' })
    expect(await states()).toEqual(['restore-failed'])
  })

  describe('in the ledger of GitHub', () => {
    /** GitHub with that one transaction, and these reviews of the run. */
    const github = async (
      reviews: unknown[],
      rules: unknown[] = [{ type: 'required_reviewers', reviewers: [{ type: 'Team' }] }],
      marks: unknown[] = [{ description: 'restore-failed: refused' }, { description: 'open' }],
    ) => {
      await restoreFailed()
      const [{ record } = { record: {} }] = await openLedger(
        `file:${folder}/ledger`,
        'shop',
        createFakePorts(),
      ).find({})
      const posted: unknown[] = []
      const listed: unknown[] = []
      const { id } = record as { id: string }
      const artifacts = {
        total_count: 1,
        artifacts: [{ id: 1, name: restorePointArtifact(id, record), expired: false }],
      }
      const run = {
        path: '.github/workflows/deploy.yml',
        event: 'workflow_dispatch',
        head_branch: 'main',
        head_sha: 'c'.repeat(40),
        repository: { full_name: 'acme/shop' },
        head_repository: { full_name: 'acme/shop' },
      }
      return {
        posted,
        listed,
        list: () => Promise.resolve([...posted.toReversed(), ...marks] as never),
        request: (route: string, body: { run_id?: number } = {}) => {
          if (route.startsWith('POST')) posted.push(body)
          if (route.endsWith('/deployments')) listed.push(body)
          return Promise.resolve(
            (route.endsWith('/artifacts')
              ? artifacts
              : route.endsWith('/runs/{run_id}')
                ? { ...run, status: body.run_id === 1001 ? 'completed' : 'in_progress' }
                : route.includes('/environments/')
                  ? { name: 'production-eu', protection_rules: rules }
                  : route.endsWith('/approvals')
                    ? reviews
                    : route.startsWith('POST')
                      ? {}
                      : [
                          {
                            id: 7,
                            payload: record,
                            environment: 'production-eu',
                            created_at: '2026-11-21T10:00:00Z',
                          },
                        ]) as never,
          )
        },
      }
    }
    const review = (environment: string, state: string) => ({ state, environments: [{ name: environment }] })

    it('needs a reviewer who let this run into the environment', async () => {
      const api = await github([review('Production-EU', 'approved')])
      const ports = { ...(await job(2001)), github: api }
      expect(await resolve({ ledger: 'github' }, ports)).toMatchObject({ outcome: 'resolved' })
      expect(api.posted).toEqual([
        expect.objectContaining({
          description: expect.stringMatching(/^resolved: .*: green redeployed by hand$/),
        }),
      ])
    })

    it('leaves alone what another run is restoring, though the run that opened it has ended', async () => {
      const marks = [
        {
          description: 'restoring: guard of run 3001',
          log_url: 'https://github.com/acme/shop/actions/runs/3001',
        },
        { description: 'open' },
      ]
      const api = await github([review('production-eu', 'approved')], undefined, marks)
      expect(message(await resolve({ ledger: 'github' }, { ...(await job(2001)), github: api }))).toMatch(
        /is restoring, and run 3001 is in_progress: wait for it, or cancel it, and run this again/,
      )
      expect(api.posted).toEqual([])
    })

    it('says so where an environment has no reviewers, who could not be asked', async () => {
      const ports = { ...(await job(2001)), github: await github([], [{ type: 'branch_policy' }]) }
      expect(await resolve({ ledger: 'github' }, ports)).toMatchObject({ outcome: 'resolved' })
      expect(ports.recorded.log.map(({ line }) => line)).toContain(
        'production-eu has no required reviewers: nobody but you has looked at this',
      )
    })

    it.each(['resolve', 'restore'])(
      "%s finds one behind any number of other regions' records",
      async (mode) => {
        const api = await github([])
        await run({ ...(await job(2001)), github: api }, { mode, to: id, reason: 'x', ledger: 'github' })
        expect(api.listed).not.toEqual([])
        for (const asked of api.listed) expect(asked).toMatchObject({ environment: 'production-eu' })
      },
    )

    it.each([
      ['without a review', []],
      ['with the review of another environment', [review('production-us', 'approved')]],
      ['with a refusal', [review('production-eu', 'rejected')]],
    ])('refuses %s', async (_, reviews) => {
      const api = await github(reviews)
      const ports = { ...(await job(2001)), github: api }
      expect(message(await resolve({ ledger: 'github' }, ports))).toMatch(
        /nobody approved this run for production-eu; run it in a job with `environment: production-eu`/,
      )
      expect(api.posted).toEqual([])
    })
  })
})
