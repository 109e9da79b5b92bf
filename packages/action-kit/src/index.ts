export { answerWithin } from './answer-within'
export {
  action,
  standardOutputs,
  type Action,
  type ActionSchemas,
  type OutputSchema,
  type PostResult,
} from './action'
export { listApprovals, reviewOf, type Approval } from './approvals'
export { clockFromEnvironment, createClock, type Clock } from './clock'
export { commonInputs, configuredInputs, targetInputs, writerInputs } from './common-inputs'
export { runRefOf, runUrl } from './context'
export { createChildProcesses, inheritedOf } from './child-processes'
export { createHttp } from './http'
export { createTcp } from './tcp'
export {
  listEnvironments,
  readEnvironment,
  reviewersIn,
  reviewersOf,
  waitMinutesOf,
  waitsOf,
  weaknessesOf,
  type Environment,
} from './environments'
export {
  ActionError,
  Cancelled,
  eachOnce,
  GateFailed,
  InputError,
  messageOf,
  ProviderError,
  withOutputs,
  type Problem,
} from './errors'
// It lives where the pure packages, which know no kit, can use it, too.
export { defined } from '@deploy-actions/rollout'
export { evidenceFolder } from './evidence-collector'
export { foundOrUndefined } from './found-or-undefined'
export { flag, inputMeta, readInputs, secret, type InputMeta, type InputSchema } from './inputs'
export { clockTime, details, escapeText, fenced, table } from './markdown'
export type * from './ports'
export { GRAPHQL } from './graphql'
export { patientGitHub } from './patient-github'
export { promptGitHub } from './prompt-github'
export { remembered } from './remembered'
export { onceGitHub } from './once-github'
export { providerPorts } from './ports'
export {
  defineProviders,
  provider,
  providerOf,
  withOwnSecrets,
  type Configured,
  type Provider,
  type ProviderDefinition,
  type Providers,
  type WrittenSettings,
} from './providers'
export { didYouMean } from './did-you-mean'
export { parseRetryAfter, retrying, type Retry, type RetryLimits, type RetryOptions } from './retrying'
export { keysAt, schemaAt } from './schema-path'
export {
  deployVariables,
  fillLine,
  isScriptLine,
  missingAccess,
  missingScript,
  OIDC_TOKEN,
  OIDC_URL,
  runScript,
  runScriptToEnd,
  script,
  scriptAccess,
  scriptFailure,
  type Script,
  type ScriptAccess,
  type ScriptEnding,
} from './script'
export { showOutput } from './show-output'
export { formsWithin, redact, redactWithin, secretLines, type Secrets } from './secrets'
export { lookingGitHub, type GitHubAccess } from './terminal-github'
export { terminalPorts } from './terminal-ports'
