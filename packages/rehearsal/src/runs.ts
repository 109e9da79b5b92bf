import { resolve } from 'node:path'
import type { RegionConfig } from '@deploy-actions/config'
import type { World } from '@deploy-actions/embedded-regions'
import { formatDuration, type Release } from '@deploy-actions/rollout'
import {
  checkout,
  createEngine,
  type Engine,
  type RunHandle,
  type RunView,
} from '@deploy-actions/workflow-engine'
import { environmentsOf, REVIEWER } from './first-world'
import { jobFolder } from './job-pages'
import { JobProgress } from './job-progress'
import { besideJobs } from './pace'
import { loadAll, loadFor, regionOfJob } from './region-jobs'
import { EMERGENCY, STEER, SWEEPER } from './rehearsed-repository'
import { nextRelease } from './releases'
import type { Dispatch, Scenario } from './scenario'
import { IMAGE, REPOSITORY, type EmergencyRequest, type Setup } from './setup'
import { watch, type Watcher } from './watcher'

const SUITE = 'OWNER/deploy-actions'

/** A run that has ended, and what was seen of it. */
export interface Followed {
  run: RunView
  watcher: Watcher
  /** runs that somebody began meanwhile, and that have ended, too */
  beside: RunView[]
}

/** The engine of all runs of a rehearsal: they share its concurrency groups and its numbers. */
export function engineOf(setup: Setup): Engine {
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
    secrets: { DEPLOY_SECRETS: secretsOf(setup), ...options.secrets },
    serverUrl: github.serverUrl,
    apiUrl: github.url,
    firstRunId: setup.firstRunId,
    builtIns: new Map([['actions/checkout', checkout]]),
    jobEnvironment: (job, run) => ({
      ...github.environmentFor(job, run),
      ...(setup.infrastructure && { RUNNER_TOOL_CACHE: setup.infrastructure.toolCache }),
      DEPLOY_ACTIONS_SPEED: String(speed),
      DEPLOY_ACTIONS_EPOCH: String(epoch),
    }),
    async approve({ environment, run, signal }) {
      if ((protectedBy.get(environment) ?? []).length === 0) return { state: 'approved' }
      const { reject, after: afterMs = 0 } = scenario.approvals[environment] ?? {}
      await clock.sleep(afterMs, signal)
      const answer =
        reject === undefined
          ? ({ state: 'approved', comment: 'approved by the rehearsal' } as const)
          : ({ state: 'rejected', comment: reject } as const)
      github.recordApproval(run.id, { ...answer, user: REVIEWER, environments: [environment] })
      options.view.say(`${environment}: ${answer.state}${reject === undefined ? '' : ` (${reject})`}`)
      return answer
    },
    onEvent: (event) => {
      void loadFor(event, names, world)
      options.view.event(event)
    },
  })
}

/** KEY=VALUE lines of what the example needs. */
const secretsOf = ({ cluster, infrastructure }: Setup): string =>
  [cluster && `KUBECONFIG=${cluster.kubeconfig}`, infrastructure?.secrets]
    .filter((line) => line !== undefined)
    .join('\n')

