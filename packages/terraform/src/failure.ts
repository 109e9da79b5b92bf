/** Why a plan or an apply did not succeed, for a workflow to decide by. */
export const FAILURE_REASONS = [
  'tool-missing',
  'init-failed',
  'auth-failed',
  'state-locked',
  'plan-failed',
  'plan-errored',
  'plan-incomplete',
  'policy-violation',
  'superseded',
  'needs-not-applied',
  'outputs-unknown',
  'outputs-changed',
  'plan-not-found',
  'plan-tampered',
  'plan-expired',
  'plan-mismatch',
  'plan-used',
  'plan-stale',
  'plan-changed',
  'apply-failed',
  'apply-partial',
  'state-save-failed',
  'cancelled',
] as const
export type FailureReason = (typeof FAILURE_REASONS)[number]

/** A step of the tool, by its command. */
export type Step = 'init' | 'state' | 'plan' | 'show' | 'apply'

/** What the tool says, by its own words in Terraform 1.5 to 1.11 and OpenTofu 1.7 to 1.10; the first that fits. */
const SAID: readonly (readonly [RegExp, FailureReason])[] = [
  [/Failed to (?:save|persist) state/, 'state-save-failed'],
  [/Error acquiring the state lock/, 'state-locked'],
  [/Saved plan is stale/, 'plan-stale'],
  [/Saved plan does not match the given state/, 'plan-mismatch'],
  [/Cannot apply incomplete plan/, 'plan-errored'],
  [
    /Failed to load ".*" as a plan file|Failed to read the given file as a state or plan file/,
    'plan-tampered',
  ],
  [/plan file was created by|plan files cannot be transferred between/, 'plan-mismatch'],
  [/Inconsistent dependency lock file|does not match any of the checksums recorded/, 'plan-mismatch'],
  [/Unsupported (?:Terraform|OpenTofu) Core version/, 'tool-missing'],
  [
    /No valid credential|NoCredentialProviders|ExpiredToken|InvalidClientTokenId|AADSTS\d+|AuthorizationFailed|could not find default credentials|UnauthorizedOperation|AccessDenied|(?:status code:?|returned) 40[13]\b/i,
    'auth-failed',
  ],
]

const BY_STEP: Readonly<Record<Step, FailureReason>> = {
  init: 'init-failed',
  state: 'init-failed',
  plan: 'plan-failed',
  show: 'plan-failed',
  apply: 'apply-failed',
}

/** Why a step failed, by what the tool said. */
export const failureReasonOf = (step: Step, said: string): FailureReason =>
  SAID.find(([pattern]) => pattern.test(said))?.[1] ?? BY_STEP[step]
