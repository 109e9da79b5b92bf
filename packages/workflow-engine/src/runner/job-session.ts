import { join } from 'node:path'
import type { BuiltIn, CancellationTimes } from '../engine-options'
import type { Contexts, StatusFunctions } from '../expressions'
import type { PlainJob, StepDefinition } from '../job-definition'
import type { Annotation, Conclusion, EngineEvent, JobView, RunView, StepView } from '../run-view'
import type { Value } from '../template'
import type { StepAction, WorkflowTree } from '../workflow-tree'
import type { JobFolders } from './job-folders'
import { LogCommands } from './log-commands'
import { Masks } from './masks'

/** What one runner needs of its engine. */
export interface RunnerOptions {
  /** Folder of the repository at the run's commit. */
  repository: string
  node: string
  speed: number
  now(): Date
  work: string
  builtIns: ReadonlyMap<string, BuiltIn>
  cancellation: CancellationTimes
  tell(event: EngineEvent): void
}

/** A job that has got its runner. */
export interface JobRequest {
  run: RunView
  job: JobView
  definition: PlainJob
  tree: WorkflowTree
  /** github, inputs, vars, needs, strategy, matrix and secrets. */
  contexts: Contexts
  /** Content of the file of GITHUB_EVENT_PATH. */
  event: Value
  /** More environment of the steps, see EngineOptions.jobEnvironment. */
  environment: Record<string, string>
}

/** A post step that waits for the end of its job. */
export interface PostStep {
  name: string
  definition: StepDefinition
  action: StepAction & { kind: 'node' | 'workspace' }
  /** GITHUB_ACTION of the main step. */
  id: string
  state: Record<string, string>
}

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

/** One job while it runs: what its steps leave for each other. */
export class JobSession {
  readonly masks = new Masks()
  /** Variables of the file and of GITHUB_ENV. */
  env: Record<string, string> = {}
  /** What GITHUB_PATH added, newest first. */
  paths: string[] = []
  steps: { [id: string]: { outputs: Record<string, string>; outcome: Conclusion; conclusion: Conclusion } } =
    {}
  status: 'success' | 'failure' | 'cancelled' = 'success'
  readonly posts: PostStep[] = []
  readonly stepIds = new Set<string>()
  /** Fires when the job is cancelled. */
  readonly cancelled = new AbortController()
  /** Fires when all its processes must go at once: its runner is lost, or its time after a cancellation is up. */
  readonly killed = new AbortController()
  /** A lost runner says nothing any more. */
  lost = false

  constructor(
    readonly request: JobRequest,
    readonly options: RunnerOptions,
    readonly folders: JobFolders,
    readonly runner: Record<string, string>,
    readonly trackingId: string,
  ) {}

  /** Contexts of a step with its own variables. */
  contexts(env: Record<string, string>, extra: { [name: string]: Value } = {}): Contexts {
    const { contexts, job } = this.request
    const github = contexts.github as { [name: string]: Value }
    return {
      ...contexts,
      github: { ...github, ...this.ownGithub(), ...extra },
      env: { ...this.env, ...env },
      steps: this.steps,
      runner: this.runner,
      job: {
        status: this.status,
        check_run_id: job.id,
        workflow_ref: job.workflowRef,
        workflow_sha: job.workflowSha,
        workflow_repository: job.workflowRepository,
        workflow_file_path: job.workflowFile,
      },
    }
  }

  /** What only the runner knows of the `github` context. */
  ownGithub(): { [name: string]: Value } {
    const { workspace, temp } = this.folders
    return { workspace, event_path: join(temp, '_github_workflow', 'event.json'), job: this.request.job.key }
  }

  /** Answers of the status functions inside the job: they speak of the job, not of its needs. */
  statusFunctions(): StatusFunctions {
    const { status } = this
    return { success: status === 'success', failure: status === 'failure', cancelled: status === 'cancelled' }
  }

  /** Adds a step to the job page. */
  beginStep(name: string): { view: StepView; log: LogCommands } {
    const { run, job } = this.request
    const view: StepView = {
      number: job.steps.length + 1,
      name: this.masks.hide(name),
      status: 'in_progress',
      conclusion: null,
      log: '',
      startedAt: this.options.now().toISOString(),
      completedAt: null,
    }
    job.steps.push(view)
    this.options.tell({ type: 'step', run, job, step: view })
    const line = (text: string) => {
      if (this.lost) return
      view.log += `${text}\n`
      this.options.tell({ type: 'log', run, job, step: view, line: text })
    }
    const annotate = (annotation: Annotation) => {
      if (!this.lost) this.annotate(annotation)
    }
    return { view, log: new LogCommands({ masks: this.masks, line, annotate }, view.number) }
  }

  /** Ends a step; the job's status follows its conclusion. */
  endStep(view: StepView, outcome: Conclusion, conclusion: Conclusion): void {
    if (conclusion === 'failure' && this.status === 'success') this.status = 'failure'
    if (this.lost) return
    const { run, job } = this.request
    Object.assign(view, {
      status: 'completed',
      outcome,
      conclusion,
      completedAt: this.options.now().toISOString(),
    })
    this.options.tell({ type: 'step', run, job, step: view })
  }

  /** Adds a message of the runner itself or of a step to the job. */
  annotate(annotation: Annotation): void {
    const { run, job } = this.request
    job.annotations.push(annotation)
    this.options.tell({ type: 'annotation', run, job, annotation })
  }
}
