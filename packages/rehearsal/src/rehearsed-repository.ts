import { createHash } from 'node:crypto'
import { copyFile, cp, lstat, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseDocument, stringify, visit, type Document } from 'yaml'
import { exampleOutputs, OUTPUT } from '@deploy-actions/config'
import type { RegionEndpoints, World } from '@deploy-actions/embedded-regions'
import { duration } from '@deploy-actions/rollout'
import { commitAll } from './git'
import type { OwnMetrics } from './own-metrics'
import { copyFiles } from './repository-files'
import type { KeptRepository } from './world-folder'

/**
 * The repository as the emulated GitHub has it: a copy, with the addresses of the embedded regions in its config, and
 * where git is there a repository of git's, so that scripts that call it have one of their own.
 */
export interface RehearsedRepository {
  folder: string
  /** of the head of main, made of its files: the same files are the same commit */
  readonly sha: string
  workflow: string
  /** of its config */
  service: string
  /** A commit on main makes its config unreadable; `sha` is that commit's then. Without git nothing is broken. */
  breakConfig(): Promise<void>
  /** what of a config of the user's own was replaced and what was not, in sentences */
  replaced: string[]
}

export interface RepositoryOptions {
  /** the user's repository, or the example */
  source: string
  /** path of rollout.yml in it */
  config: string
  /** a config of the user's own: everything that would reach out is replaced */
  own: boolean
  /** where the copy goes */
  folder: string
  /** a repository whose commits can be had in this one, too: that of a kept world */
  earlier?: string | undefined
  /** folders of the rehearsal itself, which may lie in the user's repository */
  leftOut: readonly string[]
  /** the workflow to run */
  workflow: { file: string; own: boolean }
  /** the ready callers of what is run beside a rollout, by their paths in the repository */
  callers: Record<string, string>
  /** how the metrics of a config of the user's own are rehearsed */
  metrics: OwnMetrics
  endpoints: Record<string, RegionEndpoints>
  /** the router between the regions, where the config has one */
  router?: World['router']
  webhook: string
  /** the Helm that the config is to call, where it deploys by one */
  helm?: string | undefined
  /** where the states of the regions' infrastructure are kept, where the config has one */
  states?: string | undefined
  /** what is written into the config, by paths with dots */
  set?: Record<string, unknown>
  /** a second service, rolled out by the same run over some of the regions */
  beside?: { service: string; regions: readonly string[] } | undefined
}

const WORKFLOW = '.github/workflows/rehearsed.yml'
/** The workflow that takes back what was rolled out. */
export const EMERGENCY = '.github/workflows/emergency-rollback.yml'
/** The workflow that puts back what a run has left behind. */
export const SWEEPER = '.github/workflows/sweeper.yml'
/** The workflow by which people speak to a rollout that is under way. */
export const STEER = '.github/workflows/steer.yml'
/** The config of the second service. */
const BESIDE = 'beside.yml'

export async function prepareRepository(options: RepositoryOptions): Promise<RehearsedRepository> {
  const { source, config, folder, leftOut, workflow, beside } = options
  await mkdir(folder, { recursive: true })
  await copyFiles(source, folder, leftOut)
  const file = join(folder, config)
  const document = withoutAliases(parseDocument(await readFile(join(source, config), 'utf8')))
  const committed = await lstat(file).catch(() => undefined)
  const replaced = [...(committed ? [] : [NOT_IN_COMMIT]), ...render(document, options)]
  if (options.own) await writeScripts(folder)
  await replaceFile(file, document.toString({ lineWidth: 0 }))
  await mkdir(join(folder, dirname(WORKFLOW)), { recursive: true })
  const text = await readFile(workflow.file, 'utf8')
  if (beside) await writeFile(join(folder, BESIDE), besides(document, beside))
  await writeFile(join(folder, WORKFLOW), workflow.own ? text : withConfig(text, config, beside && BESIDE))
  for (const [path, file] of Object.entries(options.callers)) await copyFile(file, join(folder, path))
  let sha = (await commitAll(folder, options.earlier)) ?? (await hashOf(folder))
  return {
    folder,
    get sha() {
      return sha
    },
    workflow: WORKFLOW,
    service: String(document.get('service')),
    replaced,
    async breakConfig() {
      await replaceFile(file, 'service: [\n')
      sha = (await commitAll(folder)) ?? sha
    },
  }
}

