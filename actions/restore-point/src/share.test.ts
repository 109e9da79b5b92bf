import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { GateFailed, InputError } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { drainRegion, giveShareBack, joinTransaction, readJobTransactions } from '@deploy-actions/transaction'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'

const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }

let arms: FakeHaproxy
let regions: FakeHaproxy
let folder: string
beforeEach(async () => {
  arms = await startFakeHaproxy({ blue: 100, green: 0 })
  regions = await startFakeHaproxy({ us: 50, eu: 30, ap: 20 })
  folder = await mkdtemp(join(tmpdir(), 'share-'))
  await writeFile(
    join(folder, 'rollout.yml'),
    `version: 1
service: shop
regions:
  - { name: us, environment: production-us, share: 50% }
  - { name: eu, environment: production-eu, share: 30% }
  - { name: ap, environment: production-ap, share: 20% }
deploy: { script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh } }
traffic:
  canary: { router: { type: haproxy, port: ${arms.port}, backend: app } }
  regions: { router: { type: haproxy, port: ${regions.port}, backend: app } }
checks: { up: { type: http, url: 'http://10.0.0.1/\${arm}/healthz' } }
gates: { after-deploy: { checks: [up] } }
metrics: { sources: { p: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, requests: { source: p, sum: ['r{arm="\${arm}"}'] }, errors: { source: p, sum: ['e{arm="\${arm}"}'] } }
`,
  )
})
afterEach(() => Promise.all([arms.close(), regions.close()]))

/** A job of a run: its steps share RUNNER_TEMP. */
async function job(runId: number, health = 200): Promise<FakePorts> {
  const temp = join(folder, `job-${runId}-${Math.random()}`)
  await mkdir(temp, { recursive: true })
  const ports = createFakePorts({
    context: { temp, runId },
    http: () => ({ status: health }),
    process: () => ({ stdout: 'green had 0.9.0\n' }),
  })
  return { ...ports, context: { ...ports.context, workspace: folder } }
}

const run = (ports: FakePorts, inputs: Record<string, string>): Promise<Outputs> =>
  main(schema.parse({ region: 'eu', ledger: `file:${folder}/ledger`, ...inputs }), ports)
const begin = (ports: FakePorts, inputs: Record<string, string> = {}) =>
  run(ports, { mode: 'begin', ...release, ...inputs })
const MOVE = { withinMs: 30_000, settleMs: 1_000 }
const drain = async (ports: FakePorts, id = '1-1-shop-eu-1'): Promise<void> => {
  await drainRegion(await joinTransaction(id, ports.context), ports, MOVE)
}
const states = async (): Promise<string[]> =>
  (await openLedger(`file:${folder}/ledger`, 'shop', createFakePorts()).find({})).map(({ state }) => state)
const said = ({ recorded }: FakePorts) => recorded.log.map(({ line }) => line).join('\n')
const near = (points: number) => expect.closeTo(points, 0)
/** HAProxy's units are compared by what they come to. */
const shares = () => {
  const sum = Object.values(regions.weights).reduce((total, units) => total + units, 0)
  return Object.fromEntries(
    Object.entries(regions.weights).map(([name, units]) => [name, (100 * units) / sum]),
  )
}
const STEADY = { us: 50, eu: 30, ap: 20 }

