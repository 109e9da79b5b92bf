import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parseRollout, resolveAll } from '@deploy-actions/config'
import { drillNote, takenBackNote, type TransactionRecord } from '@deploy-actions/ledger'
import type { TransactionState } from '@deploy-actions/rollout'
import { startFakeHaproxy, type FakeHaproxy } from '@deploy-actions/testing'
import { status, type StatusOptions } from '../../packages/cli/src/status/status'
import { statusText } from '../../packages/cli/src/status/text'
import type { StatusReport } from '../../packages/cli/src/status/report'
import { SAMPLE_VARIABLES } from '../../packages/cli/src/validate-command'
import { testGitHub, type TestGitHub } from '../../packages/github-emulator/src/emulator.fixture'
import { createFileLedger } from '../../packages/ledger/src/file-ledger'
import { githubLedger, record } from './github-ledger.fixture'
import { accessTo, contentOf, folderOf, onlyLooked, seeing } from './looking.fixture'

// What `deploy-actions status` says of repositories in which something is wrong, and that it changes nothing.

let world: TestGitHub
let haproxy: FakeHaproxy
let files: Awaited<ReturnType<typeof folderOf>>
beforeEach(async () => {
  world = await testGitHub()
  haproxy = await startFakeHaproxy({ blue: 0, green: 100 })
  files = await folderOf({ 'rollout.yml': config() })
})
afterEach(() => Promise.all([world.close(), haproxy.close(), files.remove()]))

const config = (regions = ['eu-west'], port = haproxy.port): string => `
version: 1
service: shop
regions:
${regions.map((name) => `  - { name: ${name}, environment: production-${name} }`).join('\n')}
deploy: { script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh } }
traffic: { canary: { router: { type: haproxy, host: 127.0.0.1, port: ${port}, backend: app } } }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:9/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{server="\${arm}"}'] }
  errors: { source: proxy, sum: ['errors_total{server="\${arm}"}'] }
`

async function look(
  change: Partial<StatusOptions> = {},
  text = config(),
): Promise<StatusReport & { text: string }> {
  const configs = await resolveAll(await parseRollout(text, 'rollout.yml'), { variables: SAMPLE_VARIABLES })
  const access = 'access' in change ? change.access : accessTo(world)
  const [asked, commands, before] = [
    world.github.calls.length,
    haproxy.commands.length,
    await contentOf(files.folder),
  ]
  const options = {
    configs,
    service: 'shop',
    ledger: 'github',
    trustedWorkflows: [],
    access,
    callers: [],
    config: 'rollout.yml',
  }
  const report = await status({ ...options, ...change }, (access ?? accessTo(world)).ports)
  if (world.github.calls.length > asked) onlyLooked(world, asked)
  expect(haproxy.commands.slice(commands).filter((line) => !line.startsWith('show '))).toEqual([])
  expect(await contentOf(files.folder)).toEqual(before)
  return { ...report, text: statusText(report).join('\n') }
}

/** A run brings a release, and this becomes of it. */
async function rollOut(
  run: number,
  change: Partial<TransactionRecord>,
  ...states: [TransactionState, string?][]
) {
  const ledger = githubLedger(world, { run })
  const opened = record(run, {
    previous: { version: '1.2.0', digest: `sha256:${'0'.repeat(64)}` },
    ...change,
  })
  await ledger.open(opened, {})
  for (const [state, note = ''] of states) await ledger.mark(opened, state, note)
  return opened
}
const endOf = (id: number): void => {
  for (const run of world.runs.filter((one) => one.id === id)) run.status = 'completed'
}

/** A day, what it is called, and what a person is told to do. */
interface Day {
  name: string
  begin(): Promise<unknown>
  found: [kind: string, what: RegExp, mend: RegExp][]
  /** what the regions run by the ledger; null where it does not know */
  serving: string | null
}
const oneLine = (text: string): string => text.replace(/\s*\\\n\s*/g, ' ')
const takeBack = (id: string) =>
  new RegExp(
    `^gh workflow run emergency-rollback\\.yml .*-f service=shop -f region=eu-west -f environment=production-eu-west -f to=${id} -f `,
    'm',
  )
const OLD = '1.2.0'
const NEW = '1.3.0'

