import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import {
  Cancelled,
  GateFailed,
  InputError,
  ProviderError,
  type ChildProcess,
  type ChildResult,
  type GitHub,
  type HttpResponse,
} from '@deploy-actions/action-kit'
import { openLedger, takenBackNote } from '@deploy-actions/ledger'
import type { OrderKind } from '@deploy-actions/rollout'
import {
  createFakePorts,
  simulateRegion,
  type FakePorts,
  type SimulatedRegion,
  startFakeHaproxy,
} from '@deploy-actions/testing'
import { createFakeClock, type FakeClock } from '@deploy-actions/testing'
import { routers } from '@deploy-actions/traffic'
import { beginTransaction, findTargetArms } from '@deploy-actions/transaction'
import { inputs as schema } from './inputs'
import { main } from './main'
import type { Outputs } from './outputs'

const release = { version: '1.1.0', digest: `sha256:${'b'.repeat(64)}` }
const proper = {
  protection_rules: [{ type: 'required_reviewers', reviewers: [{}] }],
  deployment_branch_policy: {},
  can_admins_bypass: false,
}
const unguarded = { protection_rules: [], deployment_branch_policy: {}, can_admins_bypass: false }

let region: SimulatedRegion
let clock: FakeClock
let workspace: string
/** What the API says of an environment, by name; absent is 404. */
let environments: Record<string, object>
/** The scripts that were run, and how each ends. */
let children: ChildProcess[]
let ends: Partial<ChildResult>

beforeEach(async () => {
  clock = createFakeClock()
  region = await simulateRegion({ clock, seed: 1, requestsPerSecond: 100, errorRate: () => 0.001 })
  workspace = await mkdtemp(join(tmpdir(), 'plan-'))
  children = []
  ends = {}
  environments = {
    'production-us': proper,
    'production-us-guard': unguarded,
    'production-eu': proper,
    'production-eu-guard': unguarded,
  }
})
afterEach(() => region.close())

const github: GitHub = {
  request: (route, parameters) => {
    const name = String(parameters?.['environment_name'])
    const found = environments[name]
    if (!route.startsWith('GET /repos/{owner}/{repo}/environments/'))
      return Promise.reject(new Error(`no test answers ${route}`))
    return found
      ? Promise.resolve({ name, ...found } as never)
      : Promise.reject(new ProviderError('Not Found', { provider: 'GitHub', status: 404 }))
  },
  list: (route) => Promise.reject(new Error(`no test answers ${route}`)),
}

function config(change: (text: string) => string = (text) => text): string {
  return change(`version: 1
service: shop
regions:
  - { name: us, environment: production-us }
  - { name: eu, environment: production-eu }
order: { kind: delayed, delay: 30m }
deploy: { script: { run: ops/x.sh, snapshot: ops/x.sh, restore: ops/x.sh } }
traffic: { canary: { router: ${region.inputs.router} } }
metrics: ${region.inputs.metrics}
checks: { up: { type: http, url: 'http://10.0.0.1/healthz' } }
gates: { after-rollout: { checks: [up], timeout: 30m } }
canary:
  analysis: { min-requests: 80 }
  stages: [{ weight: 10%, watch: 5m }, { weight: 100%, watch: 15m }]
`)
}

/** With an infrastructure that gives the port of the proxy. */
const onOutputs = (): string =>
  config((text) => text.replace(`port: ${region.haproxy.port}`, "port: '${infra.port}'")) +
  `infrastructure: { path: ops, workspace: '\${region}', plan-key-secret: PLAN_KEY, outputs: { port: '${region.haproxy.port}' } }\n`

interface Planned {
  outcome: Outputs | Error
  ports: FakePorts
}

async function plan(
  text = config(),
  more: Record<string, string> = {},
  runId = 1001,
  attempt = 1,
  answer: (url: string) => Partial<HttpResponse> = () => region.metrics(),
): Promise<Planned> {
  await mkdir(join(workspace, 'ops'), { recursive: true })
  await writeFile(join(workspace, 'ops/x.sh'), '#!/bin/sh\n', { mode: 0o755 })
  await writeFile(join(workspace, 'rollout.yml'), text)
  const ports = {
    ...createFakePorts({
      ...{ clock, github, http: ({ url }) => answer(url), context: { runId, attempt } },
      secrets: { PLAN_KEY: 'fedcba9876543210fedcba9876543210' },
      process(child) {
        children.push(child)
        return ends
      },
    }),
  }
  const outcome = await main(schema.parse({ ...release, ledger: `file:${workspace}/ledger`, ...more }), {
    ...ports,
    context: { ...ports.context, workspace },
  }).catch((error: Error) => error)
  return { outcome, ports }
}

