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
  counters: ReadonlyMap<string, Counter>
  away: ReadonlySet<number>
}

export function createCounterHistory(): CounterHistory {
  let looks: Look[] = []
  return {
    look(taken, counters, away) {
      looks.push({ ...taken, counters: new Map([...(looks.at(-1)?.counters ?? []), ...counters]), away })
    },
    within({ from, to }) {
      looks = looks.filter(({ at }) => at >= from.getTime())
      const end = nearest(looks, to.getTime())
      const covered = looks.filter(({ at }) => end !== undefined && at <= end.at)
      const pages = new Set([...(looks.at(-1)?.counters.values() ?? [])].map(({ page }) => page))
      const leftOut = new Map(
        [...pages].flatMap((page): [number, Absence][] => {
          if (covered.at(-1)?.away.has(page)) return [[page, 'at its end']]
          return covered[0]?.away.has(page) ? [[page, 'when it began']] : []
        }),
      )
      return {
        window: { from: new Date(covered[0]?.at ?? to), to: new Date(end?.at ?? to) },
        increases: covered
          .slice(1)
          .reduce(
            (sums, look, index) => addIncreases(sums, covered[index], look, leftOut),
            new Map<string, number>(),
          ),
        leftOut,
        pages,
      }
    },
  }
}

function nearest(looks: readonly Look[], to: number): Look | undefined {
  return looks.reduce<Look | undefined>(
    (best, look) => (best && distance(best, to) < distance(look, to) ? best : look),
    undefined,
  )
}

/** None while the answer was awaited: a slow page is not taken for one that was asked later. */
const distance = ({ asked, at }: Look, to: number): number => Math.max(asked - to, to - at, 0)

/** A counter that fell was reset: it counts from zero. One that appears later began at zero, too. */
function addIncreases(
  sums: Map<string, number>,
  before: Look | undefined,
  after: Look,
  leftOut: ReadonlyMap<number, unknown>,
): Map<string, number> {
  for (const [key, { page, value }] of after.counters) {
    if (leftOut.has(page)) continue
    const level = before?.counters.get(key)?.value ?? 0
    sums.set(key, (sums.get(key) ?? 0) + (value < level ? value : value - level))
  }
  return sums
}
