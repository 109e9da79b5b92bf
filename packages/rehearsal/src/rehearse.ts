import { join } from 'node:path'
import { writeLogs } from './job-pages'
import { resultOf, type RehearsalResult } from './result'
import { STEER } from './rehearsed-repository'
import { engineOf, follow, goOn, regret, start, sweep } from './runs'
import { open, readScript, type Closable, type RehearsalOptions, type Setup } from './setup'
import { sharesResult } from './shares'
import { keepWorld, type KeptWorld } from './world-folder'

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

async function worldOf({ world, github, firstRunId, clock }: Setup): Promise<KeptWorld> {
  return {
    v: 1,
    world: await world.save(),
    github: github.save(),
    nextRunId: firstRunId + IDS_PER_RUN,
    endedAt: clock.now().getTime(),
  }
}
