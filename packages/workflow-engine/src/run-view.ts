/**
 * What can be seen of a run while it runs: the data the GitHub emulator serves and the reports are made of. The
 * engine changes these objects in place; everybody else only reads them.
 */

/** Where a job or a step stands, in the REST API's words. */
export type Status = 'queued' | 'waiting' | 'in_progress' | 'completed'

/** How a job or a step ended, in the REST API's words. */
export type Conclusion = 'success' | 'failure' | 'cancelled' | 'skipped'

/** Permission of GITHUB_TOKEN on one scope. */
export type PermissionLevel = 'read' | 'write' | 'none'

/** Scopes by name; a scope that is not named is `none`. */
export type Permissions = Record<string, PermissionLevel>

/** One message of a workflow command (`::error::` and its like) or of the runner itself. */
export interface Annotation {
  level: 'error' | 'warning' | 'notice'
  message: string
  title?: string
  file?: string
  line?: number
  /** Number of the step that wrote it; absent for what the runner or the server says about the job. */
  step?: number
}

/**
 * One step as the job page lists it. The first is `Set up job`, the last `Complete job`; post steps stand before it, in
 * the order they ran. A lost runner leaves its step `in_progress`.
 */
export interface StepView {
  /** From 1. */
  number: number
  name: string
  status: Status
  /** After `continue-on-error`. */
  conclusion: Conclusion | null
  /** Before `continue-on-error`. */
  outcome?: Conclusion
  /** Markdown the step left in GITHUB_STEP_SUMMARY; absent if none, too large, or the runner was lost. */
  summary?: string
  /** Masked lines, each ended by a newline. */
  log: string
  /** Time of the engine's clock, ISO 8601. */
  startedAt: string | null
  completedAt: string | null
}

/** One job of the run, the jobs of called workflows included; a job that only calls a workflow has none of its own. */
export interface JobView {
  /** Also its `check_run_id`. Unique in a run's repository, over attempts too. */
  id: number
  /** Job id in its file. */
  key: string
  /** As GitHub shows it: `rollout / regions (eu-west) / deploy`. */
  name: string
  status: Status
  conclusion: Conclusion | null
  runnerName: string | null
  createdAt: string
  /** Times of the engine's clock, ISO 8601. */
  startedAt: string | null
  completedAt: string | null
  /** Name of its environment as evaluated; null until then and where it has none. */
  environment: string | null
  /** Whether its environment asks for a deployment object (`deployment: false` is false); false without environment. */
  deployment: boolean
  permissions: Permissions
  /** Value of GITHUB_TOKEN: unique per job. It is masked in logs. */
  token: string
  steps: StepView[]
  annotations: Annotation[]
  /** As `job.workflow_file_path`: `.github/workflows/region.yml`. */
  workflowFile: string
  /** As `job.workflow_repository`: `OWNER/NAME` of the repository the file is in. */
  workflowRepository: string
  /** As `job.workflow_ref`: `OWNER/NAME/.github/workflows/region.yml@refs/tags/v1`. */
  workflowRef: string
  /** As `job.workflow_sha`. */
  workflowSha: string
}

/** A workflow of another file that takes part in a run. */
export interface ReferencedWorkflow {
  /** `OWNER/NAME/.github/workflows/region.yml@v1`. */
  path: string
  sha: string
  ref?: string
}

/** One run. */
export interface RunView {
  id: number
  /** From 1. */
  number: number
  attempt: number
  event: string
  /** The workflow's `name`, else its path. */
  name: string
  /** `run-name` as evaluated, else the workflow's name. */
  displayTitle: string
  /** `.github/workflows/rollout.yml`, in the repository. */
  path: string
  /** Short name of the branch: `main`. */
  headBranch: string
  headSha: string
  actor: string
  /** `OWNER/NAME` of the repository the run belongs to. */
  repository: string
  status: 'queued' | 'in_progress' | 'completed'
  conclusion: Exclude<Conclusion, 'skipped'> | null
  referencedWorkflows: ReferencedWorkflow[]
  /** when its first attempt was created */
  createdAt: string
  /** when this attempt began */
  startedAt: string
  jobs: JobView[]
  /** Errors of the run as a whole that belong to no job: an empty matrix, a deadlock, a permission the caller lacks. */
  annotations: Annotation[]
}

/** What an approver said. */
export type Approval = { state: 'approved'; comment?: string } | { state: 'rejected'; comment: string }

/** A job that stands before its environment. */
export interface ApprovalRequest {
  environment: string
  job: JobView
  run: RunView
  attempt: number
  /** Fires when the run is cancelled: nobody waits for the answer any more. */
  signal: AbortSignal
}

/** Told as it happens, after the views have changed. */
export type EngineEvent =
  | { type: 'run'; run: RunView }
  | { type: 'job'; run: RunView; job: JobView }
  | { type: 'step'; run: RunView; job: JobView; step: StepView }
  | { type: 'log'; run: RunView; job: JobView; step: StepView; line: string }
  | { type: 'annotation'; run: RunView; job: JobView | null; annotation: Annotation }
