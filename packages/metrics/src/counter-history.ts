import type { Window } from './source'

/** Cumulative counters as they stood at each look: windows are answered from what lies between the looks. */
export interface CounterHistory {
  /**
   * Keeps what the counters said between the question and its answer (milliseconds since 1970). One that is not there
   * keeps what it last said.
   */
  look(taken: { asked: number; at: number }, counters: ReadonlyMap<string, number>): void
  /**
   * What was added to each counter from the first look in the window to the one nearest to its end, and the window
   * between these two; with one look in it that window is empty. Looks before `from` are forgotten.
   */
  within(window: Window): { window: Window; increases: ReadonlyMap<string, number> }
}

interface Look {
  asked: number
  /** when it was answered: what was counted is not older */
  at: number
  counters: ReadonlyMap<string, number>
}

export function createCounterHistory(): CounterHistory {
  let looks: Look[] = []
  return {
    look(taken, counters) {
      looks.push({ ...taken, counters: new Map([...(looks.at(-1)?.counters ?? []), ...counters]) })
    },
    within({ from, to }) {
      looks = looks.filter(({ at }) => at >= from.getTime())
      const end = nearest(looks, to.getTime())
      const covered = looks.filter(({ at }) => end !== undefined && at <= end.at)
      return {
        window: { from: new Date(covered[0]?.at ?? to), to: new Date(end?.at ?? to) },
        increases: covered
          .slice(1)
          .reduce((sums, look, index) => addIncreases(sums, covered[index], look), new Map<string, number>()),
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
function addIncreases(sums: Map<string, number>, before: Look | undefined, after: Look): Map<string, number> {
  for (const [key, value] of after.counters) {
    const level = before?.counters.get(key) ?? 0
    sums.set(key, (sums.get(key) ?? 0) + (value < level ? value : value - level))
  }
  return sums
}