/** Another run has a transaction open in a region. */
async function openElsewhere(
  environment: string,
  state: 'open' | 'committed',
  {
    release: brought = release,
    runId = 77,
    infra,
  }: { release?: typeof release; runId?: number; infra?: Record<string, string> } = {},
): Promise<void> {
  const ports = createFakePorts({ clock, context: { runId, actor: 'bob' } })
  const ledger = openLedger(`file:${workspace}/ledger`, 'shop', ports)
  const router = await routers.configure({ type: 'haproxy', port: region.haproxy.port, backend: 'app' })
  const target = { service: 'shop', region: environment.slice(-2), environment, correlationId: 'shop-77-1' }
  const { record } = await beginTransaction(
    {
      ...target,
      ledgerSpec: `file:${workspace}/ledger`,
      ledger,
      ...{ release: brought, infra },
      found: await findTargetArms(target, router, ['blue', 'green'], ports),
    },
    ports,
  )
  if (state === 'committed') await ledger.mark({ id: record.id }, 'committed', 'done')
}

const message = ({ outcome }: Planned): string =>
  outcome instanceof Error ? outcome.message : `no error: ${outcome.reason}`

describe('a plan', () => {
  it('names the regions in order, each with its predecessor and its parts', async () => {
    const { outcome, ports } = await plan()
    expect(outcome).toMatchObject({
      outcome: 'planned',
      service: 'shop',
      order: 'delayed',
      'max-parallel': 1,
      delay: '30m',
      'delay-minutes': 30,
      // 5 + 15 minutes of stages in two regions, and one soak of 30.
      'estimated-duration': '1h10m',
      regions: [
        { name: 'us', predecessor: '', 'guard-environment': 'production-us-guard', parts: { soak: false } },
        {
          name: 'eu',
          predecessor: 'us',
          'predecessor-guard-environment': 'production-us-guard',
          parts: { soak: true, before: false },
        },
      ],
    })
    expect(ports.recorded.summary.join()).toContain('r0 -->|watched 30m| r1')
  })

  it('lets all go at once in parallel, and keeps the order of the file when regions are named', async () => {
    expect((await plan(config(), { order: 'parallel' })).outcome).toMatchObject({
      'max-parallel': 2,
      regions: [{ predecessor: '' }, { predecessor: '' }],
    })
    expect((await plan(config(), { regions: 'eu, us', order: 'serial' })).outcome).toMatchObject({
      regions: [{ name: 'us' }, { name: 'eu', predecessor: 'us', parts: { soak: false } }],
    })
  })

  it('says what the stages find at the traffic of the region that has the least', async () => {
    const quiet = await simulateRegion({ clock, seed: 2, requestsPerSecond: 20, errorRate: () => 0.01 })
    const text = config((text) =>
      text
        .replace(
          'environment: production-us',
          `environment: production-us, vars: { port: '${region.haproxy.port}' }`,
        )
        .replace(
          'environment: production-eu',
          `environment: production-eu, vars: { port: '${quiet.haproxy.port}' }`,
        )
        .replace(`port: ${region.haproxy.port},`, "port: '${vars.port}',")
        .replace(/http:\/\/[^/]+\/metrics/, 'http://${region}.example.com/metrics'),
    )
    const { outcome, ports } = await plan(text, {}, 1001, 1, (url) =>
      url.includes('eu') ? quiet.metrics() : region.metrics(),
    )
    await quiet.close()
    expect(outcome).toMatchObject({ outcome: 'planned' })
    const summary = ports.recorded.summary.join()
    expect(summary).toMatch(
      /What the stages find in eu, which has the least traffic: (1|2)\d(\.\d)? requests\/s, and \d+ of \d+ failed in \ds?/,
    )
    expect(summary).toMatch(/\| 10% \| \d+(\.\d)?% \(\d+(\.\d)? times\) \| \d+m(\d+s)? \| \d+ \| - \|/)
  })

  it('says in which steps a person may take it back', async () => {
    const staged = 'rollback: { staged: [{ weight: 75%, watch: 5m }, { weight: 0% }] }\n'
    const { ports } = await plan(config((text) => `${text}${staged}`))
    expect(ports.recorded.summary.join()).toContain(
      'Once committed, a person may take it back in steps: 75% for 5m, 0%.',
    )
    expect((await plan()).ports.recorded.summary.join()).not.toContain('in steps')
  })

  it('says where there is an infrastructure to be planned and applied', async () => {
    const infrastructure =
      "infrastructure: { path: ops, workspace: '${region}', plan-key-secret: PLAN_KEY, timeout: 20m }\n"
    const [without, having] = [await plan(), await plan(config((text) => text + infrastructure))]
    const parts = ({ outcome }: Planned) =>
      outcome instanceof Error ? outcome : outcome.regions?.map((region) => region.parts.infrastructure)
    expect([parts(without), parts(having)]).toEqual([
      [false, false],
      [true, true],
    ])
    expect(having.ports.recorded.summary.join()).toContain(
      'will be rolled out; its infrastructure (ops) planned by terraform before the approval',
    )
    // Several are brought by a workflow of their own.
    const stacks = `infrastructure: { plan-key-secret: PLAN_KEY, stacks: { dns: { path: ops, workspace: '\${region}' } } }\n`
    expect(parts(await plan(config((text) => text + stacks)))).toEqual([false, false])
  })

  it('asks nothing of a router or metrics that stand on what an infrastructure gives', async () => {
    const { outcome, ports } = await plan(onOutputs())
    expect(outcome).toMatchObject({ regions: [{ parts: { infrastructure: true, outputs: true } }, {}] })
    // Its example is nobody's address.
    expect(region.haproxy.commands).toEqual([])
    expect(ports.recorded.log.map(({ line }) => line).join()).toMatch(
      /routers and metrics are looked at once the infrastructure of their region was planned/,
    )
  })

  it('has the share of each region moved where a router steers that, and not all at once', async () => {
    const sharing = config()
      .replace('environment: production-us', 'environment: production-us, share: 70%')
      .replace('environment: production-eu', 'environment: production-eu, share: 30%')
      .replace(
        'traffic: {',
        `traffic: { regions: { router: { type: haproxy, port: ${region.haproxy.port}, backend: app, members: { us: blue, eu: green } } },`,
      )
    const { outcome, ports } = await plan(sharing)
    expect(outcome).toMatchObject({ regions: [{ parts: { share: true } }, { parts: { share: true } }] })
    expect(ports.recorded.summary.join()).toContain(
      'will be rolled out; 30% of the global traffic, 10% while it is deployed to',
    )
    // The router that stands in gives eu nothing, so that nobody is there for us.
    expect(ports.recorded.log.map(({ line }) => line).join()).toMatch(
      /the share of us could not be drained now, .*: traffic.regions: us keeps its share, since no other region may take it over/,
    )
    expect((await plan()).outcome).toMatchObject({ regions: [{ parts: { share: false } }, {}] })
    expect(message(await plan(sharing, { order: 'parallel' }))).toMatch(
      /order: parallel would drain all regions at once, .*roll out with order: serial or delayed/,
    )
  })

  it('may promise a rollback within three seconds over HAProxy', async () => {
    expect((await plan(`${config()}rollback: { within: 3s }\n`)).outcome).toMatchObject({
      outcome: 'planned',
    })
  })

  it('skips a region that runs this digest, and still has the next one prove it', async () => {
    await openElsewhere('production-us', 'committed')
    expect((await plan()).outcome).toMatchObject({
      regions: [{ name: 'eu', predecessor: 'us' }],
      plan: { skipped: [{ name: 'us', reason: expect.stringContaining('is committed with this digest') }] },
    })
    await openElsewhere('production-eu', 'committed')
    expect((await plan()).outcome).toMatchObject({
      regions: [],
      reason: 'all regions already run 1.1.0: us, eu',
    })
  })
})

