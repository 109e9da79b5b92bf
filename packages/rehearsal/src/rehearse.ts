import { writeLogs } from './job-pages'
import { resultOf, type RehearsalResult } from './result'
import { engineOf, follow, goOn, start } from './runs'
import { open, readScript, type Closable, type RehearsalOptions, type Setup } from './setup'
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

async function worldOf({ world, github, firstRunId, clock }: Setup): Promise<KeptWorld> {
  return {
    v: 1,
    world: await world.save(),
    github: github.save(),
    nextRunId: firstRunId + IDS_PER_RUN,
    endedAt: clock.now().getTime(),
  }
}
