import { basename } from 'node:path'
import type { EngineOptions, StartRequest } from './engine-options'
import type { RunView } from './run-view'
import type { Value } from './template'

/** The payload of the event, as far as workflows read it. */
export function eventPayload(request: StartRequest, options: EngineOptions): Value {
  const { repositoryName, repositoryId = 1, ownerId = 2 } = options
  const [login = '', name = ''] = repositoryName.split('/')
  return {
    ...ofEvent(request),
    ref: request.ref,
    repository: {
      id: repositoryId,
      name,
      full_name: repositoryName,
      default_branch: 'main',
      owner: { id: ownerId, login },
    },
    sender: { login: request.actor },
  }
}

/** Source: "Webhook events and payloads", `workflow_dispatch`, `push` and `workflow_run`; "schedule" brings its cron alone. */
function ofEvent({ event, inputs = {}, workflow, sha, ended }: StartRequest): { [name: string]: Value } {
  if (event === 'workflow_dispatch')
    return {
      inputs: Object.fromEntries(Object.entries(inputs).map(([key, value]) => [key, String(value)])),
      workflow,
    }
  if (event === 'schedule') return { schedule: '23 * * * *' }
  if (event === 'push') return { after: sha, head_commit: { id: sha } }
  return {
    action: 'completed',
    workflow_run: ended
      ? {
          ...{ id: ended.id, name: ended.name, path: ended.path, event: ended.event, status: ended.status },
          ...{ conclusion: ended.conclusion, created_at: ended.createdAt, run_attempt: ended.attempt },
          ...{ head_branch: ended.headBranch, head_sha: ended.headSha },
        }
      : null,
  }
}

/** The `github` context of a run. */
export function githubContext(
  run: RunView,
  request: StartRequest,
  event: Value,
  options: EngineOptions,
): { [name: string]: Value } {
  const { repositoryName, repositoryId = 1, ownerId = 2 } = options
  const { serverUrl = 'https://github.com', apiUrl = 'https://api.github.com' } = options
  return {
    actor: request.actor,
    actor_id: '3',
    api_url: apiUrl,
    base_ref: '',
    event,
    event_name: request.event,
    graphql_url: `${apiUrl}/graphql`,
    head_ref: '',
    ref: request.ref,
    ref_name: request.ref.replace(/^refs\/(heads|tags)\//, ''),
    ref_protected: true,
    ref_type: request.ref.startsWith('refs/tags/') ? 'tag' : 'branch',
    repository: repositoryName,
    repository_id: String(repositoryId),
    repository_owner: repositoryName.split('/')[0] ?? '',
    repository_owner_id: String(ownerId),
    repositoryUrl: `git://${new URL(serverUrl).host}/${repositoryName}.git`,
    retention_days: '90',
    run_attempt: String(run.attempt),
    run_id: String(run.id),
    run_number: String(run.number),
    secret_source: 'Actions',
    server_url: serverUrl,
    sha: request.sha,
    triggering_actor: request.actor,
    workflow: run.name,
    workflow_ref: `${repositoryName}/${request.workflow}@${request.ref}`,
    workflow_sha: request.sha,
  }
}

/** The name GitHub shows for a workflow without one: its path */
export function workflowName(name: string | undefined, path: string): string {
  return name ?? `.github/workflows/${basename(path)}`
}
