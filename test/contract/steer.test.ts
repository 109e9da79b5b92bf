import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { openLedger } from '@deploy-actions/ledger'
import { mustBeOpen } from '@deploy-actions/transaction'
import type { TransactionState } from '@deploy-actions/rollout'
import type { Outputs } from '../../actions/restore-point/src/outputs'
import { mainSha, testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { githubLedger, jobOf, record, restorePoint, writing } from './github-ledger.fixture'

// What a person says to a rollout that is under way: to which transactions, and of whom it is believed.

let world: TestGitHub
const open = async (settings: Parameters<typeof testGitHub>[0] = {}): Promise<void> => {
  world = await testGitHub(settings)
}
beforeEach(() => open())
afterEach(() => world.close())

const ROLLOUT = 1
const STEER = 900
const environment = 'production-eu-west'

/** A run rolls out to a region, and this becomes of it. */
async function rollOut(run: number, region: string, ...states: TransactionState[]) {
  const opened = record(run, { region })
  const ledger = githubLedger(world, { run })
  await ledger.open(opened, {})
  for (const state of states) await ledger.mark(opened, state, '')
  return opened
}
const steer = (inputs: Record<string, string> = {}, run = STEER, ports = jobOf(world, run)) =>
  restorePoint(ports, {
    ...{ mode: 'steer', service: 'shop', region: 'eu-west', say: 'hold', reason: 'tickets come in' },
    ...inputs,
  })
/** What the walk of a region hears, in the job that walks. */
async function heard(region = 'eu-west', warnings: string[] = []) {
  const { instructions } = await githubLedger(world, { run: ROLLOUT, warnings }).followed(
    record(ROLLOUT, { region }),
  )
  return instructions.map(({ kind, stage, by, reason }) => [kind, stage, by, reason])
}
const spoken = (end: Outputs | Error): unknown => (end instanceof Error ? end.message : end.targets)

describe('what a person says', () => {
  it('is heard by the rollout of the region, and by no other', async () => {
    const eu = await rollOut(ROLLOUT, 'eu-west')
    await rollOut(ROLLOUT, 'us-east')
    const ports = jobOf(world, STEER)
    const targets = [{ transaction: eu.id, region: 'eu-west', environment }]
    expect(spoken(await steer({}, STEER, ports))).toEqual(targets)
    const instruction = { kind: 'hold', by: 'ann', reason: 'tickets come in' }
    expect(ports.recorded.facts).toMatchObject({ targets, instruction })
    expect(await heard()).toEqual([['hold', undefined, 'ann', 'tickets come in']])
    expect(await heard('us-east')).toEqual([])
    // It changes nothing of where the transaction stands.
    expect(await githubLedger(world, { run: 9 }).find({ environment })).toMatchObject([{ state: 'open' }])
  })

  it('is heard by all that are under way, where all are meant', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    await rollOut(ROLLOUT, 'us-east')
    await rollOut(ROLLOUT, 'apac-se', 'committed')
    expect(await steer({ region: 'ALL', say: 'abort' })).toMatchObject({
      outcome: 'said',
      reason: expect.stringMatching(
        /^said abort to 1\.3\.0 in (us-east|eu-west), 1\.3\.0 in (eu-west|us-east): /,
      ),
    })
    expect([await heard(), await heard('us-east')]).toEqual(
      Array(2).fill([['abort', undefined, 'ann', 'tickets come in']]),
    )
  })

  it('is heard in the order in which it was said, once for each run', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    const ends = [
      await steer({ say: 'hold' }, 901),
      await steer({ say: 'confirm', stage: '25%' }, 902),
      await steer({ say: 'release' }, 903),
      await steer({ say: 'hold' }, 904),
    ]
    expect(ends).toEqual(Array(4).fill(expect.objectContaining({ outcome: 'said' })))
    expect((await heard()).map(([kind, stage]) => [kind, stage])).toEqual([
      ['hold', undefined],
      ['confirm', 2500],
      ['release', undefined],
      ['hold', undefined],
    ])
  })

  it('is in the summary of who said it', async () => {
    const { id } = await rollOut(ROLLOUT, 'eu-west')
    const ports = jobOf(world, STEER)
    await steer(
      { say: 'confirm', stage: '25%', region: ' eu-west ', reason: ' it <b>looks</b> good ' },
      STEER,
      ports,
    )
    const [summary = ''] = ports.recorded.summary
    expect(summary).toMatch(
      /^### Said: confirm 25%\n\nsaid confirm to 1\.3\.0 in eu-west: a stage that is watched hears it within half a minute/,
    )
    expect(summary).toMatch(/Why: it &lt;b&gt;looks&lt;\/b&gt; good\./)
    expect(summary).toContain(
      `| Region | Release | Transaction |\n| --- | --- | --- |\n| eu-west | 1.3.0 | ${id} |`,
    )
    expect(await heard()).toEqual([['confirm', 2500, 'ann', 'it <b>looks</b> good']])
    const again = jobOf(world, 910)
    await steer({ say: 'abort' }, 910, again)
    expect(again.recorded.summary.join()).toMatch(/^### Said: abort\n/)
  })

  it('is refused where the ledger does not show it', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    await steer({ say: 'hold' }, 901)
    let looks = 0
    world.github.fault({
      // When it is read back.
      match: ({ method, path }) => method === 'GET' && path.endsWith('/statuses') && ++looks === 3,
      then: 'lie',
      answer: (truth) => ({ ...truth, body: (truth?.body as unknown[]).slice(1) }),
    })
    expect(spoken(await steer({ say: 'release' }, 902))).toMatch(
      /^release was NOT said to eu-west \(the ledger does not show release for \S+\): say it again by a new run/,
    )
  })

  it('needs no GitHub where the ledger is a folder', async () => {
    const ports = jobOf(world, STEER)
    const ledger = `file:${ports.context.temp}/ledger`
    await openLedger(ledger, 'shop', ports).open(record(ROLLOUT), {})
    const before = world.github.calls.length
    expect(await steer({ say: 'skip', ledger }, STEER, ports)).toMatchObject({ outcome: 'said' })
    expect(world.github.calls).toHaveLength(before)
  })

  it('is not said to what another workflow has opened', async () => {
    const change = { path: '.github/workflows/other.yml', referencedWorkflows: [] }
    await githubLedger(world, { run: ROLLOUT, change }).open(record(ROLLOUT), {})
    const own = world.begin({}, { id: STEER, path: '.github/workflows/steer.yml' })
    expect(own.run.id).toBe(STEER)
    expect(spoken(await steer())).toMatch(/nothing of shop is under way/)
  })

  it('is believed of a run whose first upload broke', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    const said = { kind: 'hold' as const, by: 'ann', reason: 'again' }
    world.github.fault({ match: ({ path }) => path.endsWith('FinalizeArtifact'), then: '500' })
    await githubLedger(world, { run: STEER }).say(record(ROLLOUT), said)
    expect(await heard()).toEqual([['hold', undefined, 'ann', 'again']])
  })

  it('costs nothing to be asked for while nothing is new', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    const walk = githubLedger(world, { run: ROLLOUT })
    await walk.followed(record(ROLLOUT))
    const before = world.github.calls.length
    const at = (await walk.find({ environment }))[0]?.at as string
    const looked = world.github.calls.length
    for (let look = 0; look < 5; look++) await walk.followed({ ...record(ROLLOUT), at })
    expect(world.github.calls.slice(looked).map(({ status }) => status)).toEqual(Array(5).fill(304))
    expect(looked).toBeGreaterThan(before)
    await steer()
    expect((await walk.followed({ ...record(ROLLOUT), at })).instructions).toHaveLength(1)
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['without a reason', { reason: ' ' }, /input `reason`: is missing/],
    ['for a yes without its stage', { say: 'confirm' }, /input `stage`: is missing; a yes names the stage/],
    ['for a stage without a yes', { stage: '25%' }, /input `stage`: belongs to `say: confirm` alone/],
  ])('is refused %s', async (_, inputs, message) => {
    await rollOut(ROLLOUT, 'eu-west')
    expect(spoken(await steer(inputs))).toMatch(message)
    expect(await heard()).toEqual([])
  })

  it.each<TransactionState[][]>([[[]], [['committed']], [['restoring', 'restored']]])(
    'is said to nobody where nothing is under way any more: %j',
    async (states) => {
      if (states.length > 0) await rollOut(ROLLOUT, 'eu-west', ...states)
      expect(spoken(await steer())).toBe('nothing of shop is under way in eu-west: nobody would hear it')
    },
  )

  it('reaches the others where one region cannot be told, and says which', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    await rollOut(ROLLOUT, 'us-east')
    const ports = jobOf(world, STEER)
    const upload = ports.artifacts.upload.bind(ports.artifacts)
    const artifacts = {
      ...ports.artifacts,
      upload: (name: string, ...rest: [string, readonly string[]]) =>
        name.includes('us-east') ? Promise.reject(new Error('the upload broke')) : upload(name, ...rest),
    }
    expect(spoken(await steer({ region: 'all', say: 'abort' }, STEER, { ...ports, artifacts }))).toMatch(
      /^abort was NOT said to us-east \(the upload broke\); the others were told: say it again/,
    )
    expect(await heard()).toHaveLength(1)
  })

  it('is told where nobody is there any more to hear it', async () => {
    const { id } = await rollOut(ROLLOUT, 'eu-west')
    let looks = 0
    world.github.fault({
      match: ({ method, path }) => method === 'GET' && path.endsWith('/statuses') && ++looks > 2,
      then: 'lie',
      answer: (truth) => ({
        ...truth,
        body: [
          { id: 99, description: 'restoring: taken back', log_url: null, created_at: '2026-11-20T10:00:00Z' },
          ...(truth?.body as unknown[]),
        ],
      }),
    })
    expect(id).toBeDefined()
    expect(spoken(await steer({ say: 'abort' }))).toMatch(
      /NOT said to eu-west \(it is restoring: taken back by now\)/,
    )
  })

  it('of an abort keeps a transaction from its commit, whoever watches the canary no more', async () => {
    const opened = await rollOut(ROLLOUT, 'eu-west')
    await steer({ say: 'abort' })
    await expect(mustBeOpen(githubLedger(world, { run: ROLLOUT }), { record: opened })).rejects.toThrow(
      `aborted by ann: tickets come in; nothing more is written in ${opened.id}`,
    )
  })

  it('is not said in a dry run, which tells to whom it would be', async () => {
    const { id } = await rollOut(ROLLOUT, 'eu-west')
    const end = await steer({ 'dry-run': 'true' })
    expect(end).toMatchObject({ outcome: 'would-say' })
    expect(spoken(end)).toEqual([expect.objectContaining({ transaction: id })])
    expect(await heard()).toEqual([])
  })

  it('reaches the transaction of an id alone', async () => {
    const { id } = await rollOut(ROLLOUT, 'eu-west')
    await rollOut(ROLLOUT, 'us-east')
    expect(spoken(await steer({ region: 'all', to: id }))).toEqual([
      expect.objectContaining({ transaction: id }),
    ])
    expect(await heard('us-east')).toEqual([])
  })
})

