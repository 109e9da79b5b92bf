import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { ProviderError } from '@deploy-actions/action-kit'
import { startFakeHaproxy, type FakeHaproxy } from '@deploy-actions/testing'
import { freezesFor, newest, whyTakenBack, type TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import type { JobView, RunView } from '@deploy-actions/workflow-engine'
import type { Outputs } from '../../actions/restore-point/src/outputs'
import { LET_END } from '../../actions/restore-point/src/stop'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { githubLedger, jobOf, record, restorePoint, writing } from './github-ledger.fixture'

// What a person has taken back at three in the morning: which transactions those are, and that nothing else writes there.

let world: TestGitHub
let haproxy: FakeHaproxy
beforeEach(async () => {
  world = await testGitHub({})
  haproxy = await startFakeHaproxy({ blue: 50, green: 50 })
})
afterEach(() => Promise.all([world.close(), haproxy.close()]))

const release = (letter: string) => ({ version: `1.${letter}`, digest: `sha256:${letter.repeat(64)}` })
const settings = () => ({
  router: { type: 'haproxy', host: '127.0.0.1', port: haproxy.port, backend: 'app' },
  arms: { baseline: 'blue', canary: 'green' },
})
/** A run brings a release to a region, and this becomes of it. */
async function rollOut(
  run: number,
  region: string,
  letter: string,
  ...states: TransactionState[]
): Promise<TransactionRecord> {
  const opened = record(run, {
    ...{ region, release: release(letter), previous: release('0'), guardEnvironment: `guard-${region}` },
    config: { path: 'rollout.yml', digest: 'sha256:1' },
  })
  const ledger = githubLedger(world, { run })
  await ledger.open(opened, settings())
  for (const state of states) await ledger.mark(opened, state, `by run ${run}`)
  return opened
}
const ledger = () => githubLedger(world, { run: 900 })
const stateIn = async (region: string) => (await newest(ledger(), `production-${region}`))?.state
const EMERGENCY = 901
const fence = (inputs: Record<string, string> = {}) =>
  restorePoint(jobOf(world, EMERGENCY), {
    mode: 'fence',
    ...{ service: 'shop', region: 'eu-west', to: 'previous', reason: 'orders are lost' },
    ...inputs,
  })
const taken = (end: Outputs | Error): string[] =>
  end instanceof Error
    ? [end.message]
    : (end.targets as { transaction: string }[]).map((one) => one.transaction)

describe('what a person has taken back', () => {
  it('is what is open, with all that its jobs need, and nothing is written forward in it from then on', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a')
    expect(await fence()).toMatchObject({
      outcome: 'fenced',
      reason: 'shop: 1.a is taken back in eu-west, to 1.0 (blue 100%, green 0%)',
      targets: [
        {
          transaction: id,
          region: 'eu-west',
          environment: 'production-eu-west',
          'guard-environment': 'guard-eu-west',
          config: 'rollout.yml',
          ...release('a'),
        },
      ],
    })
    expect(await newest(ledger(), 'production-eu-west')).toMatchObject({
      state: 'restoring',
      note: 'restoring: after open, taken back by ann: orders are lost',
      takenBack: 'taken back by ann: orders are lost',
    })
  })

  const frozen = async (region: string) =>
    freezesFor(await ledger().freezes(), `production-${region}`).map(({ to, reason }) => [to, reason])
  const WHY = 'taken back by ann: orders are lost'

  it('freezes what it is told to, and says so by what the ledger then shows', async () => {
    await rollOut(1, 'eu-west', 'a', 'committed')
    await rollOut(1, 'us-east', 'a', 'committed', 'restoring', 'restored')
    // The emergency's job began at 10:05.
    expect(await fence({ freeze: '2h' })).toMatchObject({
      outcome: 'fenced',
      reason: expect.stringMatching(/; nothing begins in eu-west until 2026-11-20T12:05:00.000Z$/),
    })
    expect(await frozen('eu-west')).toEqual([['2026-11-20T12:05:00.000Z', WHY]])
    expect(await frozen('us-east')).toEqual([])
    // Also what was back before, and where nothing was taken back.
    expect(await fence({ region: 'ALL', freeze: '1d' })).toMatchObject({
      reason: expect.stringContaining('nothing begins in us-east until 2026-11-21T10:05:00.000Z'),
    })
    for (const region of ['us-east', 'ap-south'])
      expect(await frozen(region)).toEqual([['2026-11-21T10:05:00.000Z', WHY]])
    expect(await githubLedger(world, { run: 2, service: 'till' }).freezes()).toEqual([])
  })

  it.each([
    ['2w', 'NOT frozen: "2w" is not a duration such as 4h'],
    ['8d', 'NOT frozen: 8d is longer than 7d'],
  ])('is taken back though the freeze is %s, which is said', async (freeze, why) => {
    await rollOut(1, 'eu-west', 'a', 'committed')
    expect(await fence({ freeze })).toMatchObject({
      outcome: 'fenced',
      reason: expect.stringContaining(`; ${why}; freeze it in rollout.yml`),
    })
    expect(await stateIn('eu-west')).toBe('restoring')
    expect(await frozen('eu-west')).toEqual([])
  })

  it('freezes nothing for a drill, and nothing for longer than anybody may ask for', async () => {
    await rollOut(1, 'eu-west', 'a', 'committed')
    expect(await fence({ freeze: '2h', drill: 'true' })).toMatchObject({
      reason: expect.stringContaining('NOT frozen: nothing is wrong with the release in a drill'),
    })
    const from = new Date('2026-11-20T10:00:00Z')
    await ledger().freeze({ from, until: new Date('2099-01-01'), reason: 'x' }, 'production-eu-west')
    expect(await frozen('eu-west')).toEqual([])
  })

  it('is what was committed last where nothing is open, and only if that is meant', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a', 'committed')
    expect(await fence({ to: 'open' })).toMatchObject({
      message: expect.stringContaining('nothing is open there: ' + id),
    })
    expect(await stateIn('eu-west')).toBe('committed')
    expect(taken(await fence())).toEqual([id])
  })

  it('in all regions is the release that was brought last, and none that another rollout brought', async () => {
    // ap-south has not come to 1.b yet, and what serves there is fine.
    await rollOut(1, 'ap-south', 'a', 'committed')
    await rollOut(1, 'eu-west', 'a', 'committed')
    const us = await rollOut(2, 'us-east', 'b', 'committed')
    const eu = await rollOut(2, 'eu-west', 'b')
    expect(taken(await fence({ region: 'all' }))).toEqual([eu.id, us.id])
    expect(await stateIn('ap-south')).toBe('committed')
  })

  it('is not taken back twice: pressing the button again goes over no release, and reads the router again', async () => {
    await rollOut(1, 'eu-west', 'a', 'committed')
    const { id } = await rollOut(2, 'eu-west', 'b', 'committed', 'restoring', 'restored')
    expect(await fence()).toMatchObject({
      outcome: 'fenced',
      reason: 'shop: 1.b is taken back already in eu-west (restored: by run 2), and its router is read again',
      targets: [{ transaction: id }],
    })
    expect(await stateIn('eu-west')).toBe('restored')
  })

  it('is what stands under a release that never came to its commit', async () => {
    const eu = await rollOut(1, 'eu-west', 'a', 'committed')
    const us = await rollOut(1, 'us-east', 'a', 'committed')
    // Its canary failed, and it was put back by itself.
    await rollOut(2, 'eu-west', 'b', 'restoring', 'restored')
    for (const region of ['eu-west', 'all'])
      expect(taken(await fence({ region, 'dry-run': 'true' }))).toContain(eu.id)
    expect(taken(await fence({ region: 'all' }))).toEqual([us.id, eu.id])
    const { environment } = eu
    const restored = await restorePoint(jobOf(world, EMERGENCY), {
      ...{ mode: 'restore', only: 'traffic', service: 'shop', environment, region: 'eu-west', to: eu.id },
    })
    expect(restored).toMatchObject({ outcome: 'traffic-restored' })
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
  })

  it('is nothing that was rolled out after it was asked for, in whichever attempt', async () => {
    await rollOut(1, 'eu-west', 'a', 'committed', 'restoring', 'restored')
    const hotfix = record(2, { release: release('b'), openedAt: '2026-11-20T10:06:00.000Z' })
    const now = { now: () => new Date('2026-11-20T10:06:00.000Z') }
    await world.close()
    world = await testGitHub(now)
    await githubLedger(world, { run: 2, now: '2026-11-20T10:06:00.000Z' }).open(hotfix, settings())
    expect(taken(await fence())[0]).toContain(
      '1.b was brought there after this was asked for (2026-11-20T10:05:00Z); if that is to go, too, ask anew',
    )
  })

  it('is taken up again where a restore has failed or was not seen to be healthy', async () => {
    const failed = await rollOut(1, 'eu-west', 'a', 'restoring', 'restore-failed')
    const unsure = await rollOut(1, 'us-east', 'a', 'restoring', 'unverified')
    expect(taken(await fence({ region: 'all' }))).toEqual([unsure.id, failed.id])
  })

  it('is not guessed where weights were set by hand since: that may have been the way back', async () => {
    const rolledOut = await rollOut(1, 'eu-west', 'a', 'committed')
    const byHand = record(2, { weightsOnly: true })
    const hand = githubLedger(world, { run: 2 })
    await hand.open(byHand, settings())
    await hand.mark(byHand, 'committed', '')
    expect(taken(await fence())[0]).toMatch(
      /ann has set its weights by hand since the last rollout \(transaction 2-1-shop-eu-west-1\); name what is to be taken back by its id/,
    )
    expect(await stateIn('eu-west')).toBe('committed')
    expect(taken(await fence({ to: byHand.id }))).toEqual([byHand.id])
    expect(taken(await fence({ to: rolledOut.id }))[0]).toContain(`${byHand.id} (1.3.0) came after it`)
  })

  it('is nothing that a person has put right', async () => {
    await rollOut(1, 'eu-west', 'a', 'restoring', 'restore-failed', 'resolved')
    expect(taken(await fence())[0]).toContain('a person has put it right')
  })

  it('is never under a newer one', async () => {
    const older = await rollOut(1, 'eu-west', 'a', 'committed')
    await rollOut(2, 'eu-west', 'b')
    expect(taken(await fence({ to: older.id }))[0]).toMatch(
      /2-1-shop-eu-west-1 \(1\.b\) came after it; nothing was written/,
    )
  })

  it('is put before people and into evidence: what it is, why, and what it goes back to', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a', 'committed')
    await rollOut(1, 'us-east', 'a', 'restoring', 'restore-failed', 'resolved')
    await rollOut(1, 'ap-south', 'c', 'committed')
    const last = await rollOut(3, 'sa-east', 'a', 'committed', 'restoring', 'restored')
    const ports = jobOf(world, EMERGENCY)
    const end = await restorePoint(ports, {
      ...{ mode: 'fence', service: 'shop', region: 'all', to: 'previous', reason: 'orders | are lost' },
    })
    expect(end).toMatchObject({ outcome: 'fenced' })
    expect(ports.recorded.subject).toEqual({ service: 'shop' })
    expect(ports.recorded.facts).toMatchObject({
      targets: [{ transaction: last.id }, { transaction: id, image: '' }],
      spared: [
        { region: 'ap-south', why: 'it has 1.c (committed: by run 1)', isOther: true },
        { region: 'us-east', why: expect.stringContaining('a person has put it right') },
      ],
    })
    expect(end).toMatchObject({ spared: [{ region: 'ap-south' }, { region: 'us-east' }] })
    const [summary = ''] = ports.recorded.summary
    expect(summary).toMatch(/^### Being taken back\n\nshop: 1\.a is taken back already in sa-east/)
    expect(summary).toMatch(
      /1\.a is taken back in eu-west, to 1\.0 .*ap-south is left alone.*us-east is NOT taken back/,
    )
    expect(summary).toContain('Why: orders \\| are lost.')
    expect(summary).toContain(
      '| Region | Environment | Takes back | Gives the traffic to | It was | Transaction |',
    )
    expect(summary).toContain(
      `| eu-west | production-eu-west | 1.a | 1.0 (blue 100%, green 0%) | committed: by run 1 | ${id} |`,
    )
  })

  it('fails where nothing of it can be taken back, and says so of each region', async () => {
    await rollOut(1, 'us-east', 'a', 'restoring', 'restore-failed', 'resolved')
    const ports = jobOf(world, EMERGENCY)
    const inputs = { mode: 'fence', service: 'shop', region: 'all', to: 'previous', reason: 'lost' }
    expect(await restorePoint(ports, inputs)).toMatchObject({
      outputs: { outcome: 'failed', targets: [], spared: [{ region: 'us-east' }] },
      message: expect.stringMatching(/^shop: us-east is NOT taken back: .*a person has put it right/),
    })
    expect(ports.recorded.log).toContainEqual({
      level: 'error',
      line: expect.stringMatching(/^us-east is NOT taken back: /),
    })
  })

  it('is not marked where GitHub would start no job of this run in its guard environment', async () => {
    await world.close()
    world = await testGitHub({
      environments: [
        {
          name: 'guard-eu-west',
          branchPolicy: { protected_branches: false, custom_branch_policies: true },
          branches: [{ name: 'release/*', type: 'branch' }],
        },
      ],
    })
    await rollOut(1, 'eu-west', 'a', 'committed')
    const us = await rollOut(1, 'us-east', 'a', 'committed')
    expect(await fence({ region: 'all' })).toMatchObject({
      targets: [{ transaction: us.id }],
      spared: [
        {
          region: 'eu-west',
          why: 'guard-eu-west does not take refs/heads/main, from which this runs: run it from a branch that it takes',
        },
      ],
    })
    expect(await stateIn('eu-west')).toBe('committed')
  })

  it('is not marked where what it was to be restored by is gone: it would be held for nothing', async () => {
    await rollOut(1, 'eu-west', 'a', 'committed')
    const ports = jobOf(world, EMERGENCY)
    const download = () => Promise.reject(new ProviderError('410 Gone', { provider: 'GitHub artifacts' }))
    Object.assign(ports, { artifacts: { ...ports.artifacts, download } })
    const inputs = { mode: 'fence', service: 'shop', region: 'eu-west', to: 'previous', reason: 'lost' }
    expect(await restorePoint(ports, inputs)).toMatchObject({
      message: expect.stringContaining('cannot be read any more: 410 Gone'),
    })
    expect(await stateIn('eu-west')).toBe('committed')
  })

  it.each([
    ['previous', 'fenced', 'restoring'],
    ['open', 'failed', 'committed'],
  ])(
    'that is committed under its eyes is marked from there, or left with `to: %s`',
    async (to, outcome, state) => {
      const opened = await rollOut(1, 'eu-west', 'a')
      const ports = jobOf(world, EMERGENCY)
      const { download } = ports.artifacts
      const commits: typeof download = async (...what) => {
        await githubLedger(world, { run: 1 }).mark(opened, 'committed', 'all on green')
        return download(...what)
      }
      Object.assign(ports, { artifacts: { ...ports.artifacts, download: commits } })
      const inputs = { mode: 'fence', service: 'shop', region: 'eu-west', to, reason: 'lost' }
      const end = await restorePoint(ports, inputs)
      expect(end instanceof Error ? 'failed' : end.outcome).toBe(outcome)
      expect(await stateIn('eu-west')).toBe(state)
      expect((await whyTakenBack(ledger(), release('a'))) === undefined).toBe(to === 'open')
    },
  )

  it('of another version is taken back as far as this one can', async () => {
    const later = { ...record(1, { release: release('a') }), colour: 'red' }
    await githubLedger(world, { run: 1 })
      .open(later, settings())
      .catch(() => undefined)
    if ((await ledger().find({})).length === 0) return
    expect(taken(await fence())).toEqual([later.id])
  })

  it('is not what a run has opened that nobody trusts, unless its workflow is named', async () => {
    const opened = record(1, { release: release('a') })
    const change = { path: '.github/workflows/canary.yml', referencedWorkflows: [] }
    await githubLedger(world, { run: 1, change }).open(opened, settings())
    for (const to of ['previous', opened.id])
      expect(taken(await fence({ to }))[0]).toMatch(/proves nothing: run 1 uses none of the workflows/)
    expect(await stateIn('eu-west')).toBe('open')
    const trusted = { 'trusted-workflows': change.path }
    expect(taken(await fence(trusted))).toEqual([opened.id])
  })

  it('in all regions is not told by such a one: the release that a run has proven to have brought last is meant', async () => {
    const us = await rollOut(1, 'us-east', 'a', 'committed')
    const eu = await rollOut(1, 'eu-west', 'a', 'committed')
    const planted = record(2, { release: release('b') })
    const change = { path: '.github/workflows/ci.yml', referencedWorkflows: [] }
    await githubLedger(world, { run: 2, change }).open(planted, settings())
    const end = await fence({ region: 'all' })
    expect(taken(end)).toEqual([us.id])
    // And nobody is told that all is well where it hides what is meant.
    expect(end).toMatchObject({
      spared: [{ region: 'eu-west', why: expect.stringContaining(`to: ${eu.id}`) }],
    })
    expect(end).not.toMatchObject({ spared: [{ isOther: true }] })
  })

  it('is not what lies under such a one, unless a person names it: that may have been planted', async () => {
    const below = await rollOut(1, 'eu-west', 'a', 'committed')
    const planted = record(2, { release: release('b') })
    const change = { path: '.github/workflows/ci.yml', referencedWorkflows: [] }
    const ci = githubLedger(world, { run: 2, change })
    await ci.open(planted, settings())
    await ci.mark(planted, 'committed', '')
    expect(taken(await fence())[0]).toContain(
      `If it is none of yours, take back the one under it (1.a) with \`to: ${below.id}\``,
    )
    expect(taken(await fence({ to: below.id }))).toEqual([below.id])
  })

  it('by its id needs no region, and is none of what nobody ever wrote', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a', 'committed')
    const ports = jobOf(world, EMERGENCY)
    expect(
      taken(await restorePoint(ports, { mode: 'fence', service: 'shop', to: id, reason: 'lost' })),
    ).toEqual([id])
    const unmoved = await rollOut(2, 'us-east', 'a', 'superseded')
    expect(taken(await fence({ region: 'us-east', to: unmoved.id }))[0]).toContain(
      'there is nothing of it to be put back',
    )
  })

  it('is not chosen among environments that have a region of that name', async () => {
    const staging = record(1, { environment: 'staging-eu', release: release('a') })
    await githubLedger(world, { run: 1 }).open(staging, settings())
    const production = await rollOut(2, 'eu-west', 'b')
    expect(taken(await fence())[0]).toBe(
      'input `environment`: is missing: eu-west is in several, and nothing was written: production-eu-west (1.b), staging-eu (1.a)',
    )
    expect(await stateIn('eu-west')).toBe('open')
    expect(taken(await fence({ environment: 'production-eu-west' }))).toEqual([production.id])
    expect(taken(await fence({ environment: 'staging-eu' }))).toEqual([staging.id])
    expect(taken(await fence({ environment: 'prod-us' }))[0]).toContain('of shop in prod-us is of eu-west')
  })

  it('is what a tired person means, in capitals and with blanks, and not what two inputs disagree on', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a')
    for (const region of [' EU-West ', 'ALL'])
      expect(taken(await fence({ region, 'dry-run': 'true' }))).toEqual([id])
    expect(taken(await fence({ region: 'us-east', to: id }))[0]).toBe(
      `input \`region\`: is us-east, and ${id} is of eu-west`,
    )
  })

  it('is only looked at in a dry run', async () => {
    await rollOut(1, 'eu-west', 'a')
    expect(await fence({ 'dry-run': 'true' })).toMatchObject({ outcome: 'would-fence' })
    expect(await stateIn('eu-west')).toBe('open')
  })

  it.each([
    [{ reason: ' ' }, 'input `reason`: is missing'],
    [{ region: '', reason: '' }, 'input `region`: is missing'],
    [{ region: 'mars' }, 'none of the newest 300 transactions of shop is of mars'],
    [{ to: '9-1-shop-eu-west-1' }, 'the ledger has no transaction 9-1-shop-eu-west-1'],
  ])('is said to be unknown, or not enough: %j', async (inputs, message) => {
    await rollOut(1, 'us-east', 'a')
    expect(taken(await fence(inputs))[0]).toContain(message)
  })

  it('costs as much with a year of history', async () => {
    const cost = async (): Promise<number> => {
      const before = world.github.calls.length
      await fence({ 'dry-run': 'true' })
      return world.github.calls.slice(before).filter(({ path }) => path.startsWith('/repos/')).length
    }
    await rollOut(1, 'us-east', 'a', 'committed')
    await rollOut(1, 'eu-west', 'a', 'committed')
    const short = await cost()
    for (let run = 2; run < 15; run++)
      for (const region of ['us-east', 'eu-west']) await rollOut(run, region, 'b', 'committed')
    expect(await cost()).toBe(short)
  }, 60_000)
})

