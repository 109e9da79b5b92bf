import type { Contexts } from '../workflow/expressions'
import type { StepDefinition } from '../workflow/job-definition'
import type { JobSession } from './job-session'
import type { LogCommands } from './log-commands'

/** What a step runs with. */
export interface StepContext {
  session: JobSession
  definition: StepDefinition
  /** Variables of the step's own `env`. */
  env: Record<string, string>
  contexts: Contexts
  /** The variables that name the step's command files. */
  commandFiles: Record<string, string>
  log: LogCommands
  /** The step is cancelled or out of time. */
  signal: AbortSignal
}

/** How the work of a step ended. */
export interface StepResult {
  ok: boolean
  /** Outputs that do not come from GITHUB_OUTPUT. */
  outputs?: Record<string, string>
}
