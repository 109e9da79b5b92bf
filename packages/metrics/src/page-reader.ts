import type { Counted, Counter } from './counter-history'
import { headOf, matches, parseSelector, valueIn, type Selector } from './exposition'

/** A query, and the selectors of the series that it adds up. */
export interface SumQuery {
  name: string
  query: { sum: readonly Selector[] }
}

/**
 * A series that queries ask for: all of it that stays the same from look to look. Its key is the same in whatever order the
 * labels stand, and another on another page: two of them may export the very same series, as replicas of one application do.
 */
export interface KnownSeries extends Selector, Counter {
  /** name and labels as they stand on the page */
  head: string
  /** names of the queries that it answers */
  askedBy: readonly string[]
}

/** What a series said at one look. */
export type Reading = Counted<KnownSeries>

/**
 * Reads what queries ask for on one page, look by look. Of a page that shows thousands of series only these are parsed,
 * and only once: later they are known by how their lines begin. What a page shows no more is forgotten.
 */
export interface PageReader {
  /** in the order of the page */
  read(text: string): Reading[]
}

export function createPageReader(page: number, queries: readonly SumQuery[]): PageReader {
  const asked = askedNames(queries)
  /** by their heads, as these stood at the last look */
  let known = new Map<string, KnownSeries>()
  return {
    read(text) {
      const shown = new Map<string, KnownSeries>()
      const readings: Reading[] = []
      const readLine = (line: string): void => {
        const head = headOf(line)
        const series = known.get(head) ?? shown.get(head) ?? describe(head, page, queries)
        if (!series) return
        shown.set(series.head, series)
        const value = series.askedBy.length > 0 ? valueIn(line.slice(head.length)) : undefined
        if (value !== undefined) readings.push({ series, value })
      }
      for (let from = 0, end = 0; from < text.length; from = end + 1) {
        end = endOfLine(text, from)
        asked.lastIndex = from
        if (asked.test(text)) readLine(text.slice(from, end).trim())
      }
      known = shown
      return readings
    },
  }
}

/** Matches where a line begins with a name that is asked for; blanks before it mean nothing. */
function askedNames(queries: readonly SumQuery[]): RegExp {
  const names = new Set(queries.flatMap(({ query: { sum } }) => sum.map(({ name }) => name)))
  return new RegExp(`[^\\S\\n]*(?:${[...names].join('|')})(?![a-zA-Z0-9_:])`, 'y')
}

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\n', from)
  return end === -1 ? text.length : end
}

/** Undefined where name and labels are not well-formed. */
function describe(text: string, page: number, queries: readonly SumQuery[]): KnownSeries | undefined {
  // A part of a page keeps all of it in memory: what outlives the look is a copy.
  const head = structuredClone(text)
  const series = parseSelector(head)
  if (!series) return undefined
  const labels = Object.entries(series.labels).sort()
  const keyOf = (those: typeof labels): string => `${page} ${series.name}${JSON.stringify(those)}`
  const whole = keyOf(labels.filter(([label]) => label !== 'le'))
  const askedBy = queries.filter(({ query: { sum } }) => sum.some((selector) => matches(series, selector)))
  return { ...series, head, page, key: keyOf(labels), whole, askedBy: askedBy.map(({ name }) => name) }
}
