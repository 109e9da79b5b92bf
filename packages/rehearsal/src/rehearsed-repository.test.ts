import { execFileSync } from 'node:child_process'
import { access, constants, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { parse } from 'yaml'
import { parseRollout, resolveAll } from '@deploy-actions/config'
import { ownMetrics } from './own-metrics'
import { prepareRepository } from './rehearsed-repository'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'rehearsed-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const RESPONSES = 'haproxy_server_http_responses_total'
const requests = `{ source: edge, sum: ['${RESPONSES}{proxy="shop",server="\${arm}"}'] }`
const errors = `{ source: edge, sum: ['${RESPONSES}{proxy="shop",server="\${arm}",code="5XX"}'] }`

const rollout = (metrics: string): string => `
version: 1
service: shop
regions:
  - { name: us, environment: us, vars: &vars { proxy: 10.0.0.1 } }
  - { name: eu, environment: eu, vars: *vars }
deploy: { script: { run: a, snapshot: b, restore: c } }
traffic: { canary: { router: { type: haproxy, host: '\${vars.proxy}', port: 9999, backend: shop } } }
metrics:
${metrics.replace(/^/gm, '  ')}
`
const sources = `sources: { edge: { type: scrape, pages: ['http://\${vars.proxy}:8404/metrics'], timeout: 3s } }`

/** The page of an embedded proxy whose backend is called shop. */
const page = ['blue', 'green']
  .flatMap((server) =>
    ['2xx', '5xx'].map((code) => `${RESPONSES}{proxy="shop",server="${server}",code="${code}"} 0`),
  )
  .join('\n')

const write = (text: string): Promise<void> => writeFile(join(folder, 'rollout.yml'), text)

/** The config of the rehearsed repository, and what is said of it. */
async function rehearsed(metrics: string, place: (text: string) => Promise<unknown> = write) {
  const text = rollout(metrics)
  const configs = await resolveAll(await parseRollout(text, 'rollout.yml'), { variables: {} })
  await place(text)
  await writeFile(
    join(folder, 'caller.yml'),
    'jobs: { rollout: { uses: a/b/.github/workflows/rollout.yml@v1 } }',
  )
  const endpoint = {
    http: 'http://127.0.0.1:1',
    metrics: 'http://127.0.0.1:2/metrics',
    apps: {},
    admin: 'http://127.0.0.1:3',
    runtime: { host: '127.0.0.1', port: 4 },
    backend: 'shop',
  }
  const { folder: copy, replaced } = await prepareRepository({
    source: folder,
    config: 'rollout.yml',
    own: true,
    folder: join(folder, 'output/repository'),
    leftOut: [join(folder, 'output')],
    workflow: { file: join(folder, 'caller.yml'), own: false },
    callers: {},
    metrics: ownMetrics(configs, [page, page]),
    endpoints: { us: endpoint, eu: { ...endpoint, metrics: 'http://127.0.0.1:5/metrics' } },
    webhook: 'http://127.0.0.1:6/',
  })
  const config = parse(await readFile(join(copy, 'rollout.yml'), 'utf8')) as {
    metrics: unknown
    regions: { vars: Record<string, unknown> }[]
  }
  return { config, replaced }
}

it('runs no hook of a config of a user', async () => {
  const metrics = `${sources}\nrequests: ${requests}\nerrors: ${errors}`
  const { config, replaced } = await rehearsed(metrics, (text) =>
    write(`${text}hooks: { before-stage: ops/load.sh, finished: { run: ops/tag.sh, oidc: true } }\n`),
  )
  expect(config).toMatchObject({
    hooks: {
      'before-stage': '.rehearsal-ops/hook.mjs before-stage',
      finished: '.rehearsal-ops/hook.mjs finished',
    },
  })
  expect(replaced).toContain('hooks.finished is replaced by a script that only says when it is run')
  await access(join(folder, 'output/repository/.rehearsal-ops/hook.mjs'), constants.X_OK)
})

it('times the embedded apps, and leaves out limits that a healthy release could not keep there', async () => {
  const latency = `{ source: edge, unit: ms, sum: ['took_ms_bucket{app="\${arm}"}'] }`
  const limits = '{ latency-p50: 30ms, latency-p95: 300ms, latency-p99: 1m, error-rate: 1% }'
  const { config, replaced } = await rehearsed(
    `${sources}\nrequests: ${requests}\nerrors: ${errors}\nlatency: ${latency}`,
    (text) => write(`${text}canary: { stages: [{ weight: 100%, watch: 5m, limits: ${limits} }] }\n`),
  )
  expect(config.metrics).toMatchObject({
    sources: { 'rehearsal-apps': { type: 'scrape', pages: ['${vars.rehearsal-admin}/arms/${arm}/metrics'] } },
    latency: { source: 'rehearsal-apps', sum: ['http_request_duration_seconds_bucket{arm="${arm}"}'] },
  })
  expect(config).toMatchObject({
    canary: { stages: [{ limits: { 'latency-p95': '300ms', 'error-rate': '1%' } }] },
  })
  expect(replaced.filter((line) => line.includes('latency-'))).toEqual(
    ['p50', 'p99'].map(
      (quantile) =>
        `canary.stages.0.limits.latency-${quantile} is left out: half of the requests take 20 ms here, whatever yours do`,
    ),
  )
})

it('leaves out what nobody measures there, its limits, and a judge that would have none', async () => {
  const more = `values: { cpu: { source: edge, sum: ['cpu{arm="\${arm}"}'], unit: percent } }
ratios: { paid: { of: { source: edge, sum: ['a{arm="\${arm}"}'] }, failed: { source: edge, sum: ['b{arm="\${arm}"}'] } } }`
  const stage = (limits: string) => `{ weight: 100%, watch: 5m, limits: ${limits} }`
  const judged = (limits: string) =>
    rehearsed(`${sources}\nrequests: ${requests}\nerrors: ${errors}\n${more}`, (text) =>
      write(`${text}canary: { analysis: { judge: threshold }, stages: [${stage(limits)}] }\n`),
    )
  const some = await judged('{ cpu: 90%, paid: { max: 2%, fail-after: 2 }, error-rate: 1% }')
  expect(some.config).toMatchObject({
    canary: { analysis: { judge: 'threshold' }, stages: [{ limits: { 'error-rate': '1%' } }] },
  })
  expect(Object.keys(some.config.metrics as object)).toEqual(['sources', 'requests', 'errors'])
  expect(some.replaced).toContain(
    'metrics.values is left out, with the limits of its names: nothing of that kind is measured here',
  )
  const none = await judged('{ cpu: 90% }')
  expect(none.config).toMatchObject({ canary: { analysis: { judge: 'sequential' } } })
  expect(none.replaced).toContain(
    'canary.analysis.judge is sequential here: not every stage has a limit left',
  )
})

it('plans no infrastructure of a user', async () => {
  const { config, replaced } = await rehearsed(
    `${sources}\nrequests: ${requests}\nerrors: ${errors}`,
    (text) => write(`${text}infrastructure: { path: infra, plan-key-secret: PLAN_KEY }\n`),
  )
  expect(config).not.toHaveProperty('infrastructure')
  expect(replaced).toContain('infrastructure is left out: nothing of yours is planned or applied')
})

it('takes the examples of what the infrastructure of a user would give', async () => {
  const { config, replaced } = await rehearsed(
    `${sources}\nrequests: ${requests}\nerrors: ${errors}`,
    (text) =>
      write(
        `${text.replaceAll('proxy="shop"', 'proxy="${infra.backend}"')}infrastructure: { path: infra, plan-key-secret: PLAN_KEY, outputs: { backend: shop } }\n`,
      ),
  )
  expect(config.metrics).toMatchObject(parse(`requests: ${requests}\nerrors: ${errors}`) as object)
  expect(replaced).toContain('outputs of the infrastructure are replaced by their examples')
})

describe('the metrics of a config of a user', () => {
  it('are asked as they are written where the embedded proxy has the series, mistakes and all', async () => {
    const { config, replaced } = await rehearsed(`${sources}\nrequests: ${requests}\nerrors: ${errors}`)
    const written = parse(`requests: ${requests}\nerrors: ${errors}`) as object
    expect(config.metrics).toEqual({
      sources: { edge: { type: 'scrape', pages: ['${vars.rehearsal-proxy-metrics}'], timeout: '3s' } },
      ...written,
    })
    // Each region has its own addresses, though they shared their variables by an alias.
    expect(config.regions.map(({ vars }) => [vars['proxy'], vars['rehearsal-proxy-metrics']])).toEqual([
      ['10.0.0.1', 'http://127.0.0.1:2/metrics'],
      ['10.0.0.1', 'http://127.0.0.1:5/metrics'],
    ])
    expect(replaced).toContain('metrics.requests and metrics.errors are asked as they are written')
    expect(replaced).toContain("metrics.sources.edge.pages is replaced by the embedded regions' own")
  })

  it.each([
    [
      'a series that HAProxy has and the embedded proxy has not',
      `{ source: edge, sum: ['haproxy_server_aborts_total{server="\${arm}"}'] }`,
      'metrics.errors: the embedded proxy does not export haproxy_server_aborts_total',
    ],
    [
      'a label that it has not',
      `{ source: edge, sum: ['${RESPONSES}{server="\${arm}",pod="a"}'] }`,
      `metrics.errors: ${RESPONSES} of the embedded proxy has no label pod`,
    ],
    [
      'another proxy',
      `{ source: edge, sum: ['${RESPONSES}{proxy="shpo",server="\${arm}"}'] }`,
      'metrics.errors: the embedded proxy has no proxy="shpo", only shop',
    ],
  ])('are replaced, and why is said: %s', async (_, query, why) => {
    const { config, replaced } = await rehearsed(`${sources}\nrequests: ${requests}\nerrors: ${query}`)
    expect(replaced).toContain(`metrics is replaced by the embedded regions' own: ${why}`)
    for (const counter of ['connection_errors', 'response_errors', 'client_aborts'])
      expect(JSON.stringify(config.metrics)).toContain(`haproxy_server_${counter}_total`)
  })
})

describe('the config of a user', () => {
  const metrics = `${sources}\nrequests: ${requests}\nerrors: ${errors}`
  const NOT_COMMITTED = expect.stringMatching(
    /^is not part of a commit, since git ignores it; it is rehearsed all the same/,
  )

  it('is part of a commit where nothing keeps it from one', async () =>
    expect((await rehearsed(metrics)).replaced).not.toContainEqual(NOT_COMMITTED))

  it('is rehearsed though git ignores it, and it is said', async () => {
    const ignored = async (text: string) => {
      execFileSync('git', ['init', '--quiet'], { cwd: folder })
      await writeFile(join(folder, '.gitignore'), 'rollout.yml\n')
      await write(text)
    }
    expect((await rehearsed(metrics, ignored)).replaced).toContainEqual(NOT_COMMITTED)
  })

  it('may be a link, and what that leads to stays as it is', async () => {
    const shared = await mkdtemp(join(tmpdir(), 'shared-'))
    const linked = async (text: string) => {
      await writeFile(join(shared, 'rollout.yml'), text)
      await symlink(join(shared, 'rollout.yml'), join(folder, 'rollout.yml'))
    }
    expect((await rehearsed(metrics, linked)).replaced).not.toContainEqual(NOT_COMMITTED)
    expect(await readFile(join(shared, 'rollout.yml'), 'utf8')).toBe(rollout(metrics))
    await rm(shared, { recursive: true })
  })
})
