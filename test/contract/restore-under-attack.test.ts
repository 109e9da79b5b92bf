import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { LiveTransaction, restorePointArtifact, type TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import type { RunView } from '@deploy-actions/workflow-engine'
import { mainSha, testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { deployYml, githubLedger, jobOf, ours, record, restorePoint } from './github-ledger.fixture'

// restore-point over the ledger at GitHub, where somebody whose job has `deployments: write` stands in its way, or GitHub
// itself does.

const { id, environment } = record(1)

let world: TestGitHub
let haproxy: FakeHaproxy
beforeEach(async () => {
  haproxy = await startFakeHaproxy({ blue: 50, green: 50 })
  world = await testGitHub({
    environments: [
      {
        name: environment,
        branchPolicy: { protected_branches: false, custom_branch_policies: true },
        branches: [
          { name: 'main', type: 'branch' },
          { name: 'v*', type: 'tag' },
        ],
      },
    ],
    protectedBranches: ['main'],
    // A quota that is used up is another matter.
    rateLimit: 100_000,
  })
})
afterEach(() => Promise.all([haproxy.close(), world.close()]))

const settings = () => ({
  router: { type: 'haproxy', host: '127.0.0.1', port: haproxy.port, backend: 'app' },
  arms: { baseline: 'blue', canary: 'green' },
})
const open = (run: number, change: Partial<TransactionRecord> = {}) =>
  githubLedger(world, { run }).open(record(run, change), settings())
const mark = async (run: number, ...states: TransactionState[]) => {
  for (const state of states) await githubLedger(world, { run }).mark({ id }, state, `by run ${run}`)
}
const stateNow = async () => (await githubLedger(world, { run: 9 }).find({ id }))[0]?.state

const job = (run: number): FakePorts => jobOf(world, run)
const act = (ports: FakePorts, inputs: Record<string, string>) =>
  restorePoint(ports, { mode: 'restore', service: 'shop', environment, ...inputs })
const guard = (inputs: Record<string, string> = {}, ports = job(1)) =>
  act(ports, { region: 'eu-west', ...inputs })

const plant = async (payload: unknown, ...descriptions: string[]): Promise<void> => {
  const mallory = world.begin({ deployments: 'write' }).job
  const created = await world.send(mallory, 'POST /deployments', {
    ...{ ref: 'main', task: 'deploy-actions/shop', environment, payload },
    ...{ auto_merge: false, required_contexts: [] },
  })
  const { id: number } = (await created.json()) as { id: number }
  const run = (payload as Partial<TransactionRecord>).run?.id ?? 1
  for (const description of descriptions)
    await world.send(mallory, `POST /deployments/${number}/statuses`, {
      ...{ state: 'success', description, auto_inactive: false },
      log_url: `https://github.com/acme/shop/actions/runs/${run}`,
    })
}
/** What a job of another workflow plants that has uploaded all that proves it: uploads need no permission. */
const plantProven = async (
  planted: TransactionRecord,
  change: Partial<RunView>,
  ...ends: TransactionState[]
): Promise<void> => {
  const { run } = world.begin({}, { id: planted.run.id, ...change })
  const artifacts = world.artifacts(world.join(run), run)
  const folder = join(world.folder, `planted-${planted.run.id}`)
  await mkdir(folder, { recursive: true })
  const upload = async (name: string, file: string, content: unknown) => {
    await writeFile(join(folder, file), JSON.stringify(content))
    await artifacts.upload(name, folder, [file])
  }
  const content = { record: planted, settings: {} }
  await upload(restorePointArtifact(planted.id, planted), 'restore-point.json', content)
  for (const end of ends) await upload(`state-${planted.id}-${end}`, 'state.json', {})
  await plant(planted, 'open', ...ends)
}
const remove = async (transaction: string): Promise<void> => {
  const found = world.github.deployments.find(
    ({ payload }) => (payload as TransactionRecord).id === transaction,
  )
  await world.send(world.begin({ deployments: 'write' }).job, `DELETE /deployments/${found?.id}`)
}

const ci: Partial<RunView> = { path: '.github/workflows/ci.yml', referencedWorkflows: [] }
const ofATag: Partial<RunView> = { path: deployYml, referencedWorkflows: [ours], headSha: 'e'.repeat(40) }
const OLD = { blue: 100, green: 0 }

describe('a target that is held', () => {
  it.each([
    ['of another workflow', ci],
    ['of a tag that is called like the branch', ofATag],
  ])('is not freed by a committed record %s that somebody plants', async (_, change) => {
    await open(1)
    await plantProven(record(5), change, 'committed')
    await expect(open(3)).rejects.toBeInstanceOf(LiveTransaction)
  })

  it('after a restore that failed is taken for the baseline by nobody, whatever is planted', async () => {
    await open(1)
    await mark(1, 'restoring', 'restore-failed')
    // All the traffic is on green, which has the bad release; blue has the last good one.
    haproxy.weights = { blue: 0, green: 100 }
    await plantProven(record(5), ci, 'committed')
    const ports = job(3)
    const { temp } = ports.context
    await writeFile(join(temp, 'rollout.yml'), rolloutYml())
    const process = {
      run: () => Promise.resolve({ exitCode: 0, stdout: '1.2.0', stderr: '', ended: 'exit' }),
    }
    const begun = await act(
      { ...ports, context: { ...ports.context, workspace: temp }, process: process as never },
      { mode: 'begin', region: 'eu-west', version: '1.5.0', digest: `sha256:${'5'.repeat(64)}` },
    )
    expect(begun).toBeInstanceOf(LiveTransaction)
  })

  it.each<[string, (tags: Record<string, string>) => void]>([
    ['is deleted', (tags) => delete tags['v1.4.0']],
    ['stands at another commit by now', (tags) => (tags['v1.4.0'] = 'e'.repeat(40))],
  ])('is held though the tag of its run %s', async (_, change) => {
    const tags: Record<string, string> = { 'v1.4.0': mainSha }
    await world.close()
    const tagsOnly = { protected_branches: false, custom_branch_policies: true }
    world = await testGitHub({
      environments: [{ name: environment, branchPolicy: tagsOnly, branches: [{ name: 'v*', type: 'tag' }] }],
      tags,
    })
    const ofTag = (run: number) =>
      githubLedger(world, { run, change: { headBranch: 'v1.4.0', headSha: mainSha, event: 'push' } })
    await ofTag(1).open(record(1), {})
    change(tags)
    await expect(ofTag(2).open(record(2), {})).rejects.toBeInstanceOf(LiveTransaction)
  })
})

const rolloutYml = (): string => `version: 1
service: shop
regions: [{ name: eu-west, environment: ${environment} }]
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: ${haproxy.port}, backend: app } } }
metrics: { sources: { p: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, requests: { source: p, sum: ['r{arm="\${arm}"}'] }, errors: { source: p, sum: ['e{arm="\${arm}"}'] } }
`

describe('what is open', () => {
  beforeEach(() => open(1))

  it.each([{ only: 'traffic' }, {}])(
    'is put back though its deployment was deleted and a newer one planted: %j',
    async (inputs) => {
      await plantProven(record(5, { openedAt: '2026-11-20T10:00:01.000Z' }), ci)
      await remove(id)
      await guard(inputs)
      expect(haproxy.weights).toEqual(OLD)
    },
  )

  it.each([50, 51])('is put back behind %d others that name its run', async (plants) => {
    for (let many = 2; many < plants + 2; many++) await plant(record(1, { id: `1-1-shop-eu-west-${many}` }))
    expect(await guard()).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual(OLD)
    expect(await stateNow()).toBe('restored')
  })

  it('is put back behind 900 deployments that are nothing, and it is said that the ledger may not show it', async () => {
    for (let many = 0; many < 900; many++) await plant({ no: 'record' })
    expect(await guard()).toMatchObject({
      outcome: 'restored',
      reason: expect.stringContaining('put so much into the ledger that it may not show this'),
    })
    expect(haproxy.weights).toEqual(OLD)
  }, 60_000)

  it('is put back without a region, as canary-step alone calls one as its environment', async () => {
    const alone = record(2, { region: environment, environment: 'staging' })
    await githubLedger(world, { run: 2 }).open(
      { ...alone, region: 'staging', id: '2-1-shop-staging-1' },
      settings(),
    )
    await remove('2-1-shop-staging-1')
    expect(await act(job(2), { environment: 'staging' })).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual(OLD)
  })

  it('is committed where that was proven, though one answer of the artifacts is lost', async () => {
    await writeFile(join(world.folder, 'state.json'), '{}')
    const one = world.runs.find((run) => run.id === 1)
    if (!one) throw new Error('run 1 has opened it')
    await world.artifacts(world.join(one), one).upload(`state-${id}-committed`, world.folder, ['state.json'])
    haproxy.weights = { blue: 0, green: 100 }
    const ports = job(1)
    const { download } = ports.artifacts
    const away = new ProviderError('503', { provider: 'GitHub artifacts', retryable: true })
    let lost = 0
    const losesOne: typeof download = (...what) => (lost++ < 1 ? Promise.reject(away) : download(...what))
    Object.assign(ports, { artifacts: { ...ports.artifacts, download: losesOne } })
    await guard({}, ports)
    expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
    expect(await stateNow()).toBe('committed')
  })

  it.each<[TransactionState[], number, string, Record<string, number>]>([
    [['restoring', 'restored'], 2001, 'restored', OLD],
    [['committed'], 1, 'nothing-open', { blue: 0, green: 100 }],
  ])(
    'stays %j by another though the mark of a restorer is long on its way',
    async (states, by, outcome, weights) => {
      const ports = job(1)
      const { request } = ports.github
      let letGo = (): void => undefined
      const late = new Promise<void>((resolve) => (letGo = resolve))
      const marksLate = async (route: string, ...more: [never]) => {
        if (route.startsWith('POST') && route.endsWith('/statuses')) await late
        return request(route, ...more)
      }
      Object.assign(ports, { github: { ...ports.github, request: marksLate } })
      // The router is away for the restorer, and somebody else comes meanwhile.
      let done: Promise<void> | undefined
      let isBack = false
      haproxy.before = () => {
        if (isBack) return undefined
        done ??= mark(by, ...states).then(() => {
          haproxy.weights = { ...weights }
          isBack = true
        })
        throw new Error('away')
      }
      const restoring = guard({}, ports)
      while (!isBack) await sleep(20)
      await sleep(500)
      letGo()
      expect(await restoring).toMatchObject({ outcome })
      expect(await stateNow()).toBe(states.at(-1))
      expect(haproxy.weights).toEqual(weights)
      expect(await open(3)).toBeDefined()
    },
  )

  it.each([0, 500, 700])(
    'is left alone by a guard that stood still, each answer of GitHub taking %d ms',
    async (latencyMs) => {
      const ports = job(1)
      const { request, list } = ports.github
      const slowly =
        <A extends unknown[], R>(call: (...what: A) => Promise<R>) =>
        async (...what: A): Promise<R> => {
          await sleep(latencyMs)
          return call(...what)
        }
      Object.assign(ports, { github: { request: slowly(request), list: slowly(list) } })
      let stands = true
      haproxy.hold = async (_, when) => {
        if (when === 'after' || !stands) return
        stands = false
        await mark(2001, 'restoring', 'restored')
        await open(4001)
        haproxy.weights = { blue: 20, green: 80 }
      }
      await guard({}, ports)
      expect(haproxy.weights).toEqual({ blue: 20, green: 80 })
    },
    30_000,
  )

  it.each([
    ['nobody', undefined],
    ['a run that nobody knows', 424_242],
  ])('is resolved by a person while %s says to be restoring it', async (_, run) => {
    const one = world.runs.find((each) => each.id === 1)
    if (one) one.status = 'completed'
    haproxy.weights = { ...OLD }
    if (run !== undefined)
      await world.send(
        world.begin({ deployments: 'write' }).job,
        `POST /deployments/${world.github.deployments[0]?.id}/statuses`,
        {
          ...{ state: 'pending', description: 'restoring: the guard', auto_inactive: false },
          log_url: `https://github.com/acme/shop/actions/runs/${run}`,
        },
      )
    expect(await act(job(9), { mode: 'resolve', to: id, reason: 'by hand' })).toMatchObject({
      outcome: 'resolved',
    })
  })
})

describe('a committed rollout', () => {
  beforeEach(async () => {
    await open(1)
    await mark(1, 'committed')
    haproxy.weights = { blue: 0, green: 100 }
  })

  it('is taken back by its id whatever is planted after it', async () => {
    await plantProven(record(5), ci)
    expect(await act(job(9), { region: 'eu-west', to: id })).toMatchObject({ outcome: 'restored' })
    expect(haproxy.weights).toEqual(OLD)
  })

  it('is taken back by its id behind one whose opener died before it was let in', async () => {
    world.github.fault({
      match: ({ method, path }) => method === 'POST' && path.endsWith('/deployments'),
      then: 'drop',
    })
    await expect(open(2)).rejects.toThrow('could not be reached')
    for (const state of ['restoring', 'restored'] as const)
      await githubLedger(world, { run: 2 }).mark({ id: record(2).id }, state, 'guard')
    expect(await act(job(9), { region: 'eu-west', to: id })).toMatchObject({ outcome: 'restored' })
  })

  it('is not taken back under the next one', async () => {
    await open(2)
    expect(await act(job(9), { region: 'eu-west', to: id })).toMatchObject({
      message: expect.stringContaining(`${record(2).id} (1.3.0) came after it; nothing was written`),
    })
  })
})