/** The repository of a kept world, as its last rehearsal has left it. @param folder where a copy of it goes */
export async function reopenRepository(
  from: string,
  folder: string,
  { service, sha }: KeptRepository,
): Promise<RehearsedRepository> {
  await cp(from, folder, { recursive: true, verbatimSymlinks: true })
  const breakConfig = (): Promise<never> =>
    Promise.reject(new Error('nothing is committed to the repository of a kept world'))
  return { folder, sha, service, workflow: WORKFLOW, replaced: [], breakConfig }
}

const NOT_IN_COMMIT =
  'is not part of a commit, since git ignores it; it is rehearsed all the same, and has to be committed for a rollout'

/** It may be a link, in a copy as in the user's own repository: what that leads to stays as it is. */
async function replaceFile(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await rm(file, { force: true })
  await writeFile(file, text)
}

/** The ready caller takes the default rollout.yml; here it is told which file it is, and calls for a second service, too. */
function withConfig(caller: string, config: string, beside: string | undefined): string {
  const document = parseDocument(caller)
  for (const [name, job] of Object.entries((document.toJS() as { jobs: Record<string, Caller> }).jobs)) {
    document.setIn(['jobs', name, 'with', 'config'], config)
    if (beside === undefined) continue
    const { regions: _, ...given } = job.with
    document.setIn(
      ['jobs', `${name}-beside`],
      document.createNode({ ...job, name: `${name}-beside`, with: { ...given, config: beside } }),
    )
  }
  return document.toString({ lineWidth: 0 })
}

interface Caller {
  with: Record<string, unknown>
}

/** The same config for another service, over some of its regions. */
function besides(document: Document, { service, regions }: NonNullable<RepositoryOptions['beside']>): string {
  const config = document.toJS() as { regions: { name: string }[] }
  const own = config.regions.filter(({ name }) => regions.includes(name))
  return stringify({ ...config, service, regions: own })
}

/** What is written once and used in two places is to be changed in one of them. */
function withoutAliases(document: Document): Document {
  visit(document, {
    Alias: (_, alias) =>
      document.createNode(alias.resolve(document)?.toJS(document), { aliasDuplicateObjects: false }),
  })
  return document
}

/** Writes values into a config, by paths with dots. */
export function setIn(document: Document, values: Record<string, unknown>): void {
  for (const [path, value] of Object.entries(values))
    document.setIn(path.split('.'), document.createNode(value))
}

const BY_OWN = "is replaced by the embedded regions' own"

/** Puts the addresses of the embedded regions into the config. */
function render(
  document: Document,
  { endpoints, router, webhook, helm, states, own, metrics, set = {} }: RepositoryOptions,
): string[] {
  setIn(document, set)
  const regions = (document.toJS() as { regions: { name: string }[] }).regions
  regions.forEach(({ name }, index) => {
    const region = endpoints[name] as RegionEndpoints
    const vars = {
      'proxy-port': region.runtime.port,
      'proxy-metrics': region.metrics,
      ...(own ? { backend: region.backend } : {}),
      admin: region.admin,
      webhook,
      ...(helm === undefined ? {} : { helm }),
      ...(states === undefined ? {} : { state: `${states}/${name}` }),
    }
    for (const [key, value] of Object.entries(vars))
      document.setIn(['regions', index, 'vars', own ? `rehearsal-${key}` : key], value)
  })
  if (router)
    document.setIn(
      ['traffic', 'regions', 'router'],
      document.createNode({ type: 'haproxy', ...router.runtime, backend: router.backend }),
    )
  const replaced = own && router ? [`traffic.regions.router ${BY_OWN}`] : []
  return own ? [...replaced, ...replaceOutside(document, metrics)] : []
}