describe('what skips stages', () => {
  beforeEach(async () => {
    await world.close()
    await open({ environments: [{ name: environment, reviewers: ['ann'] }] })
    await rollOut(ROLLOUT, 'eu-west')
  })
  const letIn = (run: number, into = environment): void => {
    jobOf(world, run)
    world.github.recordApproval(run, { state: 'approved', comment: '', user: 'ann', environments: [into] })
  }

  it('is said by a run that a reviewer let in, and believed of that', async () => {
    letIn(STEER)
    expect(await steer({ say: 'skip' })).toMatchObject({ outcome: 'said' })
    expect(await heard()).toEqual([['skip', undefined, 'ann', 'tickets come in']])
  })

  it.each<[string, string | undefined]>([
    ['nobody', undefined],
    ['somebody let into another environment', 'production-us-east'],
  ])('is refused where %s reviewed it, and told where it may be said', async (_, into) => {
    if (into !== undefined) letIn(STEER, into)
    expect(spoken(await steer({ say: 'skip' }))).toMatch(
      /nothing was said: nobody approved this run for production-eu-west; skip from a job with `environment: production-eu-west`/,
    )
    expect(await heard()).toEqual([])
  })

  it('is said without a reviewer where the environment has none, and that is told', async () => {
    await rollOut(ROLLOUT + 1, 'us-east')
    const ports = jobOf(world, STEER)
    expect(await steer({ say: 'skip', region: 'us-east' }, STEER, ports)).toMatchObject({ outcome: 'said' })
    expect(ports.recorded.log.map(({ line }) => line)).toContain(
      'production-us-east has no required reviewers: nobody but you has looked at this',
    )
    letIn(905)
    const reviewed = jobOf(world, 905)
    await steer({ say: 'skip' }, 905, reviewed)
    expect(JSON.stringify(reviewed.recorded.log)).not.toContain('no required reviewers')
  })

  it('counts for nothing from a run that nobody let in, however it was said', async () => {
    const warnings: string[] = []
    await githubLedger(world, { run: 905 }).say(record(ROLLOUT), {
      ...{ kind: 'skip', by: 'mallory', reason: 'trust me' },
    })
    expect(await heard('eu-west', warnings)).toEqual([])
    expect(warnings.join()).toMatch(
      /somebody says `skip` to transaction \S+, in the name of mallory; no run that may has been let in by a reviewer/,
    )
  })
})

