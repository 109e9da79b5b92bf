import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { InputError, secretLines } from '@deploy-actions/action-kit'
import { routers } from '@deploy-actions/traffic'
import { createFakePorts } from '@deploy-actions/testing'
import { findRegion, parseRollout, resolveAll, resolveRegion, type RegionConfig } from './load'
import { sections } from './sections'

const example = readFileSync(resolve(import.meta.dirname, '../../rehearsal/example/rollout.yml'), 'utf8')
const routerTypes = routers.types.join(', ')
const variables = { version: '1.4.0', digest: `sha256:${'a'.repeat(64)}` }

/** The smallest complete file; every line number in the tests below counts in it. */
const small = `version: 1
service: shop
regions:
  - { name: eu, environment: production-eu, vars: { port: 9999 } }
  - { name: us, environment: production-us, vars: { port: 9998 } }
deploy:
  script: { run: ops/deploy.sh, snapshot: ops/snapshot.sh, restore: ops/restore.sh }
traffic:
  canary:
    router: { type: haproxy, port: '\${vars.port}', backend: app }
metrics:
  sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:8404/metrics'] } }
  requests: { source: proxy, sum: ['requests_total{arm="\${arm}"}'] }
  errors: { source: proxy, sum: ['errors_total{arm="\${arm}"}'] }
`

const loadEu = async (text: string, secrets?: string): Promise<RegionConfig> =>
  resolveRegion(await parseRollout(text, 'rollout.yml'), 'eu', {
    variables,
    ...(secrets === undefined ? {} : { secrets: secretLines.parse(secrets) }),
  })

/** Every problem that loading this text for eu reports. */
async function problems(text: string, secrets?: string): Promise<string[]> {
  try {
    await loadEu(text, secrets)
  } catch (error) {
    if (error instanceof InputError) return error.problems.map(({ where, message }) => `${where}: ${message}`)
    throw error
  }
  return []
}

describe('the example of the rehearsal', () => {
  it('resolves for every region', async () => {
    const file = await parseRollout(example, 'rollout.yml')
    const configs = await resolveAll(file, {
      variables: { ...variables, image: 'registry.example.com/shop' },
    })
    expect(configs.map(({ region }) => region.name)).toEqual(['us-east', 'eu-west', 'apac-se'])
    expect(file.regions.map((region) => region['guard-environment'])).toEqual([
      'production-us-east-guard',
      'production-eu-west-guard',
      'production-apac-se-guard',
    ])
  })

  it('is filled for its region and arm, with durations in milliseconds and rates as numbers', async () => {
    const config = await resolveRegion(await parseRollout(example, 'rollout.yml'), 'eu-west', {
      variables: { ...variables, image: 'registry.example.com/shop', arm: 'green' },
    })
    // As written: that is what records keep.
    expect(config.traffic.canary.router.written).toEqual({
      type: 'haproxy',
      host: '127.0.0.1',
      port: '9999',
      backend: 'app',
    })
    expect(config.metrics.requests['sum']).toContain(
      'haproxy_server_http_responses_total{proxy="app",server="green"}',
    )
    expect(config.checks['healthz']?.written).toMatchObject({
      url: 'http://127.0.0.1:8405/arms/green/healthz',
    })
    expect(config.order).toEqual({ kind: 'delayed', delay: 120_000 })
    expect(config.gates['after-deploy']).toMatchObject({
      timeout: 300_000,
      interval: 15_000,
      'green-for': 30_000,
    })
    expect(config.canary.stages.map(({ weight, watch }) => [weight, watch])).toEqual([
      [1000, 60_000],
      [2500, 60_000],
      [5000, 60_000],
      [7500, 60_000],
      [10_000, 180_000],
    ])
    expect(config.canary.stages[0]?.limits).toEqual({ 'error-rate': { measure: 'share', value: 0.01 } })
    expect(config.canary.analysis).toMatchObject({
      alpha: 0.01,
      margin: { ratio: 1.25, absolute: 0.001 },
      'min-requests': 80,
    })
  })
})