describe('a release that was taken back', () => {
  const why = () => whyTakenBack(ledger(), release('a'))

  it('is not rolled out again unless somebody says so, in any region', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a', 'committed')
    await rollOut(1, 'us-east', 'a', 'committed')
    expect(await why()).toBeUndefined()
    await fence()
    expect(await why()).toBe(
      `1.a was taken back by ann: orders are lost (in eu-west, transaction ${id}); to roll it out again all the same, say so: again: true`,
    )
    expect(await whyTakenBack(ledger(), release('a'), 'production-us-east')).toBeUndefined()
    expect(await whyTakenBack(ledger(), release('b'))).toBeUndefined()
  })

  it('is one like any other once it was brought there again, or after a drill', async () => {
    const { id } = await rollOut(1, 'eu-west', 'a', 'committed')
    await fence()
    await githubLedger(world, { run: EMERGENCY }).mark({ id }, 'restored', '')
    await rollOut(2, 'eu-west', 'a', 'committed')
    expect(await why()).toBeUndefined()
    await fence({ drill: 'true' })
    expect(await why()).toBeUndefined()
    expect(await newest(ledger(), 'production-eu-west')).toMatchObject({
      note: 'restoring: after committed, a drill of ann: orders are lost',
    })
  })
})

describe('the run that opened it', () => {
  let opened: TransactionRecord
  let deploy: JobView
  let run: RunView
  beforeEach(async () => {
    opened = await rollOut(1, 'eu-west', 'a')
    const found = world.runs.find(({ id }) => id === 1)
    const job = found?.jobs[0]
    if (!found || !job) throw new Error('run 1 has a job')
    run = found
    deploy = job
    deploy.name = 'rollout / eu-west / deploy'
    run.jobs.splice(1)
  })
  const at = (name: string, status: 'in_progress' | 'completed' = 'in_progress') => ({
    ...{ number: 1, name, status, conclusion: null, startedAt: null, completedAt: null },
    ...{ log: '', summary: '' },
  })
  const begun = (key: string): JobView => {
    const job = world.join(run)
    job.key = key
    job.name = `rollout / eu-west / ${key}`
    return job
  }
  /** Stops it; `look` is called whenever GitHub is asked for its jobs. */
  async function stop(look: (times: number) => void, inputs: Record<string, string> = {}) {
    const ports = jobOf(world, EMERGENCY, { ...writing, actions: 'write' })
    const { list } = ports.github
    let times = 0
    const listing: typeof list = (...what) => {
      if (what[0].endsWith('/jobs')) look(++times)
      return list(...what)
    }
    Object.assign(ports, { github: { ...ports.github, list: listing } })
    const { id, environment } = opened
    const end = await restorePoint(ports, { mode: 'stop', service: 'shop', environment, to: id, ...inputs })
    return { end, looks: times, log: ports.recorded.log.map(({ line }) => line).join('\n') }
  }
  const end = (job: JobView): void =>
    void Object.assign(job, { status: 'completed', conclusion: 'cancelled' })

  it('is cancelled, and its deploy job waited for, but not its guard', async () => {
    const guard = begun('guard')
    const { end: stopped, looks } = await stop((times) => {
      if (times === 4) end(deploy)
    })
    expect(world.cancelled).toEqual([1])
    expect(stopped).toMatchObject({
      outcome: 'stopped',
      reason: 'of run 1: job rollout / eu-west / deploy is cancelled',
    })
    expect(looks).toBe(4)
    expect(guard.status).toBe('in_progress')
  })

  it.each([
    ...['Deploy onto the canary arm', 'Apply the infrastructure'],
    ...['Restore', 'Restore what is open', 'Restore the region before'],
  ])('is not cancelled in the middle of "%s"', async (step) => {
    deploy.steps = [at(step)]
    const { log } = await stop((times) => {
      expect(world.cancelled).toEqual(times > 3 ? [1] : [])
      if (times === 3) deploy.steps = [at(step, 'completed'), at('Gate after the deploy')]
      if (times === 5) end(deploy)
    })
    expect(world.cancelled).toEqual([1])
    expect(log).toContain(`run 1 is not cancelled while rollout / eu-west / deploy is at "${step}"`)
  })

  it('may go on where only its job in the region is to end', async () => {
    const { end: stopped } = await stop(
      (times) => {
        if (times === 3) end(deploy)
      },
      { cancel: 'false' },
    )
    expect([world.cancelled, stopped]).toMatchObject([[], { outcome: 'stopped' }])
  })

  it('is left alone where it has ended', async () => {
    run.status = 'completed'
    const { end: stopped, looks } = await stop(() => undefined)
    expect([world.cancelled, looks, stopped]).toMatchObject([[], 0, { reason: 'run 1 has ended' }])
  })

  it('is not waited for any longer than for its approval', async () => {
    deploy.status = 'waiting'
    const { end: stopped } = await stop(() => undefined)
    expect([world.cancelled, stopped]).toMatchObject([[1], { outcome: 'stopped' }])
  })

  it('that never ends keeps the workload from being touched, and the way out is said', async () => {
    const { end: stopped, looks } = await stop(() => undefined)
    // Far fewer than the thousand calls that a repository has in an hour.
    expect(looks).toBeLessThan(150)
    expect(stopped).toMatchObject({
      message: expect.stringMatching(/has not ended after 45m: the workload is left as it is.*force-cancel/),
    })
  })

  it('is not to be ended by force while it applies its infrastructure', async () => {
    deploy.steps = [at('Apply the infrastructure')]
    const { end: stopped } = await stop(() => undefined)
    expect(world.cancelled).toEqual([])
    expect((stopped as Error).message).toMatch(
      /applies its infrastructure, and ended by force that would leave its lock, .*: wait until it has ended, and run this job again$/,
    )
    expect((stopped as Error).message).not.toContain('force-cancel')
  })

  it.each<[string, string, string, boolean]>([
    ['the deploy job of another region', 'rollout / us-east / deploy', 'deploy', false],
    ['one that a matrix has named', 'rollout / regions (eu-west) / deploy', 'deploy', true],
    ['a second one of the same region', 'other / eu-west / deploy', 'deploy', true],
  ])(
    'is waited for as long as its job in the region runs, and %s is that: %s',
    async (_, name, key, isWaitedFor) => {
      const other = begun(key)
      other.name = name
      const { looks } = await stop((times) => {
        if (times === 2) end(deploy)
        if (times === 4) end(other)
      })
      expect(looks).toBe(isWaitedFor ? 4 : 2)
    },
  )

  it.each(['guard', 'guard-predecessor', 'plan', 'prepare', 'report', 'soak'])(
    'of a workflow of somebody else is waited for with all its jobs, but not with a %s',
    async (key) => {
      deploy.name = 'canary'
      const other = begun(key)
      other.name = key
      const { looks, end: stopped } = await stop((times) => {
        if (times === 3) end(deploy)
      })
      expect(looks).toBe(3)
      expect(stopped).toMatchObject({ reason: 'of run 1: job canary is cancelled' })
    },
  )

  it('is not waited for with the deploy job of another region that is let end, only cancelled after it', async () => {
    const other = begun('deploy')
    other.name = 'rollout / us-east / deploy'
    other.steps = [at('Deploy onto the canary arm')]
    end(deploy)
    // The job that waits for the workload cancels nothing.
    const { end: stopped, looks } = await stop(() => undefined, { cancel: 'false' })
    expect([stopped, looks, world.cancelled]).toMatchObject([{ outcome: 'stopped' }, 1, []])
  })

  it('writes nothing to the region where only other regions have deploy jobs', async () => {
    deploy.name = 'rollout / us-east / deploy'
    const { end: stopped } = await stop(() => undefined)
    expect(stopped).toMatchObject({ reason: 'no job of run 1 that writes to eu-west has begun' })
  })

  it('is told of where none of its jobs has come to the region', async () => {
    deploy.name = 'report'
    const { end: stopped } = await stop(() => undefined)
    expect(stopped).toMatchObject({ reason: 'no job of run 1 that writes to eu-west has begun' })
  })

  it('is told of once a minute while it is waited for, and not asked after all the time', async () => {
    const { log, looks } = await stop((times) => {
      if (times === 16) end(deploy)
    })
    expect(looks).toBe(16)
    const lines = log.split('\n').filter((line) => line.includes('is waited for'))
    expect(lines[0]).toBe('job rollout / eu-west / deploy of run 1 is waited for')
    // 5 s and a tenth of what has passed, from look to look: five minutes at the sixteenth.
    expect(lines.length).toBeGreaterThan(1)
    expect(lines.length).toBeLessThan(5)
  })

  it('may have ended by the time that it is cancelled', async () => {
    world.github.fault({
      match: ({ path }) => path.endsWith('/cancel'),
      then: 'lie',
      answer: () => ({ status: 409, body: { message: 'Cannot cancel a workflow run that is completed.' } }),
    })
    const { end: stopped } = await stop((times) => {
      if (times === 2) end(deploy)
    })
    expect(stopped).toMatchObject({ outcome: 'stopped' })
  })

  it('is not said to be stopped where the token may not cancel it', async () => {
    const ports = jobOf(world, EMERGENCY)
    const { id, environment } = opened
    expect(await restorePoint(ports, { mode: 'stop', service: 'shop', environment, to: id })).toMatchObject({
      message: expect.stringContaining('the token lacks `actions: write`'),
    })
  })

  it('is only looked at in a dry run, and of a ledger of files there is none', async () => {
    const { end: stopped, looks } = await stop(() => undefined, { 'dry-run': 'true' })
    expect([stopped, looks, world.cancelled]).toMatchObject([
      { reason: 'would stop run 1, which is in_progress' },
      0,
      [],
    ])
    const ports = jobOf(world, EMERGENCY)
    const file = `file:${ports.context.temp}/ledger`
    const { createFileLedger } = await import('../../packages/ledger/src/file-ledger')
    await createFileLedger(file.slice('file:'.length), 'shop', 1).open(opened, {})
    const { id, environment } = opened
    expect(
      await restorePoint(ports, { mode: 'stop', service: 'shop', environment, to: id, ledger: file }),
    ).toMatchObject({ reason: expect.stringContaining('nothing is to be stopped') })
    expect(ports.recorded.subject).toMatchObject({ transaction: id, region: 'eu-west' })
  })

  it('is not this very one', async () => {
    const ports = jobOf(world, 1, { ...writing, actions: 'write' })
    const { id, environment } = opened
    expect(await restorePoint(ports, { mode: 'stop', service: 'shop', environment, to: id })).toMatchObject({
      message: expect.stringContaining('is of this very run'),
    })
    expect(world.cancelled).toEqual([])
  })
})

