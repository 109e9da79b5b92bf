export {
  action,
  standardOutputs,
  type Action,
  type ActionSpec,
  type OutputSchema,
  type PostResult,
} from './action'
export { clockFromEnvironment, createClock, type Clock } from './clock'
export { commonInputs, configuredInputs, targetInputs, writerInputs } from './common-inputs'
export { runUrl } from './context'
export {
  ActionError,
  Cancelled,
  GateFailed,
  InputError,
  messageOf,
  ProviderError,
  type Problem,
} from './errors'
// It lives where the pure packages, which know no kit, can use it, too.
export { defined } from '@deploy-actions/rollout'
export { evidenceFolder } from './evidence-collector'
export { flag, inputMeta, readInputs, secret, type InputMeta, type InputSchema } from './inputs'
export { details, escapeText, fenced, table } from './markdown'
export type * from './ports'
export { parseRetryAfter, retrying, type Retry, type RetryLimits, type RetryOptions } from './retrying'
export { deployVariables, runScript, script, scriptFailure, type Script } from './script'
export { redact, secretLines, type Secrets } from './secrets'