describe('a file that says only what it must', () => {
  it('gets the defaults of the documents', async () => {
    const config = await loadEu(small)
    expect(config.order).toEqual({ kind: 'serial' })
    expect(config.arms).toEqual({ names: ['blue', 'green'], finish: 'swap', 'keep-old': 86_400_000 })
    expect(config.canary.stages.map(({ weight, watch }) => `${weight} ${watch}`)).toEqual([
      '1000 300000',
      '2500 300000',
      '5000 300000',
      '7500 300000',
      '10000 1800000',
    ])
    expect(config.deploy.written).toMatchObject({ type: 'script', run: 'ops/deploy.sh' })
    expect(config.deploy.worstCase()).toEqual({ snapshotMs: 600_000, deployMs: 600_000, restoreMs: 600_000 })
    expect(config.canary.analysis).toMatchObject({
      interval: 10_000,
      'error-timeout': 300_000,
      'on-fail': 'rollback',
      'on-error': 'rollback',
      'on-inconclusive': 'rollback',
    })
  })

  it('has a digest that changes with every byte', async () => {
    const [one, other] = [
      await parseRollout(small, 'rollout.yml'),
      await parseRollout(`${small} `, 'rollout.yml'),
    ]
    expect(one.digest).toMatch(/^sha256:[0-9a-f]{64}$/)
    expect(one.digest).not.toBe(other.digest)
  })

  it('takes the first arm for ${arm} until it is known which is which', async () => {
    const config = await loadEu(`${small}arms: { names: [stable, canary] }\n`)
    expect(config.metrics.errors['sum']).toEqual(['errors_total{arm="stable"}'])
  })

  it('keeps $${ as a literal ${', async () => {
    const config = await loadEu(
      `${small}evidence: { links: { logs: 'https://logs.example.com/?q=$\${literal}&v=\${version}' } }\n`,
    )
    expect(config.evidence.links).toEqual({ logs: 'https://logs.example.com/?q=${literal}&v=1.4.0' })
  })
})

