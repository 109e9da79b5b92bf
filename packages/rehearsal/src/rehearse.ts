import { join } from 'node:path'
import { InputError } from '@deploy-actions/action-kit'
import { writeLogs } from './job-pages'
import { resultOf, type RehearsalResult } from './result'
import { STEER } from './rehearsed-repository'
import { engineOf, follow, goOn, regret, start, sweep, takeBack } from './runs'
import {
  open,
  readScript,
  type Closable,
  type EmergencyRequest,
  type RehearsalOptions,
  type Setup,
} from './setup'
import { sharesResult } from './shares'
import { keepWorld, readWorld, repositoryIn, type KeptWorld } from './world-folder'

/** Runs and jobs share one counter; a rehearsal has far fewer of them. */
const IDS_PER_RUN = 1000

/**
 * Rolls a release out over embedded regions by the real workflows, with the scenario's faults; or takes back what was
 * rolled out in a kept world.
 * @throws InputError with what cannot be rehearsed
 */
export async function rehearse(given: RehearsalOptions): Promise<RehearsalResult> {
  const options = given.emergency ? await inKeptWorld(given) : given
  const script = await readScript(options)
  const opened: Closable[] = []
  try {
    const setup = await open(script, opened)
    const result = await (options.emergency ? runEmergency(options.emergency, setup) : runAll(setup))
    if (options.worldFolder !== undefined)
      await keepWorld(options.worldFolder, await worldOf(setup), {
        repository: setup.repository.folder,
        artifacts: join(setup.output, 'artifacts'),
      })
    return result
  } finally {
    for (const part of opened.reverse()) await part.close()
  }
}

/** The same options for the repository that a world has kept. @throws InputError where there is none */
async function inKeptWorld(options: RehearsalOptions): Promise<RehearsalOptions> {
  const { worldFolder = '' } = options
  const kept = await readWorld(worldFolder)
  if (kept?.repository)
    return { ...options, repository: repositoryIn(worldFolder), config: kept.repository.config, own: false }
  throw new InputError([
    {
      where: worldFolder,
      message: kept
        ? 'was kept by a version that kept no repository in it: begin a new world'
        : 'holds no world yet, and nothing that could be taken back: roll a release out in it first',
    },
  ])
}

/** Runs the emergency rollback alone, and reads what is left. */
async function runEmergency(request: EmergencyRequest, setup: Setup): Promise<RehearsalResult> {
  const { world, github, sink, speed, output } = setup
  const [before, sharesBefore] = [await world.state(), await world.shares()]
  const { run, watcher } = await takeBack(engineOf(setup), request, setup)
  await writeLogs(run, output)
  return resultOf({
    ...{ run, speed, before, after: watcher.latest, changes: watcher.changes },
    wallMs: Math.round(performance.now() - setup.startedAt),
    shares: sharesResult(sharesBefore, await world.shares(), watcher.shares),
    ...{ emergencies: [run], steers: [], notStruck: [], isEmergency: true },
    deployments: github.deployments,
    artifacts: github.artifacts(run.id),
    emergencyArtifacts: [],
    calls: github.calls,
    webhook: sink.received,
    folder: output,
    ownWorkflowRegion: undefined,
  })
}

/** Runs what the scenario says, lets its faults strike in the first run, and reads what is left. */
async function runAll(setup: Setup): Promise<RehearsalResult> {
  const { options, world, github, sink, scenario, configs, speed, output } = setup
  const names = configs.map(({ region }) => region.name)
  const [before, sharesBefore] = [await world.state(), await world.shares()]
  const engine = engineOf(setup)
  const first = await follow(engine, await start(engine, setup), scenario, setup)
  const swept = await sweep(engine, first, setup)
  const [next, regretted] = await Promise.all([goOn(engine, first, setup), regret(engine, setup)])
  const later = regretted ?? swept
  const last = next ?? first
  for (const wake of first.watcher.away) await wake()
  // Of two that went on side by side neither need have seen the end.
  const isMoved = first.watcher.away.length > 0 || (next !== undefined && later !== undefined)
  const steers = first.beside.filter(({ path }) => path === STEER)
  const restorers = first.beside.filter(({ path }) => path !== STEER)
  const emergencies = [...restorers, ...[swept, regretted].flatMap((one) => (one ? [one.run] : []))]
  await writeLogs(last.run, output)
  for (const run of [...steers, ...emergencies]) await writeLogs(run, join(output, `run-${run.id}`))
  return resultOf({
    run: last.run,
    speed,
    wallMs: Math.round(performance.now() - setup.startedAt),
    before,
    after: isMoved ? await world.state() : (later ?? last).watcher.latest,
    releases: await setup.cluster?.releases(),
    states: setup.infrastructure?.states(),
    changes: [first, swept, next, regretted].flatMap((one) => one?.watcher.changes ?? []),
    shares: sharesResult(
      sharesBefore,
      await world.shares(),
      [first, swept, next, regretted].flatMap((one) => one?.watcher.shares ?? []),
    ),
    emergencies,
    steers,
    deployments: github.deployments,
    artifacts: github.artifacts(last.run.id),
    emergencyArtifacts: emergencies.flatMap(({ id }) => github.artifacts(id)),
    calls: github.calls,
    webhook: sink.received,
    notStruck: first.watcher.waiting(),
    folder: output,
    ownWorkflowRegion: options.workflow === undefined ? undefined : (names[1] ?? names[0]),
  })
}

async function worldOf(setup: Setup): Promise<KeptWorld> {
  const { world, github, firstRunId, clock, repository, options, sink } = setup
  return {
    v: 1,
    world: await world.save(),
    github: github.save(),
    nextRunId: firstRunId + IDS_PER_RUN,
    endedAt: clock.now().getTime(),
    repository: { config: options.config, service: repository.service, sha: repository.sha },
    webhookPort: sink.port,
  }
}
