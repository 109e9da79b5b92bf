import { setTimeout as sleep } from 'node:timers/promises'
import type { World } from '@deploy-actions/embedded-regions'
import type { EngineEvent, JobView } from '@deploy-actions/workflow-engine'

/**
 * Which region a job works on: the part of its name that is a region's, as in `rollout / eu-west / deploy`, or ends with
 * one, as in `sweep / shop eu-west / traffic`. The guard of a predecessor works on that predecessor, but belongs to the leg
 * it is named in. A job of the caller's own works on the region that its variables point to.
 */
export function regionOfJob(job: JobView, regions: readonly string[]): string | undefined {
  return (
    job.name
      .split(' / ')
      .map((part) => part.split(' ').at(-1) ?? '')
      .find((part) => regions.includes(part)) ??
    (job.workflowFile.endsWith('/rehearsed.yml') ? (regions[1] ?? regions[0]) : undefined)
  )
}

/** The job that writes to a region: `deploy` of region.yml, or whatever single job a short workflow has. */
export const isWriter = (job: JobView): boolean => job.key === 'deploy'

/** Real milliseconds in which the load rises to its rate. */
const LOAD_RAMP_MS = 1_500

/**
 * Until the plan is made every region has its full traffic, as it would in production; the load has a ramp.
 * @param rps real requests per second of each region
 */
export async function loadAll(world: World, rps: number): Promise<void> {
  // Where they come by a router, the router has them.
  const own = world.router === undefined && { rps }
  for (const name of Object.keys(world.regions)) await world.setLoad(name, { busy: true, ...own })
  await sleep(LOAD_RAMP_MS)
}

/**
 * Regions that nobody looks at get a tenth of the traffic: the machine belongs to those that are rolled out. What an event
 * means is told to the world at once, in the order of the events: a region that begins must not be put back to idle by what
 * came before it.
 */
export async function loadFor(
  event: EngineEvent,
  regions: readonly string[],
  world: Pick<World, 'setLoad'>,
): Promise<void> {
  const changes = loadChanges(event, regions)
  await Promise.all(Object.entries(changes).map(([name, busy]) => world.setLoad(name, { busy })))
}

/** Which regions become busy or idle. */
function loadChanges(event: EngineEvent, regions: readonly string[]): Record<string, boolean> {
  if (event.type !== 'job') return {}
  const { job, run } = event
  const hasBegun = (name: string): boolean =>
    run.jobs.some((one) => one.startedAt !== null && regionOfJob(one, regions) === name)
  // A second rollout of the same run may have begun by then.
  if (job.key === 'plan' && job.status === 'completed')
    return Object.fromEntries(regions.filter((name) => !hasBegun(name)).map((name) => [name, false]))
  const region = regionOfJob(job, regions)
  if (region === undefined) return {}
  if (job.key === 'prepare' && job.status === 'in_progress') return { [region]: true }
  return isWriter(job) && job.status === 'completed' ? { [region]: false } : {}
}