describe('the steps that are let end', () => {
  it('are called so in the templates, as far as those have them', async () => {
    const folder = join(import.meta.dirname, '../../workflows-templates')
    const names = ['region.yml', 'restore-region.yml'].map((name) => join(folder, name))
    const text = (await Promise.all(names.map((name) => readFile(name, 'utf8')))).join('\n')
    const missing = LET_END.filter((step) => !text.includes(`- name: ${step}\n`))
    expect(missing).toEqual([])
    // Whatever deploys, or puts a workload back: a script that is cut short leaves half of an arm.
    const uncut = text
      .split('      - name: ')
      .filter(
        (step) =>
          / hook: deploy\n/.test(step) || (/ mode: restore\n/.test(step) && !/ only: traffic\n/.test(step)),
      )
      .map((step) => step.slice(0, step.indexOf('\n')))
    expect(uncut).toContain('Deploy onto the old arm')
    expect(uncut.filter((step) => !LET_END.includes(step))).toEqual([])
  })
})

it.each(['region.yml', 'restore-region.yml'])('%s calls no release restored that serves on', async (name) => {
  const text = await readFile(join(import.meta.dirname, '../../workflows-templates', name), 'utf8')
  // The predecessor of a delayed rollout is never brought onto its old arm.
  const [, ...steps] = text.replace(/^ {2}guard-predecessor:[^]*?\n {2}prepare:/m, '').split('      - name: ')
  const told = steps.flatMap(
    (step) => /event: (.*'restored' \|\| .*|.*\|\| 'restored' .*)/.exec(step)?.[1] ?? [],
  )
  expect(told.length).toBeGreaterThan(0)
  for (const event of told)
    expect(event).toContain("steps.restore.outputs.serves-on == 'true' && 'failed' || 'restored'")
})