const days: Day[] = [
  {
    name: 'a restore that has failed, and holds its region',
    async begin() {
      await rollOut(1, {}, ['restoring', 'canary failed'], ['restore-failed', 'haproxy is away'])
      endOf(1)
    },
    found: [
      [
        'restore-failed',
        /1-1-shop-eu-west-1 brought 1\.3\.0 and could not be put back \(restore-failed: haproxy is away\)/,
        new RegExp(
          `${takeBack('1-1-shop-eu-west-1').source}[^]*mode: resolve\\n +to: 1-1-shop-eu-west-1`,
          'm',
        ),
      ],
    ],
    serving: OLD,
  },
  {
    name: 'a rollout whose runner and guard are gone',
    async begin() {
      haproxy.weights = { blue: 60, green: 40 }
      await rollOut(1, {})
      endOf(1)
    },
    found: [['abandoned', /is open, and its run has ended/, takeBack('1-1-shop-eu-west-1')]],
    serving: OLD,
  },
  {
    name: 'a restorer that is gone, too',
    async begin() {
      haproxy.weights = { blue: 60, green: 40 }
      const opened = await rollOut(1, {})
      await githubLedger(world, { run: 2 }).mark(opened, 'restoring', 'by run 2')
      for (const run of [1, 2]) endOf(run)
    },
    found: [
      [
        'abandoned',
        /is restoring, and the runs that opened and restored it have ended/,
        takeBack('1-1-shop-eu-west-1'),
      ],
    ],
    serving: OLD,
  },
  {
    name: 'weights that somebody has changed since the commit',
    async begin() {
      await rollOut(1, {}, ['committed'])
      haproxy.weights = { blue: 60, green: 40 }
    },
    found: [
      [
        'drift',
        /1-1-shop-eu-west-1 committed 1\.3\.0, with blue 0%, green 100%; the router holds blue 60%, green 40%/,
        new RegExp(
          `${takeBack('1-1-shop-eu-west-1').source}[^]*weights: blue=0%,green=100%\\n +expected-current: blue=60%,green=40%`,
          'm',
        ),
      ],
    ],
    serving: NEW,
  },
  {
    name: 'the new release still served after it was taken back',
    begin: () => rollOut(1, {}, ['committed'], ['restoring'], ['restored', 'blue 100%']),
    found: [
      [
        'drift',
        /1-1-shop-eu-west-1 is restored, with blue 100%, green 0%; the router holds blue 0%, green 100%/,
        /mode: set/,
      ],
    ],
    serving: OLD,
  },
  {
    name: 'a release that was put back and not seen to be healthy',
    async begin() {
      haproxy.weights = { blue: 100, green: 0 }
      await rollOut(1, {}, ['restoring'], ['unverified', 'healthz was red'])
    },
    found: [
      [
        'unverified',
        /not seen to be healthy \(unverified: healthz was red\)/,
        takeBack('1-1-shop-eu-west-1'),
      ],
    ],
    serving: OLD,
  },
  {
    name: 'a router that is away',
    async begin() {
      await rollOut(1, {}, ['committed'])
      haproxy.before = () => {
        throw new Error('away')
      }
    },
    found: [['router-unreadable', /the router cannot be read from here: .*haproxy/, /^$/]],
    serving: NEW,
  },
  {
    name: 'an arm that is down under all the traffic',
    async begin() {
      await rollOut(1, {}, ['committed'])
      haproxy.states = { green: 'down' }
    },
    found: [['router-obstacle', /in effect it is .*an arm is down, drained or in maintenance/, /^$/]],
    serving: NEW,
  },
  {
    name: 'a rollout that waits for an approval',
    async begin() {
      await rollOut(1, {}, ['committed'])
      endOf(1)
      waitsFor(2, 'production-eu-west')
    },
    found: [
      ['approval', /actions\/runs\/2 waits for an approval of production-eu-west$/, /^gh run view 2 --web /],
    ],
    serving: NEW,
  },
  {
    name: 'a guard that somebody has to approve',
    async begin() {
      haproxy.weights = { blue: 60, green: 40 }
      await rollOut(1, {})
      waitsFor(1, 'production-eu-west-guard')
    },
    found: [['guard-waits', /waits for an approval of production-eu-west-guard$/, /^gh run view 1 --web /]],
    serving: OLD,
  },
  {
    name: 'a record that somebody has planted: it is told, and never taken for what runs',
    async begin() {
      await rollOut(1, {}, ['committed'])
      const { job } = world.begin({ deployments: 'write' }, { id: 666 })
      const planted = record(666, {
        id: '666-1-shop-eu-west-1',
        release: { version: '9.9.9', digest: `sha256:${'9'.repeat(64)}` },
      })
      const created = await world.send(job, 'POST /deployments', deploymentOf(planted))
      const { id } = (await created.json()) as { id: number }
      await world.send(job, `POST /deployments/${id}/statuses`, {
        state: 'success',
        description: 'committed: all',
        auto_inactive: false,
      })
    },
    found: [
      [
        'planted',
        /^deployment \d+ says to be transaction 666-1-shop-eu-west-1, and counts for nothing: run 666 uploaded no restore point/,
        /^gh api -X GET .*repos\/acme\/shop\/deployments\/\d+$/,
      ],
    ],
    serving: NEW,
  },
  {
    name: 'a transaction of a workflow that is not trusted',
    async begin() {
      // Not where its record would have it: nobody may conclude that from it.
      haproxy.weights = { blue: 100, green: 0 }
      const change = { path: '.github/workflows/other.yml', referencedWorkflows: [] }
      const opened = record(1, {
        run: { ...record(1).run, workflowRef: 'acme/shop/.github/workflows/other.yml@refs/heads/main' },
      })
      const ledger = githubLedger(world, { run: 1, change })
      await ledger.open(opened, {})
      await ledger.mark(opened, 'committed', '')
    },
    found: [
      [
        'not-believed',
        /says to bring 1\.3\.0 of shop, and proves nothing: run 1 uses none of the workflows/,
        /^deploy-actions status --trusted-workflow \.github\/workflows\/other\.yml$/m,
      ],
    ],
    serving: null,
  },
  {
    name: 'a ledger that cannot be read',
    async begin() {
      await rollOut(1, {}, ['committed'])
      world.github.fault({
        match: ({ path }) => path.endsWith('/deployments'),
        then: 'lie',
        times: 99,
        answer: (truth) => ({ ...truth, status: 404, body: { message: 'Not Found' } }),
      })
    },
    found: [['ledger-unreadable', /the ledger cannot be read: GitHub answered 404/, /^$/]],
    serving: null,
  },
]

