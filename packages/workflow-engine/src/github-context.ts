import { basename } from 'node:path'
import type { EngineOptions, StartRequest } from './engine-options'
import type { RunView } from './run-view'
import type { Value } from './template'

/** The payload of the event, as far as workflows read it. */
export function eventPayload(request: StartRequest, options: EngineOptions): Value {
  const { repositoryName, repositoryId = 1, ownerId = 2 } = options
  const [login = '', name = ''] = repositoryName.split('/')
  const inputs = Object.entries(request.inputs ?? {}).map(([key, value]) => [key, String(value)])
  return {
    ...(request.event === 'workflow_dispatch'
      ? { inputs: Object.fromEntries(inputs) as Record<string, string>, workflow: request.workflow }
      : { after: request.sha, head_commit: { id: request.sha } }),
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