describe('what is put back already', () => {
  const script = { kind: 'script', name: 'deploy', arm: 'green', state: '0.9.0' }
  /** The emergency's last job, which runs the scripts of the workload. */
  async function restored(weights: Record<string, number>, ...states: TransactionState[]) {
    const { restore } = record(1)
    const opened = record(1, { restore: [...restore, script] })
    await githubLedger(world, { run: 1 }).open(opened, settings())
    for (const state of states) await githubLedger(world, { run: 1 }).mark(opened, state, 'by run 1')
    haproxy.weights = weights
    const { id, environment } = opened
    const ports = jobOf(world, EMERGENCY)
    const end = await restorePoint(ports, {
      ...{ mode: 'restore', service: 'shop', environment, region: 'eu-west', to: id },
    })
    const writes = haproxy.commands.filter((command) => command.startsWith('set'))
    return { end, writes, ports }
  }

  it('is proven by the router, and no script runs twice', async () => {
    const { end, writes, ports } = await restored({ blue: 100, green: 0 }, 'restoring', 'restored')
    expect(end).toMatchObject({
      outcome: 'restored',
      reason: expect.stringMatching(
        /^shop in eu-west was put back already \(restored: by run 1\); canary reads blue 100%, green 0% at /,
      ),
      transaction: '1-1-shop-eu-west-1',
      restored: [{ kind: 'traffic', name: 'canary', ok: true, weights: { blue: 10_000, green: 0 } }],
    })
    expect(writes).toEqual([])
    expect(ports.recorded).toMatchObject({
      subject: { service: 'shop', region: 'eu-west', transaction: '1-1-shop-eu-west-1' },
      facts: { record: { id: '1-1-shop-eu-west-1' }, restored: [{ ok: true }] },
      summary: [expect.stringMatching(/^### eu-west: put back already\n\nshop in eu-west was put back/)],
    })
  })

  it.each<[string, Record<string, number>, TransactionState[]]>([
    ['somebody has changed the weights since', { blue: 30, green: 70 }, ['restoring', 'restored']],
    ['its health was not seen', { blue: 100, green: 0 }, ['restoring', 'unverified']],
    ['it is still to be done', { blue: 100, green: 0 }, ['restoring']],
  ])('is restored all the same where %s', async (_, weights, states) => {
    const { end } = await restored(weights, ...states)
    expect(haproxy.weights).toEqual({ blue: 100, green: 0 })
    // Its rollout.yml is not here: so the script was to run.
    expect(end).toMatchObject({
      message: expect.stringContaining('rollout.yml of the record could not be had'),
    })
  })

  it('is not said of a router that cannot be read', async () => {
    haproxy.before = () => {
      throw new Error('away')
    }
    const { end, ports } = await restored({ blue: 100, green: 0 }, 'restoring', 'restored')
    expect(end).toBeInstanceOf(Error)
    expect(ports.recorded.log.map(({ line }) => line).join()).toContain(
      'the router of 1-1-shop-eu-west-1 cannot be read',
    )
  })
})

describe('an old arm that is gone', () => {
  it('gets nothing, and what to do instead is said', async () => {
    const { id, environment } = await rollOut(1, 'eu-west', 'a', 'committed')
    haproxy.weights = { blue: 0, green: 100 }
    haproxy.states = { blue: 'down' }
    const what = { mode: 'restore', service: 'shop', environment, region: 'eu-west', to: id }
    for (const only of [{ only: 'traffic' }, {}])
      expect(await restorePoint(jobOf(world, EMERGENCY), { ...what, ...only })).toMatchObject({
        message: expect.stringMatching(
          /the traffic stays with green.*\. Where that arm is gone for good, roll out 1\.0 \(sha256:0+\) as a release of its own$/,
        ),
      })
    expect(haproxy.weights).toEqual({ blue: 0, green: 100 })
    expect(await stateIn('eu-west')).toBe('restore-failed')
  })
})