describe('begin', () => {
  it('records the share that it found, and what the router is left with once it is drained; nothing is written', async () => {
    const ports = await job(1)
    await begin(ports)
    const [transaction] = await readJobTransactions(ports.context.temp)
    expect(transaction?.record.restore.at(-1)).toEqual({
      kind: 'share',
      router: 'regions',
      region: 'eu',
      before: { us: 5_000, eu: 3_000, ap: 2_000 },
      left: { us: 6_429, eu: 1_000, ap: 2_571 },
    })
    expect(transaction?.settings.regions).toMatchObject({
      router: { type: 'haproxy' },
      plan: { region: 'eu', whileDeploying: 1_000 },
    })
    expect(ports.recorded.summary.join('\n')).toContain(
      '| share | regions | eu 30% of us 50%, eu 30%, ap 20% |',
    )
    expect(regions.commands.filter((command) => command.startsWith('set'))).toEqual([])
    expect(said(ports)).not.toContain('by rollout.yml')
  })

  it('tells that a share is not what rollout.yml says: it comes back to what it is', async () => {
    regions.weights = { us: 80, eu: 10, ap: 10 }
    const ports = await job(1)
    await begin(ports)
    expect(said(ports)).toContain(
      'eu has 10% of the global traffic, and 30% by rollout.yml: it is put back to what it has',
    )
  })

  it('takes a region that somebody has taken out as it is', async () => {
    regions.weights = { us: 70, eu: 30, ap: 0 }
    const ports = await job(1)
    await begin(ports)
    const [transaction] = await readJobTransactions(ports.context.temp)
    expect(transaction?.record.restore.at(-1)).toMatchObject({
      before: { us: 7_000, eu: 3_000, ap: 0 },
      left: { us: 9_000, eu: 1_000, ap: 0 },
    })
  })

  it.each([
    [
      'another server gets traffic, too',
      () => (regions.weights['old'] = 10),
      /traffic.regions: .*also sends traffic to old .*nothing was written/,
    ],
    [
      'no region has any',
      () => (regions.weights = { us: 0, eu: 0, ap: 0 }),
      /gives no region any traffic; nothing was written/,
    ],
    [
      'nobody may take it over',
      () => (regions.states = { us: 'down', ap: 'maint' }),
      /eu keeps its share, since no other region may take it over: .*; nothing was written/,
    ],
  ])('opens nothing where %s', async (_, change, why) => {
    change()
    const ports = await job(1)
    const begun = begin(ports)
    await expect(begun).rejects.toThrow(InputError)
    await expect(begun).rejects.toThrow(why)
    expect(await states()).toEqual([])
  })

  it('opens nothing while another region is drained: what is there then is not what is to be put back', async () => {
    const first = await job(1)
    await begin(first)
    await drain(first)
    expect(shares()['eu']).toEqual(near(10))
    const begun = begin(await job(2), { region: 'us' })
    await expect(begun).rejects.toThrow(GateFailed)
    await expect(begun).rejects.toThrow(
      /traffic.regions: eu has 10\S*% instead of 30% while run 1 is at work there \(transaction 1-1-shop-eu-1, open\), .* Nothing was written/,
    )
    expect(await states()).toEqual(['open'])
    await run(await job(1), { mode: 'restore' })
    expect(await begin(await job(2), { region: 'us' })).toMatchObject({ outcome: 'begun' })
  })

  it('gives back what an earlier rollout has left drained: by the release that mends the region', async () => {
    const first = await job(1)
    await begin(first)
    await drain(first)
    await run(await job(1, 500), { mode: 'restore' })
    expect(await states()).toEqual(['unverified'])
    expect(shares()['eu']).toEqual(near(10))
    const mending = await job(2)
    await begin(mending)
    const [transaction] = await readJobTransactions(mending.context.temp)
    expect(transaction?.record.restore.at(-1)).toMatchObject({ before: { us: 5_000, eu: 3_000, ap: 2_000 } })
    expect(said(mending)).not.toContain('by rollout.yml')
    await drain(mending, '2-1-shop-eu-1')
    await giveShareBack(await joinTransaction('2-1-shop-eu-1', mending.context), mending, MOVE)
    expect(shares()).toEqual(STEADY)
  })

  it('takes what somebody has made of a drained region since as it is', async () => {
    const first = await job(1)
    await begin(first)
    await drain(first)
    await run(await job(1, 500), { mode: 'restore' })
    regions.weights = { us: 60, eu: 15, ap: 25 }
    const ports = await job(2)
    await begin(ports)
    const [transaction] = await readJobTransactions(ports.context.temp)
    expect(transaction?.record.restore.at(-1)).toMatchObject({ before: { us: 6_000, eu: 1_500, ap: 2_500 } })
  })

  it('shows it in a dry run, and opens nothing', async () => {
    const ports = await job(1)
    expect(await begin(ports, { 'dry-run': 'true' })).toMatchObject({ outcome: 'would-begin' })
    expect(ports.recorded.summary.join('\n')).toContain('| share | regions |')
    expect(await states()).toEqual([])
  })
})

