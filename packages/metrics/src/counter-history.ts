import type { Window } from './source'

/** When the page of a counter was away: at the end of a window, or only when it began. */
export type Absence = 'at its end' | 'when it began'

/** What tells a counter from others. */
export interface Counter {
  /** the same at each look, and of no other counter */
  key: string
  /** the same for all counters that begin anew together, as the buckets of a histogram do */
  whole: string
  /** index of its page */
  page: number
}

/** What a counter says, or what was added to it. */
export interface Counted<C extends Counter> {
  series: C
  value: number
}

/** Cumulative counters as they stood at each look: windows are answered from what lies between the looks. */
export interface CounterHistory<C extends Counter> {
  /**
   * Keeps what the counters said at a look. One that is not there
   * keeps what it last said, as all of a page do that is `away`; of two readings of the same series the last counts.
   */
  look(taken: Taken, counters: readonly Counted<C>[], away: ReadonlySet<number>): void
  /**
   * What was added to the counters from the first look in the window to the one nearest to its end, and the window
   * between these two; with one look in it that window is empty. A page that was away at either of them is left out
   * whole: what it counted lies in another window. Looks before `from` are forgotten.
   */
  within(window: Window): {
    window: Window
    /** of each look but the first: what was added to each counter that was there, since it was there before */
    increases: readonly (readonly Counted<C>[])[]
    /** pages that are left out of this window, and have shown counters */
    leftOut: ReadonlyMap<number, Absence>
    /** pages that have shown counters */
    pages: ReadonlySet<number>
  }
}

/** When the pages were asked, and when they had answered: what was counted is not older (milliseconds since 1970). */
interface Taken {
  asked: number
  at: number
}

interface Look<C extends Counter> extends Taken {
  added: readonly Counted<C>[]
  away: ReadonlySet<number>
}

export function createCounterHistory<C extends Counter>(): CounterHistory<C> {
  /** what each counter said last, by its key */
  const levels = new Map<string, number>()
  const pages = new Set<number>()
  let looks: Look<C>[] = []
  return {
    look(taken, counters, away) {
      const last = [...new Map(counters.map((one) => [one.series.key, one])).values()]
      looks.push({ ...taken, added: addedSince(levels, last), away })
      for (const { series, value } of last) {
        levels.set(series.key, value)
        pages.add(series.page)
      }
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
        increases: covered
          .slice(1)
          .map(({ added }) => added.filter(({ series }) => !leftOut.has(series.page))),
        leftOut,
        pages,
      }
    },
  }
}

/**
 * A counter that fell was reset: it counts from zero, as the other buckets of its histogram do, which may have grown beyond
 * their level by now. One that appears later began at zero, too.
 */
function addedSince<C extends Counter>(
  levels: ReadonlyMap<string, number>,
  counters: readonly Counted<C>[],
): Counted<C>[] {
  const levelOf = ({ series }: Counted<C>): number => levels.get(series.key) ?? 0
  const reset = new Set(counters.filter((one) => one.value < levelOf(one)).map(({ series }) => series.whole))
  return counters.map((one) => {
    const level = reset.has(one.series.whole) ? 0 : levelOf(one)
    return { series: one.series, value: one.value - level }
  })
}

function nearest<L extends Taken>(looks: readonly L[], to: number): L | undefined {
  return looks.reduce<L | undefined>(
    (best, look) => (best && distance(best, to) < distance(look, to) ? best : look),
    undefined,
  )
}

/** None while the answer was awaited: a slow page is not taken for one that was asked later. */
const distance = ({ asked, at }: Taken, to: number): number => Math.max(asked - to, to - at, 0)