/** @param what another release than the first, or a run to be run again */
export async function start(
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

const DISPATCHED: Record<Dispatch['dispatch'], string> = { 'emergency-rollback': EMERGENCY, steer: STEER }

/** Somebody runs another workflow of the repository, with what its main branch holds by then. */
async function dispatch(
  engine: Engine,
  { dispatch: workflow, inputs, 'rollout-yml': config }: Dispatch,
  { options, repository, handles }: Setup,
): Promise<RunHandle> {
  if (config === 'broken') await repository.breakConfig()
  options.view.say(`somebody runs ${workflow} (${Object.values(inputs).join(', ')})`)
  const handle = await engine.start({
    workflow: DISPATCHED[workflow],
    event: 'workflow_dispatch',
    inputs: { service: repository.service, ...inputs },
    ref: 'refs/heads/main',
    sha: repository.sha,
    actor: 'on-call',
  })
  handles.push(handle)
  return handle
}

/** No plan measures it, and jobs work in all regions at once. */
const loadBesideJobs = ({ world, rps, configs }: Setup): Promise<void> =>
  loadAll(world, besideJobs(rps, configs.length))

/** What a person does who finds out later; undefined where nobody does. */
export async function regret(engine: Engine, setup: Setup): Promise<Followed | undefined> {
  const { scenario, options, clock } = setup
  if (!scenario.regret) return undefined
  const { after: afterMs, inputs } = scenario.regret
  options.view.say(`somebody finds out ${formatDuration(afterMs)} later`)
  // Beside it the next release may be judged, by all of the traffic.
  await (scenario.then === undefined ? loadBesideJobs(setup) : loadAll(setup.world, setup.rps))
  await clock.sleep(afterMs, options.signal ?? new AbortController().signal)
  const handle = await dispatch(engine, { dispatch: 'emergency-rollback', inputs }, setup)
  return follow(engine, handle, { ...scenario, faults: [] }, setup)
}

/** What a person takes back in a kept world: nothing is rolled out meanwhile. */
export async function takeBack(
  engine: Engine,
  { to, region, reason, staged }: EmergencyRequest,
  setup: Setup,
): Promise<Followed> {
  const inputs = { to, region, reason, staged: String(staged) }
  const handle = await dispatch(engine, { dispatch: 'emergency-rollback', inputs }, setup)
  return follow(engine, handle, setup.scenario, setup)
}

/** What GitHub starts when the run has ended; undefined where the scenario has no sweeper. */
export async function sweep(engine: Engine, { run }: Followed, setup: Setup): Promise<Followed | undefined> {
  const { scenario, options, repository, handles } = setup
  if (scenario.then !== 'sweep') return undefined
  options.view.say(
    `the run ended as ${run.conclusion ?? 'nothing'}; the sweeper looks for what it left behind`,
  )
  await loadBesideJobs(setup)
  const handle = await engine.start({
    ...{ workflow: SWEEPER, event: 'workflow_run', ended: run },
    ...{ ref: 'refs/heads/main', sha: repository.sha, actor: 'release-manager' },
  })
  handles.push(handle)
  return follow(engine, handle, { ...scenario, faults: [] }, setup)
}

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

/** What follows the first run. */
export async function goOn(engine: Engine, { run }: Followed, setup: Setup): Promise<Followed | undefined> {
  const { options, scenario } = setup
  if (scenario.then === undefined || scenario.then === 'sweep') return undefined
  options.view.say(
    `the run ended as ${run.conclusion ?? 'nothing'}; ${scenario.then === 're-run' ? 'it is run again' : 'the next release follows'}`,
  )
  await loadAll(setup.world, setup.rps)
  const what = scenario.then === 're-run' ? { rerunOf: run } : { release: nextRelease(options.release) }
  return follow(engine, await start(engine, setup, what), { ...scenario, faults: [] }, setup)
}

/** Follows a run to its end, and lets the faults strike. */
export async function follow(
  engine: Engine,
  handle: RunHandle,
  scenario: Scenario,
  setup: Setup,
): Promise<Followed> {
  const { options, world, cluster, github, configs, output, clock } = setup
  const names = configs.map(({ region }) => region.name)
  const stopRun = (): void => handle.cancel()
  options.signal?.addEventListener('abort', stopRun, { once: true })
  // It may have been stopped while everything was opened, or between two runs.
  if (options.signal?.aborted) stopRun()
  const beside: RunHandle[] = []
  const progress = new JobProgress(jobFolder(output), options.view.progress)
  const watcher = watch({
    world,
    github,
    run: handle,
    scenario,
    clock,
    dispatch: async (what) => void beside.push(await dispatch(engine, what, setup)),
    regionOf: (job) => regionOfJob(job, names),
    isChanging: (region) => cluster?.isChanging(region) ?? false,
    async onLook(readings) {
      await progress.hear(handle.view.jobs)
      options.view.look(handle.view, readings, clock.now())
    },
  })
  const run = await handle.done
  const others = await Promise.all(beside.map(({ done }) => done))
  await watcher.stop()
  options.signal?.removeEventListener('abort', stopRun)
  return { run, watcher, beside: others }
}
