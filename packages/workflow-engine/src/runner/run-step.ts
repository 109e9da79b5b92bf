import { join } from 'node:path'
import { evaluate, evaluateCondition, evaluateText, evaluateTexts } from '../expressions'
import type { StepDefinition } from '../job-definition'
import { onAbort } from '../on-abort'
import type { Conclusion, StepView } from '../run-view'
import type { Expression, Value } from '../template'
import { createCommandFiles, readCommandFiles } from './file-commands'
import type { JobSession, PostStep, StepContext, StepResult } from './job-session'
import type { LogCommands } from './log-commands'
import { runNodeAction } from './node-action'
import { playBuiltIn } from './built-ins'
import { runScript } from './run-script'

interface Plan {
  name: string
  definition: StepDefinition
  condition: Expression
  /** GITHUB_ACTION */
  id: string
  /** Name in the `steps` context. */
  resultId: string | undefined
  state: Record<string, string>
  github: { [name: string]: Value }
  run(context: StepContext): Promise<StepResult>
}

/** Runs one step of the file: its condition, its limits, what it leaves. A failure is in the session's status. */
export async function runStep(session: JobSession, definition: StepDefinition): Promise<void> {
  const { tree } = session.request
  const uses = definition.action?.uses
  const action = uses === undefined ? undefined : tree.actions.get(uses)
  const id = uniqueId(session, definition.id ?? (uses === undefined ? '__run' : `__${uses.split('@')[0]}`))
  const state: Record<string, string> = {}
  const plan = {
    definition,
    condition: definition.if,
    id,
    resultId: definition.id,
    state,
    name: '',
    github: {},
  }
  plan.name = stepName(session, definition)
  if (!action) return carryOut(session, { ...plan, run: runScript })
  if (action.kind === 'built-in')
    return carryOut(session, { ...plan, run: (context) => playBuiltIn(action, context) })

  return carryOut(session, {
    ...plan,
    run: (context) => {
      // Before main, so that post runs even if main crashes.
      if (action.file.post !== undefined)
        session.posts.push({ name: plan.name, definition, action, id, state })
      return runNodeAction(action, action.file.main, {}, context)
    },
  })
}

/** Runs the post step of an action. */
export async function runPost(session: JobSession, post: PostStep): Promise<void> {
  const { definition, action, id, state } = post
  const condition = action.file.postIf
  const run = (context: StepContext) => runNodeAction(action, action.file.post ?? '', state, context)
  const name = `Post ${post.name}`
  return carryOut(session, {
    name,
    definition,
    condition,
    id,
    resultId: undefined,
    state: {},
    github: {},
    run,
  })
}

async function carryOut(session: JobSession, plan: Plan): Promise<void> {
  const { definition } = plan
  const { view, log } = session.beginStep(plan.name)
  let outcome: Conclusion = 'failure'
  let outputs: Record<string, string> = {}
  try {
    const env = evaluateTexts(definition.env, session.contexts({}))
    const contexts = () => session.contexts(env, { action: plan.id })
    const holds = () => evaluateCondition(plan.condition, contexts(), session.statusFunctions())
    if (holds()) {
      const folder = join(session.folders.commands, String(view.number))
      const commandFiles = await createCommandFiles(folder)
      const context = { session, definition, env, contexts: contexts(), commandFiles, log }
      const result = await withinLimits(context, holds, plan.run)
      outcome = result.outcome
      if (session.killed.signal.aborted) return
      const left = await collect(session, folder, view, log)
      Object.assign(plan.state, left.state)
      outputs = { ...result.outputs, ...left.outputs }
      if (left.broken && outcome === 'success') outcome = 'failure'
    } else outcome = 'skipped'
  } catch (error) {
    log.annotate('error', error instanceof Error ? error.message : String(error))
  }
  const forgiven = outcome === 'failure' && mayFail(session, definition)
  const conclusion = forgiven ? 'success' : outcome
  if (plan.resultId !== undefined) session.steps[plan.resultId] = { outputs, outcome, conclusion }
  session.endStep(view, outcome, conclusion)
}

/** Stops the work when the job is cancelled and the condition no longer holds, or when its time is up. */
async function withinLimits(
  context: Omit<StepContext, 'signal'>,
  holds: () => boolean,
  run: Plan['run'],
): Promise<{ outcome: Conclusion; outputs: Record<string, string> }> {
  const { session, definition, log } = context
  const stop = new AbortController()
  const minutes = Number(evaluate(definition.timeoutMinutes, context.contexts) ?? 0)
  let timedOut = false
  const timer =
    minutes > 0 &&
    setTimeout(
      () => {
        timedOut = true
        log.annotate('error', `The action has timed out after ${minutes} minutes.`)
        stop.abort()
      },
      (minutes * 60_000) / session.options.speed,
    )
  const stopListening = onAbort(session.cancelled.signal, () => {
    if (!holds()) stop.abort()
  })
  try {
    const { ok, outputs = {} } = await run({ ...context, signal: stop.signal })
    const cancelled = session.killed.signal.aborted || (stop.signal.aborted && !timedOut)
    if (cancelled) log.annotate('error', 'The operation was canceled.')
    return { outcome: cancelled ? 'cancelled' : ok && !timedOut ? 'success' : 'failure', outputs }
  } finally {
    stopListening()
    if (timer) clearTimeout(timer)
  }
}

/** Takes over what the step wrote into its command files, whether or not it succeeded. */
async function collect(session: JobSession, folder: string, view: StepView, log: LogCommands) {
  const left = await readCommandFiles(folder)
  Object.assign(session.env, left.env)
  session.paths.unshift(...left.paths.reverse())
  if (left.summary !== undefined) view.summary = session.masks.hide(left.summary)
  for (const error of [...left.errors, ...(left.summaryError === undefined ? [] : [left.summaryError])])
    log.annotate('error', error)
  return { outputs: left.outputs, state: left.state, broken: left.errors.length > 0 }
}

function mayFail(session: JobSession, definition: StepDefinition): boolean {
  return evaluate(definition.continueOnError, session.contexts({})) === true
}

function stepName(session: JobSession, definition: StepDefinition): string {
  const contexts = session.contexts({})
  try {
    if (definition.name !== undefined) return evaluateText(definition.name, contexts)
    if (definition.action) return `Run ${definition.action.uses}`
    return `Run ${evaluateText(definition.run, contexts).trim().split('\n')[0]}`
  } catch {
    return 'Run'
  }
}

function uniqueId(session: JobSession, wanted: string): string {
  const base = wanted.replace(/[^A-Za-z0-9_-]+/g, '_')
  let id = base
  for (let count = 2; session.stepIds.has(id); count++) id = `${base}_${count}`
  session.stepIds.add(id)
  return id
}
