import type { ChildResult } from '@deploy-actions/action-kit'

/** Why a deploy failed, or a way back: a fixed list, so that a workflow can decide by it. */
export const FAILURE_REASONS = [
  'pending-operation',
  'render-failed',
  'digest-not-rendered',
  'digest-not-running',
  'crds-refused',
  'diff-failed',
  'wait-timeout',
  'image-pull',
  'crash-loop',
  'oom-killed',
  'config-error',
  'unschedulable',
  'quota',
  'admission',
  'probe-failing',
  'hook-failed',
  'immutable-field',
  'ownership',
  'ssa-conflict',
  'removed-api',
  'crd-missing',
  'rbac',
  'cluster-unreachable',
  'release-too-large',
  'no-target',
  'rollback-failed',
  'rollback-unverified',
  'cancelled',
  'other',
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** By what Helm 3 and 4 and the API server say; the first that fits. An error often repeats one that lies beneath it. */
const CLASSES: readonly (readonly [RegExp, FailureReason])[] = [
  [
    /another operation \(install\/upgrade\/rollback\) is in progress|cannot re-?use a name/,
    'pending-operation',
  ],
  [/release has no -?\d+ version|unable to find a previously successful release/, 'no-target'],
  // Whose own connection it may be that was refused.
  [/failed calling webhook|admission webhook "[^"]*" denied|conversion webhook for [^]* failed/, 'admission'],
  // Where the chart comes from, and not the cluster, is what did not answer, or answered no.
  [
    /failed to perform "\w+" on source|response status code \d{3}|is not a valid chart repository or cannot be reached|failed to fetch https?:|\.(?:tgz|prov)(?:\?[^"\s]*)?\\?": /,
    'render-failed',
  ],
  // A request that had no answer, as Go says it, whatever became of its connection; and Helm's own wait, which may end in
  // the middle of one.
  [
    /kubernetes cluster unreachable|connection refused|no such host|i\/o timeout|connection reset|\b(?:get|put|post|patch|delete) \\?"https?:\/\/[^"\s]+": (?!context )/i,
    'cluster-unreachable',
  ],
  [/invalid ownership metadata/, 'ownership'],
  [
    /conflict occurred while applying|Apply failed with \d+ conflict|forceConflicts enabled when/,
    'ssa-conflict',
  ],
  [/must have at most 1048576 bytes|request is too large/i, 'release-too-large'],
  [/field is immutable|updates to statefulset spec for fields other than/, 'immutable-field'],
  [/from current release manifest[^]*no matches for kind|contains removed kubernetes api/, 'removed-api'],
  [/no matches for kind/, 'crd-missing'],
  [/exceeded quota/, 'quota'],
  [/is forbidden: User /, 'rbac'],
  [/(pre|post)-(install|upgrade|rollback|delete) hooks? failed|failed (pre|post)-\w+:/, 'hook-failed'],
  [/context deadline exceeded|timed out waiting for|not ready\. status: /, 'wait-timeout'],
  [/context canceled/, 'cancelled'],
  [
    /parse error at|execution error at|error calling|values don't meet|missing in charts\/ directory|YAML parse/,
    'render-failed',
  ],
]

/** Which of the reasons an error of Helm is. */
export function reasonOf(stderr: string): FailureReason {
  const error = errorIn(stderr)
  return CLASSES.find(([pattern]) => pattern.test(error))?.[1] ?? 'other'
}

/**
 * The error is the last thing that Helm says; it may have several lines. Before it stand what Helm logs and, of a hook that
 * failed, what its pod printed: a migration that lost its database is not a cluster that is lost.
 */
function errorIn(stderr: string): string {
  const [from] = [...stderr.matchAll(/^Error:/gm)].slice(-1)
  return stderr.slice(from?.index ?? 0)
}

/** How a command of Helm ended. Nothing of a manifest or of values is in it. */
export interface Ended {
  ended: 'done' | 'failed' | 'cancelled'
  /** why not, in one line; empty when it is done */
  detail: string
  /** when it failed */
  reason?: FailureReason
  /** what Helm wrote of the failure; of success it writes notes and values of others, which are not shown */
  output: string
  facts: { exitCode: number | null; ms: number }
}

export const isDone = ({ ended, exitCode }: ChildResult): boolean => ended === 'exit' && exitCode === 0

export function endedAs(result: ChildResult): Ended {
  const facts = { exitCode: result.exitCode, ms: result.ms }
  if (isDone(result)) return { ended: 'done', detail: '', output: '', facts }
  const failed = { detail: saidBy(result), output: withoutManifests(result.stderr), facts }
  if (result.ended === 'cancelled') return { ended: 'cancelled', reason: 'cancelled', ...failed }
  const reason = result.ended === 'timeout' ? 'wait-timeout' : reasonOf(result.stderr)
  return { ended: 'failed', reason, ...failed }
}

/** The one line that says why. */
export function saidBy({ ended, exitCode, stderr }: ChildResult): string {
  if (ended === 'cancelled') return 'helm was stopped because the run was cancelled'
  if (ended === 'timeout') return 'helm did not end in time and was stopped'
  const [error = '', ...more] = errorIn(stderr).trim().split('\n')
  if (!error.startsWith('Error:')) return `helm ended with exit code ${exitCode ?? 'none (killed)'}`
  // Several errors are a heading and a line each.
  const each = more.filter((line) => /^\s+\* /.test(line)).map((line) => line.trim())
  return withoutManifests([error, ...each].join(' '))
}

/**
 * What an error repeats of what was sent: all of a field that cannot be changed, be it the variables of a container, a
 * value of the wrong type (server-side apply), one that the API server does not take, and one that the schema of the
 * chart refuses.
 */
export const withoutManifests = (text: string): string =>
  text
    .replace(/((?:Invalid|Duplicate) value: )[^\n]*[{[][^\n]*[}\]]/g, '$1{...}')
    .replace(/((?:Invalid|Unsupported|Duplicate) value: )(?:"(?:[^"\\\n]|\\.)*"|[^\s:{]+)/g, '$1...')
    .replace(/valueUnstructured\{[^\n]*\}/g, 'valueUnstructured{...}')
    .replace(/: '[^\n]*' (?=does not match |is not valid )/g, ": '...' ")