const counter = (...names: string[]) => ({ source: 'rehearsal', sum: names })
const server = (metric: string, code = ''): string =>
  `${metric}{proxy="\${vars.rehearsal-backend}",server="\${arm}"${code}}`
const broken = [
  server('haproxy_server_connection_errors_total'),
  server('haproxy_server_response_errors_total'),
  server('haproxy_server_client_aborts_total'),
]

interface OwnMeasured {
  ratios?: object
  values?: object
}

/** What an own config would reach outside, and the embedded thing that stands in for it. */
function replaceOutside(document: Document, metrics: OwnMetrics): string[] {
  const replaced: string[] = []
  const put = (path: (string | number)[], value: unknown, why = ''): void => {
    document.setIn(path, document.createNode(value))
    replaced.push(`${path.join('.')} ${BY_OWN}${why}`)
  }
  const config = document.toJS() as {
    checks?: Record<string, unknown>
    hooks?: Record<string, unknown>
    notifications?: unknown[]
    metrics: { latency?: unknown } & OwnMeasured
  }
  put(['traffic', 'canary', 'router'], {
    type: 'haproxy',
    host: '127.0.0.1',
    port: '${vars.rehearsal-proxy-port}',
    backend: '${vars.rehearsal-backend}',
  })
  const pages = ['${vars.rehearsal-proxy-metrics}']
  if (metrics.why === undefined) {
    for (const source of metrics.sources) put(['metrics', 'sources', source, 'pages'], pages)
    replaced.push('metrics.requests and metrics.errors are asked as they are written')
  } else
    put(
      ['metrics'],
      {
        sources: { rehearsal: { type: 'scrape', pages } },
        requests: counter(server('haproxy_server_http_responses_total'), ...broken),
        errors: counter(server('haproxy_server_http_responses_total', ',code="5xx"'), ...broken),
      },
      `: ${metrics.why}`,
    )
  if (config.metrics.latency !== undefined) {
    document.setIn(
      ['metrics', 'sources', 'rehearsal-apps'],
      document.createNode({ type: 'scrape', pages: ['${vars.rehearsal-admin}/arms/${arm}/metrics'] }),
    )
    put(['metrics', 'latency'], {
      source: 'rehearsal-apps',
      sum: ['http_request_duration_seconds_bucket{arm="${arm}"}'],
    })
  }
  replaced.push(...leaveOutMeasured(document, config.metrics))
  put(['deploy'], {
    script: {
      run: '.rehearsal-ops/deploy.mjs',
      snapshot: '.rehearsal-ops/snapshot.mjs',
      restore: '.rehearsal-ops/restore.mjs',
    },
  })
  for (const name of Object.keys(config.checks ?? {}))
    put(
      ['checks', name],
      usesArm(document, name)
        ? { type: 'http', url: '${vars.rehearsal-admin}/arms/${arm}/healthz' }
        : { type: 'http', url: '${vars.rehearsal-admin}/arms' },
    )
  const examples = exampleOutputs({ path: 'rollout.yml', document })
  if (Object.keys(examples).length > 0) {
    fillOutputs(document, examples)
    replaced.push('outputs of the infrastructure are replaced by their examples')
  }
  if (document.delete('infrastructure'))
    replaced.push('infrastructure is left out: nothing of yours is planned or applied')
  for (const name of Object.keys(config.hooks ?? {})) {
    document.setIn(['hooks', name], `.rehearsal-ops/hook.mjs ${name}`)
    replaced.push(`hooks.${name} is replaced by a script that only says when it is run`)
  }
  if ((config.notifications ?? []).length > 0)
    put(['notifications'], [{ type: 'webhook', url: '${vars.rehearsal-webhook}' }])
  return replaced
}

