import { createHash } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import type { Clock } from '@deploy-actions/action-kit'
import { readRollout, resolveAll, type RegionConfig, type RolloutFile } from '@deploy-actions/config'
import { maxParallel, type Release } from '@deploy-actions/rollout'
import { startGitHub, type GitHubEmulator } from '@deploy-actions/github-emulator'
import { openWorld, type World } from '@deploy-actions/embedded-regions'
import {
  checkout,
  createEngine,
  type Engine,
  type RunHandle,
  type RunView,
} from '@deploy-actions/workflow-engine'
import type { Scenario } from './scenario'
import { environmentsOf, firstWorld, REVIEWER, sameWorld } from './first-world'
import { writeLogs } from './job-pages'
import { JobProgress } from './job-progress'
import { ownMetrics } from './own-metrics'
import { choosePace, clockFrom } from './pace'
import { fullLoad, loadFor, regionOfJob } from './region-jobs'
import { prepareRepository, type RehearsedRepository } from './rehearsed-repository'
import { resultOf, type RehearsalResult } from './result'
import type { View } from './view'
import { watch, type Watcher } from './watcher'
import { openWebhookSink, type WebhookSink } from './webhook-sink'
import { keepWorld, readWorld, type KeptWorld } from './world-folder'

export interface RehearsalOptions {
  /** the assembled suite */
  releaseTree: string
  /** folder of the repository, and path of rollout.yml in it */
  repository: string
  config: string
  /** a config of the user's own: what would reach out is replaced */
  own: boolean
  /** another workflow to run than the caller of the release tree */
  workflow?: string
  release: Release
  regions: string
  scenario: (file: RolloutFile) => Scenario | Promise<Scenario>
  speed: number
  /** where the world is kept between rehearsals */
  worldFolder?: string
  /** where logs, summaries and evidence go */
  output: string
  view: View
  /** more for the secrets of the repository */
  secrets?: Record<string, string>
  signal?: AbortSignal
}

const SUITE = 'OWNER/deploy-actions'
const REPOSITORY = 'example/shop'
const FIRST_RUN = 1001
const IMAGE = 'registry.example.com/shop'
/** Runs and jobs share one counter; a rehearsal has far fewer of them. */
const IDS_PER_RUN = 1000

/** Rolls a release out over embedded regions by the real workflows, with the scenario's faults. */
export async function rehearse(options: RehearsalOptions): Promise<RehearsalResult> {
  const script = await readScript(options)
  const opened: Closable[] = []
  try {
    const setup = await open(script, opened)
    const result = await runAll(setup)
    if (options.worldFolder !== undefined) await keepWorld(options.worldFolder, await worldOf(setup))
    return result
  } finally {
    for (const part of opened.reverse()) await part.close()
  }
}

/** What is to be rehearsed, and at which pace. */
interface Script {
  options: RehearsalOptions
  scenario: Scenario
  configs: RegionConfig[]
  kept: KeptWorld | undefined
  speed: number
  epoch: number
  clock: Clock
  output: string
  /** real milliseconds, of no certain beginning */
  startedAt: number
}

async function readScript(options: RehearsalOptions): Promise<Script> {
  const file = await readRollout(options.config, { workspace: options.repository })
  const configs = await resolveAll(file, {
    variables: {
      ...options.release,
      image: IMAGE,
      commit: 'example',
      'run-id': '1',
      'correlation-id': 'example',
    },
  })
  const scenario = await options.scenario(file)
  const kept = options.worldFolder === undefined ? undefined : await readWorld(options.worldFolder)
  const startedAt = performance.now()
  const { speed, lowered } = choosePace(options.speed, {
    rps: scenario.traffic.rps,
    regions: configs.length,
    atOnce: maxParallel(configs[0]?.order.kind ?? 'serial', configs.length),
    intervalMs: configs[0]?.canary.analysis.interval ?? 10_000,
  })
  if (lowered) options.view.say(lowered)
  const { clock, epoch } = clockFrom(Math.max(Date.now(), kept?.endedAt ?? 0), speed)
  const output = resolve(options.output)
  await mkdir(output, { recursive: true })
  return { options, scenario, configs, kept, speed, epoch, clock, output, startedAt }
}

interface Closable {
  close(): Promise<void>
}

/** Everything that a rehearsal runs in. */
interface Setup extends Script {
  world: World
  github: GitHubEmulator
  sink: WebhookSink
  repository: RehearsedRepository
  /** of the runs so far; the emulator shows and cancels them */
  handles: RunHandle[]
  firstRunId: number
}