describe('a problem', () => {
  it.each<[string, (text: string) => string, string]>([
    [
      'a check of a stage that does not exist',
      (text) =>
        `${text}checks: { up: { type: http, url: 'http://127.0.0.1/' } }\ncanary: { stages: [{ weight: 100%, watch: 1m, checks: [upp] }] }\n`,
      'rollout.yml:16:56: canary.stages[0].checks[0]: no check is named upp; known: up. Did you mean up?',
    ],
    [
      'a type of router that a check misspells',
      (text) =>
        `${text}checks: { held: { type: weights-held, router: { type: haproxi, port: 1, backend: app }, arm: '\${arm}' } }\n`,
      `rollout.yml:15:47: checks.held.router: haproxi is not a known type; known: ${routerTypes}. Did you mean haproxy?`,
    ],
    [
      'an arm that a check misspells',
      (text) => `${text}checks: { held: { type: weights-held, arm: gren } }\n`,
      'rollout.yml:15:44: checks.held.arm: gren is not an arm; known: blue, green. Did you mean green?',
    ],
    [
      'arms of a check that are not those of the file',
      (text) =>
        `${text}arms: { names: [a, b] }\nchecks: { held: { type: weights-held, arms: [a, bee], arm: '\${arm}' } }\n`,
      'rollout.yml:16:45: checks.held.arms: names the arms a, bee, and arms.names a, b: say the same in both',
    ],
    [
      'arms of a router that are not those of the file',
      (text) => text.replace('backend: app', 'backend: app, members: { blue: app-1, geen: app-2 }'),
      'rollout.yml:10:13: traffic.canary.router: names the arms blue, geen, and arms.names blue, green: say the same in both',
    ],
    [
      'a router that a check takes from the file, where it stands',
      (text) =>
        `${text.replace('backend: app', 'backent: app')}checks: { held: { type: weights-held, arm: '\${arm}' } }\n`,
      'rollout.yml:10:61: traffic.canary.router.backent: backent is an unknown key; known here: type, host, hosts, port, backend, members, sticky, timeout. Did you mean backend?',
    ],
    [
      'a query that asks the same of both arms',
      (text) => text.replace('errors_total{arm="${arm}"}', () => 'errors_total{arm="$${arm}"}'),
      'rollout.yml:14:11: metrics.errors: neither the query nor its source names ${arm}: both arms would be asked the same, and the canary compared with itself',
    ],
    [
      'an unknown key',
      (text) => `${text}gatez: {}\n`,
      'rollout.yml:15:1: gatez: unknown key; known here: version, service, regions, order, windows, infrastructure, arms, deploy, hooks, traffic, metrics, checks, gates, canary, rollback, notifications, evidence. Did you mean gates?',
    ],
    [
      'an unknown key within',
      (text) => `${text}canary: { analysis: { intervall: 10s } }\n`,
      'rollout.yml:15:23: canary.analysis.intervall: unknown key; known here: judge, fail-after, interval, alpha, margin, latency-tolerance, warm-up, last-watch, min-requests, max-watch, error-timeout, expect-share, on-fail, on-error, on-inconclusive. Did you mean interval?',
    ],
    [
      'an unknown option of a provider',
      (text) => text.replace('backend: app', 'backent: app'),
      'rollout.yml:10:61: traffic.canary.router.backent: backent is an unknown key; known here: type, host, hosts, port, backend, members, sticky, timeout. Did you mean backend?',
    ],
    [
      'an unknown option deep in a provider',
      (text) => `${text}checks: { up: { type: http, url: 'http://127.0.0.1/', expect: { statuss: 200 } } }\n`,
      'rollout.yml:15:74: checks.up.expect.statuss: statuss is an unknown key; known here: status, latency, contains. Did you mean status?',
    ],
    [
      'what is not a variable',
      (text) => text.replace('${vars.port}', '${vars.prot}'),
      'rollout.yml:10:36: ${vars.prot} is not a variable; known: region, environment, service, version, digest, image, commit, run-id, correlation-id, arm, vars.port. Did you mean vars.port?',
    ],
    [
      'a variable without a value',
      (text) => text.replace('127.0.0.1:8404', '${image}'),
      'rollout.yml:12:45: ${image} has no value here',
    ],
    [
      'a variable that only JavaScript knows',
      (text) => text.replace('127.0.0.1:8404', '${constructor}'),
      'rollout.yml:12:45: ${constructor} is not a variable; known: region, environment, service, version, digest, image, commit, run-id, correlation-id, arm, vars.port.',
    ],
    [
      'stages that do not rise',
      (text) =>
        `${text}canary: { stages: [{ weight: 20%, watch: 1m }, { weight: 20%, watch: 1m }, { weight: 100%, watch: 1m }] }\n`,
      'rollout.yml:15:58: canary.stages[1].weight: stages must rise: 20% does not follow 20%',
    ],
    [
      'a last stage below 100 %',
      (text) => `${text}canary: { stages: [{ weight: 50%, watch: 1m }] }\n`,
      'rollout.yml:15:30: canary.stages[0].weight: the last stage must be 100%: the rollout ends with all traffic on the canary arm',
    ],
    [
      'a limit of 0 %',
      (text) => `${text}canary: { stages: [{ weight: 100%, watch: 1m, limits: { error-rate: 0% } }] }\n`,
      'rollout.yml:15:69: canary.stages[0].limits.error-rate: a limit lies between 0% and 100%',
    ],
    [
      'a way back that takes longer than its job has',
      (text) =>
        `${text}rollback: { staged: [{ weight: 75%, watch: 40m }, { weight: 50%, watch: 40m }, { weight: 0% }] }\n`,
      'rollout.yml:15:21: rollback.staged: is watched for 1h20m in all; the job that takes the traffic back has 1h for that',
    ],
    [
      'two regions in one environment',
      (text) => text.replace('production-us', 'Production-EU'),
      'rollout.yml:5:30: regions[1].environment: eu already has the environment Production-EU; approvals and the ledger need one per region',
    ],
    [
      'a region that is there twice',
      (text) => text.replace('name: us', 'name: eu'),
      'rollout.yml:5:13: regions[1].name: eu is there twice',
    ],
    [
      'a guard that must wait for reviewers',
      (text) =>
        text.replace(
          'environment: production-us',
          'environment: production-us, guard-environment: production-us',
        ),
      'rollout.yml:5:64: regions[1].guard-environment: is the environment itself; the guard must not wait for its reviewers',
    ],
    [
      'arms that are one',
      (text) => `${text}arms: { names: [blue, blue] }\n`,
      'rollout.yml:15:16: arms.names: the two arms must differ',
    ],
    [
      'an unknown check in a gate',
      (text) =>
        `${text}checks: { healthz: { type: script, run: ops/up.sh } }\ngates: { after-deploy: { checks: [heathz] } }\n`,
      'rollout.yml:16:35: gates.after-deploy.checks[0]: no check is named heathz; known: healthz. Did you mean healthz?',
    ],
    [
      'a check where there are none',
      (text) => `${text}gates: { after-rollout: { checks: [up] } }\n`,
      'rollout.yml:15:36: gates.after-rollout.checks[0]: no check is named up; known: none.',
    ],
    [
      '${arm} before there are arms',
      (text) =>
        `${text}checks: { up: { type: http, url: 'http://\${arm}.test/' } }\ngates: { before: { checks: [up] } }\n`,
      'rollout.yml:16:29: gates.before.checks[0]: up uses ${arm}, which does not exist before the transaction begins',
    ],
    [
      '${arm} behind an alias',
      (text) =>
        `${text}checks: { up: &up { type: http, url: 'http://\${arm}.test/' }, again: *up }\ngates: { before: { checks: [again] } }\n`,
      'rollout.yml:16:29: gates.before.checks[0]: again uses ${arm}, which does not exist before the transaction begins',
    ],
    [
      'a provider without a type',
      (text) => text.replace('type: haproxy, ', ''),
      `rollout.yml:10:13: traffic.canary.router: needs a type; known: ${routerTypes}`,
    ],
    [
      'an unknown type',
      (text) => text.replace('haproxy', 'haprox'),
      `rollout.yml:10:13: traffic.canary.router: haprox is not a known type; known: ${routerTypes}. Did you mean haproxy?`,
    ],
    [
      'a type that only JavaScript knows',
      (text) => text.replace('haproxy', '__proto__'),
      `rollout.yml:10:13: traffic.canary.router: __proto__ is not a known type; known: ${routerTypes}.`,
    ],
    [
      'an unknown source',
      (text) => text.replace('requests: { source: proxy', 'requests: { source: prxy'),
      'rollout.yml:13:23: metrics.requests.source: no source is named prxy; known: proxy. Did you mean proxy?',
    ],
    [
      'a source that only JavaScript knows',
      (text) => text.replace('requests: { source: proxy', 'requests: { source: constructor'),
      'rollout.yml:13:23: metrics.requests.source: no source is named constructor; known: proxy.',
    ],
    [
      'a bad selector',
      (text) => text.replace('errors_total{', 'errors_total{{'),
      'rollout.yml:14:34: metrics.errors.sum[0]: is not a selector; write name{label="value"} (source proxy is of type scrape)',
    ],
    [
      'a delay that is missing',
      (text) => `${text}order: { kind: delayed }\n`,
      'rollout.yml:15:8: order.delay: delay belongs to kind: delayed, and kind: delayed needs it',
    ],
    [
      'an old arm that goes before the next region begins',
      (text) => `${text}order: { kind: delayed, delay: 5h }\narms: { keep-old: 4h }\n`,
      'rollout.yml:16:19: arms.keep-old: is 4h, shorter than order.delay (5h): the old arm would go before the next region begins',
    ],
    [
      'an old arm that goes by default before the next region begins',
      (text) => `${text}order: { kind: delayed, delay: 25h }\nhooks: { decommission: ops/remove.sh }\n`,
      'rollout.yml:15:32: order.delay: is 1d1h, longer than arms.keep-old (1d): the old arm would go before the next region begins',
    ],
    [
      'an old arm that is kept for longer than the sweeper looks back',
      (text) => `${text}arms: { keep-old: 145h }\n`,
      'rollout.yml:15:19: arms.keep-old: is longer than 6d; the sweeper looks seven days back',
    ],
    [
      'a decommission that takes longer than its job',
      (text) => `${text}hooks: { decommission: { run: ops/remove.sh, timeout: 46m } }\n`,
      'rollout.yml:15:55: hooks.decommission.timeout: is longer than 45m, which its job would not have left',
    ],
    [
      'a delay that nothing uses',
      (text) => `${text}order: { kind: serial, delay: 5m }\n`,
      'rollout.yml:15:31: order.delay: delay belongs to kind: delayed, and kind: delayed needs it',
    ],
    [
      'a section that is missing',
      (text) => text.replace('  errors:', '  # errors:'),
      'rollout.yml:12:3: metrics.errors: is missing (counter of failed requests of ${arm})',
    ],
    [
      'a notification with an unknown event',
      (text) => `${text}notifications: [{ type: webhook, url: 'http://127.0.0.1/', on: [done] }]\n`,
      'rollout.yml:15:65: notifications[0].on[0]: Invalid option: expected one of "started"|"stage"|"approval-needed"|"promoted"|"completed"|"failed"|"restoring"|"restored"|"restore-failed"|"decommission-failed"',
    ],
    [
      'a notification with too many addresses',
      (text) => `${text}notifications: [{ type: webhook, url: 'http://127.0.0.1/', url-secret: HOOK }]\n`,
      'rollout.yml:15:17: notifications[0]: name exactly one of url and url-secret',
    ],
    [
      'a script with a shell in it',
      (text) => text.replace('ops/deploy.sh', 'ops/deploy.sh && rm -rf /'),
      'rollout.yml:7:18: deploy.script.run: "ops/deploy.sh && rm -rf /" is not run by a shell: write a path and plain arguments; variables reach the script as DEPLOY_*',
    ],
    [
      'a deployer with a type',
      (text) => text.replace('{ run: ops/deploy.sh', '{ type: script, run: ops/deploy.sh'),
      'rollout.yml:7:3: deploy: script.type is an unknown key; the key script says it already',
    ],
    [
      'a deployer without options',
      (text) => text.replace(/script: {.*}/, 'script: ops/deploy.sh'),
      'rollout.yml:7:3: deploy: script: needs a map of options',
    ],
    [
      'what is not a duration',
      (text) => `${text}canary: { analysis: { interval: 10 seconds } }\n`,
      'rollout.yml:15:33: canary.analysis.interval: "10 seconds" is not a duration; write it like 30s, 5m or 1h30m',
    ],
    ...(
      [
        [
          '{ allow: [{ rrule: FREQ=DAILY;BYHOUR=25, duration: 4h }] }',
          '29',
          'allow[0].rrule: BYHOUR=25 is not a value of BYHOUR',
        ],
        [
          '{ allow: [{ rrule: FREQ=DAILY, duration: 4h, timezone: Mars }] }',
          '65',
          'allow[0].timezone: is not the name of a time zone; write one such as UTC or Europe/Berlin',
        ],
        [
          '{ freeze: [{ from: 2026-02-30, to: 2026-03-01, reason: x }] }',
          '29',
          'freeze[0].from: is not a time; write 2026-12-20, 2026-12-20T18:00 or 2026-12-20T18:00Z',
        ],
        [
          '{ freeze: [{ from: 2026-12-20, to: 2026-12-19, reason: x }] }',
          '45',
          'freeze[0].to: ends before it begins',
        ],
        [
          '{ freeze: [{ from: 2026-12-20T10:00, to: 2026-12-20T09:00, reason: x }] }',
          '51',
          'freeze[0].to: ends before it begins',
        ],
        [
          "{ freeze: [{ from: '2026-12-20T10:00+02:00', to: '2026-12-20T08:00Z', reason: x }] }",
          '59',
          'freeze[0].to: ends before it begins',
        ],
        [
          '{ freeze: [{ from: 2026-12-20T10:00Z, to: 2026-12-21T09:00, reason: x }] }',
          '52',
          'freeze[0].to: has to be written as `from` is, with an offset or without',
        ],
      ] as const
    ).map(([windows, column, said]): [string, (text: string) => string, string] => [
      windows,
      (text) => `${text}windows: ${windows}\n`,
      `rollout.yml:15:${column}: windows.${said}`,
    ]),
    [
      'an alias without an anchor',
      (text) => `${text}checks: *nowhere\n`,
      'rollout.yml: Unresolved alias (the anchor must be set before the alias): nowhere',
    ],
    [
      'a key that is there twice',
      (text) => `${text}service: again\n`,
      'rollout.yml:15:1: Map keys must be unique',
    ],
    ['an empty file', () => '', 'rollout.yml: service: is missing'],
    [
      'a value of the wrong type',
      (text) => `${text}canary: { stages: [{ weight: [10], watch: 1m }] }\n`,
      'rollout.yml:15:30: canary.stages[0].weight: Invalid input: expected string, received array',
    ],
    [
      'a last watch that is not above the stage before',
      (text) =>
        `${text}canary: { analysis: { last-watch: 40% }, stages: [{ weight: 50%, watch: 1m }, { weight: 100%, watch: 1m }] }\n`,
      'rollout.yml:15:35: canary.analysis.last-watch: the last stage is watched at 40%, which is not above the 50% of the stage before',
    ],
    [
      'another version',
      (text) => text.replace('version: 1', 'version: 2'),
      'rollout.yml:1:10: version: Invalid input: expected 1',
    ],
  ])('of %s has its place and says what is allowed', async (_, change, expected) =>
    expect(await problems(change(small))).toContain(expected),
  )

  it('of a way back is told with all others of it, each with its place', async () => {
    const staged = '[{ weight: 100%, watch: 5m }, { weight: 50% }, { weight: 0%, watch: 5m }]'
    expect(await problems(`${small}rollback: { staged: ${staged} }\n`)).toEqual([
      'rollout.yml:15:32: rollback.staged[0].weight: steps must fall: 100% does not follow 100%, which the arm carries when it is taken back',
      'rollout.yml:15:51: rollback.staged[1].watch: is missing; every step but the last is watched, for example 5m',
      'rollout.yml:15:89: rollback.staged[2].watch: the last step has none: with it the traffic is back',
    ])
  })

  it('of a secret that was not handed over names it, wherever it stands', async () => {
    const text = `${small}notifications: [{ type: webhook, url-secret: HOOK, hmac-secret: KEY }]\n`
    const lost = (name: string, key: string, column: number) =>
      `rollout.yml:15:${column}: ${key}: the secret ${name} was not handed over; add ${name}=... to the secrets input (DEPLOY_SECRETS)`
    expect(await problems(text, 'OTHER=x')).toEqual([
      lost('HOOK', 'url-secret', 46),
      lost('KEY', 'hmac-secret', 65),
    ])
    expect(await problems(text, 'HOOK=https://example.com/hook\nKEY=abc')).toEqual([])
    // Where nobody uses them, they are not looked up.
    expect(await problems(text)).toEqual([])
  })

  it('never comes alone: all of a file are reported at once', async () => {
    const broken = small
      .replace('backend: app', "backend: 'a b', timeout: never")
      .replace('${arm}', '${armm}')
      .concat(
        'gates: { after: {} }\norder: { kind: random }\nnotifications: [{ type: webhook, url-secret: HOOK }]\n',
      )
    const found = await problems(broken, '')
    expect(found).toHaveLength(6)
    for (const part of [
      'router.backend: is not a name of a backend',
      'router.timeout',
      '${armm} is not a variable',
      'gates.after: unknown key',
      'order.kind',
      'the secret HOOK',
    ])
      expect(found.filter((problem) => problem.includes(part))).toHaveLength(1)
  })

  it('that several regions share is reported once', async () => {
    // What is known differs from region to region, what is not a number does not.
    const file = await parseRollout(
      small
        .replace('${vars.port}', '${vars.prot}')
        .replace(
          'name: us, environment: production-us, vars: { port: 9998 }',
          'name: us, environment: production-us',
        ),
      'rollout.yml',
    )
    const failure = await resolveAll(file, { variables }).catch((error: unknown) => error)
    expect((failure as InputError).problems.map(({ message }) => message.split(';')[0])).toEqual([
      '${vars.prot} is not a variable',
      'traffic.canary.router.port: Invalid input: expected number, received NaN',
      '${vars.prot} is not a variable',
    ])
  })
})