describe('a plan is refused, and nothing is written,', () => {
  it.each<[string, (text: string) => string, RegExp]>([
    [
      'for an unknown key, with its place',
      (text) => text.replace('min-requests', 'min-request'),
      /rollout\.yml:13:15: canary\.analysis\.min-request: unknown key; known here: .*Did you mean min-requests\?/,
    ],
    [
      'for an unresolved variable',
      (text) => text.replace('ops/x.sh,', "'ops/${vars.script}',"),
      /rollout\.yml:7:26: \$\{vars\.script\} is not a variable; known: region, /,
    ],
    [
      'for stages that do not rise',
      (text) => text.replace('10%', '100%'),
      /canary\.stages\[1\]\.weight: stages must rise/,
    ],
    [
      'for two regions with one environment',
      (text) => text.replace('production-eu', 'production-us'),
      /regions\[1\]\.environment: us already has the environment production-us/,
    ],
    [
      'for a worst case beyond the job limit',
      (text) => text.replace('watch: 15m', 'watch: 3h'),
      /could take 10h24m2s at worst, and a hosted job is ended after 6h/,
    ],
    [
      'for min-requests out of reach',
      (text) => text.replace('min-requests: 80', 'min-requests: 90000'),
      /canary\.stages\[0\] \(10%\): needs 90000 requests.*longest watch of 15m/,
    ],
    [
      'for a secret that was not handed over',
      (text) => `${text}notifications: [{ type: webhook, url-secret: HOOK }]\n`,
      /rollout\.yml:\d+:\d+: url-secret: the secret HOOK was not handed over/,
    ],
    [
      'for secrets of scripts that were not handed over, all at once',
      (text) => text.replace('restore: ops/x.sh', 'restore: ops/x.sh, env-secrets: [API_KEY, HOOK]'),
      /env-secrets: the secret API_KEY was not handed over[^]*the secret HOOK was not handed over/,
    ],
    [
      'for a delay that no job can wait',
      (text) => text.replace('delay: 30m', 'delay: 12h'),
      /a delay of 12h does not fit into the soak job \(5h30m\)/,
    ],
    [
      'for a delay in which nothing is watched',
      (text) => text.replace(/gates: .*\n/, ''),
      /nothing would be watched in the delay/,
    ],
    [
      'for a rollback that is promised sooner than the router takes effect',
      (text) => `${text}rollback: { within: 2s }\n`,
      // Two seconds of ours, and one of HAProxy's.
      /rollback\.within of us: promises 2s, and a write of haproxy takes effect within 1s, after at most 2s of ours[^]*rollback\.within of eu/,
    ],
    [
      'for shares that its router cannot give, all at once',
      (text) =>
        `${text
          .replace(
            /router: \{ type: haproxy.*? \}/,
            'router: { type: kubernetes-service, service: shop, members: { blue: { value: blue }, green: { value: green } } }',
          )
          .replace(
            'watch: 15m',
            'watch: 15m, on-fail: { to: 5%, hold: 10m }',
          )}rollback: { staged: [{ weight: 50%, watch: 5m }, { weight: 0% }] }\n`,
      /canary\.stages\[0\]\.weight of us: asks for 10%, and kubernetes-service gives all the traffic to one arm: write 100%[^]*canary\.stages\[1\]\.on-fail\.to of us: asks for 5%[^]*rollback\.staged\[0\]\.weight of us: asks for 50%[^]*of eu: asks for/,
    ],
    [
      'for a rollback that is promised sooner than a stage steps back',
      (text) =>
        `${text.replace('watch: 15m', 'watch: 15m, on-fail: { to: 5%, hold: 10m }')}rollback: { within: 90s }\n`,
      /rollback\.within of us: promises 1m30s, and the stage of \d+% is watched for longer when it has failed/,
    ],
    [
      'for a release that is left running for longer than the guard has left',
      (text) => `${text}rollback: { keep-canary: 31m }\n`,
      /rollout\.yml:\d+:\d+: rollback\.keep-canary: is longer than 30m, which the guard would not have left/,
    ],
    [
      'for a release that is left running while its restore has no time left for it',
      (text) =>
        `${text.replace('restore: ops/x.sh', 'restore: ops/x.sh, timeout: 25m')}rollback: { keep-canary: 30m }\n`,
      /putting a deploy back could take 55m \(deploy\.script\), and may take at most 50m/,
    ],
    [
      'for a script that the guard has no time to run',
      (text) => text.replace('restore: ops/x.sh', 'restore: ops/x.sh, timeout: 90m'),
      /putting a deploy back could take 1h30m \(deploy\.script\), and may take at most 50m: the guard restores/,
    ],
    [
      'for an infrastructure that is not there',
      (text) =>
        `${text}infrastructure: { path: infra, workspace: '\${region}', var-files: ['\${region}.tfvars'], plan-key-secret: PLAN_KEY }\n`,
      /infrastructure\.path: infra is not in the repository[^]*infrastructure\.var-files: us\.tfvars is not[^]*eu\.tfvars/,
    ],
    [
      'for an infrastructure that its job has no time for',
      (text) =>
        `${text}infrastructure: { path: ops, workspace: '\${region}', timeout: 5h30m, plan-key-secret: PLAN_KEY }\n`,
      /could take \S+ at worst, and a hosted job is ended after 6h .*: shorten max-watch, or the timeouts of infrastructure, gates, hooks and the deploy/,
    ],
    [
      'for a script that is not there',
      (text) => text.replace('run: ops/x.sh', 'run: ops/y.sh'),
      /deploy\.script\.run: ops\/y\.sh is not in the repository or not executable/,
    ],
  ])('%s', async (_, change, expected) => {
    const planned = await plan(config(change))
    expect(planned.outcome).toBeInstanceOf(InputError)
    expect(message(planned)).toMatch(expected)
    expect(region.haproxy.commands.filter((command) => command.startsWith('set'))).toEqual([])
  })

  it('for a delay of this run after which the arm to go back to is gone', async () => {
    const kept = config((text) => `${text}arms: { keep-old: 45m }\nhooks: { decommission: ops/x.sh }\n`)
    expect((await plan(kept)).outcome).toMatchObject({ outcome: 'planned' })
    expect(message(await plan(kept, { delay: '90m' }))).toMatch(
      /us: a delay of 1h30m is longer than arms\.keep-old \(45m\): the old arm would go while it is watched/,
    )
    expect((await plan(kept, { order: 'serial', delay: '90m' })).outcome).toMatchObject({
      outcome: 'planned',
    })
  })

  it('for an unknown region, naming the known ones', async () => {
    expect(message(await plan(config(), { regions: 'us,eu-west' }))).toMatch(
      /no region is named eu-west; known in rollout\.yml: us, eu/,
    )
  })

  it('for an environment that is missing, or a guard environment with reviewers or a timer', async () => {
    delete environments['production-us']
    environments['production-eu-guard'] = {
      ...unguarded,
      protection_rules: [
        { type: 'required_reviewers', reviewers: [{}] },
        { type: 'wait_timer', wait_timer: 5 },
      ],
    }
    expect(message(await plan())).toMatch(
      /us: the environment production-us does not exist[^]*eu: guard environment production-eu-guard has required reviewers and a wait timer/,
    )
  })

  it('for an unprotected environment when that is asked for, and warns otherwise', async () => {
    environments['production-us'] = unguarded
    expect(message(await plan(config(), { 'require-protection': 'fail' }))).toMatch(
      /us: environment production-us has no required reviewers/,
    )
    const { outcome, ports } = await plan()
    expect(outcome).toMatchObject({ outcome: 'planned' })
    expect(
      ports.recorded.log
        .filter(({ level }) => level === 'warning')
        .map(({ line }) => line)
        .join(),
    ).toMatch(/production-us has no required reviewers/)
  })

  it('for a live transaction of another run, which is named and left alone', async () => {
    await openElsewhere('production-eu', 'open')
    expect(message(await plan())).toMatch(/shop in eu is held by run 77 \(attempt 1, bob\)/)
    const [entry] = await openLedger(`file:${workspace}/ledger`, 'shop', createFakePorts()).find({})
    expect(entry).toMatchObject({ state: 'open' })
  })

  it('when neither arm carries all the traffic', async () => {
    region.haproxy.weights = { blue: 60, green: 40 }
    expect(message(await plan())).toMatch(
      /us: neither arm carries all the traffic: the router holds blue 60%, green 40%/,
    )
  })

  it('when the proxies of a pair do not hold the same', async () => {
    const other = await startFakeHaproxy({ blue: 75, green: 25 })
    const hosts = `hosts: ['127.0.0.1:${region.haproxy.port}', '127.0.0.1:${other.port}']`
    const planned = await plan(
      config((text) =>
        text.replace(/router: .*(?= \} \})/, `router: { type: haproxy, ${hosts}, port: 9999, backend: app }`),
      ),
    )
    await other.close()
    expect(message(planned)).toMatch(
      /us: its addresses differ: .* holds blue 100%, green 0%, and .* holds blue 75%, green 25%/,
    )
  })

  it('not for what an earlier attempt of this run left split: that is restored first', async () => {
    for (const environment of ['production-us', 'production-eu']) await openElsewhere(environment, 'open')
    region.haproxy.weights = { blue: 60, green: 40 }
    expect((await plan(config(), {}, 77)).outcome).toMatchObject({ outcome: 'planned' })
    expect(message(await plan(config(), {}, 78))).toMatch(/shop in us is held by run 77/)
  })

  it('in a further attempt names all regions for their guards, and nothing to roll out', async () => {
    await openElsewhere('production-eu', 'open')
    const first = (await plan()).outcome as InputError
    expect(first.outputs).toEqual({})
    const again = (await plan(config(), {}, 1001, 2)).outcome as InputError
    expect(again.message).toBe(first.message)
    expect(again.outputs).toEqual({
      service: 'shop',
      // No guard waits for another.
      'max-parallel': 2,
      regions: [
        expect.objectContaining({ name: 'us', 'guard-environment': 'production-us-guard' }),
        expect.objectContaining({ name: 'eu', 'guard-environment': 'production-eu-guard' }),
      ],
    })
  })

  it('for a release that a person had taken back in any region, unless that is said', async () => {
    await openElsewhere('production-eu', 'committed')
    const ledger = openLedger(`file:${workspace}/ledger`, 'shop', createFakePorts({ clock }))
    const [entry] = await ledger.find({ limit: 1 })
    if (!entry) throw new Error('nothing was rolled out')
    await ledger.mark(entry.record, 'restoring', takenBackNote('ann', 'orders are lost'))
    await ledger.mark(entry.record, 'restored', '')
    const { version, digest } = entry.record.release
    expect(message(await plan(config(), { version, digest }))).toMatch(
      /was taken back by ann: orders are lost \(in eu, transaction .*\); to roll it out again all the same, say so: again: true/,
    )
    expect((await plan(config(), { version, digest, again: 'true' })).outcome).toMatchObject({
      outcome: 'planned',
    })
  })

  it('for a release that is older than the one that serves, unless that is said', async () => {
    await openElsewhere('production-eu', 'committed')
    const newer = { version: '9.0', digest: `sha256:${'9'.repeat(64)}` }
    await openElsewhere('production-eu', 'committed', { release: newer, runId: 78 })
    expect(message(await plan(config(), release))).toMatch(
      /9\.0, which serves in eu since run 78, would be replaced by an older release: .* was committed in eu before/,
    )
    expect((await plan(config(), { ...release, 'allow-older': 'true' })).outcome).toMatchObject({
      outcome: 'planned',
    })
  })

  it.each<[string, string, string | undefined]>([
    ['in its window', '{ allow: [{ rrule: FREQ=DAILY;BYHOUR=9, duration: 4h }] }', undefined],
    [
      'outside',
      '{ allow: [{ rrule: FREQ=DAILY;BYHOUR=2, duration: 4h }] }',
      'production-us: its windows are closed (FREQ=DAILY;BYHOUR=2 for 4h (UTC)); it opens next at 2026-11-22T02:00:00Z',
    ],
    [
      'in a freeze',
      '{ freeze: [{ from: 2026-11-20, to: 2026-11-22, reason: a fair }] }',
      'production-us: nothing begins until 2026-11-23T00:00:00Z (a fair); it opens next at 2026-11-23T00:00:00Z',
    ],
    // Of an hour and ten minutes a little more than an hour is left.
    [
      'where the whole does not fit',
      '{ allow: [{ rrule: FREQ=DAILY;BYHOUR=7, duration: 4h }], cover: rollout }',
      'production-us: it may take 1h10m, and its window closes at 2026-11-21T11:00:00Z; it opens next at 2026-11-22T07:00:00Z',
    ],
  ])('%s of rollout.yml, unless that is said', async (_, windows, why) => {
    const text = `${config()}windows: ${windows}\n`
    const { outcome } = await plan(text)
    if (why === undefined) expect(outcome).toMatchObject({ outcome: 'planned' })
    else
      expect((outcome as Error).message).toContain(
        `${why}. Where it has to begin all the same, say why in \`override-window\``,
      )
    const { outcome: all, ports } = await plan(text, { 'override-window': 'orders are lost' })
    expect(all).toMatchObject({ outcome: 'planned' })
    if (why !== undefined)
      expect(ports.recorded.facts).toMatchObject({
        'windowOverridden production-us': { why, reason: 'orders are lost' },
      })
  })

  it('for a region or a service that somebody has frozen, and no longer than that', async () => {
    const ledger = openLedger(`file:${workspace}/ledger`, 'shop', createFakePorts({ clock }))
    const until = (hours: number) => ({
      ...{ from: clock.now(), until: new Date(clock.now().getTime() + hours * 3_600_000) },
      reason: 'taken back by ann: orders are lost',
    })
    await ledger.freeze({ ...until(1), environment: 'Production-EU' }, 'production-eu')
    // The region alone: that one comes later, and is asked then.
    expect((await plan()).outcome).toMatchObject({ outcome: 'planned' })
    expect(message(await plan(config(), { order: 'parallel' }))).toMatch(
      /^production-eu: nothing begins until \S+Z \(taken back by ann: orders are lost\); it opens next at \S+Z\. Where it has to/,
    )
    await ledger.freeze(until(2), 'production-eu')
    expect(message(await plan(config(), { regions: 'us' }))).toMatch(/^production-us: nothing begins/)
    clock.advance(2 * 3_600_000)
    expect((await plan(config(), { regions: 'us' })).outcome).toMatchObject({ outcome: 'planned' })
  })

  describe('in parallel', () => {
    const needs = 'delayed-successes: 2, within: 10d, rollback-drill-within: 5d'
    const text = () =>
      config((one) => one.replace('delay: 30m }', `delay: 30m, parallel-needs: { ${needs} } }`))
    const DAY_MS = 86_400_000
    /** A release came to regions some days ago. */
    async function came(letter: string, order: OrderKind, days: number, ...regions: string[]): Promise<void> {
      for (const name of regions) {
        const ports = createFakePorts({ clock, context: { runId: 60 + days } })
        const ledger = openLedger(`file:${workspace}/ledger`, 'shop', ports)
        const record = {
          ...{ v: 1 as const, id: `${letter}-${name}-${days}`, service: 'shop', region: name, order },
          ...{ environment: `production-${name}`, commit: 'c'.repeat(40), correlationId: 'c' },
          release: { version: `1.${letter}`, digest: `sha256:${letter.repeat(64)}` },
          run: { id: 60 + days, attempt: 1, workflowRef: 'w', actor: 'ann' },
          openedAt: new Date(clock.now().getTime() - days * DAY_MS).toISOString(),
          restore: [],
        }
        await ledger.open(record, {})
        await ledger.mark(record, 'committed', 'done')
        if (letter !== 'd') continue
        await ledger.mark(record, 'restoring', 'x')
        await ledger.mark(record, 'restored', 'a drill of ann: November')
      }
    }
    const ask = async (order = 'parallel', regions = 'all') => message(await plan(text(), { order, regions }))

    it('until as many came to all regions one after the other, and a drill was carried through', async () => {
      await came('a', 'delayed', 11, 'us', 'eu')
      await came('1', 'delayed', 9, 'us', 'eu')
      await came('2', 'serial', 8, 'us', 'eu')
      await came('3', 'delayed', 7, 'us')
      await came('d', 'delayed', 6, 'us')
      expect(await ask()).toBe(
        [
          'order: parallel is not earned yet: 1 of 2 releases came to all regions by order: delayed within 10d (1.1). Until then roll out with order: delayed or serial',
          'order: parallel is not earned yet: no drill of the emergency rollback was carried through within 5d, by the newest 50 that were put back: run it with drill: true. Until then roll out with order: delayed or serial',
        ].join('\n'),
      )
      expect(await ask('serial')).toMatch(/^no error/)
      expect(await ask('parallel', 'us')).toMatch(/^no error/)
      await came('4', 'delayed', 4, 'us', 'eu')
      await came('d', 'delayed', 3, 'us')
      expect(await ask()).toMatch(/^no error/)
    })
  })

  it('in a further attempt names them also where nothing of rollout.yml can be filled in', async () => {
    const text = config((one) =>
      one.replace('restore: ops/x.sh }', 'restore: ops/x.sh, env-secrets: [TOKEN] }'),
    )
    const again = (await plan(text, { regions: 'eu' }, 1001, 2)).outcome as InputError
    expect(again.message).toContain('the secret TOKEN was not handed over')
    expect(again.outputs).toMatchObject({
      regions: [{ name: 'eu', 'guard-environment': 'production-eu-guard' }],
    })
  })

  it('for a query whose names cannot be right, and warns of one that matches nothing', async () => {
    const asking = (code: string) => config((text) => text.replace(/(errors: .*code=)"5xx"/, `$1"${code}"`))
    expect(message(await plan(asking('5XX')))).toMatch(
      /us: metrics\.errors: .*code is never "5XX" in requests_total, but "5xx"/,
    )
    const { outcome, ports } = await plan(asking('500'))
    expect(outcome).toMatchObject({ outcome: 'planned' })
    expect(ports.recorded.log.map(({ line }) => line).join('\n')).toMatch(
      /us: metrics\.errors: .* matches nothing of either arm/,
    )
  })

  it('only with a warning where the router cannot be reached from the plan job', async () => {
    const { outcome, ports } = await plan(
      config((text) => text.replace(`port: ${region.haproxy.port}`, 'port: 1')),
    )
    expect(outcome).toMatchObject({ outcome: 'planned' })
    expect(ports.recorded.log.map(({ line }) => line).join()).toMatch(
      /could not be asked from this job.*could not be reached/,
    )
  })

  it('without a digest that is one', () => {
    const parsed = schema.safeParse({ ...release, digest: 'shop:latest' })
    expect(parsed.error?.issues[0]?.message).toMatch(/is not an immutable digest/)
    expect(schema.safeParse({ version: '1' }).success).toBe(false)
  })
})

