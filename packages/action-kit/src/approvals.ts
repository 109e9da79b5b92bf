import { z } from 'zod'
import { readEnvironment, reviewersOf } from './environments'
import type { GitHub, RunContext } from './ports'

/** Who let what pass, or not. */
export interface Approval {
  environment: string
  /** `approved` or `rejected` */
  state: string
  by: string
  comment: string
}

/**
 * The reviews of this run: by whom, for which environments. A comment of a reviewer is foreign text.
 * Source: REST API, "Get the review history for a workflow run".
 */
export async function listApprovals({
  github,
  context,
}: {
  github: GitHub
  context: Pick<RunContext, 'runId'>
}): Promise<Approval[]> {
  const review = z.looseObject({
    state: z.string(),
    comment: z.string().nullish(),
    user: z.looseObject({ login: z.string() }).nullish(),
    environments: z.array(z.looseObject({ name: z.string() })),
  })
  const reviews = await github.request<unknown[]>(
    'GET /repos/{owner}/{repo}/actions/runs/{run_id}/approvals',
    { run_id: context.runId },
    { permission: 'actions: read' },
  )
  return reviews.flatMap((item) => {
    const { state, comment, user, environments } = review.parse(item)
    return environments.map(({ name }) => ({
      environment: name,
      state,
      by: user?.login ?? '',
      comment: comment ?? '',
    }))
  })
}

/**
 * Whether somebody let a run into an environment: `approved`, `missing`, or `nobody-asked` where it has no required
 * reviewers.
 */
export async function reviewOf(
  environment: string,
  ports: { github: GitHub; context: Pick<RunContext, 'runId'> },
): Promise<'approved' | 'nobody-asked' | 'missing'> {
  const approvals = await listApprovals(ports)
  const isThis = (name: string): boolean => name.toLowerCase() === environment.toLowerCase()
  if (approvals.some((one) => one.state === 'approved' && isThis(one.environment))) return 'approved'
  const found = await readEnvironment(environment, ports)
  return !found || reviewersOf(found) === 0 ? 'nobody-asked' : 'missing'
}