describe('a deploy by Helm', () => {
  const helm = (release: string, namespace = 'shop'): string =>
    small.replace(
      /^  script: .*$/m,
      `  helm: { release: "${release}", namespace: "${namespace}", chart: charts/shop }`,
    )

  it.each([
    ['shop-${arm}', 'shop'],
    ['shop', 'shop-${arm}'],
  ])('onto %s in %s is one for each arm', async (release, namespace) =>
    expect(await problems(helm(release, namespace))).toEqual([]),
  )

  it('onto the same place for both arms would be one over what serves', async () =>
    expect(await problems(helm('shop'))).toEqual([
      expect.stringMatching(
        /^rollout\.yml:7:20: deploy\.helm\.release: is the same for both arms, so a release would be deployed over the one that serves: write \$\{arm\} into release or namespace$/,
      ),
    ]))
})

it('lists the known regions when one is asked for that is not there', async () => {
  const file = await parseRollout(small, 'deploy/rollout.yml')
  expect(findRegion(file, 'us').environment).toBe('production-us')
  expect(() => findRegion(file, 'use')).toThrow(
    'deploy/rollout.yml:4:3: no region is named use; known: eu, us. Did you mean us?',
  )
})

describe('whatever is in the file', () => {
  const lines = small.split('\n')
  const scrap = fc.oneof(
    fc.string(),
    fc.constantFrom(
      '*x',
      '&x',
      '${',
      '${arm}',
      '- ',
      '{',
      '}',
      '[]',
      'null',
      '__proto__: 1',
      'constructor: {}',
      '? a',
      '<<: 1',
      '!!binary x',
      '\t',
    ),
  )

  it('nothing but an InputError is thrown', async () => {
    const damaged = fc
      .array(fc.tuple(fc.nat(lines.length), fc.boolean(), scrap), { minLength: 1, maxLength: 4 })
      .map((changes) => {
        const text = [...lines]
        for (const [line, replace, what] of changes) text.splice(line, replace ? 1 : 0, what)
        return text.join('\n')
      })
    // A value of any type in any place.
    const typed = fc
      .tuple(fc.nat(lines.length - 1), fc.json({ maxDepth: 2 }))
      .map(([line, value]) =>
        lines
          .map((text, index) => (index === line ? text.replace(/: .*/, () => `: ${value}`) : text))
          .join('\n'),
      )
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json(), damaged, typed), async (text) => {
        const failure = await loadEu(text, '').then(
          () => undefined,
          (error: unknown) => error,
        )
        if (failure !== undefined) expect(failure).toBeInstanceOf(InputError)
      }),
      { numRuns: 400 },
    )
  })
})