const deploymentOf = (planted: TransactionRecord) => ({
  ...{ ref: planted.commit, task: `deploy-actions/${planted.service}`, environment: planted.environment },
  ...{ payload: planted, auto_merge: false, required_contexts: [] },
})

/** A run stands before an environment. */
function waitsFor(id: number, environment: string): void {
  const run = world.runs.find((one) => one.id === id) ?? world.begin({}, { id }).run
  for (const job of run.jobs) Object.assign(job, { status: 'waiting', environment })
}

describe('the status', () => {
  it('is calm where all agree', async () => {
    await rollOut(1, {}, ['committed', 'all traffic on green'])
    endOf(1)
    const { ok, text, regions } = await look()
    expect(ok).toBe(true)
    expect(regions).toMatchObject([{ ledger: { serving: { version: NEW }, arm: 'green' }, findings: [] }])
    expect(text).toBe(
      [
        'shop in acme/shop, 12:00:00 UTC: 1 region, ledger and routers agree',
        '',
        'eu-west: 1.3.0 on green, committed 2026-11-20 10:00 UTC; blue 0%, green 100%',
        '',
        "nothing was written; 7 calls of GitHub's API",
      ].join('\n'),
    )
  })

  it('is calm while a rollout is under way, and says who holds what', async () => {
    haproxy.weights = { blue: 60, green: 40 }
    await rollOut(1, {})
    const { ok, text } = await look()
    expect(ok).toBe(true)
    expect(text).toContain('eu-west (production-eu-west): 1.3.0 is under way\n')
    expect(text).toContain('held by 1-1-shop-eu-west-1, open, bringing 1.3.0')
    expect(text).toMatch(/actions\/runs\/1 \(in_progress\)$/m)
  })

  it.each(days)('names $name, and what is to be done', async ({ begin, found, serving }) => {
    await begin()
    const { ok, regions, text } = await look()
    expect(ok).toBe(false)
    const findings = regions.flatMap((region) => region.findings)
    expect(findings.map(({ kind }) => kind)).toEqual(found.map(([kind]) => kind))
    findings.forEach(({ what, mend }, index) => {
      expect(what).toMatch(found[index]?.[1] as RegExp)
      const lines = mend.map((one) => ('run' in one ? oneLine(one.run) : one.to))
      expect(lines.join('\n')).toMatch(found[index]?.[2] as RegExp)
      for (const one of mend) if ('run' in one) expect(text).toContain(one.run.split('\n')[0])
    })
    expect(regions[0]?.ledger?.serving?.version ?? null).toBe(serving)
  })

  it('has the worst first, and the rest in the order of the file', async () => {
    await rollOut(1, { region: 'ap-south' }, ['restoring'], ['restore-failed'])
    await rollOut(2, { region: 'us-east' }, ['committed'])
    await rollOut(3, {}, ['committed'])
    endOf(1)
    const { regions } = await look({}, config(['eu-west', 'us-east', 'ap-south']))
    expect(regions.map(({ name }) => name)).toEqual(['ap-south', 'eu-west', 'us-east'])
  })

  it('goes by the name that the repository has now', async () => {
    await world.close()
    world = await testGitHub({ settings: { formerName: 'acme/store' } })
    await rollOut(1, {}, ['restoring'], ['restore-failed'])
    endOf(1)
    const { regions, repository, text } = await look({ access: accessTo(world, seeing, 'acme/store') })
    expect(repository).toBe('acme/shop')
    expect(regions[0]?.findings.map(({ kind }) => kind)).toEqual(['restore-failed'])
    expect(text).toContain('/acme/shop \\\n')
  })

  it('says once what many regions share, and lets no foreign text move the cursor', async () => {
    const actor = '\u001b[31mann\u202e'
    const release = { version: '1.4.0\u001b[2J', digest: `sha256:${'4'.repeat(64)}` }
    const opened = await rollOut(1, { release, run: { ...record(1).run, actor } })
    expect(opened.release.version).toContain('\u001b')
    const { text } = await look({}, config(['eu-west']))
    expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
    const shared = await look({ access: accessTo(world, {}, 'acme/secret') }, config(['eu', 'us', 'ap']))
    expect(shared.text.match(/GitHub shows no repository/g)).toHaveLength(1)
    expect(shared.text.match(/the same as in eu/g)).toHaveLength(2)
  })

  it('tells the last emergency and the last drill', async () => {
    haproxy.weights = { blue: 100, green: 0 }
    await rollOut(1, {}, ['committed'], ['restoring', takenBackNote('ann', 'orders are lost')], ['restored'])
    await rollOut(
      2,
      { region: 'us-east' },
      ['committed'],
      ['restoring', drillNote('bob', 'of November')],
      ['restored'],
    )
    const { text, regions } = await look({}, config(['eu-west', 'us-east']))
    expect(regions.map(({ ledger }) => ledger?.lastEmergency?.drill)).toEqual([false, true])
    expect(text).toMatch(/1\.3\.0 was taken back by ann: orders are lost \(1-1-shop-eu-west-1,\s+2026-11-20/)
    expect(text).toMatch(/drill +1\.3\.0 was taken back in a drill of bob: of November/)
  })

  it('reads a ledger in a folder, without GitHub', async () => {
    const ledger = `file:${join(files.folder, 'ledger')}`
    const opened = record(1)
    await createFileLedger(join(files.folder, 'ledger'), 'shop', 1).open(opened, {})
    await createFileLedger(join(files.folder, 'ledger'), 'shop', 1).mark(opened, 'committed', '')
    const asked = world.github.calls.length
    const { ok, regions, repository, unchecked } = await look({ ledger, access: undefined })
    expect({ ok, repository, asked: world.github.calls.length - asked }).toEqual({
      ok: true,
      repository: null,
      asked: 0,
    })
    expect(regions[0]?.ledger?.serving?.version).toBe(NEW)
    expect(unchecked).toHaveLength(1)
  })
})

describe('what a status cannot look at', () => {
  it('is said, and the routers are read all the same, with a token that may see nothing', async () => {
    const access = accessTo(world, {}, 'acme/secret')
    const { ok, regions } = await look({ access })
    expect(ok).toBe(false)
    expect(regions[0]?.findings.map(({ what }) => what)).toEqual([
      'the ledger cannot be read: GitHub shows no repository acme/secret to this token: the name is wrong, or the token may not see it',
    ])
    expect(regions[0]?.router?.weights).toEqual({ blue: 0, green: 10_000 })
  })

  it('names the permission that is missing', async () => {
    const { regions, unchecked } = await look({ access: accessTo(world, { contents: 'read' }) })
    expect(regions[0]?.findings[0]?.what).toMatch(/the token lacks `deployments: .*use a token that has it/)
    expect(unchecked[0]?.why).toMatch(/the token lacks `actions: read`/)
  })

  it('is not waited for when the calls of the hour are used up', async () => {
    world.github.useUpQuota(new Date(Date.now() + 3_000_000))
    const { regions } = await look()
    expect(regions[0]?.findings[0]?.what).toMatch(/rate limit/)
  })
})

describe('what a status costs', () => {
  it('is a few calls for each region, whatever the history is, and shares what regions have in common', async () => {
    const names = Array.from({ length: 30 }, (_, index) => `r-${index}`)
    await world.close()
    world = await testGitHub({ environments: names.map((name) => ({ name: `production-${name}` })) })
    const costs: number[] = []
    for (const run of [1, 2, 3, 4, 5, 6, 7, 8]) {
      for (const region of names.slice(0, 3)) await rollOut(run, { region }, ['committed'])
      endOf(run)
      costs.push((await look({}, config(names))).githubCalls)
    }
    expect(costs.slice(4)).toEqual(Array(4).fill(costs[4]))
    // The repository and what waits; a list for each region; statuses and environment of those with five rollouts or more,
    // and of each rollout its run and its artifacts.
    expect(costs[4]).toBe(2 + 30 + 3 * (5 + 1) + 5 * 2)
  })
})
