import { startJob } from './runner/run-job'
import { RUNNER_CANCELLATION } from './engine-options'
import { evaluate, toText, type Contexts } from './expressions'
import { holdGroup } from './hold-group'
import type { PlainJob } from './job-definition'
import { aborted, onAbort } from './on-abort'
import type { JobView } from './run-view'
import { addJob, concludeJob, updateJob, type Ending, type LegContext } from './run-state'
import type { Template, Value } from './template'

/**
 * Runs a job with steps: its concurrency group, the approval of its environment, then its runner.
 * @param over fires when the job is cancelled and its condition no longer holds
 */
export async function runPlainJob(definition: PlainJob, leg: LegContext, over: AbortSignal): Promise<Ending> {
  const { level, contexts, name, own } = leg
  const { run } = level
  const job = addJob(level, definition, name)
  const end = (result: 'failure' | 'cancelled', message: string): Ending => {
    concludeJob(run, job, result, message)
    return { result, outputs: {} }
  }
  try {
    const hold = await holdGroup(level, definition.concurrency, contexts, name, () => own.abort(), over)
    if (!hold.held) return end(hold.conclusion, hold.message)
    try {
      const refusal = await passEnvironment(definition.environment, leg, job, over)
      if (refusal) return end(refusal.conclusion, refusal.message)
      return await runOnRunner(definition, leg, job, over)
    } finally {
      hold.leave()
    }
  } catch (error) {
    return end('failure', (error as Error).message)
  }
}

interface Refusal {
  conclusion: 'failure' | 'cancelled'
  message: string
}

/** Waits before the job's environment, if it has one. @returns why the job may not run */
async function passEnvironment(
  template: Template | undefined,
  { level, contexts }: LegContext,
  job: JobView,
  over: AbortSignal,
): Promise<Refusal | undefined> {
  const stated = evaluate(template, contexts)
  const settings = (stated !== null && typeof stated === 'object' ? stated : { name: stated }) as {
    [key: string]: Value
  }
  const environment = toText(settings.name ?? null)
  if (environment === '') return undefined
  const { run } = level
  const deployment = settings.deployment !== false
  updateJob(run, job, { environment, deployment, status: 'waiting' })
  const request = { environment, job, run: run.view, attempt: run.view.attempt, signal: over }
  const answer = await Promise.race([run.options.approve(request), aborted(over)])
  if (answer === undefined) return { conclusion: 'cancelled', message: 'The operation was canceled.' }
  if (answer.state === 'approved') return undefined
  return {
    conclusion: 'failure',
    message: `The deployment to '${environment}' was rejected: ${answer.comment}`,
  }
}

async function runOnRunner(
  definition: PlainJob,
  leg: LegContext,
  job: JobView,
  over: AbortSignal,
): Promise<Ending> {
  const { level, contexts } = leg
  const { run, tree, secrets } = level
  const { options } = run
  if (over.aborted) {
    concludeJob(run, job, 'cancelled', 'The operation was canceled.')
    return { result: 'cancelled', outputs: {} }
  }
  updateJob(run, job, {
    status: 'in_progress',
    startedAt: options.now().toISOString(),
    runnerName: `rehearsal-${job.id}`,
  })
  const environment = options.jobEnvironment(job, run.view)
  const running = await startJob(
    {
      run: run.view,
      job,
      definition,
      tree,
      contexts: jobContexts(leg, contexts, job, secrets),
      event: run.event,
      environment,
    },
    { ...options, cancellation: options.cancellation ?? RUNNER_CANCELLATION, tell: run.tell },
  )
  run.running.set(job, running)
  const stopListening = onAbort(over, () => running.cancel())
  const { conclusion, outputs } = await running.done
  stopListening()
  run.running.delete(job)
  const result = run.forced.aborted ? 'cancelled' : conclusion
  concludeJob(run, job, result)
  return { result, outputs }
}

function jobContexts(
  { level }: LegContext,
  contexts: Contexts,
  job: JobView,
  secrets: { [name: string]: string },
): Contexts {
  return {
    ...contexts,
    github: { ...level.run.github, job: job.key, token: job.token },
    secrets: { ...secrets, GITHUB_TOKEN: job.token },
  }
}