describe('a script line with variables', () => {
  const lines = small
    .replace('port: 9999', "port: 9999, note: 'two words', nothing: ''")
    .replace('run: ops/deploy.sh', 'run: "ops/deploy.sh ${version} ${vars.note} ${vars.nothing} end"')
    .replace('restore: ops/restore.sh', 'restore: "ops/restore.sh ${version}"')
    .concat('checks: { up: { type: script, run: "ops/up.sh ${vars.note}" } }\n')
  const odd = { ...variables, version: '1.4 "rc" & more' }

  it('is split before its variables are filled: a value is one argument', async () => {
    const ran: (readonly string[])[] = []
    const ports = createFakePorts({
      context: { workspace: '/repo' },
      process: ({ command }) => (ran.push(command), {}),
    })
    const { deploy, checks } = await resolveRegion(await parseRollout(lines, 'rollout.yml'), 'eu', {
      variables: odd,
    })
    const deployer = deploy.open(ports, { baseline: 'blue', canary: 'green' })
    await deployer.deploy({ version: '1', digest: 'd' }, 'green', ports.signal)
    await deployer.restore({ kind: 'script', name: 'deploy', arm: 'green', state: '' }, ports.signal)
    await checks['up']?.open(ports).probe(ports.signal)
    expect(ran).toEqual([
      ['/repo/ops/deploy.sh', '1.4 "rc" & more', 'two words', '', 'end'],
      ['/repo/ops/restore.sh', '1.4 "rc" & more'],
      ['/repo/ops/up.sh', 'two words'],
    ])
  })

  it('tells where a variable of it has no value', async () => {
    const unknown = lines.replace('${vars.note} ${vars.nothing}', '${vars.note} ${vars.other} ${image}')
    const place = 'rollout.yml:7:18'
    expect(await problems(unknown)).toEqual([
      expect.stringMatching(new RegExp(`^${place}: \\$\\{vars.other\\} is not a variable`)),
      `${place}: \${image} has no value here`,
    ])
  })

  it('is told by the option, also where a type is a variable or the line an alias', async () => {
    const text = small
      .replace('port: 9999', "port: 9999, kind: script, note: 'two words'")
      .concat(
        'checks: { up: { type: "${vars.kind}", run: &line "ops/up.sh ${vars.note}" }, again: { type: script, run: *line } }\n',
      )
      .replace('port: 9998', "port: 9998, kind: script, note: 'x'")
    const { checks } = await loadEu(text)
    const ran: (readonly string[])[] = []
    const ports = createFakePorts({
      context: { workspace: '/repo' },
      process: ({ command }) => (ran.push(command), {}),
    })
    for (const check of Object.values(checks)) await check.open(ports).probe(ports.signal)
    expect(ran).toEqual([
      ['/repo/ops/up.sh', 'two words'],
      ['/repo/ops/up.sh', 'two words'],
    ])
  })

  it('is the same in an input that holds checks', async () => {
    const ran: (readonly string[])[] = []
    const ports = createFakePorts({
      context: { workspace: '/repo' },
      process: ({ command }) => (ran.push(command), {}),
    })
    const { up } = await sections.checks('{ up: { type: script, run: "ops/up.sh ${version} now" } }', odd)
    await up?.open(ports).probe(ports.signal)
    expect(ran).toEqual([['/repo/ops/up.sh', '1.4 "rc" & more', 'now']])
  })
})

