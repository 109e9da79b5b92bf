import { tmpdir } from 'node:os'
import type { RunRef } from '@deploy-actions/rollout'
import type { RunContext } from './ports'

type Environment = Record<string, string | undefined>

/** Reads what the runner says of this run. Used outside a runner (the CLI, a laptop) the fields are empty. */
export function readContext(env: Environment): RunContext {
  const [owner = '', repo = ''] = (env['GITHUB_REPOSITORY'] ?? '').split('/')
  return {
    owner,
    repo,
    runId: Number(env['GITHUB_RUN_ID'] ?? 0),
    attempt: Number(env['GITHUB_RUN_ATTEMPT'] ?? 1),
    sha: env['GITHUB_SHA'] ?? '',
    ref: env['GITHUB_REF'] ?? '',
    actor: env['GITHUB_ACTOR'] ?? '',
    job: env['GITHUB_JOB'] ?? '',
    workflowRef: env['GITHUB_WORKFLOW_REF'] ?? '',
    serverUrl: env['GITHUB_SERVER_URL'] ?? 'https://github.com',
    actionRef: env['GITHUB_ACTION_REF'] ?? '',
    actionRepository: env['GITHUB_ACTION_REPOSITORY'] ?? '',
    workspace: env['GITHUB_WORKSPACE'] ?? process.cwd(),
    temp: env['RUNNER_TEMP'] ?? tmpdir(),
  }
}

/** The page of this run, for links. */
export function runUrl({
  serverUrl,
  owner,
  repo,
  runId,
}: Pick<RunContext, 'serverUrl' | 'owner' | 'repo' | 'runId'>): string {
  return `${serverUrl}/${owner}/${repo}/actions/runs/${runId}`
}

/** This run as records, events and evidence name it. */
export const runRefOf = ({ runId, attempt, workflowRef, actor }: RunContext): RunRef => ({
  id: runId,
  attempt,
  workflowRef,
  actor,
})
