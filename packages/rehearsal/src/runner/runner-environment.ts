import { dirname, delimiter } from 'node:path'
import { toText } from '../workflow/expressions'
import type { Value } from '../workflow/template'
import type { JobFolders } from './job-folders'

/** What passes from this machine to a step; everything else of the own environment stays out. */
const inherited = [
  'LANG',
  'LC_ALL',
  'TZ',
  'USER',
  'SHELL',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
  'NODE_EXTRA_CA_CERTS',
]

/** Parts of the `github` context that steps see as variables. */
const githubVariables = [
  'actor',
  'actor_id',
  'api_url',
  'base_ref',
  'event_name',
  'event_path',
  'graphql_url',
  'head_ref',
  'job',
  'ref',
  'ref_name',
  'ref_protected',
  'ref_type',
  'repository',
  'repository_id',
  'repository_owner',
  'repository_owner_id',
  'retention_days',
  'run_attempt',
  'run_id',
  'run_number',
  'server_url',
  'sha',
  'triggering_actor',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'workspace',
  'action',
  'action_path',
  'action_ref',
  'action_repository',
]

/** The `runner` context. */
export function runnerContext(name: string, folders: JobFolders): Record<string, string> {
  return {
    name,
    os: process.platform === 'darwin' ? 'macOS' : 'Linux',
    arch: process.arch.toUpperCase(),
    environment: 'github-hosted',
    temp: folders.temp,
    tool_cache: folders.tools,
    workspace: dirname(folders.workspace),
  }
}

/** Who speaks to whom in the environment of one step. */
interface EnvironmentLayers {
  /** The `github` context of the step. */
  github: Readonly<Record<string, Value>>
  runner: Readonly<Record<string, string>>
  home: string
  /** Variables of the workflow, of GITHUB_ENV, of the job and of the step. */
  own: Readonly<Record<string, string>>
  /** What the engine's caller adds, see EngineOptions.jobEnvironment. */
  added: Readonly<Record<string, string>>
  /** What GITHUB_PATH added, newest first. */
  paths: readonly string[]
  node: string
}

/** Environment of a step: its own variables may not replace GITHUB_* and RUNNER_*. */
export function stepEnvironment(layers: EnvironmentLayers): Record<string, string> {
  const { github, runner, own, added, paths, node } = layers
  const passed = inherited.flatMap((name) =>
    process.env[name] === undefined ? [] : [[name, process.env[name]] as const],
  )
  const server = githubVariables.map(
    (name) => [`GITHUB_${name.toUpperCase()}`, toText(github[name] ?? '')] as const,
  )
  const machine = Object.entries(runner).map(
    ([name, value]) => [`RUNNER_${name.toUpperCase()}`, value] as const,
  )
  return {
    ...Object.fromEntries(passed),
    HOME: layers.home,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    ...own,
    ...Object.fromEntries([...server, ...machine]),
    ...added,
    PATH: [...paths, dirname(node), own.PATH ?? process.env.PATH ?? ''].join(delimiter),
  }
}
