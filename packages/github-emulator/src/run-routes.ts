import { z } from 'zod'
import type { RunView } from '@deploy-actions/workflow-engine'
import type { Environments } from './environments'
import type { RecordedApproval } from './github-options'
import { Refusal } from './http-call'
import { page, paging } from './paging'
import { simpleUser, timestamp, type Repository } from './repository'
import { notFound, restRoute, type RestRoute } from './rest-route'
import { jobBody, runBody } from './run-bodies'

/** Statuses that a run has, and conclusions, which the list takes in the same place. */
const runFilter = paging.extend({
  status: z
    .enum(['queued', 'waiting', 'in_progress', 'completed', 'success', 'failure', 'cancelled'])
    .optional(),
})
const workflowRunFilter = runFilter.extend({
  branch: z.string().optional(),
  event: z.string().optional(),
  /** Of all that a search takes there, the one form that is asked for. */
  created: z
    .string()
    .regex(/^>=\d{4}-\d\d-\d\dT\S+$/)
    .optional(),
})
const jobFilter = paging.extend({ filter: z.enum(['latest', 'all']).default('latest') })

/** Runs, their jobs, what was approved, and the button that ends them. */
export function runRoutes(
  repository: Repository,
  environments: Environments,
  approvals: ReadonlyMap<number, readonly RecordedApproval[]>,
): RestRoute[] {
  const find = (id = '', attempt?: string): RunView => {
    const run = repository.run(Number(id), attempt === undefined ? undefined : Number(attempt))
    if (!run) throw notFound()
    return run
  }
  const jobsOf = (runs: readonly RunView[], query: z.output<typeof paging>, url: string) => {
    const jobs = runs.flatMap((run) => run.jobs.map((job) => jobBody(repository, run, job)))
    const { items, headers } = page(jobs, query, url)
    return { status: 200, headers, body: { total_count: jobs.length, jobs: items } }
  }
  /** The newest first. */
  const listed = (
    isMeant: (run: RunView) => boolean,
    { status, ...pages }: z.output<typeof runFilter>,
    url: string,
  ) => {
    const ids = [...new Set(repository.runs().map(({ id }) => id))].sort((a, b) => b - a)
    const all = ids.map((id) => find(String(id))).filter(isMeant)
    const fitting = all
      .map((run) => runBody(repository, run))
      .filter((run) => status === undefined || [run['status'], run['conclusion']].includes(status))
    const { items, headers } = page(fitting, pages, url)
    return { status: 200, headers, body: { total_count: fitting.length, workflow_runs: items } }
  }
  return [
    restRoute({
      on: 'GET /actions/runs',
      needs: 'actions: read',
      manual: 'actions/workflow-runs#list-workflow-runs-for-a-repository',
      query: runFilter,
      answer: ({ query, url }) => listed(() => true, query, url),
    }),
    restRoute({
      on: 'GET /actions/workflows/{file}/runs',
      needs: 'actions: read',
      manual: 'actions/workflow-runs#list-workflow-runs-for-a-workflow',
      query: workflowRunFilter,
      answer({ params, query: { branch, event, created, ...rest }, url }) {
        const path = `.github/workflows/${params.file}`
        const isMeant = (run: RunView): boolean =>
          run.path.split('@')[0] === path &&
          (branch === undefined || run.headBranch === branch) &&
          (event === undefined || run.event === event) &&
          (created === undefined || timestamp(run.createdAt) >= timestamp(created.slice('>='.length)))
        return listed(isMeant, rest, url)
      },
    }),
    restRoute({
      on: 'GET /actions/runs/{id}/pending_deployments',
      needs: 'actions: read',
      manual: 'actions/workflow-runs#get-pending-deployments-for-a-workflow-run',
      answer({ params }) {
        const waiting = find(params.id).jobs.filter(({ status }) => status === 'waiting')
        const names = new Set(waiting.flatMap(({ environment }) => environment ?? []))
        return { status: 200, body: [...names].map((name) => environments.pending(name)) }
      },
    }),
    restRoute({
      on: 'GET /actions/runs/{id}',
      needs: 'actions: read',
      manual: 'actions/workflow-runs#get-a-workflow-run',
      answer: ({ params }) => ({ status: 200, body: runBody(repository, find(params.id)) }),
    }),
    restRoute({
      on: 'GET /actions/runs/{id}/jobs',
      needs: 'actions: read',
      manual: 'actions/workflow-jobs#list-jobs-for-a-workflow-run',
      query: jobFilter,
      answer({ params, query, url }) {
        const latest = find(params.id)
        return jobsOf(
          query.filter === 'all' ? repository.runs().filter(({ id }) => id === latest.id) : [latest],
          query,
          url,
        )
      },
    }),
    restRoute({
      on: 'GET /actions/runs/{id}/attempts/{attempt}/jobs',
      needs: 'actions: read',
      manual: 'actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt',
      query: paging,
      answer: ({ params, query, url }) => jobsOf([find(params.id, params.attempt)], query, url),
    }),
    restRoute({
      on: 'GET /actions/runs/{id}/approvals',
      needs: 'actions: read',
      manual: 'actions/workflow-runs#get-the-review-history-for-a-workflow-run',
      answer({ params }) {
        const said = approvals.get(find(params.id).id) ?? []
        const body = said.map((approval) => ({
          state: approval.state,
          comment: approval.comment,
          user: simpleUser(approval.user),
          environments: approval.environments.map((name) => environments.brief(name)),
        }))
        return { status: 200, body }
      },
    }),
    restRoute({
      on: 'POST /actions/runs/{id}/cancel',
      needs: 'actions: write',
      manual: 'actions/workflow-runs#cancel-a-workflow-run',
      answer({ params }) {
        const run = find(params.id)
        if (run.status === 'completed')
          throw new Refusal({
            status: 409,
            body: {
              message: 'Cannot cancel a workflow run that is completed.',
              documentation_url: 'https://docs.github.com/rest/actions/workflow-runs#cancel-a-workflow-run',
              status: '409',
            },
          })
        repository.options.onCancel?.(run.id)
        return { status: 202, body: {} }
      },
    }),
  ]
}