describe('a check of the weights', () => {
  const held = (options: string): string =>
    `${small.replace('backend: app', 'backend: app, members: { a: app-1, b: app-2 }')}arms: { names: [a, b] }\nchecks: { held: { type: weights-held${options}, arm: '\${arm}' } }\n`

  it('takes router and arms from its target, and says them where they are others', async () => {
    const own = '{ type: haproxy, host: 10.0.0.9, port: 1, backend: app }'
    const [left, said] = await Promise.all([loadEu(held('')), loadEu(held(`, router: ${own}, arms: [b, a]`))])
    expect(left.checks['held']?.written).toMatchObject({
      arm: 'a',
      arms: ['a', 'b'],
      router: left.traffic.canary.router.written,
    })
    expect(said.checks['held']?.written).toMatchObject({ arms: ['b', 'a'], router: { host: '10.0.0.9' } })
  })

  it('is told all that is wrong with it at once, and nothing twice', async () => {
    expect(
      await problems(held(`, router: { type: haproxy, prot: 1, backend: app }`).replace("'${arm}'", 'c')),
    ).toEqual([
      expect.stringMatching(/^rollout.yml:16:47: checks.held.router.port: /),
      expect.stringMatching(
        /^rollout.yml:16:70: checks.held.router.prot: prot is an unknown key; known here: /,
      ),
      'rollout.yml:16:94: checks.held.arm: c is not an arm; known: a, b. Did you mean a?',
    ])
    expect(await problems(held('').replace('port: ', 'prot: '))).toHaveLength(2)
  })

  it('is refused within a list of checks as any other', async () => {
    expect(await problems(`${small}checks: [{ type: weights-held, arm: blue }]\n`)).toEqual([
      expect.stringMatching(/^rollout.yml:15:9: checks: Invalid input: expected record/),
    ])
  })
})