describe('one region', () => {
  it('has its router and metrics asked once it is known what its infrastructure gives', async () => {
    const ask = (infra: Record<string, string>, text = onOutputs()) =>
      plan(text, { mode: 'reach', region: 'eu', infra: JSON.stringify(infra) })
    const port = String(region.haproxy.port)
    expect((await ask({ port })).outcome).toMatchObject({ outcome: 'proceed' })
    expect(region.haproxy.commands.length).toBeGreaterThan(0)
    const misspelt = onOutputs().replace(/(errors: .*code=)"5xx"/, '$1"5XX"')
    expect(message(await ask({ port }, misspelt))).toMatch(/code is never "5XX" in requests_total, but "5xx"/)
    expect(message(await ask({}))).toMatch(/infrastructure: the output port has no value here/)
    region.haproxy.weights = { blue: 50, green: 50 }
    expect(message(await ask({ port }))).toMatch(/neither arm carries all the traffic/)
    // What an earlier attempt of this run has left split is restored before anything else.
    region.haproxy.weights = { blue: 100, green: 0 }
    await openElsewhere('production-eu', 'open', { runId: 1001 })
    region.haproxy.weights = { blue: 50, green: 50 }
    expect((await ask({ port })).outcome).toMatchObject({ outcome: 'proceed' })
  })

  it('may be asked for its predecessor alone, whoever holds it itself', async () => {
    const ask = (mode: string) => plan(config(), { mode, region: 'eu', predecessor: 'us' })
    await openElsewhere('production-us', 'committed')
    await openElsewhere('production-eu', 'open')
    expect((await ask('predecessor')).outcome).toMatchObject({
      outcome: 'proceed',
      reason: 'us is committed with 1.1.0 (transaction 77-1-shop-us-1)',
      'predecessor-transaction': '77-1-shop-us-1',
      'predecessor-arm': 'green',
    })
    expect(message(await ask('region'))).toMatch(/shop in eu is held by run 77/)
  })

  it('is told what the infrastructure of its predecessor gave, to watch that by where its state cannot be read', async () => {
    const ask = () => plan(onOutputs(), { mode: 'predecessor', region: 'eu', predecessor: 'us' })
    const infra = { port: '8404' }
    await openElsewhere('production-us', 'committed', { infra })
    expect((await ask()).outcome).toMatchObject({ 'predecessor-infra': infra })
    // Without it the region is watched by its state alone.
    await rm(join(workspace, 'ledger/settings-77-1-shop-us-1.json'))
    const { outcome, ports } = await ask()
    expect(outcome).toMatchObject({ outcome: 'proceed', proceed: true })
    expect(outcome).not.toHaveProperty('predecessor-infra')
    expect(ports.recorded.log).toContainEqual({
      level: 'warning',
      line: expect.stringMatching(/^what was kept of 77-1-shop-us-1 could not be read: /),
    })
    // Nobody reads it where nothing is told.
    const plain = await plan(config(), { mode: 'predecessor', region: 'eu', predecessor: 'us' })
    expect(plain.ports.recorded.log.filter(({ level }) => level === 'warning')).toEqual([])
  })

  it('stops until its predecessor is committed with this digest', async () => {
    const prove = () => plan(config(), { mode: 'region', region: 'eu', predecessor: 'us' })
    expect((await prove()).outcome).toMatchObject({
      outcome: 'stop',
      proceed: false,
      reason: expect.stringContaining('us comes first and has no transaction yet'),
    })
    await openElsewhere('production-us', 'open')
    expect((await prove()).outcome).toMatchObject({
      proceed: false,
      reason: expect.stringContaining('is open'),
    })
    await openLedger(`file:${workspace}/ledger`, 'shop', createFakePorts()).mark(
      { id: '77-1-shop-us-1' },
      'committed',
      '',
    )
    expect((await prove()).outcome).toMatchObject({
      outcome: 'proceed',
      proceed: true,
      'predecessor-transaction': '77-1-shop-us-1',
    })
  })
})

