import { formatPercent } from '@deploy-actions/rollout'
import type { RegionReading } from '@deploy-actions/embedded-regions'
import type { EngineEvent, RunView } from '@deploy-actions/workflow-engine'
import { regionOfJob } from './region-jobs'

/** Shows a rehearsal while it goes on. */
export interface View {
  say(line: string): void
  event(event: EngineEvent): void
  look(run: RunView, readings: Record<string, RegionReading>, now: Date): void
  end(): void
}

type Write = (text: string) => void

/** What canary-step logs when the verdict of a stage changes: `[40s] 10%: pass: canary 0 of ...`. */
const VERDICT = /\[[\w.]+\] (\d+(?:\.\d+)?%: (pass|fail|inconclusive|error)): (.*)$/

/** The verdict that a line of a job's log tells, and why. */
function verdictOf(event: EngineEvent): { job: string; verdict: string; why: string } | undefined {
  const match = event.type === 'log' ? VERDICT.exec(event.line) : null
  return match && event.type === 'log'
    ? { job: event.job.name, verdict: match[1] ?? '', why: match[3] ?? '' }
    : undefined
}

/** A line per job and per change of weights: for logs and pipes. */
export function plainView(write: Write): View {
  const started = Date.now()
  const last = new Map<string, string>()
  const line = (text: string): void =>
    write(`${((Date.now() - started) / 1000).toFixed(1).padStart(6)}s  ${text}\n`)
  return {
    say: line,
    event(event) {
      if (
        event.type === 'job' &&
        event.job.status !== 'queued' &&
        last.get(event.job.name) !== event.job.status
      ) {
        last.set(event.job.name, event.job.status)
        if (event.job.conclusion !== 'skipped')
          line(`${event.job.name}: ${event.job.conclusion ?? event.job.status}`)
      }
      const judged = verdictOf(event)
      if (judged) line(`${judged.job}: ${judged.verdict}: ${judged.why}`)
      if (event.type === 'annotation' && event.annotation.level !== 'notice')
        line(`${event.job?.name ?? 'run'}: ${event.annotation.level}: ${event.annotation.message}`)
    },
    look(_, readings) {
      for (const [region, { weights }] of Object.entries(readings)) {
        const text = describe(weights)
        if (last.get(`weights ${region}`) === text) continue
        last.set(`weights ${region}`, text)
        line(`${region}: ${text}`)
      }
    },
    end: () => undefined,
  }
}

/** A table that is drawn over itself, for terminals. */
export function liveView(write: Write): View {
  const said: string[] = []
  const verdicts = new Map<string, string>()
  let drawn = 0
  const erase = (): void => {
    if (drawn > 0) write(`\u001b[${drawn}A\u001b[0J`)
    drawn = 0
  }
  return {
    say: (line) => void said.push(line),
    event(event) {
      const judged = verdictOf(event)
      if (judged) verdicts.set(judged.job, judged.verdict)
      if (event.type === 'annotation' && event.annotation.level === 'error')
        said.push(`${event.job?.name ?? 'run'}: ${event.annotation.message.split('\n')[0] ?? ''}`)
    },
    look(run, readings, now) {
      erase()
      while (said.length > 0) write(`${said.shift() ?? ''}\n`)
      const names = Object.keys(readings)
      const rows = Object.entries(readings).map(([name, reading]) => row(name, reading, run, names, verdicts))
      const lines = [`${now.toISOString().slice(11, 19)}  run ${run.id}`, ...rows]
      write(`${lines.join('\n')}\n`)
      drawn = lines.length
    },
    end: () => {
      while (said.length > 0) write(`${said.shift() ?? ''}\n`)
    },
  }
}

const BAR_WIDTH = 20

function row(
  name: string,
  { weights, baseline, requests, failed }: RegionReading,
  run: RunView,
  names: readonly string[],
  verdicts: ReadonlyMap<string, string>,
): string {
  const canary = Object.entries(weights).find(([arm]) => arm !== baseline) ?? ['', 0]
  const filled = Math.round((canary[1] / 10_000) * BAR_WIDTH)
  const active = run.jobs.findLast((job) => job.status === 'in_progress' && regionOfJob(job, names) === name)
  const step = active?.steps.find(({ status }) => status === 'in_progress')?.name ?? ''
  const failures = failed.app + failed.proxy + failed.connection
  return `  ${name.padEnd(12)} ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${describe(weights).padEnd(24)} ${String(requests).padStart(7)} requests ${String(failures).padStart(5)} failed  ${active ? [verdicts.get(active.name), `${active.key}: ${step}`].filter(Boolean).join('  ') : ''}`
}

const describe = (weights: Record<string, number>): string =>
  Object.entries(weights)
    .map(([arm, points]) => `${arm} ${formatPercent(points)}`)
    .join(', ')
