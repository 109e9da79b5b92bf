import type { ConcurrencyGroups } from './concurrency'
import type { EngineOptions } from './engine-options'
import type { Contexts } from './expressions'
import type { JobDefinition } from './job-definition'
import type { Annotation, Conclusion, EngineEvent, JobView, Permissions, RunView } from './run-view'
import type { Value } from './template'
import type { WorkflowTree } from './workflow-tree'
import type { RunningJob } from './runner/run-job'

/** One run and what all its jobs share. */
export interface RunState {
  view: RunView
  options: EngineOptions
  groups: ConcurrencyGroups
  /** The `github` context of the run, without what belongs to a job. */
  github: { [name: string]: Value }
  event: Value
  nextJobId(): number
  /** The run was ended by force: nothing begins any more, whatever its condition says. */
  forced: AbortSignal
  /** Jobs that have a runner now. */
  running: Map<JobView, RunningJob>
  tell(event: EngineEvent): void
  /** Runs a called workflow; handed in because levels and jobs call each other. */
  runLevel(level: Level, evict: () => void): Promise<Ending>
}

/** One workflow file of a run while it runs: the top one, or one that a job calls. */
export interface Level {
  run: RunState
  tree: WorkflowTree
  inputs: { [name: string]: Value }
  secrets: { [name: string]: string }
  /** Names of the calling jobs, outermost first. */
  callers: string[]
  /** Concurrency groups that the callers hold, in lower case, and who holds each. */
  held: ReadonlyMap<string, string>
  /** The level is cancelled: with its run, by fail-fast, or out of its concurrency group. */
  signal: AbortSignal
}

/** One leg on its way: what it may look at, and whether its condition still holds. */
export interface LegContext {
  level: Level
  contexts: Contexts
  /** Name without those of the callers. */
  name: string
  /** Cancels this leg only. */
  own: AbortController
  /** The leg is cancelled, for whatever reason. */
  signal: AbortSignal
  /** Asks the job's `if` again, as the server does when something is cancelled. */
  holds(): boolean
}

/** How a job, with all its legs, or a level ended. */
export type Ending = {
  // A type, since expressions read it as a value and an interface is not one.
  result: Conclusion
  outputs: Record<string, string>
}

/** Contexts that every expression of a level may look at. */
export function levelContexts({ run, inputs }: Level): Contexts {
  return { github: run.github, inputs, vars: run.options.vars }
}

/** Puts a job on the run's page. */
export function addJob(level: Level, definition: JobDefinition, name: string): JobView {
  const { run, tree } = level
  const id = run.nextJobId()
  const job: JobView = {
    id,
    key: definition.key,
    name: [...level.callers, name].join(' / '),
    status: 'queued',
    conclusion: null,
    runnerName: null,
    createdAt: run.options.now().toISOString(),
    startedAt: null,
    completedAt: null,
    environment: null,
    deployment: false,
    permissions: permissionsOf(tree, definition),
    token: `ghs_rehearsal${id}x${crypto.randomUUID().replaceAll('-', '')}`,
    steps: [],
    annotations: [],
    workflowFile: tree.file.path,
    workflowRepository: tree.source.repository,
    workflowRef: tree.ref,
    workflowSha: tree.source.sha,
  }
  run.view.jobs.push(job)
  run.tell({ type: 'job', run: run.view, job })
  return job
}

/** Changes a job and tells so. */
export function updateJob(run: RunState, job: JobView, change: Partial<JobView>): void {
  Object.assign(job, change)
  run.tell({ type: 'job', run: run.view, job })
}

/** Ends a job. @returns its conclusion */
export function concludeJob(
  run: RunState,
  job: JobView,
  conclusion: Conclusion,
  message?: string,
): Conclusion {
  if (message !== undefined) annotate(run, job, { level: 'error', message })
  updateJob(run, job, { status: 'completed', conclusion, completedAt: run.options.now().toISOString() })
  return conclusion
}

/** Adds a message to a job, or to the run where there is none. */
export function annotate(run: RunState, job: JobView | null, annotation: Annotation): void {
  ;(job ?? run.view).annotations.push(annotation)
  run.tell({ type: 'annotation', run: run.view, job, annotation })
}

/** The one result of several: a failure outweighs a cancellation, and that a success */
export function combine(results: readonly Conclusion[]): Conclusion {
  for (const worst of ['failure', 'cancelled'] as const) if (results.includes(worst)) return worst
  return results.length > 0 && results.every((result) => result === 'skipped') ? 'skipped' : 'success'
}

function permissionsOf(tree: WorkflowTree, definition: JobDefinition): Permissions {
  return definition.permissions ?? tree.file.permissions ?? tree.allowed
}
