import { createHash } from 'node:crypto'
import { ConcurrencyGroups } from './concurrency'
import type { EngineOptions, RunHandle, StartRequest } from './engine-options'
import { evaluateText } from './expressions'
import { eventPayload, githubContext, workflowName } from './github-context'
import { dispatchInputs } from './inputs'
import type { Sources } from './references'
import type { JobView, ReferencedWorkflow, RunView } from './run-view'
import { runLevel } from './run-level'
import { annotate, type RunState } from './run-state'
import type { RunningJob } from './runner/run-job'
import type { Value } from './template'
import { unsupported, WorkflowError } from './workflow-error'
import { WorkflowLibrary, type WorkflowTree } from './workflow-tree'

/** Runs the workflows of one repository; several runs at once share its concurrency groups. */
export interface Engine {
  /**
   * Starts a run. Its jobs begin after this has returned.
   * @throws WorkflowError with every finding if GitHub, or the rehearsal, would not run the workflow
   */
  start(request: StartRequest): Promise<RunHandle>
}

/** Makes an engine. Engines know nothing of each other. */
export function createEngine(options: EngineOptions): Engine {
  const groups = new ConcurrencyGroups()
  const libraries = new Map<string, WorkflowLibrary>()
  const { firstRunId = 1001 } = options
  const count = { run: 0, job: firstRunId * 1000 }
  const tell = (event: Parameters<RunState['tell']>[0]) => options.onEvent?.(event)

  return {
    async start(request) {
      const findings: string[] = []
      const notes: string[] = []
      const library = libraryFor(libraries, request, options)
      const tree = await library.load(request.workflow, findings, notes)
      if (tree) findings.push(...checkStart(tree, request))
      const view = newRun(request, options, tree)
      const event = eventPayload(request, options)
      const github = githubContext(view, request, event, options)
      const contexts = { github, vars: options.vars }
      const given = request.inputs ?? {}
      const inputs = tree ? dispatchInputs(tree.file.dispatchInputs, given, contexts, findings) : {}
      if (!tree || findings.length > 0) throw new WorkflowError(findings)

      const { rerunOf } = request
      view.id = rerunOf?.id ?? firstRunId + count.run
      view.number = rerunOf?.number ?? ++count.run
      github.run_id = String(view.id)
      github.run_number = String(view.number)
      const title = evaluateText(tree.file.runName, { ...contexts, inputs })
      if (title !== '') view.displayTitle = title
      const forced = new AbortController()
      const run: RunState = {
        view,
        options,
        groups,
        github,
        event,
        nextJobId: () => count.job++,
        forced: forced.signal,
        running: new Map(),
        tell,
        runLevel,
      }
      tell({ type: 'run', run: view })
      for (const message of notes) annotate(run, null, { level: 'warning', message })
      return begin(run, tree, inputs, () => forced.abort())
    },
  }
}

function begin(
  run: RunState,
  tree: WorkflowTree,
  inputs: { [name: string]: Value },
  force: () => void,
): RunHandle {
  const { view, options } = run
  const cancelled = new AbortController()
  const cancel = () => cancelled.abort()
  const runnersOf = (match: (job: JobView) => boolean): RunningJob[] =>
    [...run.running].filter(([job]) => match(job)).map(([, running]) => running)
  const execute = async (): Promise<RunView> => {
    view.status = 'in_progress'
    run.tell({ type: 'run', run: view })
    const level = {
      run,
      tree,
      inputs,
      secrets: options.secrets,
      callers: [],
      held: new Map(),
      signal: cancelled.signal,
    }
    const { result } = await run.runLevel(level, cancel).catch((error: unknown) => {
      annotate(run, null, { level: 'error', message: error instanceof Error ? error.message : String(error) })
      return { result: 'failure' as const }
    })
    const interrupted = cancelled.signal.aborted && view.jobs.some((job) => job.conclusion === 'cancelled')
    view.conclusion = interrupted ? 'cancelled' : result === 'skipped' ? 'success' : result
    view.status = 'completed'
    run.tell({ type: 'run', run: view })
    return view
  }
  return {
    view,
    done: new Promise((resolve) => setImmediate(() => resolve(execute()))),
    cancel,
    forceCancel() {
      force()
      cancel()
      for (const running of run.running.values()) running.end()
    },
    loseRunner(match) {
      const hit = runnersOf(match)
      for (const running of hit) running.lose()
      return hit.length > 0
    },
    suspendRunner(match) {
      const wake = runnersOf(match).map((running) => running.suspend())
      return async () => {
        await Promise.all(wake.map((one) => one()))
      }
    },
  }
}

const EVENTS: readonly string[] = ['workflow_dispatch', 'push', 'schedule', 'workflow_run']

function checkStart({ file }: WorkflowTree, { event }: StartRequest): string[] {
  if (!EVENTS.includes(event)) return [`${file.path}: ${unsupported(`The event '${event}'`)}`]
  return file.events.has(event) ? [] : [`${file.position(['on'])}: the workflow has no '${event}' trigger`]
}

function libraryFor(
  libraries: Map<string, WorkflowLibrary>,
  request: StartRequest,
  options: EngineOptions,
): WorkflowLibrary {
  const { suiteRepository, releaseTree, repository, repositoryName } = options
  const sources: Sources = {
    caller: { repository: repositoryName, directory: repository, ref: request.ref, sha: request.sha },
    suite: {
      repository: suiteRepository,
      directory: releaseTree,
      ref: 'refs/heads/main',
      sha: options.suiteSha ?? createHash('sha1').update(suiteRepository).digest('hex'),
    },
  }
  // A commit is read once; another one may hold other files in the same folder.
  const key = `${request.ref}@${request.sha}`
  const known = libraries.get(key) ?? new WorkflowLibrary(sources, options.builtIns)
  libraries.set(key, known)
  return known
}

function newRun(request: StartRequest, options: EngineOptions, tree: WorkflowTree | undefined): RunView {
  const name = workflowName(tree?.file.name, request.workflow)
  const now = options.now().toISOString()
  return {
    id: 0,
    number: 0,
    attempt: (request.rerunOf?.attempt ?? 0) + 1,
    event: request.event,
    name,
    displayTitle: name,
    path: request.workflow,
    headBranch: request.ref.replace(/^refs\/(heads|tags)\//, ''),
    headSha: request.sha,
    actor: request.actor,
    repository: options.repositoryName,
    status: 'queued',
    conclusion: null,
    referencedWorkflows: tree ? referenced(tree) : [],
    createdAt: request.rerunOf?.createdAt ?? now,
    startedAt: now,
    jobs: [],
    annotations: [],
  }
}

function referenced(tree: WorkflowTree, found = new Map<string, ReferencedWorkflow>()): ReferencedWorkflow[] {
  for (const callee of tree.calls.values()) {
    const { ref, sha } = callee.source
    found.set(callee.ref, { path: callee.ref, sha, ref })
    referenced(callee, found)
  }
  return [...found.values()]
}