describe('a restore', () => {
  it('gives the share back in the job itself', async () => {
    const ports = await job(1)
    await begin(ports)
    await drain(ports)
    expect(shares()['eu']).toEqual(near(10))
    const outputs = await run(ports, { mode: 'restore', transaction: '1-1-shop-eu-1' })
    expect(outputs.outcome).toBe('restored')
    expect(shares()).toEqual(STEADY)
  })

  it('gives it back in a guard, whose runner knows nothing of the job that was lost', async () => {
    const lost = await job(1)
    await begin(lost)
    await drain(lost)
    const guard = await job(1)
    await run(guard, { mode: 'restore' })
    expect(shares()).toEqual(STEADY)
    expect(await states()).toEqual(['restored'])
  })

  it('leaves the region drained while it is not healthy, and gives the share back when it is asked again', async () => {
    const ports = await job(1)
    await begin(ports)
    await drain(ports)
    const outputs = await run(await job(1, 500), { mode: 'restore' })
    expect(outputs.outcome).toBe('unverified')
    expect(outputs.reason).toMatch(
      /regions: eu stays at \S+ instead of 30%, and the other regions have the rest/,
    )
    expect(shares()['eu']).toEqual(near(10))
    expect(await states()).toEqual(['unverified'])
    await run(await job(2), { mode: 'restore', to: '1-1-shop-eu-1' })
    expect(shares()).toEqual(STEADY)
    expect(await states()).toEqual(['restored'])
  })

  it('puts back what an earlier attempt left drained, before it begins anew', async () => {
    const first = await job(1)
    await begin(first)
    await drain(first)
    const again = await job(1)
    await begin(again)
    const [transaction] = await readJobTransactions(again.context.temp)
    expect(transaction?.record.restore.at(-1)).toMatchObject({ before: { us: 5_000, eu: 3_000, ap: 2_000 } })
    expect(shares()).toEqual(STEADY)
  })

  it('of what was committed leaves the share to whoever has changed it since', async () => {
    const ports = await job(1)
    await begin(ports)
    arms.weights = { blue: 0, green: 100 }
    await run(ports, { mode: 'commit', transaction: '1-1-shop-eu-1' })
    regions.weights = { us: 80, eu: 5, ap: 15 }
    await run(await job(2), { mode: 'restore', to: '1-1-shop-eu-1' })
    expect(arms.weights).toEqual({ blue: 100, green: 0 })
    expect(regions.weights).toEqual({ us: 80, eu: 5, ap: 15 })
  })

  it('in a dry run says what it would put back, and writes nothing', async () => {
    const ports = await job(1)
    await begin(ports)
    await drain(ports)
    await run(ports, { mode: 'restore', transaction: '1-1-shop-eu-1', 'dry-run': 'true' })
    expect(said(ports)).toMatch(/would restore .*"kind":"share"/)
    expect(shares()['eu']).toEqual(near(10))
  })
})

it('the traffic alone is put back without the share: nobody knows yet who is healthy', async () => {
  const ports = await job(1)
  await begin(ports)
  await drain(ports)
  arms.weights = { blue: 50, green: 50 }
  await run(await job(1), {
    mode: 'restore',
    only: 'traffic',
    service: 'shop',
    environment: 'production-eu',
  })
  expect(arms.weights).toEqual({ blue: 100, green: 0 })
  expect(shares()['eu']).toEqual(near(10))
})