describe('what a plan asks of the release itself, by hooks.schema-compatibility', () => {
  const asking = (hook: string, more = ''): string =>
    config((text) =>
      text
        .replace('environment: production-us', "environment: production-us, vars: { db: 'one' }")
        .replace('environment: production-eu', `environment: production-eu, vars: { db: 'one'${more} }`)
        .concat(`hooks: { schema-compatibility: ${hook} }\n`),
    )

  it('is run once, and what it printed is kept', async () => {
    ends = { stdout: 'no column is missing\n' }
    const { outcome, ports } = await plan(asking('ops/x.sh --read-only'))
    expect(outcome).toMatchObject({ outcome: 'planned' })
    expect(children.map(({ command: [, ...args], timeoutMs }) => [args, timeoutMs])).toEqual([
      [['--read-only'], 600_000],
    ])
    expect(children[0]?.env).toMatchObject({ DEPLOY_DIGEST: release.digest, DEPLOY_REGION: 'us' })
    expect(children[0]?.env).not.toHaveProperty('DEPLOY_ARM')
    expect(ports.recorded.facts['schemaCompatibility']).toMatchObject([
      { region: 'us', ended: 'done', output: 'no column is missing\n' },
    ])
    expect(ports.recorded.summary.join()).toContain('no column is missing')
  })

  it('is run once for each line where regions have their own', async () => {
    await plan(asking("'ops/x.sh ${vars.db}'").replace(/db: 'one'/, "db: 'other'"))
    expect(children.map(({ command, env }) => [command[1], env['DEPLOY_REGION']])).toEqual([
      ['other', 'us'],
      ['one', 'eu'],
    ])
  })

  it('lets nothing begin when it fails, with what it said last', async () => {
    ends = { exitCode: 4, stderr: 'checking\ncolumn price is gone\n' }
    const failed = await plan(asking('ops/x.sh'))
    expect(failed.outcome).toBeInstanceOf(GateFailed)
    expect(message(failed)).toBe(
      'nothing was begun: by hooks.schema-compatibility the release does not go with the schema: ops/x.sh ended with exit code 4: column price is gone',
    )
    expect(failed.ports.recorded.summary.join()).toContain('checking')
    ends = { exitCode: null, ended: 'cancelled' }
    expect((await plan(asking('ops/x.sh'))).outcome).toBeInstanceOf(Cancelled)
  })

  it('lets the guards of an earlier attempt work when it fails in a further one', async () => {
    ends = { exitCode: 4 }
    const { outcome } = await plan(asking('ops/x.sh'), {}, 1001, 2)
    expect((outcome as GateFailed).outputs).toMatchObject({ regions: [{ name: 'us' }, { name: 'eu' }] })
  })

  it('is not run where something else speaks against the rollout', async () => {
    await openElsewhere('production-us', 'open')
    expect((await plan(asking('ops/x.sh'))).outcome).toBeInstanceOf(InputError)
    expect(children).toEqual([])
  })

  it('has to fit into the plan job, and its script has to be there', async () => {
    expect(message(await plan(asking('{ run: ops/x.sh, timeout: 50m }')))).toMatch(
      /could take 50m in all, and may take at most 45m/,
    )
    expect(message(await plan(asking('ops/y.sh')))).toMatch(
      /hooks\.schema-compatibility: ops\/y\.sh is not in the repository or not executable/,
    )
    expect(children).toEqual([])
  })
})
