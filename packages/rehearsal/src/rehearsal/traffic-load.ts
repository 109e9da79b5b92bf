import type { World } from '../regions/world'
import type { EngineEvent } from '../workflow/run'
import { regionOfJob } from './regions-of-run'

/** Real milliseconds in which the load rises to its rate. */
const LOAD_RAMP_MS = 1_500

/** Until the plan is made every region has its full traffic, as it would in production; the load has a ramp. */
export async function fullLoad(world: World): Promise<void> {
  for (const name of Object.keys(world.regions)) await world.setLoad(name, { busy: true })
  await new Promise((resolve) => setTimeout(resolve, LOAD_RAMP_MS))
}

/** Regions that nobody looks at get a tenth of the traffic: the machine belongs to the one that is rolled out. */
export async function loadFor(event: EngineEvent, regions: readonly string[], world: World): Promise<void> {
  if (event.type !== 'job') return
  const { job } = event
  const region = regionOfJob(job, regions)
  if (job.key === 'plan' && job.status === 'completed')
    for (const name of regions) await world.setLoad(name, { busy: false })
  if (region === undefined) return
  if (job.key === 'prepare' && job.status === 'in_progress') await world.setLoad(region, { busy: true })
  if (job.key === 'deploy' && job.status === 'completed') await world.setLoad(region, { busy: false })
}
