import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { evaluate, evaluateText, evaluateTexts } from '../expressions'
import { onAbort } from '../on-abort'
import type { Conclusion } from '../run-view'
import { killTracked, signalTracked } from './child-process'
import { createJobFolders, runnerContext } from './job-folders'
import { JobSession, type JobRequest, type RunnerOptions } from './job-session'
import { runPost, runStep } from './run-step'

/** A job on its runner. */
export interface RunningJob {
  /** Never rejects. */
  done: Promise<JobEnding>
  /** Signals the running step unless its condition still holds; later steps see `cancelled()`. */
  cancel(): void
  /** The machine is gone: every process is killed, nothing more is reported. */
  lose(): void
  /** GitHub takes the machine away by force. */
  end(): void
  /**
   * The machine stands still: nothing more is heard of it, and the job counts as lost.
   * @returns wakes it; settles when it has done what it had left to do
   */
  suspend(): () => Promise<void>
}

/** How a job ended. */
interface JobEnding {
  conclusion: Exclude<Conclusion, 'skipped'>
  /** Without those that may hold a secret. */
  outputs: Record<string, string>
}

/** Minutes a job may take where it does not say; source: GitHub's workflow syntax. */
const DEFAULT_TIMEOUT_MINUTES = 360

/** Gives a job its runner: new folders, its steps, its post steps, its outputs. */
export async function startJob(request: JobRequest, options: RunnerOptions): Promise<RunningJob> {
  const { job } = request
  const folders = await createJobFolders(options.work, job.id, request.run.repository)
  const runner = runnerContext(job.runnerName ?? '', folders)
  const session = new JobSession(request, options, folders, runner, `github_${randomUUID()}`)
  registerSecrets(session)

  onAbort(session.killed.signal, () => killTracked(session.trackingId))
  const ended = runToEnd(session)
  const gone = Promise.withResolvers<JobEnding>()
  const vanish = (): void => {
    session.annotate({ level: 'error', message: LOST_MESSAGE })
    session.lost = true
  }
  const end = (): void => {
    session.lost = true
    session.killed.abort()
  }
  return {
    done: Promise.race([ended, gone.promise]),
    cancel: () => cancel(session),
    lose: () => {
      vanish()
      session.killed.abort()
    },
    end,
    suspend: () => {
      signalTracked(session.trackingId, 'SIGSTOP')
      vanish()
      gone.resolve({ conclusion: 'failure', outputs: {} })
      return async () => {
        signalTracked(session.trackingId, 'SIGCONT')
        await ended
      }
    },
  }
}

const LOST_MESSAGE =
  'The hosted runner lost communication with the server. Anything in your workflow that terminates the runner process, starves it for CPU/Memory, or blocks its network access can cause this error.'

async function runToEnd(session: JobSession): Promise<JobEnding> {
  const gone = () => session.killed.signal.aborted
  const stopTimers = [windowAfterCancel(session)]
  try {
    const ready = await setUp(session, stopTimers)
    if (ready)
      for (const step of session.request.definition.steps) {
        if (gone()) break
        await runStep(session, step)
      }
    for (const post of session.posts.reverse()) {
      if (gone()) break
      await runPost(session, post)
    }
    if (session.lost) return { conclusion: 'failure', outputs: {} }
    const outputs = ready ? collectOutputs(session) : {}
    complete(session)
    return { conclusion: session.status, outputs }
  } finally {
    stopTimers.forEach((stop) => stop())
    killTracked(session.trackingId)
  }
}

/** False if the job cannot begin; why is in its annotations */
async function setUp(session: JobSession, stopTimers: (() => void)[]): Promise<boolean> {
  const { request, folders } = session
  const { job, tree, definition, contexts } = request
  const { view, log } = session.beginStep('Set up job')
  log.print(`Runner name: '${job.runnerName}', a process of this machine`)
  log.print(`GITHUB_TOKEN Permissions: ${JSON.stringify(job.permissions)}`)
  for (const { action } of definition.steps) {
    const found = action && tree.actions.get(action.uses)
    if (found?.kind === 'built-in') log.print(`${action?.uses}: played by the rehearsal`)
  }
  try {
    const event = join(folders.temp, '_github_workflow', 'event.json')
    await mkdir(dirname(event), { recursive: true })
    await writeFile(event, JSON.stringify(request.event, null, 2))
    session.env = { ...evaluateTexts(tree.file.env, contexts), ...evaluateTexts(definition.env, contexts) }
    stopTimers.push(limitTime(session))
    session.endStep(view, 'success', 'success')
    return true
  } catch (error) {
    log.annotate('error', (error as Error).message)
    session.endStep(view, 'failure', 'failure')
    return false
  }
}

function collectOutputs(session: JobSession): Record<string, string> {
  const outputs: Record<string, string> = {}
  for (const [name, template] of session.request.definition.outputs) {
    try {
      const value = evaluateText(template, session.contexts({}))
      if (session.masks.found(value))
        session.annotate({ level: 'warning', message: `Skip output '${name}' since it may contain secret.` })
      else if (value !== '') outputs[name] = value
    } catch (error) {
      session.annotate({ level: 'error', message: `Output '${name}': ${(error as Error).message}` })
      session.status = 'failure'
    }
  }
  return outputs
}

function complete(session: JobSession): void {
  const { view, log } = session.beginStep('Complete job')
  log.print('Cleaning up orphan processes')
  session.endStep(view, 'success', 'success')
}

function cancel(session: JobSession): void {
  if (session.cancelled.signal.aborted) return
  session.status = 'cancelled'
  session.cancelled.abort()
}

/** A job that takes too long is cancelled, not failed. */
function limitTime(session: JobSession): () => void {
  const { definition, contexts } = session.request
  const minutes = Number(evaluate(definition.timeoutMinutes, contexts) ?? DEFAULT_TIMEOUT_MINUTES)
  const timer = setTimeout(
    () => {
      const message = `The job has exceeded the maximum execution time of ${minutes} minutes`
      session.annotate({ level: 'error', message })
      cancel(session)
    },
    Math.min((minutes * 60_000) / session.options.speed, MAX_TIMER),
  )
  return () => clearTimeout(timer)
}

/** The longest delay a timer of Node takes, 24 days. */
const MAX_TIMER = 2 ** 31 - 1

function windowAfterCancel(session: JobSession): () => void {
  let timer: NodeJS.Timeout | undefined
  const stop = onAbort(session.cancelled.signal, () => {
    timer = setTimeout(() => {
      session.annotate({
        level: 'error',
        message: 'The job was not able to finish within its cancellation timeout',
      })
      session.killed.abort()
    }, session.options.cancellation.windowMs)
  })
  return () => {
    stop()
    clearTimeout(timer)
  }
}

/** The runner masks every secret it was sent, used or not. */
function registerSecrets({ masks, request }: JobSession): void {
  const secrets = Object.values((request.contexts.secrets ?? {}) as Record<string, string>)
  const tokens = Object.entries(request.environment).filter(([name]) => /^ACTIONS_.*TOKEN$/.test(name))
  for (const secret of [...secrets, request.job.token, ...tokens.map(([, token]) => token)]) masks.add(secret)
}
