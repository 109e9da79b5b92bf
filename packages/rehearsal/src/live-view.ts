import type { RegionReading } from '@deploy-actions/embedded-regions'
import type { ProgressEvent } from '@deploy-actions/evidence'
import type { RunView } from '@deploy-actions/workflow-engine'
import { frameLines, type RegionRow } from './frame'
import { regionOfJob } from './region-jobs'
import type { RegionResult } from './result'
import { describeVerdict, type View } from './view'

/** A terminal: `process.stdout` is one. Its size is asked for at each frame, since its window may be resized. */
export interface Screen {
  write(text: string): unknown
  columns?: number
  rows?: number
}

/** What a terminal is taken for that does not tell its size. */
const USUAL = { columns: 80, rows: 24 }

/** Whether a view can draw over itself there: not into a pipe, not in CI, whose logs keep every frame. */
export function canRedraw(
  { isTTY }: { isTTY?: boolean },
  { CI = '', TERM }: { CI?: string | undefined; TERM?: string | undefined },
): boolean {
  return isTTY === true && (CI === '' || CI === 'false') && TERM !== 'dumb'
}

/** A table that is drawn over itself; what is said stands above it. */
export function liveView(screen: Screen): View {
  const frames = new Frames(screen)
  const verdicts = new Map<number, ProgressEvent>()
  let first: Record<string, RegionReading> | undefined
  return {
    say: (line) => frames.say(line),
    event(event) {
      if (event.type === 'annotation' && event.annotation.level === 'error')
        frames.say(`${event.job?.name ?? 'run'}: ${event.annotation.message.split('\n')[0] ?? ''}`)
    },
    progress: (job, event) => void verdicts.set(job.id, event),
    look(run, readings, now) {
      first ??= readings
      const names = Object.keys(readings)
      const rows = names.flatMap((name) => {
        const [before, reading] = [first?.[name], readings[name]]
        return before && reading
          ? { ...figures(name, before, reading), ...activity(run, names, name, verdicts) }
          : []
      })
      frames.draw((columns) => frameLines(`${now.toISOString().slice(11, 19)}  run ${run.id}`, rows, columns))
    },
    end(result) {
      const rows = result?.regions.map((region) => finalRow(region, first?.[region.name]?.baseline ?? ''))
      if (result && rows) frames.draw((columns) => frameLines(result.conclusion, rows, columns))
      frames.end()
    },
  }
}

/** What a reading shows, counted from when the rehearsal began, as the result does. */
function figures(
  name: string,
  before: RegionReading,
  { weights, baseline, requests, failed }: RegionReading,
): Omit<RegionRow, 'state'> {
  return {
    name,
    weights,
    baseline,
    requests: requests - before.requests,
    failed: failures(failed) - failures(before.failed),
  }
}

const failures = ({ app, proxy, connection }: RegionReading['failed']): number => app + proxy + connection

/** The job that works on a region now, its step and its last verdict. */
function activity(
  run: RunView,
  names: readonly string[],
  name: string,
  verdicts: ReadonlyMap<number, ProgressEvent>,
): Pick<RegionRow, 'state' | 'about'> {
  const job = run.jobs.findLast((job) => job.status === 'in_progress' && regionOfJob(job, names) === name)
  if (!job) return { state: '' }
  const step = job.steps.find(({ status }) => status === 'in_progress')?.name
  const verdict = verdicts.get(job.id)
  return {
    state: verdict?.verdict ?? '',
    about: verdict ? `${job.key}: ${describeVerdict(verdict)}` : `${job.key}: ${step ?? ''}`,
  }
}

/** What became of a region: what stands there last is what the rehearsal came to. */
function finalRow(
  { name, weights, requests, failed, outcome, stages }: RegionResult,
  baseline: string,
): RegionRow {
  const last = stages.at(-1)
  const why = last && last.verdict !== 'pass' ? { about: describeVerdict(last) } : {}
  return { name, weights: weights.after, baseline, requests, failed, state: outcome, ...why }
}

/** Lines that are drawn over themselves, below others that stay. */
class Frames {
  readonly #said: string[] = []
  #drawn: string[] = []

  constructor(private readonly screen: Screen) {}

  /** Stands above the frames from the next one on. */
  say(line: string): void {
    this.#said.push(line)
  }

  draw(lay: (columns: number) => string[]): void {
    const { columns, rows } = this.#size()
    // What has left the window at its top can be drawn over no more.
    const lines = lay(columns).slice(0, rows - 1)
    if (this.#said.length === 0 && lines.join('\n') === this.#drawn.join('\n')) return
    const all = [...this.#said.splice(0), ...lines]
    this.screen.write(
      this.#toTop(columns) + all.map((line) => overwrite(line, columns)).join('') + CLEAR_BELOW,
    )
    this.#drawn = lines
  }

  end(): void {
    const said = this.#said.splice(0)
    if (said.length > 0) this.screen.write(said.map((line) => `${line}\n`).join(''))
    this.#drawn = []
  }

  /** A terminal that became narrower has wrapped the lines: it is its own lines that the cursor goes up by. */
  #toTop(columns: number): string {
    const height = this.#drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(line.length / columns)), 0)
    return height === 0 ? '' : `\u001b[${height}A`
  }

  #size(): { columns: number; rows: number } {
    const { columns, rows } = this.screen
    return { columns: columns || USUAL.columns, rows: rows || USUAL.rows }
  }
}

/**
 * What earlier frames left below. Never from a frame's first line on: tmux keeps in its history what is cleared from the
 * top of its window.
 */
const CLEAR_BELOW = '\u001b[0J'
const CLEAR_TO_THE_RIGHT = '\u001b[0K'

/** A line over whatever stood there. Behind a full one nothing is to be cleared, and the last letter would be. */
function overwrite(line: string, columns: number): string {
  const full = line.length > 0 && line.length % columns === 0
  return `${line}${full ? '' : CLEAR_TO_THE_RIGHT}\n`
}
