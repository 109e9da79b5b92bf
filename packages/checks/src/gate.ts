import { defined, formatDuration } from '@deploy-actions/rollout'
import type { Clock, Log } from '@deploy-actions/action-kit'
import type { HealthCheck, Reading } from './check'

/** Red rounds of a check in a row that fail what stands under live traffic, unless somebody says otherwise. */
export const FAIL_AFTER = 3

/** One check over the time of a gate. */
export interface CheckTimeline {
  name: string
  state: Reading['state']
  detail: string
  value?: number
  /** ISO 8601: since when it has been in this state */
  since: string
  attempts: number
  /** rounds in a row that it was red */
  redInARow: number
  changes: { at: string; state: Reading['state']; detail: string }[]
}

export interface GateResult {
  verdict: 'pass' | 'fail' | 'inconclusive'
  reason: string
  checks: CheckTimeline[]
  /** since when everything has been green */
  greenSince?: string
}

interface Pace {
  intervalMs: number
  clock: Clock
  signal: AbortSignal
  log: Pick<Log, 'info'>
}

/** Holds until everything is green for `greenForMs` without a break. */
export interface HoldOptions extends Pace {
  greenForMs: number
  timeoutMs: number
  /** at most this many rounds */
  attempts?: number
  /** a red check that says it is fatal ends the gate at once */
  failFast: boolean
  /** so many red rounds of a check in a row end it; without, red is waited out, as while an app starts */
  failAfter?: number
  onTimeout: 'fail' | 'inconclusive'
}

/** Stays for `forMs` and fails when a check was red `failAfter` rounds in a row. */
export interface WatchOptions extends Pace {
  forMs: number
  failAfter: number
}

/** Rounds beside something else, such as the samples of a stage: that never waits for a slow check. */
export interface CheckRounds {
  /**
   * Begins a round unless one is under way.
   * @returns which check was red too often in a row, in words, by the rounds that have ended
   * @throws the signal's reason once the run has ended
   */
  next(): string | undefined
}

export function checkRounds(
  checks: NamedChecks,
  { failAfter, ...pace }: Omit<Pace, 'intervalMs'> & { failAfter: number },
): CheckRounds {
  const timelines = start(checks, pace.clock)
  let underWay = false
  return {
    next() {
      pace.signal.throwIfAborted()
      if (!underWay) {
        underWay = true
        // A check answers for itself; what is thrown here is the end of the run, which the next call throws, too.
        round(checks, timelines, pace)
          .catch(() => undefined)
          .finally(() => (underWay = false))
      }
      return brokenAfter(timelines, failAfter)
    },
  }
}

export type NamedChecks = ReadonlyMap<string, HealthCheck>

export async function holdUntilGreen(checks: NamedChecks, options: HoldOptions): Promise<GateResult> {
  const { clock, signal, greenForMs, timeoutMs, attempts = Infinity } = options
  const timelines = start(checks, clock)
  const began = clock.now().getTime()
  let greenSince: number | undefined
  for (let rounds = 1; ; rounds++) {
    const fatal = await round(checks, timelines, options)
    const now = clock.now().getTime()
    const green = timelines.every(({ state }) => state === 'green')
    greenSince = green ? (greenSince ?? now) : undefined
    const checksNow = defined({
      checks: timelines,
      greenSince: greenSince === undefined ? undefined : new Date(greenSince).toISOString(),
    })
    if (greenSince !== undefined && now - greenSince >= greenForMs)
      return {
        verdict: 'pass',
        reason: `all green for ${formatDuration(greenForMs) === '0s' ? 'one round' : formatDuration(greenForMs)}`,
        ...checksNow,
      }
    if (fatal && options.failFast)
      return { verdict: 'fail', reason: `${fatal.name} is red for good: ${fatal.detail}`, ...checksNow }
    const broken = brokenAfter(timelines, options.failAfter)
    if (broken) return { verdict: 'fail', reason: broken, ...checksNow }
    if (now - began >= timeoutMs || rounds >= attempts) {
      const after = rounds >= attempts ? `${rounds} tries` : formatDuration(timeoutMs)
      return {
        verdict: options.onTimeout,
        reason: `not green after ${after}: ${notGreen(timelines, greenForMs)}`,
        ...checksNow,
      }
    }
    await clock.sleep(Math.min(options.intervalMs, Math.max(1, timeoutMs - (now - began))), signal)
  }
}

export async function watchChecks(checks: NamedChecks, options: WatchOptions): Promise<GateResult> {
  const { clock, signal, forMs, failAfter, intervalMs } = options
  const timelines = start(checks, clock)
  const deadline = clock.now().getTime() + forMs
  for (;;) {
    await round(checks, timelines, options)
    const broken = brokenAfter(timelines, failAfter)
    if (broken) return { verdict: 'fail', reason: broken, checks: timelines }
    const left = deadline - clock.now().getTime()
    // What is red at the end is looked at until it is green again or red for good.
    const red = timelines.some(({ state }) => state === 'red')
    if (left <= 0 && !red) return ending(timelines, forMs)
    await clock.sleep(left > 0 ? Math.min(intervalMs, left) : intervalMs, signal)
  }
}

/** Which check was red too often in a row, in words. */
function brokenAfter(timelines: readonly CheckTimeline[], failAfter = Infinity): string | undefined {
  const broken = timelines.find(({ redInARow }) => redInARow >= failAfter)
  return broken && `${broken.name} was red ${broken.redInARow} rounds in a row: ${broken.detail}`
}

/** A check that could never be made in the whole watch is not a pass. */
function ending(checks: CheckTimeline[], forMs: number): GateResult {
  const unknown = checks.find(({ state }) => state === 'unknown')
  return unknown
    ? { verdict: 'inconclusive', reason: `${unknown.name} could not be checked: ${unknown.detail}`, checks }
    : { verdict: 'pass', reason: `watched for ${formatDuration(forMs)}, no check failed`, checks }
}

function start(checks: NamedChecks, clock: Clock): CheckTimeline[] {
  const since = clock.now().toISOString()
  return [...checks.keys()].map((name) => ({
    name,
    state: 'unknown',
    detail: 'not looked at',
    since,
    attempts: 0,
    redInARow: 0,
    changes: [],
  }))
}

/** Looks at every check once; the log gets a line per change, not per look. Returns a red one that is fatal. */
async function round(
  checks: NamedChecks,
  timelines: CheckTimeline[],
  { clock, signal, log }: Omit<Pace, 'intervalMs'>,
): Promise<CheckTimeline | undefined> {
  let fatal: CheckTimeline | undefined
  await Promise.all(
    timelines.map(async (timeline) => {
      const reading = await checks.get(timeline.name)?.probe(signal)
      if (!reading) return
      timeline.attempts++
      timeline.redInARow = reading.state === 'red' ? timeline.redInARow + 1 : 0
      if (reading.state !== timeline.state || timeline.attempts === 1) {
        timeline.since = clock.now().toISOString()
        timeline.changes.push({ at: timeline.since, state: reading.state, detail: reading.detail })
        log.info(`${timeline.name}: ${reading.state}: ${reading.detail}`)
      }
      timeline.state = reading.state
      timeline.detail = reading.detail
      if (reading.value !== undefined) timeline.value = reading.value
      if (reading.fatal) fatal = timeline
    }),
  )
  return fatal
}

function notGreen(timelines: readonly CheckTimeline[], greenForMs: number): string {
  const out = timelines.filter(({ state }) => state !== 'green')
  if (out.length === 0) return `green, but not for ${formatDuration(greenForMs)} without a break`
  return out.map(({ name, state, detail }) => `${name} is ${state} (${detail})`).join('; ')
}