describe('secrets of scripts', () => {
  const text = small
    .replace('restore: ops/restore.sh', 'restore: ops/restore.sh, env-secrets: [API_KEY, HOOK], oidc: true')
    .concat('checks: { up: { type: script, run: ops/up.sh, env-secrets: [SMOKE] } }\n')

  it('are looked up where the secrets are known, and all that is missing is said at once', async () => {
    expect(await problems(text)).toEqual([])
    expect(await problems(text, 'API_KEY=1\nHOOK=2\nSMOKE=3')).toEqual([])
    const missing = (name: string) =>
      `env-secrets: the secret ${name} was not handed over; add ${name}=... to the secrets input (DEPLOY_SECRETS)`
    expect(await problems(text, 'HOOK=2')).toEqual([
      `rollout.yml:7:99: ${missing('API_KEY')}`,
      `rollout.yml:15:61: ${missing('SMOKE')}`,
    ])
  })

  it('have names that a script can get', async () => {
    expect(await problems(text.replace('API_KEY', 'DEPLOY_STATE').replace('SMOKE', '"a b"'))).toEqual([
      'rollout.yml:7:99: deploy.script.env-secrets[0]: is the name of a variable that every script has; rename the secret',
      'rollout.yml:15:61: checks.up.env-secrets[0]: is not the name of a secret; write KEY of a KEY=VALUE line',
    ])
  })
})
