import type { JobView, RunView } from '../workflow/run'

/** What a built-in gets to play a foreign action. */
export interface BuiltInContext {
  /** What `with` says. */
  inputs: Record<string, string>
  workspace: string
  /** Folder of the repository the run belongs to, at the run's commit. */
  repository: string
  job: JobView
  run: RunView
  /** Writes a line to the step's log, workflow commands included. */
  log(line: string): void
  /** The step is cancelled or out of time. */
  signal: AbortSignal
}

/** Plays a foreign action; its outputs are the step's. @throws Error to fail the step */
export type BuiltIn = (context: BuiltInContext) => Promise<Record<string, string> | undefined>
