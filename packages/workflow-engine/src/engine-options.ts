import type { Approval, ApprovalRequest, EngineEvent, JobView, RunView } from './run-view'

/** What happens to a step that is cancelled, and for how long the rest of its job may still run. */
export interface CancellationTimes {
  /** SIGTERM this long after SIGINT. */
  terminateAfterMs: number
  /** The whole process tree is killed this long after SIGTERM. */
  killAfterMs: number
  /** From the cancellation to the end of the job, post steps included. */
  windowMs: number
}

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

/** The world the workflows run in. */
export interface EngineOptions {
  /** Folder of the assembled suite: its actions, and its workflows in `.github/workflows`. */
  releaseTree: string
  /** `OWNER/deploy-actions`: references to it lead to `releaseTree`, at any ref. */
  suiteRepository: string
  /** Commit of the suite; a made-up one by default. */
  suiteSha?: string
  /** Folder of the repository that the runs belong to. */
  repository: string
  /** `OWNER/NAME` */
  repositoryName: string
  /** Default 1. */
  repositoryId?: number
  /** Default 2. */
  ownerId?: number
  /** Folder for what the jobs leave: one folder per job, named by its id. */
  work: string
  /** The Node 24 binary that runs the actions. */
  node: string
  /** How much faster than real time `timeout-minutes` pass. */
  speed: number
  /** The clock of every time in the views. */
  now(): Date
  vars: Record<string, string>
  secrets: Record<string, string>
  /** Default https://github.com and https://api.github.com. */
  serverUrl?: string
  apiUrl?: string
  /** Asked before each job that names an environment; one without reviewers is approved at once by the answer. */
  approve(request: ApprovalRequest): Promise<Approval>
  /**
   * More environment of a job: ACTIONS_RUNTIME_URL, ACTIONS_RUNTIME_TOKEN, ACTIONS_RESULTS_URL (seen by Node actions
   * only), ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN (only with `id-token: write`), and anything else for every step.
   */
  jobEnvironment(job: JobView, run: RunView): Record<string, string>
  /** Foreign actions the rehearsal plays, by name without ref: `actions/checkout`. */
  builtIns: ReadonlyMap<string, BuiltIn>
  onEvent?(event: EngineEvent): void
  /** Default 1001; runs and jobs count up from it. */
  firstRunId?: number
  /** Default as the real runner: 7.5 s, 2.5 s, 5 min. They are never scaled. */
  cancellation?: CancellationTimes
}

/** What starts a run. */
export interface StartRequest {
  /** `.github/workflows/rollout.yml` in the repository. */
  workflow: string
  event: 'workflow_dispatch' | 'push' | 'schedule' | 'workflow_run'
  /** The run that has ended, with `workflow_run`. */
  ended?: RunView
  inputs?: Record<string, string | number | boolean>
  /** `refs/heads/main` */
  ref: string
  sha: string
  actor: string
  /** A finished run to run again from its start: same id, next attempt. */
  rerunOf?: RunView
}

/** A run that has begun. */
export interface RunHandle {
  view: RunView
  /** Settles when the last job has ended; never rejects. */
  done: Promise<RunView>
  /** What the button does: conditions are asked again, jobs with `always()` go on. */
  cancel(): void
  /**
   * What "force cancel" does: whatever runs is killed, posts included, and nothing begins any more, not even a job with
   * `always()`. Source: REST API, "Force cancel a workflow run".
   */
  forceCancel(): void
  /** Kills the runners of the matching jobs that run now. @returns whether there was one */
  loseRunner(match: (job: JobView) => boolean): boolean
  /**
   * Stops the machines of the matching jobs that run now: GitHub takes them for lost, and their processes know nothing
   * of it.
   * @returns wakes them; settles when they have done what they had left to do
   */
  suspendRunner(match: (job: JobView) => boolean): () => Promise<void>
}

/** Signals and delays of the real runner; source: ProcessInvoker.cs of actions/runner, docs on cancellation. */
export const RUNNER_CANCELLATION: CancellationTimes = {
  terminateAfterMs: 7_500,
  killAfterMs: 2_500,
  windowMs: 5 * 60_000,
}
