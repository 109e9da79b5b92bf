import type { JobView } from '../workflow/run'

/**
 * Which region a job works on: the part of its name that is a region's, as in `rollout / eu-west / deploy`. The guard of
 * a predecessor works on that predecessor, but belongs to the leg it is named in. A job of the caller's own works on the
 * region that its variables point to.
 */
export function regionOfJob(job: JobView, regions: readonly string[]): string | undefined {
  return (
    job.name.split(' / ').find((part) => regions.includes(part)) ??
    (job.workflowFile.endsWith('/rehearsed.yml') ? (regions[1] ?? regions[0]) : undefined)
  )
}
