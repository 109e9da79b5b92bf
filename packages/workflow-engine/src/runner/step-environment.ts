import { delimiter, dirname, join } from 'node:path'
import { toText } from '../expressions'
import type { Value } from '../template'
import { TRACKING_VARIABLE } from './child-process'
import type { JobFolders } from './job-folders'
import type { StepContext } from './job-session'

/** What passes from this machine to a step; everything else of the own environment stays out. */
const INHERITED = [
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
const GITHUB_VARIABLES = [
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

/**
 * The environment of a step, without the inputs and tokens that only actions see. Its own variables may not replace
 * GITHUB_* and RUNNER_*.
 * @param ofAction what only an action adds to the `github` context
 */
export function stepEnvironment(
  { session, env, commandFiles, contexts }: StepContext,
  ofAction: { [name: string]: Value } = {},
): Record<string, string> {
  const own = { ...session.env, ...env }
  const github = { ...(contexts.github as { [name: string]: Value }), ...ofAction }
  // Tokens for the services of GitHub are for actions only.
  const added = Object.entries(session.request.environment).filter(([name]) => !name.startsWith('ACTIONS_'))
  return {
    ...inheritedVariables(),
    HOME: session.folders.home,
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    ...own,
    ...gitVariables(session.folders),
    ...githubVariables(github),
    ...runnerVariables(session.runner),
    ...Object.fromEntries(added),
    PATH: [...session.paths, dirname(session.options.node), own.PATH ?? process.env.PATH ?? ''].join(
      delimiter,
    ),
    ...commandFiles,
    [TRACKING_VARIABLE]: session.trackingId,
  }
}

/**
 * Git finds its repository by going up, and its settings by who somebody is: a step must find neither the repository that
 * the rehearsal is run in nor the user's settings, and what it pushes must not leave the machine.
 */
function gitVariables({ root, home }: JobFolders): Record<string, string> {
  return {
    GIT_CEILING_DIRECTORIES: [root, dirname(root)].join(delimiter),
    GIT_CONFIG_GLOBAL: join(home, '.gitconfig'),
    GIT_CONFIG_SYSTEM: join(home, '.gitconfig-system'),
    GIT_ALLOW_PROTOCOL: 'file',
  }
}

function inheritedVariables(): Record<string, string> {
  const passed = INHERITED.flatMap((name): [string, string][] => {
    const value = process.env[name]
    return value === undefined ? [] : [[name, value]]
  })
  return Object.fromEntries(passed)
}

function githubVariables(github: { [name: string]: Value }): Record<string, string> {
  return Object.fromEntries(
    GITHUB_VARIABLES.map((name) => [`GITHUB_${name.toUpperCase()}`, toText(github[name] ?? '')]),
  )
}

function runnerVariables(runner: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(runner).map(([name, value]) => [`RUNNER_${name.toUpperCase()}`, value]),
  )
}