/** What the embedded apps, of which half of the requests take 20 ms, can keep and their histogram can show. */
const KEPT_LIMITS = { lowestMs: 250, highestMs: 10_000 }

/**
 * What nobody measures here is left out, and with it its limits, and those of the latency that a healthy release could not keep.
 * @returns what to say of it
 */
function leaveOutMeasured(document: Document, { ratios = {}, values = {} }: OwnMeasured): string[] {
  const gone = [...Object.keys(ratios), ...Object.keys(values)]
  const said = (['ratios', 'values'] as const).flatMap((kind) =>
    document.deleteIn(['metrics', kind])
      ? [`metrics.${kind} is left out, with the limits of its names: nothing of that kind is measured here`]
      : [],
  )
  return [...said, ...leaveOutLimits(document, gone)]
}

function leaveOutLimits(document: Document, gone: readonly string[]): string[] {
  const { canary } = document.toJS() as {
    canary?: { stages?: { limits?: Record<string, unknown> }[]; analysis?: { judge?: string } }
  }
  const said = (canary?.stages ?? []).flatMap(({ limits = {} }, stage) =>
    Object.entries(limits).flatMap(([name, limit]) => {
      const path = ['canary', 'stages', stage, 'limits', name]
      if (gone.includes(name)) document.deleteIn(path)
      if (!name.startsWith('latency-') || canKeep(limit)) return []
      document.deleteIn(path)
      return [`${path.join('.')} is left out: half of the requests take 20 ms here, whatever yours do`]
    }),
  )
  const left = document.toJS() as { canary?: typeof canary }
  const nothing = left.canary?.stages?.some(({ limits = {} }) => Object.keys(limits).length === 0)
  if (canary?.analysis?.judge !== 'threshold' || !nothing) return said
  document.setIn(['canary', 'analysis', 'judge'], 'sequential')
  return [...said, 'canary.analysis.judge is sequential here: not every stage has a limit left']
}

function canKeep(limit: unknown): boolean {
  const written = typeof limit === 'object' && limit !== null && 'max' in limit ? limit.max : limit
  const { success, data = 0 } = duration.safeParse(written)
  return !success || (data >= KEPT_LIMITS.lowestMs && data <= KEPT_LIMITS.highestMs)
}

/** Nobody plans the infrastructure here, so nobody tells what it gives. */
function fillOutputs(document: Document, examples: Readonly<Record<string, string>>): void {
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === 'string')
        node.value = node.value.replace(OUTPUT, (whole, name: string) => examples[name] ?? whole)
    },
  })
}

/** A check of the gate before the transaction cannot know an arm. */
function usesArm(document: Document, check: string): boolean {
  const before =
    (document.getIn(['gates', 'before', 'checks']) as { toJSON(): string[] } | undefined)?.toJSON() ?? []
  return !before.includes(check)
}

/** The example's own scripts act on the embedded regions; an own config gets them in place of its own. */
async function writeScripts(folder: string): Promise<void> {
  const target = join(folder, '.rehearsal-ops')
  await mkdir(target, { recursive: true })
  for (const name of ['deploy.mjs', 'snapshot.mjs', 'restore.mjs', 'hook.mjs']) {
    const text = await readFile(new URL(`./example/ops/${name}`, exampleBase()), 'utf8')
    await writeFile(join(target, name), text.replaceAll('DEPLOY_VARS_ADMIN', 'DEPLOY_VARS_REHEARSAL_ADMIN'), {
      mode: 0o755,
    })
  }
}

/** The example lies beside the bundled CLI, and beside `src` in the sources. */
export function exampleBase(): URL {
  return new URL(import.meta.url.endsWith('.ts') ? '../' : './', import.meta.url)
}

async function hashOf(folder: string): Promise<string> {
  const hash = createHash('sha1')
  const files = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) =>
    entry.isFile(),
  )
  for (const entry of files.map((file) => join(file.parentPath, file.name)).sort())
    hash.update(entry.slice(folder.length)).update(await readFile(entry))
  return hash.digest('hex')
}
