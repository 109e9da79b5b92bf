import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { expectAsRecorded } from './recordings'
import { runRehearsal, type Rehearsed } from './run-rehearsal'

const OLD = { blue: 10_000, green: 0 }
const NEW = { blue: 0, green: 10_000 }
/** What is ours may take of the documents' 30 s: one write and one read-back. */
const OURS_MS = 2_000
const LIMIT = 240_000

const TWO = ['--regions', 'us-east,eu-west']

/** eu-west is where it was, and both the ledger and the proxy say so; what came before it stays, what comes after is untouched. */
function expectRestored({ exitCode, result, region, summaries }: Rehearsed): void {
  expect(exitCode).toBe(1)
  expect(region('us-east')).toMatchObject({
    outcome: 'promoted',
    weights: { after: NEW },
    failedOutsideApp: 0,
  })
  expect(region('eu-west')).toMatchObject({
    outcome: 'restored',
    proceeded: true,
    rolledBack: true,
    rollbackVerified: true,
    weights: { before: OLD, after: OLD },
  })
  expect(region('apac-se')).toMatchObject({
    outcome: 'not-started',
    proceeded: false,
    weights: { before: OLD, after: OLD },
  })
  expect(result.told).toEqual(expect.arrayContaining(['restored eu-west', 'failed']))
  expect(summaries).toContain('### shop 1.1.0: restored in eu-west')
}

/** What GitHub is asked in a region, by route: the most it may be, and what the plan has asked for all of its jobs. */
function expectCheap({ result }: Rehearsed): void {
  for (const { githubCalls, githubRoutes } of result.regions) {
    expect(githubCalls).toBeLessThanOrEqual(33)
    expect(Object.values(githubRoutes).reduce((sum, count) => sum + count, 0)).toBe(githubCalls)
    // What the plan has proven is handed from job to job; what this run has done in the region before is proven once.
    const proofs = Object.entries(githubRoutes).filter(([route]) => /runs|branches|environments/.test(route))
    for (const proof of proofs) expect(proof).toEqual(['GET /actions/runs/{id}/artifacts', 1])
  }
}

describe('a healthy release', () => {
  it(
    'is promoted in all regions; the next goes back to the other arm; the same again is skipped',
    async () => {
      const world = await mkdtemp(join(tmpdir(), 'world-'))
      const first = await runRehearsal('--world', world, '--release', '1.1.0')
      expect(first.exitCode).toBe(0)
      expect(first.result).toMatchObject({ conclusion: 'success', evidence: { complete: true } })
      for (const region of first.result.regions)
        expect(region).toMatchObject({
          outcome: 'promoted',
          rolledBack: false,
          weights: { before: OLD, after: NEW },
          failedOutsideApp: 0,
        })
      expect(first.region('us-east').stages.map(({ weight, verdict }) => [weight, verdict])).toEqual(
        [1000, 2500, 5000, 7500, 10_000].map((weight) => [weight, 'pass']),
      )

      expectAsRecorded('healthy: first rollout', first)
      expectCheap(first)

      const second = await runRehearsal('--world', world, '--release', '1.2.0')
      expect(second.exitCode).toBe(0)
      for (const region of second.result.regions)
        expect(region).toMatchObject({
          outcome: 'promoted',
          rolledBack: false,
          weights: { before: NEW, after: OLD },
          failedOutsideApp: 0,
        })

      expectAsRecorded('healthy: second rollout', second)
      // With a history behind it, a soak before it, and every proof that this takes.
      expectCheap(second)
      expect(second.result.regions.every(({ githubCalls }) => githubCalls > 0)).toBe(true)

      const third = await runRehearsal('--world', world, '--release', '1.2.0')
      expect(third.exitCode).toBe(0)
      for (const region of third.result.regions)
        expect(region).toMatchObject({
          outcome: 'skipped',
          proceeded: false,
          weights: { before: OLD, after: OLD },
        })
      expect(third.summaries).toContain('all regions already run 1.2.0: us-east, eu-west, apac-se')
      expectAsRecorded('healthy: the same again', third)
    },
    2 * LIMIT,
  )
})

