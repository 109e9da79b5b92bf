import type { Window } from './source'

/** When the page of a counter was away: at the end of a window, or only when it began. */
export type Absence = 'at its end' | 'when it began'

/** A counter as a page shows it. */
export interface Counter {
  /** index of its page */
  page: number
  value: number
}

/** Cumulative counters as they stood at each look: windows are answered from what lies between the looks. */
export interface CounterHistory {
  /**
   * Keeps what the counters said between the question and its answer (milliseconds since 1970). One that is not there
   * keeps what it last said, as all of a page do that is `away`.
   */
  look(
    taken: { asked: number; at: number },
    counters: ReadonlyMap<string, Counter>,
    away: ReadonlySet<number>,
  ): void
  /**
   * What was added to each counter from the first look in the window to the one nearest to its end, and the window
   * between these two; with one look in it that window is empty. A page that was away at either of them is left out
   * whole: what it counted lies in another window. Looks before `from` are forgotten.
   */
  within(window: Window): {
    window: Window
    increases: ReadonlyMap<string, number>
    /** pages that are left out of this window, and have shown counters */
    leftOut: ReadonlyMap<number, Absence>
    /** pages that have shown counters */
    pages: ReadonlySet<number>
  }
}

interface Look {
  asked: number
  /** when it was answered: what was counted is not older */
  at: number
  /** what has been added to the counters that were there since each was there before */
  added: ReadonlyMap<string, Counter>
  away: ReadonlySet<number>
}

export function createCounterHistory(): CounterHistory {
  /** what each counter said last */
  const levels = new Map<string, number>()
  const pages = new Set<number>()
  let looks: Look[] = []
  return {
    look(taken, counters, away) {
      const added = new Map<string, Counter>()
      for (const [key, { page, value }] of counters) {
        added.set(key, { page, value: increase(levels.get(key), value) })
        levels.set(key, value)
        pages.add(page)
      }
      looks.push({ ...taken, added, away })
    },
    within({ from, to }) {
      looks = looks.filter(({ at }) => at >= from.getTime())
      const end = nearest(looks, to.getTime())
      const covered = looks.filter(({ at }) => end !== undefined && at <= end.at)
      const leftOut = new Map(
        [...pages].flatMap((page): [number, Absence][] => {
          if (covered.at(-1)?.away.has(page)) return [[page, 'at its end']]
          return covered[0]?.away.has(page) ? [[page, 'when it began']] : []
        }),
      )
      return {
        window: { from: new Date(covered[0]?.at ?? to), to: new Date(end?.at ?? to) },
        increases: sumsOf(covered.slice(1), leftOut),
        leftOut,
        pages,
      }
    },
  }
}

/** A counter that fell was reset: it counts from zero. One that appears later began at zero, too. */
const increase = (level: number | undefined, value: number): number =>
  level === undefined || value < level ? value : value - level

function nearest(looks: readonly Look[], to: number): Look | undefined {
  return looks.reduce<Look | undefined>(
    (best, look) => (best && distance(best, to) < distance(look, to) ? best : look),
    undefined,
  )
}

/** None while the answer was awaited: a slow page is not taken for one that was asked later. */
const distance = ({ asked, at }: Look, to: number): number => Math.max(asked - to, to - at, 0)

function sumsOf(looks: readonly Look[], leftOut: ReadonlyMap<number, unknown>): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { added } of looks)
    for (const [key, { page, value }] of added)
      if (!leftOut.has(page)) sums.set(key, (sums.get(key) ?? 0) + value)
  return sums
}