/** @param opened takes what is to be closed, whether or not the rest could be opened */
async function open(script: Script, opened: Closable[]): Promise<Setup> {
  const { configs, kept, scenario, speed } = script
  const pace = { rps: scenario.traffic.rps, speed }
  const world = await openWorld(kept ? sameWorld(kept.world, configs, pace) : firstWorld(configs, pace))
  opened.push(world)
  const sink = await openWebhookSink()
  opened.push(sink)
  const repository = await copyRepository(script, world, sink)
  await world.resetBaseline()
  await fullLoad(world)
  const handles: RunHandle[] = []
  const github = await openGitHub(script, repository, handles)
  opened.push(github)
  if (kept) github.restore(kept.github)
  return { ...script, world, github, sink, repository, handles, firstRunId: kept?.nextRunId ?? FIRST_RUN }
}

async function copyRepository(
  { options, output, configs, scenario }: Script,
  world: World,
  sink: WebhookSink,
): Promise<RehearsedRepository> {
  const repository = await prepareRepository({
    source: options.repository,
    config: options.config,
    own: options.own,
    folder: join(output, 'repository'),
    leftOut: [output, ...(options.worldFolder === undefined ? [] : [options.worldFolder])],
    workflow: {
      file: options.workflow ?? join(options.releaseTree, 'callers', 'deploy.yml'),
      own: options.workflow !== undefined,
    },
    metrics: ownMetrics(configs, await metricsPages(configs, world)),
    endpoints: world.regions,
    webhook: sink.url,
    beside: scenario.beside,
  })
  for (const sentence of repository.replaced) options.view.say(`${options.config}: ${sentence}`)
  return repository
}

/** What the embedded proxies export, region by region. */
const metricsPages = (configs: readonly RegionConfig[], { regions }: World): Promise<string[]> =>
  Promise.all(
    configs.map(async ({ region }) => {
      const endpoints = regions[region.name]
      return endpoints ? (await fetch(endpoints.metrics)).text() : ''
    }),
  )

function openGitHub(
  { configs, scenario, output, clock }: Script,
  { folder, sha }: RehearsedRepository,
  handles: readonly RunHandle[],
): Promise<GitHubEmulator> {
  return startGitHub({
    repository: REPOSITORY,
    repositoryFolder: folder,
    branches: { main: sha },
    environments: environmentsOf(configs, scenario),
    artifactFolder: join(output, 'artifacts'),
    now: clock.now,
    runs: () => handles.map(({ view }) => view),
    onCancel: (id) => handles.find(({ view }) => view.id === id)?.cancel(),
  })
}

async function worldOf({ world, github, firstRunId, clock }: Setup): Promise<KeptWorld> {
  return {
    v: 1,
    world: await world.save(),
    github: github.save(),
    nextRunId: firstRunId + IDS_PER_RUN,
    endedAt: clock.now().getTime(),
  }
}

function engineOf(setup: Setup): Engine {
  const { options, github, repository, scenario, configs, output, speed, epoch, clock, world } = setup
  const names = configs.map(({ region }) => region.name)
  const protectedBy = new Map(
    environmentsOf(configs, scenario).map((environment) => [environment.name, environment.reviewers ?? []]),
  )
  return createEngine({
    releaseTree: resolve(options.releaseTree),
    suiteRepository: SUITE,
    repository: repository.folder,
    repositoryName: REPOSITORY,
    work: jobFolder(output),
    node: process.execPath,
    speed,
    now: clock.now,
    vars: variablesOf(world, configs),
    secrets: { DEPLOY_SECRETS: '', ...options.secrets },
    serverUrl: github.serverUrl,
    apiUrl: github.url,
    firstRunId: setup.firstRunId,
    builtIns: new Map([['actions/checkout', checkout]]),
    jobEnvironment: (job, run) => ({
      ...github.environmentFor(job, run),
      DEPLOY_ACTIONS_SPEED: String(speed),
      DEPLOY_ACTIONS_EPOCH: String(epoch),
    }),
    async approve({ environment, run }) {
      if ((protectedBy.get(environment) ?? []).length === 0) return { state: 'approved' }
      const refusal = scenario.approvals[environment]
      const answer = refusal
        ? ({ state: 'rejected', comment: refusal.reject } as const)
        : ({ state: 'approved', comment: 'approved by the rehearsal' } as const)
      github.recordApproval(run.id, { ...answer, user: REVIEWER, environments: [environment] })
      options.view.say(`${environment}: ${answer.state}${refusal ? ` (${refusal.reject})` : ''}`)
      return answer
    },
    onEvent: (event) => {
      void loadFor(event, names, world)
      options.view.event(event)
    },
  })
}