describe('a bad day in the second region', () => {
  it(
    'bad-in-eu: the failing stage is named with its numbers, and verified traffic is back in time',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'bad-in-eu')
      expectRestored(rehearsed)
      expectAsRecorded('bad-in-eu', rehearsed)
      const { stages, rollbackMs, rollbackFrom } = rehearsed.region('eu-west')
      expect(stages.at(-1)).toMatchObject({ verdict: 'fail' })
      expect(stages.at(-1)?.reason).toMatch(
        /canary [\d,]+ of [\d,]+ requests failed \(.*%\).*evidence 1:[\d,]+, bar 1:[\d,]+/,
      )
      expect(rollbackFrom).toBe('breach')
      expect(rollbackMs).toBeLessThan(OURS_MS)
      expect(rehearsed.result.evidence.complete).toBe(true)
      expect(rehearsed.summaries).toContain(
        'apac-se does not start: eu-west comes first, and its newest transaction',
      )
    },
    LIMIT,
  )

  it(
    'reload: the weights of the file come back twice, and the new release is promoted all the same',
    async () => {
      const { exitCode, region, output } = await runRehearsal('--scenario', 'reload', ...EU)
      expect(exitCode).toBe(0)
      const { commands, stages, ...ended } = region('eu-west')
      expect(ended).toMatchObject({
        outcome: 'promoted',
        rolledBack: false,
        weights: { before: OLD, after: NEW },
        failedOutsideApp: 0,
        marks: ['open', 'committed'],
      })
      expect(stages.map(({ weight, verdict }) => [weight, verdict])).toEqual(
        [1000, 2500, 5000, 7500, 10_000].map((weight) => [weight, 'pass']),
      )
      // Half of it twice, and all of it twice.
      for (const weight of [50, 100])
        expect(
          commands.filter((command) => command === `set server app/green weight ${weight}`),
        ).toHaveLength(2)
      expect(output).toContain('a reload put the router back to its configuration')
    },
    LIMIT,
  )

  it(
    'router-down: it is away for two minutes, and the failing canary is taken back when it returns',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'router-down', ...TWO)
      expectRestored(rehearsed)
      // The put-back gave up after its minute and people were told; the restore step did not give up.
      expect(rehearsed.region('eu-west').marks).toEqual(['open', 'restoring', 'restored'])
      expect(rehearsed.result.told).toEqual(
        expect.arrayContaining(['restore-failed eu-west', 'restored eu-west']),
      )
      // 60 % of a quarter of the requests.
      expect(rehearsed.region('eu-west').failingSeconds).toBeLessThanOrEqual(10)
    },
    LIMIT,
  )

  it(
    'no-traffic: never promoted, restored',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'no-traffic')
      expectRestored(rehearsed)
      expectAsRecorded('no-traffic', rehearsed)
      expect(rehearsed.region('eu-west').stages.at(-1)).toMatchObject({
        weight: 1000,
        verdict: 'inconclusive',
      })
    },
    LIMIT,
  )

  it(
    'flaky-metrics: 90 s without answers do not roll anything back',
    async () => {
      const { exitCode, result, region } = await runRehearsal('--scenario', 'flaky-metrics', ...TWO)
      expect(exitCode).toBe(0)
      expect(region('eu-west')).toMatchObject({
        outcome: 'promoted',
        rolledBack: false,
        weights: { after: NEW },
      })
      expectAsRecorded('flaky-metrics', { result })
    },
    LIMIT,
  )

  it(
    'reject-approval: nothing is written, the guard has nothing to do',
    async () => {
      const { exitCode, result, region, summaries } = await runRehearsal(
        '--scenario',
        'reject-approval',
        ...TWO,
      )
      expect(exitCode).toBe(1)
      expect(region('eu-west')).toMatchObject({
        outcome: 'not-started',
        proceeded: false,
        rolledBack: false,
        weights: { before: OLD, after: OLD },
      })
      expect(summaries).toContain('this run has no open transaction in eu-west: nothing is to be restored')
      expect(summaries).toContain('sre-on-call rejected it: not today')
      expectAsRecorded('reject-approval', { result })
    },
    LIMIT,
  )

  it(
    'cancel-at-25: the post step puts the traffic back, the guard the rest',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'cancel-at-25')
      expectRestored(rehearsed)
      expectAsRecorded('cancel-at-25', rehearsed)
      expect(rehearsed.result.conclusion).toBe('cancelled')
      expect(rehearsed.summaries).toContain('### Traffic put back at the end of the job')
    },
    LIMIT,
  )

  it(
    'runner-lost-at-50: the guard restores, and the evidence says what is missing',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'runner-lost-at-50')
      expectRestored(rehearsed)
      expectAsRecorded('runner-lost-at-50', rehearsed)
      expect(rehearsed.result.evidence.complete).toBe(false)
      expect(rehearsed.summaries).toMatch(/eu-west \/ deploy \(failure\) left no evidence/)
    },
    LIMIT,
  )

  it(
    'red-after-rollout: a red gate at 100 % restores all',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'red-after-rollout')
      expectRestored(rehearsed)
      expectAsRecorded('red-after-rollout', rehearsed)
    },
    LIMIT,
  )

  it(
    'lost-before-commit: a green canary without its commit is not done',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'lost-before-commit')
      expectRestored(rehearsed)
      expectAsRecorded('lost-before-commit', rehearsed)
    },
    LIMIT,
  )

  it(
    'red-in-soak: the committed region is restored, the next never starts',
    async () => {
      const rehearsed = await runRehearsal('--scenario', 'red-in-soak')
      expectRestored(rehearsed)
      expectAsRecorded('red-in-soak', rehearsed)
      expect(rehearsed.summaries).toContain('it went red while it was watched')
    },
    LIMIT,
  )
})

