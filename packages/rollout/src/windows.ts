import { formatDuration } from './duration'
import { frozen, openings, type Freeze, type Recurrence, type Stretch } from './recurrence'

/** When rollouts may begin; at any time where nothing is allowed expressly. Putting something back is never kept from it. */
export interface Windows {
  allow: readonly Recurrence[]
  freeze: readonly Freeze[]
}

/** Nobody waits longer for a window: it is said that there is none. */
const HORIZON_MS = 366 * 24 * 3_600_000
/** A rollout that is estimated to take longer than that fits into no window. */
const DAY_MS = 24 * 3_600_000

/**
 * Why a rollout may not begin at a moment, and when it may next, in one sentence.
 * @param needMs how long from then on it has to be open without a break; nothing where it only has to begin
 * @returns undefined when it may
 */
export async function whyClosed(windows: Windows, now: Date, needMs = 0): Promise<string | undefined> {
  const at = now.getTime()
  if (windows.allow.length === 0 && windows.freeze.length === 0) return undefined
  const { allow } = windows
  const freeze = await frozenIn(windows)
  const near = await openIn(allow, freeze, { from: at, to: at + needMs + DAY_MS })
  const open = near.find(({ from, to }) => from <= at && at < to)
  if (open && at + needMs <= open.to) return undefined
  const next = await opensNext(windows, now, needMs)
  const why = open ? tooShort(open.to, needMs) : shut(allow, freeze, at)
  return `${why}; ${next ? `it opens next at ${utc(next.getTime())}` : 'it does not open within a year'}`
}

/** When it opens next after a moment, for as long as is needed; undefined where it does not within a year. */
export async function opensNext(windows: Windows, now: Date, needMs = 0): Promise<Date | undefined> {
  const at = now.getTime()
  const year = await openIn(windows.allow, await frozenIn(windows), {
    from: at,
    to: at + HORIZON_MS + needMs,
  })
  const next = year.find(({ from, to }) => from > at && from <= at + HORIZON_MS && from + needMs <= to)
  return next && new Date(next.from)
}

const frozenIn = ({ freeze }: Windows): Promise<Frozen[]> =>
  Promise.all(freeze.map(async (one) => ({ ...(await frozen(one)), reason: one.reason })))

type Frozen = Stretch & Pick<Freeze, 'reason'>

const tooShort = (closes: number, needMs: number): string =>
  `it may take ${formatDuration(needMs)}, and its window closes at ${utc(closes)}`

function shut(allow: readonly Recurrence[], freeze: readonly Frozen[], at: number): string {
  const now = freeze.find(({ from, to }) => from <= at && at < to)
  if (now) return `nothing begins until ${utc(now.to)} (${now.reason})`
  const rules = allow.map(
    ({ rrule, duration, timezone }) => `${rrule} for ${formatDuration(duration)} (${timezone})`,
  )
  return `its windows are closed (${rules.join(', ')})`
}

/** The stretches that are open within one, in their order, each as long as it goes. */
async function openIn(
  allow: readonly Recurrence[],
  freeze: readonly Stretch[],
  within: Stretch,
): Promise<Stretch[]> {
  const allowed =
    allow.length === 0
      ? [{ from: within.from, to: Infinity }]
      : joined((await Promise.all(allow.map((one) => openings(one, within)))).flat())
  return freeze.reduce<Stretch[]>(without, allowed)
}

/** Those that touch or overlap are one. */
function joined(stretches: readonly Stretch[]): Stretch[] {
  const all: Stretch[] = []
  for (const next of stretches.toSorted((a, b) => a.from - b.from)) {
    const last = all.at(-1)
    if (last && next.from <= last.to) last.to = Math.max(last.to, next.to)
    else all.push({ ...next })
  }
  return all
}

/** What is left of each when another is taken out. */
const without = (stretches: readonly Stretch[], taken: Stretch): Stretch[] =>
  stretches
    .flatMap(({ from, to }) => [
      { from, to: Math.min(to, taken.from) },
      { from: Math.max(from, taken.to), to },
    ])
    .filter(({ from, to }) => from < to)

/** To the second, in UTC: the reader may be anywhere. */
const utc = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z')