/** @param what another release than the first, or a run to be run again */
async function start(
  engine: Engine,
  { options, scenario, repository, configs, handles }: Setup,
  what: { release?: Release; rerunOf?: RunView } = {},
): Promise<RunHandle> {
  const { release = options.release, rerunOf } = what
  const elsewhere = scenario.beside?.regions ?? []
  const names = configs.map(({ region }) => region.name).filter((name) => !elsewhere.includes(name))
  const regions = elsewhere.length > 0 && options.regions === 'all' ? names.join(',') : options.regions
  const handle = await engine.start({
    workflow: repository.workflow,
    event: 'workflow_dispatch',
    inputs: { ...release, ...(options.workflow === undefined ? { regions, image: IMAGE } : {}) },
    ref: 'refs/heads/main',
    sha: repository.sha,
    actor: 'release-manager',
    ...(rerunOf ? { rerunOf } : {}),
  })
  handles.push(handle)
  return handle
}

/** Where the jobs of a rehearsal run. */
const jobFolder = (output: string): string => join(output, 'jobs')

/** Variables of the repository: where the proxy of the struck region is, for workflows without rollout.yml. */
function variablesOf({ regions }: World, configs: readonly RegionConfig[]): Record<string, string> {
  const region = regions[(configs[1] ?? configs[0])?.region.name ?? '']
  return region
    ? {
        PROXY_HOST: region.runtime.host,
        PROXY_PORT: String(region.runtime.port),
        PROXY_METRICS: region.metrics,
      }
    : {}
}

/** Runs what the scenario says, lets its faults strike in the first run, and reads what is left. */
async function runAll(setup: Setup): Promise<RehearsalResult> {
  const { options, world, github, sink, scenario, configs, speed, output } = setup
  const names = configs.map(({ region }) => region.name)
  const before = await world.state()
  const engine = engineOf(setup)
  const first = await follow(await start(engine, setup), scenario, setup)
  const next = await goOn(engine, first, setup)
  const last = next ?? first
  for (const wake of first.watcher.away) await wake()
  await writeLogs(last.run, output)
  return resultOf({
    run: last.run,
    speed,
    wallMs: Math.round(performance.now() - setup.startedAt),
    before,
    after: first.watcher.away.length > 0 ? await world.state() : last.watcher.latest,
    changes: [...first.watcher.changes, ...(next?.watcher.changes ?? [])],
    deployments: github.deployments,
    artifacts: github.artifacts(last.run.id),
    calls: github.calls,
    webhook: sink.received,
    notStruck: first.watcher.waiting(),
    folder: output,
    ownWorkflowRegion: options.workflow === undefined ? undefined : (names[1] ?? names[0]),
  })
}

/** A run that has ended, and what was seen of it. */
interface Followed {
  run: RunView
  watcher: Watcher
}

/** What follows the first run. */
async function goOn(engine: Engine, { run }: Followed, setup: Setup): Promise<Followed | undefined> {
  const { options, scenario } = setup
  if (scenario.then === undefined) return undefined
  options.view.say(
    `the run ended as ${run.conclusion ?? 'nothing'}; ${scenario.then === 're-run' ? 'it is run again' : 'the next release follows'}`,
  )
  await fullLoad(setup.world)
  const what = scenario.then === 're-run' ? { rerunOf: run } : { release: after(options.release) }
  return follow(await start(engine, setup, what), { ...scenario, faults: [] }, setup)
}

/** The release that comes next. */
const after = ({ version, digest }: Release): Release => ({
  version: `${version}-next`,
  digest: `sha256:${createHash('sha256').update(digest).digest('hex')}`,
})

/** Follows a run to its end, and lets the faults strike. */
async function follow(handle: RunHandle, scenario: Scenario, setup: Setup): Promise<Followed> {
  const { options, world, github, configs, output, clock } = setup
  const names = configs.map(({ region }) => region.name)
  const stopRun = (): void => handle.cancel()
  options.signal?.addEventListener('abort', stopRun, { once: true })
  const progress = new JobProgress(jobFolder(output), options.view.progress)
  const watcher = watch({
    world,
    github,
    run: handle,
    scenario,
    clock,
    regionOf: (job) => regionOfJob(job, names),
    async onLook(readings) {
      await progress.hear(handle.view.jobs)
      options.view.look(handle.view, readings, clock.now())
    },
  })
  const run = await handle.done
  await watcher.stop()
  options.signal?.removeEventListener('abort', stopRun)
  return { run, watcher }
}