/**
 * The struck region without the others: what comes before it has no part in these. At half the speed, so that a health
 * check has more than one of its two real seconds: the region is to be restored, not unverified.
 */
const EU = ['--regions', 'eu-west', '--speed', '30']
const BACK = { outcome: 'restored', weights: { before: OLD, after: OLD }, serving: OLD }

describe('a bad day of an arm', () => {
  it.each([
    // Every other request fails until the third missed check, six seconds later: hardly a second has more than half.
    ['dead-canary', 5000, 10],
    // Every request fails until the second sample has seen it, and the put-back is done.
    ['dead-canary-at-100', 10_000, 40],
  ])(
    '%s: the traffic is back at once, by the router and by the clients',
    async (scenario, weight, seconds) => {
      const { region } = await runRehearsal('--scenario', scenario, ...EU)
      const { stages, rollbackMs, failingSeconds } = region('eu-west')
      expect(region('eu-west')).toMatchObject({ ...BACK, rollbackVerified: true })
      expect(stages.at(-1)).toMatchObject({ weight, verdict: 'fail' })
      expect(rollbackMs).toBeLessThan(OURS_MS)
      expect(failingSeconds).toBeLessThanOrEqual(seconds)
    },
    LIMIT,
  )

  it(
    'hanging-canary: its missing answers count against it, and it is taken back',
    async () => {
      const { region } = await runRehearsal('--scenario', 'hanging-canary', ...EU)
      const { stages, failedOutsideApp, failingSeconds } = region('eu-west')
      expect(region('eu-west')).toMatchObject({ ...BACK, rollbackVerified: true })
      expect(stages.at(-1)).toMatchObject({ verdict: 'fail' })
      // The clients got 504 from the proxy; at no time from most of them.
      expect(failedOutsideApp).toBeGreaterThan(0)
      expect(failingSeconds).toBeLessThanOrEqual(10)
    },
    LIMIT,
  )

  it(
    'both-arms-down: the traffic waits at the old arm, and is served when it is back',
    async () => {
      const { region } = await runRehearsal('--scenario', 'both-arms-down', ...EU)
      const { stages, failingSeconds } = region('eu-west')
      expect(region('eu-west')).toMatchObject(BACK)
      expect(stages.at(-1)).toMatchObject({ weight: 5000, verdict: 'fail' })
      // Nobody can serve for two minutes; what comes on top is what the checks need to see the arms back.
      expect(failingSeconds).toBeGreaterThan(60)
      expect(failingSeconds).toBeLessThanOrEqual(150)
    },
    LIMIT,
  )

  it(
    'old-arm-dead: nothing is taken from the arm that serves, and the target is held',
    async () => {
      const { exitCode, result, region, summaries } = await runRehearsal('--scenario', 'old-arm-dead', ...EU)
      expect(exitCode).toBe(1)
      const { commands, failingSeconds } = region('eu-west')
      expect(region('eu-west')).toMatchObject({
        outcome: 'restore-failed',
        rollbackVerified: false,
        serving: NEW,
      })
      expect(commands).not.toContain('set server app/blue weight 100')
      expect(result.told).toContain('restore-failed eu-west')
      expect(summaries).toContain('blue is down, and the traffic stays with green')
      // Until the old arm's third missed check; and in an hour of little traffic a second's only request may fail.
      expect(failingSeconds).toBeLessThanOrEqual(20)
    },
    2 * LIMIT,
  )
})

const alone = ['--workflow', 'workflows-templates/callers/canary-step.yml']

describe('canary-step alone', () => {
  it(
    'promotes a healthy release',
    async () => {
      const { exitCode, result, region } = await runRehearsal(...alone)
      expect(exitCode).toBe(0)
      expect(region('eu-west')).toMatchObject({ outcome: 'promoted', weights: { before: OLD, after: NEW } })
      expectAsRecorded('canary-step alone: healthy', { result })
    },
    LIMIT,
  )

  it(
    'restores a bad one',
    async () => {
      const { exitCode, result, region } = await runRehearsal(...alone, '--scenario', 'bad-in-eu')
      expect(exitCode).toBe(1)
      expect(region('eu-west')).toMatchObject({ outcome: 'restored', weights: { before: OLD, after: OLD } })
      expectAsRecorded('canary-step alone: bad-in-eu', { result })
    },
    LIMIT,
  )
})

it(
  'runs two rehearsals side by side',
  async () => {
    const [healthy, bad] = await Promise.all([
      runRehearsal(...alone, '--speed', '30'),
      runRehearsal(...alone, '--scenario', 'bad-in-eu', '--speed', '30'),
    ])
    expect([healthy.region('eu-west').outcome, bad.region('eu-west').outcome]).toEqual([
      'promoted',
      'restored',
    ])
    expectAsRecorded('canary-step alone: healthy', healthy)
    expectAsRecorded('canary-step alone: bad-in-eu', bad)
  },
  LIMIT,
)
