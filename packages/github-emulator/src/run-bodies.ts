import type { JobView, RunView, Status, StepView } from '@deploy-actions/workflow-engine'
import { nodeId, simpleUser, timestamp, type Repository } from './repository'

/** A run in the shape of the REST manual, "Get a workflow run". */
export function runBody(repository: Repository, run: RunView): Record<string, unknown> {
  const url = repository.api(`/actions/runs/${run.id}`)
  const whose = repositoryBody(repository)
  return {
    id: run.id,
    name: run.name,
    node_id: nodeId('WorkflowRun', run.id),
    head_branch: run.headBranch,
    head_sha: run.headSha,
    path: run.path,
    display_title: run.displayTitle,
    run_number: run.number,
    run_attempt: run.attempt,
    event: run.event,
    status: runStatus(run),
    conclusion: run.conclusion,
    url,
    html_url: repository.page(`/actions/runs/${run.id}`),
    pull_requests: [],
    created_at: timestamp(run.createdAt),
    updated_at: timestamp(lastChange(run)),
    run_started_at: timestamp(run.startedAt),
    actor: simpleUser(run.actor),
    triggering_actor: simpleUser(run.actor),
    referenced_workflows: run.referencedWorkflows,
    jobs_url: `${url}/jobs`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    repository: whose,
    head_repository: whose,
  }
}

/** A job in the shape of the REST manual, "List jobs for a workflow run attempt". */
export function jobBody(repository: Repository, run: RunView, job: JobView): Record<string, unknown> {
  return {
    id: job.id,
    run_id: run.id,
    run_url: repository.api(`/actions/runs/${run.id}`),
    run_attempt: run.attempt,
    node_id: nodeId('CheckRun', job.id),
    head_sha: run.headSha,
    head_branch: run.headBranch,
    url: repository.api(`/actions/jobs/${job.id}`),
    html_url: repository.page(`/actions/runs/${run.id}/job/${job.id}`),
    check_run_url: repository.api(`/check-runs/${job.id}`),
    status: job.status,
    conclusion: job.conclusion,
    created_at: timestamp(job.createdAt),
    started_at: timestamp(job.startedAt ?? job.createdAt),
    completed_at: job.completedAt && timestamp(job.completedAt),
    name: job.name,
    workflow_name: run.name,
    steps: job.steps.map(stepBody),
    // The only labels a rehearsal has runners for.
    labels: ['ubuntu-latest'],
    runner_id: job.runnerName === null ? null : job.id,
    runner_name: job.runnerName,
    runner_group_id: job.runnerName === null ? null : 0,
    runner_group_name: job.runnerName === null ? null : 'GitHub Actions',
  }
}

function stepBody({
  number,
  name,
  status,
  conclusion,
  startedAt,
  completedAt,
}: StepView): Record<string, unknown> {
  const time = (moment: string | null): string | null => moment && timestamp(moment)
  return { number, name, status, conclusion, started_at: time(startedAt), completed_at: time(completedAt) }
}

/** As runs show their repository. */
export function repositoryBody(repository: Repository): Record<string, unknown> {
  return {
    id: repository.id,
    node_id: nodeId('Repository', repository.id),
    name: repository.name,
    full_name: repository.fullName,
    owner: { ...simpleUser(repository.owner), id: repository.ownerId, type: 'Organization' },
    private: true,
    url: repository.api(''),
    html_url: repository.page(''),
  }
}

/** A run in which nothing moves until somebody answers is `waiting`. */
function runStatus({ status, jobs }: RunView): Status {
  const open = jobs.filter((job) => job.status !== 'completed')
  return status === 'in_progress' && open.length > 0 && open.every((job) => job.status === 'waiting')
    ? 'waiting'
    : status
}

function lastChange({ createdAt, jobs }: RunView): string {
  const times = jobs
    .flatMap((job) => [job.createdAt, job.startedAt, job.completedAt])
    .filter((time) => time !== null)
  return times.reduce((latest, time) => (time > latest ? time : latest), createdAt)
}