describe('what somebody has planted', () => {
  const at = (): number => world.github.deployments[0]?.id ?? 0
  /** A job that may write deployments posts what it likes, in the name of any run. */
  const plant = async (description: string, logRun: number): Promise<void> => {
    const { github } = jobOf(world, 950, writing)
    await github.request('POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses', {
      ...{ deployment_id: at(), state: 'in_progress', description, auto_inactive: false },
      log_url: `https://github.com/acme/shop/actions/runs/${logRun}`,
    })
  }

  it.each<[string, string, number]>([
    ['in the name of the rollout', 'instruction abort by ann: no', ROLLOUT],
    ['in its own name', 'instruction abort by mallory: no', 950],
    ['in the name of a run that said something else', 'instruction skip by ann: no', STEER],
    ['in the name of a run that does not exist', 'instruction confirm 25% by ann: yes', 77],
    ['that is no word of ours', 'instruction explode by ann: yes', STEER],
  ])('counts for nothing: %s', async (_, description, run) => {
    await rollOut(ROLLOUT, 'eu-west')
    await steer()
    await plant(description, run)
    expect(await heard()).toEqual([['hold', undefined, 'ann', 'tickets come in']])
  })

  it('a second time in the name of a run that said it once, such as a release behind a later hold', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    await steer({ say: 'hold' }, 901)
    await steer({ say: 'release' }, 902)
    await steer({ say: 'hold' }, 903)
    await plant('instruction release by ann: go', 902)
    expect((await heard()).at(-1)?.[0]).toBe('hold')
  })

  it('costs what one of them costs, and nothing while nothing is new', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    for (let count = 0; count < 110; count++) await plant('instruction abort by mallory: no', 950)
    const walk = githubLedger(world, { run: ROLLOUT })
    const [{ at } = { at: '' }] = await walk.find({ environment })
    const before = world.github.calls.length
    await walk.followed({ ...record(ROLLOUT), at })
    expect(world.github.calls.length - before).toBeLessThan(10)
    const looked = world.github.calls.length
    await walk.followed({ ...record(ROLLOUT), at })
    expect(world.github.calls.slice(looked).map(({ status }) => status)).toEqual([304, 304])
  })

  it('for another stage than the one to which that run said yes', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    await steer({ say: 'confirm', stage: '25%' })
    await plant('instruction confirm 50% by ann: yes', STEER)
    expect((await heard()).map(([, stage]) => stage)).toEqual([2500])
  })

  it('by a run of a branch that the environment does not take counts for nothing', async () => {
    await world.close()
    await open({
      environments: [
        {
          name: environment,
          branches: [{ name: 'main', type: 'branch' }],
          branchPolicy: { protected_branches: false, custom_branch_policies: true },
        },
      ],
    })
    await rollOut(ROLLOUT, 'eu-west')
    await githubLedger(world, { run: 960, change: { headBranch: 'feature' } }).say(record(ROLLOUT), {
      ...{ kind: 'hold', by: 'mallory', reason: 'from a branch' },
    })
    expect(await heard()).toEqual([])
  })

  it('is not said from a branch that the environment does not take, where it would not be believed', async () => {
    await world.close()
    await open({
      environments: [
        {
          name: environment,
          branches: [{ name: 'release/*', type: 'branch' }],
          branchPolicy: { protected_branches: false, custom_branch_policies: true },
        },
      ],
      branches: { main: mainSha, 'release/1': mainSha },
    })
    const ledger = githubLedger(world, { run: ROLLOUT, change: { headBranch: 'release/1' } })
    await ledger.open(record(ROLLOUT), {})
    expect(spoken(await steer())).toMatch(
      /^nothing was said, since it would not be believed: production-eu-west does not take refs\/heads\/main/,
    )
    expect((await ledger.followed(record(ROLLOUT))).instructions).toEqual([])
  })

  it('keeps nobody from being heard, however often', async () => {
    await rollOut(ROLLOUT, 'eu-west')
    await steer()
    for (let count = 0; count < 120; count++) await plant('instruction release by mallory: no', 950)
    expect(await heard()).toEqual([['hold', undefined, 'ann', 'tickets come in']])
  })
})
