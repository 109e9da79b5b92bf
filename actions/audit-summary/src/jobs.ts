import { z } from 'zod'
import type { Ports } from '@deploy-actions/action-kit'

/** The name of the step by which a job of our templates is known. */
export const COLLECT_STEP = 'Open the evidence chain'
/** What stands between the name of a calling job and that of a called one. Source: docs, "Reuse workflows". */
const CALLED = ' / '

const job = z.looseObject({
  id: z.int(),
  name: z.string(),
  conclusion: z.string().nullable(),
  started_at: z.string().nullish(),
  completed_at: z.string().nullish(),
  runner_name: z.string().nullish(),
  steps: z.array(z.looseObject({ name: z.string() })).nullish(),
})

/** One job of the run as GitHub tells it. */
export interface JobSummary {
  id: number
  name: string
  conclusion: string | null
  startedAt: string | null
  completedAt: string | null
  /** it had a runner, so it may have done something */
  ran: boolean
  /** it is a job of our templates */
  ours: boolean
}

/**
 * The jobs of the same rollout as that job: a run may have several, each called by a job of its own, whose name stands
 * before theirs (`shop / report`, `shop / regions (eu) / deploy`). All of them where nobody calls.
 */
export function ofSameRollout(jobs: readonly JobSummary[], ownId: number | undefined): JobSummary[] {
  const own = jobs.find(({ id }) => id === ownId)?.name ?? ''
  const called = own.lastIndexOf(CALLED)
  const caller = called === -1 ? '' : own.slice(0, called + CALLED.length)
  return jobs.filter(({ name }) => name.startsWith(caller))
}

/** Every job of this attempt. */
export async function listJobs({ github, context }: Ports): Promise<JobSummary[]> {
  const jobs = await github.list<unknown>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/attempts/{attempt_number}/jobs',
    { run_id: context.runId, attempt_number: context.attempt },
    { permission: 'actions: read', pick: 'jobs' },
  )
  return jobs.map((item) => {
    const { id, name, conclusion, started_at, completed_at, runner_name, steps } = job.parse(item)
    return {
      id,
      name,
      conclusion,
      startedAt: started_at ?? null,
      completedAt: completed_at ?? null,
      ran: Boolean(runner_name),
      ours: (steps ?? []).some((step) => step.name === COLLECT_STEP),
    }
  })
}
