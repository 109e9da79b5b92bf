import type { JobView } from '../workflow/run'

/**
 * Which region a job works on: the part of its name that is a region's, as in `rollout / eu-west / deploy`. The guard of
 * a predecessor works on that predecessor, but belongs to the leg it is named in.
 */
export function regionOfJob(job: JobView, regions: readonly string[]): string | undefined {
  return job.name.split(' / ').find((part) => regions.includes(part)) ?? (regions.length === 1 ? regions[0] : undefined)
}
