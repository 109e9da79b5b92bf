import { z } from 'zod'
import type { RunView } from '@deploy-actions/workflow-engine'
import { artifact } from './artifacts'
import { deployment } from './deployments'

const approval = z.strictObject({
  state: z.enum(['approved', 'rejected']),
  comment: z.string(),
  user: z.string(),
  environments: z.array(z.string()),
})

/** What outlives a process: a world that is kept goes on with it. Plain JSON. */
export const gitHubState = z.strictObject({
  v: z.literal(1),
  lastId: z.int(),
  deployments: z.array(deployment),
  artifacts: z.array(artifact),
  approvals: z.array(z.tuple([z.int(), z.array(approval)])),
  /** Runs that have ended, without logs, summaries and tokens: restorers ask what opened a transaction. */
  runs: z.array(z.custom<RunView>((run) => typeof run === 'object' && run !== null && 'jobs' in run)),
})
export type GitHubState = z.infer<typeof gitHubState>

/** A run as it is kept: what can be asked of it later, and nothing secret. */
export function withoutLogs(run: RunView): RunView {
  const jobs = run.jobs.map((job) => ({
    ...job,
    token: '',
    steps: job.steps.map(({ summary: _, ...step }) => ({ ...step, log: '' })),
  }))
  return structuredClone({ ...run, jobs })
}
