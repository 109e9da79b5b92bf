import { join, resolve } from 'node:path'
import { InputError, type Clock } from '@deploy-actions/action-kit'
import {
  ofRelease,
  readRollout,
  resolveAll,
  type RegionConfig,
  type RolloutFile,
} from '@deploy-actions/config'
import { maxParallel, opensNext, whyClosed, type Release } from '@deploy-actions/rollout'
import { startGitHub, type GitHubEmulator } from '@deploy-actions/github-emulator'
import { openWorld, type World, type WorldPlanInput } from '@deploy-actions/embedded-regions'
import type { RunHandle } from '@deploy-actions/workflow-engine'
import { mustHaveStages } from './fault-schedule'
import type { Scenario, ScenarioFault } from './scenario'
import { mustHaveServers, openExampleCluster, type ExampleCluster } from './example-cluster'
import { openExampleInfrastructure, type ExampleInfrastructure } from './example-infrastructure'
import { environmentsOf, firstWorld, sameWorld } from './first-world'
import { folderFor, readGiven } from './given-files'
import { clearPages } from './job-pages'
import { ownMetrics } from './own-metrics'
import { besideJobs, choosePace, clockFrom } from './pace'
import { versionsOf } from './releases'
import { loadAll } from './region-jobs'
import {
  EMERGENCY,
  prepareRepository,
  reopenRepository,
  setIn,
  STEER,
  SWEEPER,
  type RehearsedRepository,
} from './rehearsed-repository'
import { mustHaveShares } from './shares'
import type { View } from './view'
import { openWebhookSink, type WebhookSink } from './webhook-sink'
import { artifactsIn, readWorld, repositoryIn, type KeptWorld } from './world-folder'

export interface RehearsalOptions {
  /** the assembled suite */
  releaseTree: string
  /** folder of the repository, and path of rollout.yml in it */
  repository: string
  config: string
  /** a config of the user's own: what would reach out is replaced */
  own: boolean
  /**
   * an example that needs Kubernetes: the manifests of the repository that each region begins with
   */
  cluster?: { objects: string }
  /** where the servers and tools of examples are, as test/systems/install fills it */
  systems: string
  /** another workflow to run than the caller of the release tree */
  workflow?: string
  release: Release
  regions: string
  scenario: (file: RolloutFile) => Scenario | Promise<Scenario>
  speed: number
  /** where the world is kept between rehearsals */
  worldFolder?: string
  /** what a person takes back in the kept world, instead of a rollout */
  emergency?: EmergencyRequest
  /** where logs, summaries and evidence go */
  output: string
  view: View
  /** more for the secrets of the repository */
  secrets?: Record<string, string>
  signal?: AbortSignal
}

/** What a person asks emergency-rollback.yml for. */
export interface EmergencyRequest {
  /** open, previous or the id of a transaction */
  to: string
  /** one, or all */
  region: string
  reason: string
  /** in the steps of rollback.staged */
  staged: boolean
}

/** The repository that is played. */
export const REPOSITORY = 'example/shop'
/** The image whose release is rolled out. */
export const IMAGE = 'registry.example.com/shop'
const FIRST_RUN = 1001

