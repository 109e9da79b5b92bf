import type { PermissionLevel, Permissions } from './run-view'
import type { Template } from './template'

/** Scopes that `read-all` and `write-all` stand for; source: workflow-v1.0.json of @actions/workflow-parser. */
const SCOPES = [
  'actions',
  'artifact-metadata',
  'attestations',
  'checks',
  'code-quality',
  'contents',
  'deployments',
  'discussions',
  'id-token',
  'issues',
  'models',
  'packages',
  'pages',
  'pull-requests',
  'repository-projects',
  'security-events',
  'statuses',
  'vulnerability-alerts',
]
const READ_ONLY = new Set(['models', 'vulnerability-alerts'])
const WRITE_ONLY = new Set(['id-token'])
const RANK: Record<PermissionLevel, number> = { none: 0, read: 1, write: 2 }

/** What a token may do where no file says anything: GitHub's restricted default. */
export const DEFAULT_PERMISSIONS: Permissions = { contents: 'read', packages: 'read' }

/**
 * What a token may do where no file says anything, by the setting of the repository. Source: GitHub, "Permissions for the
 * GITHUB_TOKEN": the permissive default does not hold OIDC.
 */
export const defaultPermissions = (setting: 'read' | 'write' = 'read'): Permissions =>
  setting === 'read' ? DEFAULT_PERMISSIONS : { ...all('write'), 'id-token': 'none' }

/** The permissions a `permissions` key states, or undefined where there is none. */
export function readPermissions(template: Template | undefined): Permissions | undefined {
  if (template === undefined || template === null) return undefined
  if (template === 'read-all') return all('read')
  if (template === 'write-all') return all('write')
  if (!(template instanceof Map)) return {}
  return Object.fromEntries([...template].map(([scope, level]) => [scope, level as PermissionLevel]))
}

/**
 * @returns what is asked for beyond what is allowed, in GitHub's words: `is requesting 'id-token: write', but is only
 * allowed 'id-token: none'`; undefined if nothing is
 */
export function excessPermissions(wanted: Permissions, allowed: Permissions): string | undefined {
  const excess = Object.keys(wanted).filter(
    (scope) => RANK[wanted[scope] ?? 'none'] > RANK[allowed[scope] ?? 'none'],
  )
  if (excess.length === 0) return undefined
  const say = (permissions: Permissions) =>
    excess.map((scope) => `${scope}: ${permissions[scope] ?? 'none'}`).join(', ')
  return `is requesting '${say(wanted)}', but is only allowed '${say(allowed)}'`
}

/** Of several the most on each scope. */
export const mostOf = (several: readonly Permissions[]): Permissions =>
  several.reduce((most, one) => {
    const more = Object.entries(one).filter(([scope, level]) => RANK[level] > RANK[most[scope] ?? 'none'])
    return { ...most, ...Object.fromEntries(more) }
  }, {})

function all(level: 'read' | 'write'): Permissions {
  const able = SCOPES.filter((scope) => !(level === 'read' && WRITE_ONLY.has(scope)))
  return Object.fromEntries(able.map((scope) => [scope, READ_ONLY.has(scope) ? 'read' : level]))
}
