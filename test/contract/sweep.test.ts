import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { startFakeHaproxy, type FakeHaproxy } from '@deploy-actions/testing'
import type { TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { githubLedger, jobOf, ours, record, restorePoint, writing } from './github-ledger.fixture'

// What runs leave behind that are over, and what it costs to look for it when there is nothing.

let world: TestGitHub
let haproxy: FakeHaproxy
beforeEach(async () => {
  world = await testGitHub({})
  haproxy = await startFakeHaproxy({ blue: 50, green: 50 })
})
afterEach(() => Promise.all([world.close(), haproxy.close()]))

const settings = () => ({
  router: { type: 'haproxy', host: '127.0.0.1', port: haproxy.port, backend: 'app' },
  arms: { baseline: 'blue', canary: 'green' },
})
const SWEEPER = 900
const CALLER = '.github/workflows/sweeper.yml'

/** A run brings a release to a region, and this becomes of it; then the run is over, unless it goes on. */
async function rollOut(
  { run, region = 'eu-west', service = 'shop', live = false }: Where,
  ...states: TransactionState[]
): Promise<TransactionRecord> {
  const opened = record(run, { region, service, guardEnvironment: `guard-${region}` })
  const ledger = githubLedger(world, { run, service })
  await ledger.open(opened, settings())
  for (const state of states) await ledger.mark(opened, state, `by run ${run}`)
  const view = world.runs.find(({ id }) => id === run)
  if (view && !live) view.status = 'completed'
  return opened
}
interface Where {
  run: number
  region?: string
  service?: string
  live?: boolean
}

async function sweep(inputs: Record<string, string> = {}) {
  if (!world.runs.some(({ id }) => id === SWEEPER))
    world.begin({}, { id: SWEEPER, path: CALLER, event: 'workflow_run' })
  const ports = jobOf(world, SWEEPER, { ...writing, deployments: 'read' })
  const before = world.github.calls.length
  const end = await restorePoint(ports, { mode: 'sweep', ...inputs })
  const calls = world.github.calls.slice(before).map(({ method, path }) => `${method} ${path}`)
  return { end, calls, ports }
}

describe('what was left behind', () => {
  it('is nothing after rollouts that ended, whoever they were, and that costs one query', async () => {
    await rollOut({ run: 1, region: 'eu-west' }, 'committed')
    await rollOut({ run: 2, region: 'us-east' }, 'restoring', 'restored')
    await rollOut({ run: 3, region: 'eu-west', service: 'till' }, 'committed')
    const { end, calls, ports } = await sweep()
    expect(end).toMatchObject({
      outcome: 'nothing-open',
      reason: expect.stringMatching(/^no run that is over/),
    })
    expect(calls).toEqual(['POST /graphql'])
    expect(ports.recorded.summary).toEqual([])
  })

  it.each<[was: string, states: TransactionState[], reason: string]>([
    ['open: run 1 attempt 1', [], 'run 1 has ended and left it open'],
    ['restoring: after open, by run 1', ['restoring'], 'run 1 has ended and left it restoring'],
    ['restore-failed: by run 1', ['restoring', 'restore-failed'], 'run 1 could not put it back'],
  ])('is what a run that is over left as %s', async (was, states, reason) => {
    const { id } = await rollOut({ run: 1 }, ...states)
    await rollOut({ run: 2, region: 'us-east' }, 'committed')
    const { end, ports } = await sweep()
    expect(end).toMatchObject({
      outcome: 'found',
      reason: `shop in eu-west is put back: ${reason}`,
      targets: [
        {
          ...{ transaction: id, service: 'shop', region: 'eu-west', environment: 'production-eu-west' },
          ...{ 'guard-environment': 'guard-eu-west', reason },
          'tell-failure': !states.includes('restore-failed'),
        },
      ],
      spared: [],
    })
    expect(ports.recorded.facts).toMatchObject({ targets: [{ transaction: id }], spared: [] })
    expect(ports.recorded.summary).toEqual([
      [
        '### Left behind, and being put back',
        '',
        '| Service | Region | Release | It was | Why | Transaction |',
        '| --- | --- | --- | --- | --- | --- |',
        `| shop | eu-west | 1.3.0 | ${was} | ${reason} | ${id} |`,
      ].join('\n'),
    ])
  })

  it('is put back by what is found: the traffic alone, from what the run uploaded', async () => {
    const { id, environment } = await rollOut({ run: 1 })
    await sweep()
    const restored = await restorePoint(jobOf(world, SWEEPER), {
      ...{ mode: 'restore', only: 'traffic', service: 'shop', environment, region: 'eu-west', to: id },
    })
    expect(restored).toMatchObject({ outcome: 'traffic-restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    // A second sweep comes while the first is at work.
    const sweeper = world.runs.find(({ id }) => id === SWEEPER)
    Object.assign(sweeper ?? {}, {
      referencedWorkflows: [{ ...ours, path: ours.path.replace('rollout', 'sweeper') }],
    })
    world.begin({}, { id: 902, path: CALLER })
    const again = await restorePoint(jobOf(world, 902), { mode: 'sweep' })
    expect(again).toMatchObject({ outcome: 'nothing-open' })
    // And a third, when the first has died over it.
    for (const run of world.runs) if (run.id === SWEEPER) run.status = 'completed'
    expect(await restorePoint(jobOf(world, 902), { mode: 'sweep' })).toMatchObject({
      targets: [{ transaction: id, reason: 'run 1 has ended and left it restoring' }],
    })
  })

  it('is not what somebody is at work on', async () => {
    await rollOut({ run: 1, live: true })
    const { end, ports } = await sweep()
    expect(end).toMatchObject({ outcome: 'nothing-open' })
    expect(ports.recorded.log).toContainEqual({
      level: 'info',
      line: 'eu-west of shop: run 1 is at work on 1-1-shop-eu-west-1',
    })
  })

  it('is of all services, unless one is named', async () => {
    await rollOut({ run: 1 })
    await rollOut({ run: 2, service: 'till', region: 'us-east' })
    expect((await sweep()).end).toMatchObject({ targets: [{ service: 'till' }, { service: 'shop' }] })
    expect((await sweep({ service: 'till' })).end).toMatchObject({ targets: [{ service: 'till' }] })
  })

  it('is found under a planted end, when the run did not end well', async () => {
    const { id } = await rollOut({ run: 1 })
    const thief = world.begin({ deployments: 'write' }, { id: 50, path: '.github/workflows/lint.yml' })
    const [open] = world.github.deployments
    const planted = { state: 'success', description: 'committed: all on green', auto_inactive: false }
    await world.send(thief.job, `POST /deployments/${open?.id}/statuses`, planted)
    expect((await sweep()).end).toMatchObject({ outcome: 'nothing-open' })
    expect((await sweep({ since: '2026-11-20T10:00:00Z' })).end).toMatchObject({
      targets: [{ transaction: id }],
    })
  })

  it.each<[string, TransactionState[]]>([
    ['committed', ['committed', 'restoring']],
    ['put back', ['restoring', 'restored', 'restoring']],
  ])('is nothing that was %s before, by whatever mark: a person opens that again', async (_, states) => {
    const { id } = await rollOut({ run: 1 }, ...states)
    expect((await sweep()).end).toMatchObject({
      message: expect.stringMatching(
        new RegExp(`^eu-west of shop is NOT put back: ${id} was closed before, and is `),
      ),
    })
  })

  it('is put back though a mark names a live run that puts nothing back', async () => {
    const { id } = await rollOut({ run: 1 })
    const thief = world.begin({ deployments: 'write' }, { id: 50, path: '.github/workflows/lint.yml' })
    const [open] = world.github.deployments
    const planted = {
      ...{ state: 'pending', description: 'restoring: x', auto_inactive: false },
      log_url: 'https://github.com/acme/shop/actions/runs/50',
    }
    await world.send(thief.job, `POST /deployments/${open?.id}/statuses`, planted)
    expect((await sweep()).end).toMatchObject({ targets: [{ transaction: id }] })
  })

  it('is told where somebody has moved it', async () => {
    await rollOut({ run: 1 })
    const thief = world.begin({ deployments: 'write' }, { id: 50, path: '.github/workflows/lint.yml' })
    const [open] = world.github.deployments
    const planted = { state: 'success', description: 'committed: x', environment: 'elsewhere' }
    await world.send(thief.job, `POST /deployments/${open?.id}/statuses`, planted)
    expect((await sweep()).end).toMatchObject({
      message: expect.stringMatching(
        /^production-eu-west of shop is NOT put back: somebody has moved a transaction/,
      ),
    })
  })

  it('is told, and keeps no other target from its restore, where its record proves nothing', async () => {
    const { id } = await rollOut({ run: 1, region: 'us-east' })
    const thief = world.begin({ deployments: 'write' }, { id: 50, path: '.github/workflows/lint.yml' })
    thief.run.status = 'completed'
    const planted = githubLedger(world, { run: 50, service: 'shop' })
    await planted.open(record(50, { region: 'eu-west' }), settings())
    const { end, ports } = await sweep()
    expect(end).toMatchObject({
      targets: [{ transaction: id }],
      spared: [
        { region: 'eu-west of shop', why: expect.stringMatching(/proves nothing: run 50 uses none of/) },
      ],
    })
    expect(ports.recorded.log).toContainEqual({
      level: 'error',
      line: expect.stringMatching(/^eu-west of shop was left behind and is NOT put back: its transaction/),
    })
    expect((await sweep({ 'trusted-workflows': '.github/workflows/lint.yml' })).end).toMatchObject({
      spared: [],
    })
  })

  it('fails where there is nothing but what no job can put back', async () => {
    await rollOut({ run: 1 })
    const ports = jobOf(world, SWEEPER)
    const download = () => Promise.reject(new ProviderError('410 Gone', { provider: 'GitHub artifacts' }))
    Object.assign(ports, { artifacts: { ...ports.artifacts, download } })
    expect(await restorePoint(ports, { mode: 'sweep' })).toMatchObject({
      message: expect.stringMatching(
        /^eu-west is NOT put back: what 1-1-.* cannot be read any more: 410 Gone/,
      ),
      outputs: { outcome: 'failed', spared: [{ region: 'eu-west' }] },
    })
  })

  it('is told where one target cannot be looked at, and the others are put back', async () => {
    const { id } = await rollOut({ run: 1, region: 'us-east' })
    await rollOut({ run: 2, region: 'eu-west' })
    const ports = jobOf(world, SWEEPER)
    const { github } = ports
    const request: typeof github.request = (route, parameters, options) =>
      parameters?.['run_id'] === 2
        ? Promise.reject(new ProviderError('502', { provider: 'GitHub' }))
        : github.request(route, parameters, options)
    Object.assign(ports, { github: { request, list: github.list } })
    expect(await restorePoint(ports, { mode: 'sweep' })).toMatchObject({
      reason: expect.stringMatching(
        /^production-eu-west of shop is NOT put back: 502; shop in us-east is put back: /,
      ),
      targets: [{ transaction: id }],
      spared: [{ region: 'production-eu-west of shop', why: '502' }],
    })
  })

  it('is nothing where the one that looked unclosed has been closed meanwhile', async () => {
    await rollOut({ run: 1 }, 'restoring', 'restored')
    const [closed] = world.github.deployments
    const { job } = world.begin({ deployments: 'write' }, { id: 51 })
    // Somebody else's status is the last one.
    const status = { state: 'success', description: 'seen', auto_inactive: false }
    await world.send(job, `POST /deployments/${closed?.id}/statuses`, status)
    const { end, calls } = await sweep()
    expect(end).toMatchObject({ outcome: 'nothing-open' })
    expect(calls.length).toBeGreaterThan(1)
  })

  it('is asked of GitHub alone', async () => {
    expect((await sweep({ ledger: 'file:/tmp/none' })).end).toMatchObject({
      problems: [{ where: 'input `ledger`' }],
    })
  })
})