/** What is to be rehearsed, and at which pace. */
export interface Script {
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

export async function readScript(options: RehearsalOptions): Promise<Script> {
  const file = await readRollout(options.config, { workspace: options.repository })
  const scenario = await options.scenario(file)
  mustFit(options, scenario, !options.own && file.document.has('infrastructure'))
  setIn(file.document, scenario.set)
  const configs = await resolveAll(file, {
    variables: {
      ...options.release,
      image: IMAGE,
      commit: 'example',
      'run-id': '1',
      'correlation-id': 'example',
    },
  })
  mustHaveShares(scenario, configs)
  mustHaveStages(scenario, configs)
  if (options.cluster) await mustHaveServers(options.systems)
  const output = resolve(options.output)
  await readGiven(
    workflowOf(options).file,
    options.workflow === undefined ? 'the folder of an assembled suite' : 'the file of a workflow',
  )
  await folderFor(output, 'what the rehearsal leaves')
  if (options.worldFolder !== undefined) await folderFor(options.worldFolder, 'the world')
  const kept = options.worldFolder === undefined ? undefined : await readWorld(options.worldFolder)
  await clearPages(output)
  const startedAt = performance.now()
  const { speed, lowered } = choosePace(options.speed, {
    rps: scenario.traffic.rps,
    regions: configs.length,
    atOnce: maxParallel(configs[0]?.order.kind ?? 'serial', configs.length),
    intervalMs: configs[0]?.canary.analysis.interval ?? 10_000,
    hops: configs[0]?.traffic.regions ? 2 : 1,
    cluster: options.cluster !== undefined,
  })
  if (lowered) options.view.say(lowered)
  const { clock, epoch } = clockFrom(await startOf(configs, kept, options), speed)
  return { options, scenario, configs, kept, speed, epoch, clock, output, startedAt }
}

/** @throws InputError with all that a rehearsal on a cluster, or without one, or of an infrastructure cannot have */
function mustFit(
  { cluster, worldFolder }: RehearsalOptions,
  { faults }: Scenario,
  hasInfrastructure: boolean,
): void {
  const misfit = (fault: ScenarioFault): string | undefined => {
    if (cluster && 'router' in fault)
      return `the router of ${fault.region} is to ${fault.router}: that is a fault of HAProxy's command port, which this example does not use`
    if (!cluster && fault['at-workload'] !== undefined)
      return `a fault in ${fault.region} waits until its workload is ${fault['at-workload']}, which a Kubernetes API server alone shows: choose --example helm`
    return undefined
  }
  const problems = faults.flatMap((fault) => {
    const message = misfit(fault)
    return message === undefined ? [] : [{ where: 'scenario', message }]
  })
  if (cluster && worldFolder !== undefined)
    problems.unshift({ where: '--world', message: 'keeps no cluster: this example begins anew each time' })
  if (hasInfrastructure && worldFolder !== undefined)
    problems.unshift({
      where: '--world',
      message: 'keeps no states of an infrastructure: this example begins anew each time',
    })
  if (problems.length > 0) throw new InputError(problems)
}

/** In milliseconds since 1970: now, after what was kept, and where the windows of the config are closed, when they open. */
async function startOf(
  [first]: readonly RegionConfig[],
  kept: KeptWorld | undefined,
  { view }: RehearsalOptions,
): Promise<number> {
  const now = new Date(Math.max(Date.now(), kept?.endedAt ?? 0))
  if (!first || (await whyClosed(first.windows, now)) === undefined) return now.getTime()
  const opens = await opensNext(first.windows, now)
  if (!opens) return now.getTime()
  view.say(`its windows are closed now: it is rehearsed at ${opens.toISOString()}, when they open`)
  return opens.getTime()
}

export interface Closable {
  close(): Promise<void>
}

/** Everything that a rehearsal runs in. */
export interface Setup extends Script {
  world: World
  /** real requests per second of each region */
  rps: number
  /** what the world follows */
  cluster: ExampleCluster | undefined
  /** what the regions' infrastructure is planned by */
  infrastructure: ExampleInfrastructure | undefined
  github: GitHubEmulator
  sink: WebhookSink
  repository: RehearsedRepository
  /** of the runs so far; the emulator shows and cancels them */
  handles: RunHandle[]
  firstRunId: number
}

/** @param opened takes what is to be closed, whether or not the rest could be opened */
export async function open(script: Script, opened: Closable[]): Promise<Setup> {
  const { configs, kept, scenario, speed } = script
  const pace = { rps: scenario.traffic.rps, speed }
  const plan = kept ? sameWorld(kept.world, configs, pace) : firstWorld(configs, pace)
  const infrastructure = await infrastructureOf(script, opened)
  const world = await openWorld(plan)
  opened.push(world)
  const cluster = await leadBy(script, plan, world, opened)
  script.options.signal?.throwIfAborted()
  if (script.options.emergency) mustBeWhereItWas(kept?.world, world)
  const sink = await openWebhookSink(kept?.webhookPort)
  opened.push(sink)
  const repository = await copyRepository(script, world, sink, { cluster, infrastructure })
  await world.resetBaseline()
  const rps = pace.rps * pace.speed
  await loadAll(world, script.options.emergency ? besideJobs(rps, configs.length) : rps)
  const handles: RunHandle[] = []
  const github = await openGitHub(script, repository, handles)
  opened.push(github)
  if (kept) github.restore(kept.github)
  return {
    ...script,
    world,
    rps,
    cluster,
    infrastructure,
    github,
    sink,
    repository,
    handles,
    firstRunId: kept?.nextRunId ?? FIRST_RUN,
  }
}

/** Has a world follow a cluster, where the example needs one. */
async function leadBy(
  { options, configs }: Script,
  plan: WorldPlanInput,
  world: World,
  opened: Closable[],
): Promise<ExampleCluster | undefined> {
  const { cluster: given, repository, release, signal, view } = options
  if (given === undefined) return undefined
  const cluster = await openExampleCluster({
    ...given,
    systems: options.systems,
    repository,
    configs,
    plan,
    say: (text) => view.say(text),
  })
  opened.push(cluster)
  signal?.throwIfAborted()
  await cluster.lead(world, versionsOf(release), signal)
  return cluster
}

/** Of an example that has one; that of a config of the user's own is neither planned nor applied. */
async function infrastructureOf(
  { options, configs: [first], output }: Script,
  opened: Closable[],
): Promise<ExampleInfrastructure | undefined> {
  const stack = ofRelease(first?.infrastructure)
  if (options.own || !stack) return undefined
  const infrastructure = await openExampleInfrastructure(stack, {
    systems: options.systems,
    // Beside the repository of the examples.
    recorded: join(options.repository, '../recorded/tofu.mjs'),
    toolCache: join(resolve(output), 'tools'),
    say: (text) => options.view.say(text),
  })
  opened.push(infrastructure)
  return infrastructure
}

/** What the rollouts of a kept world have uploaded names the ports that its parts had then. @throws InputError */
function mustBeWhereItWas(plan: KeptWorld['world'] | undefined, { regions }: World): void {
  const taken = (plan?.regions ?? []).flatMap(({ name, ports }) => {
    const now = regions[name]
    if (!ports || !now) return []
    const is = { runtime: now.runtime.port, metrics: portOf(now.metrics), admin: portOf(now.admin) }
    return (['runtime', 'metrics', 'admin'] as const)
      .filter((part) => ports[part] !== is[part])
      .map((part) => ({
        where: '--world',
        message: `${name} had its ${part} at port ${ports[part]}, where something else listens now: end that, and try again`,
      }))
  })
  if (taken.length > 0) throw new InputError(taken)
}

const portOf = (url: string): number => Number(new URL(url).port)

const workflowOf = ({ workflow, releaseTree }: RehearsalOptions): { file: string; own: boolean } => ({
  file: workflow ?? join(releaseTree, 'callers', 'deploy.yml'),
  own: workflow !== undefined,
})

async function copyRepository(
  { options, output, configs, scenario, kept }: Script,
  world: World,
  sink: WebhookSink,
  { cluster, infrastructure }: Pick<Setup, 'cluster' | 'infrastructure'>,
): Promise<RehearsedRepository> {
  const { worldFolder } = options
  const earlier = worldFolder !== undefined && kept?.repository ? repositoryIn(worldFolder) : undefined
  if (options.emergency && earlier !== undefined && kept?.repository)
    return reopenRepository(earlier, join(output, 'repository'), kept.repository)
  const repository = await prepareRepository({
    source: options.repository,
    config: options.config,
    own: options.own,
    folder: join(output, 'repository'),
    earlier,
    leftOut: [output, ...(worldFolder === undefined ? [] : [worldFolder])],
    workflow: workflowOf(options),
    callers: {
      [EMERGENCY]: join(options.releaseTree, 'callers', 'emergency-rollback.yml'),
      [SWEEPER]: join(options.releaseTree, 'callers', 'sweeper.yml'),
      [STEER]: join(options.releaseTree, 'callers', 'steer.yml'),
    },
    metrics: ownMetrics(configs, await metricsPages(configs, world)),
    endpoints: world.regions,
    router: world.router,
    webhook: sink.url,
    helm: cluster?.helm,
    states: infrastructure?.address,
    beside: scenario.beside,
    set: scenario.set,
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
  { configs, scenario, output, clock, kept, options: { worldFolder } }: Script,
  repository: RehearsedRepository,
  handles: readonly RunHandle[],
): Promise<GitHubEmulator> {
  return startGitHub({
    repository: REPOSITORY,
    repositoryFolder: repository.folder,
    branches: {
      get main() {
        return repository.sha
      },
    },
    history: {
      get main() {
        return [...(kept?.github.runs ?? []), ...handles.map(({ view }) => view)]
          .map(({ headSha }) => headSha)
          .reverse()
      },
    },
    environments: environmentsOf(configs, scenario),
    artifactFolder: join(output, 'artifacts'),
    ...(worldFolder !== undefined && { keptArtifactFolder: artifactsIn(worldFolder) }),
    now: clock.now,
    runs: () => handles.map(({ view }) => view),
    onCancel: (id) => handles.find(({ view }) => view.id === id)?.cancel(),
  })
}
