import { z } from 'zod'
import { Cancelled, InputError, messageOf } from '@deploy-actions/action-kit'
import { addBuckets, type Bucket, type SampleProblem } from '@deploy-actions/analysis'
import { timeLimit } from '@deploy-actions/rollout'
import { createCounterHistory, type CounterHistory } from './counter-history'
import {
  announcedNames,
  holdsSeries,
  matches,
  parseExposition,
  parseSelector,
  parseValue,
  type Selector,
} from './exposition'
import { createPageReader, type KnownSeries, type Reading } from './page-reader'
import { source, type Inventory, type Query, type QueryPages, type QueryResult, type Window } from './source'

/** Metrics pages read directly: for rehearsal, small systems and proxies that export their own counters. */
const options = z
  .strictObject({
    pages: z
      .array(z.url({ protocol: /^https?$/ }))
      .min(1)
      .describe('addresses of /metrics pages; their series are taken together'),
    timeout: timeLimit.prefault('5s').describe('for one page'),
  })
  .describe('/metrics pages in the Prometheus text format')

const selector = z.string().transform((text, context): Selector & { text: string } => {
  const parsed = parseSelector(text)
  if (parsed) return { ...parsed, text }
  const compares = /(=~|!~|!=)\s*"/.exec(text)?.[1]
  context.addIssue({
    code: 'custom',
    message: compares
      ? `compares with ${compares}, which is not known here; write name{label="value"}, and a selector for each value`
      : 'is not a selector; write name{label="value"}',
  })
  return z.NEVER
})

/**
 * Series whose increases are added up; each is differenced apart, so that the restart of one resets only that one. Of values
 * the highest may be asked for instead, or the lowest.
 */
const query = z.strictObject({
  sum: z.array(selector).min(1).describe('selectors of the series to add up'),
  take: z.enum(['sum', 'highest', 'lowest']).default('sum').describe('of a value: what its series come to'),
})
type ScrapeQuery = z.infer<typeof query>

export default source({
  options,
  query,
  // A page shows what is now: nothing is late, and any window tells.
  timing: () => ({ lag: 0, resolution: 0 }),
  create({ pages, timeout }, { http, clock }, queries) {
    mustAddUp(queries)
    const histories = new Map<string, CounterHistory<KnownSeries>>()
    const readers = pages.map((_, page) => createPageReader(page, queries))

    /** Pages that have answered once: without one of the others nobody knows what there is to be counted. */
    const known = new Set<number>()

    const fetch = async (url: string, signal: AbortSignal): Promise<PageText> => {
      try {
        const { status, body } = await http.request({ url, timeoutMs: timeout, signal })
        return status === 200 ? { text: body } : { why: `${url} answered ${status}` }
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return { why: messageOf(error) }
      }
    }

    const scrape = async (signal: AbortSignal): Promise<Omit<PageLook, 'asked' | 'at'>> => {
      const answers = await Promise.all(pages.map((url) => fetch(url, signal)))
      const away = new Map(
        answers.flatMap(({ why }, page) => (why === undefined ? [] : [[page, why] as const])),
      )
      for (const page of pages.keys()) if (!away.has(page)) known.add(page)
      if (away.size === pages.length || [...away.keys()].some((page) => !known.has(page)))
        throw new Error([...away.values()].join('; '))
      const found = readers.flatMap((reader, page) => reader.read(answers[page]?.text ?? ''))
      const texts = answers.flatMap(({ text = [] }) => text)
      if (found.length === 0 && !texts.some(holdsSeries))
        throw new Error(`${pages.join(', ')}: there are no series on the page`)
      return { found: byQuery(found), texts, away }
    }

    /** Questions of one instant share one look at the pages, whatever their windows. */
    let looking: Promise<PageLook> | undefined
    let last: PageLook | undefined
    const lookOnce = (signal: AbortSignal): Promise<PageLook> => {
      const asked = clock.now().getTime()
      looking ??= scrape(signal)
        .then((seen) => (last = { asked, at: clock.now().getTime(), ...seen }))
        .finally(() => (looking = undefined))
      return looking
    }

    const historyOf = (name: string): CounterHistory<KnownSeries> => {
      const history = histories.get(name) ?? createCounterHistory()
      histories.set(name, history)
      return history
    }

    return {
      async sample(queries, window, signal) {
        try {
          const look = await lookOnce(signal)
          return queries.map((query) => answer(query, window, look, historyOf(query.name), pages))
        } catch (error) {
          if (error instanceof Cancelled) throw error
          return queries.map(() => ({ window, problem: { kind: 'provider', message: messageOf(error) } }))
        }
      },
      // What a page that is away holds nobody knows.
      inventory: (queries) => (last?.away.size === 0 ? inventoryOf(queries, last) : undefined),
    }
  },
})

/** One page: what stood on it, or why it could not be read. */
type PageText = { text: string; why?: undefined } | { why: string; text?: undefined }

/** What the pages said: when they were asked, and when all of them had answered (milliseconds since 1970). */
interface PageLook {
  asked: number
  at: number
  /** pages that could not be read, by index, and why; never all of them */
  away: ReadonlyMap<number, string>
  /** of each query, in the order of the pages */
  found: ReadonlyMap<string, readonly Reading[]>
  /** the pages themselves: all that they hold is only asked for when names are examined */
  texts: readonly string[]
}

function byQuery(readings: readonly Reading[]): Map<string, Reading[]> {
  const found = new Map<string, Reading[]>()
  for (const reading of readings)
    for (const name of reading.series.askedBy) {
      const own = found.get(name)
      if (own) own.push(reading)
      else found.set(name, [reading])
    }
  return found
}

function inventoryOf(queries: readonly Query<ScrapeQuery>[], { texts }: PageLook): Inventory {
  const held = texts.flatMap(parseExposition)
  const named = queries.map(({ name, query: { sum } }) => {
    const series = sum.map((selector, place) => ({
      ...selector,
      place,
      found: held.some((one) => matches(one, selector)),
    }))
    return [name, series] as const
  })
  return { named: new Map(named), series: held, announced: texts.flatMap(announcedNames) }
}

function answer(
  { name, kind, query: { sum, take } }: Query<ScrapeQuery>,
  window: Window,
  { asked, at, found, away }: PageLook,
  history: CounterHistory<KnownSeries>,
  urls: readonly string[],
): QueryResult {
  const readings = found.get(name) ?? []
  const odd = readings.find(({ value }) => !Number.isFinite(value))
  if (odd) return { window, problem: notANumber(odd) }
  // Where there is no such series yet, its counter will have begun at zero.
  history.look({ asked, at }, readings, new Set(away.keys()))
  const { window: covered, increases, leftOut, pages } = history.within(window)
  const nowhere = readings.length === 0
  // With one page there are no others to speak for it.
  const missing = nowhere ? [...away.keys()] : [...(kind === 'gauge' ? awayNow(pages, away) : leftOut.keys())]
  const told = urls.length === 1 ? {} : { pages: pagesOf([...pages], missing, away, urls) }
  const noneWhole = kind !== 'gauge' && leftOut.size > 0 && leftOut.size === pages.size
  // Some are back: their levels are known from now on.
  if (noneWhole && [...leftOut.values()].includes('when it began')) {
    const answered = { window: { from: covered.to, to: covered.to }, ...told }
    return kind === 'histogram' ? { ...answered, buckets: [] } : { ...answered, value: 0 }
  }
  if (nowhere || noneWhole)
    return {
      window: covered,
      ...told,
      problem: { kind: 'absent', message: `no series matches ${textOf(sum)}` },
    }
  switch (kind) {
    case 'counter':
      return { window: covered, ...told, value: total(increases.flat()) }
    case 'gauge':
      return { window: covered, ...told, value: TAKEN[take](readings.map(({ value }) => value)) }
    case 'histogram':
      return { window: covered, ...told, ...addedUp(increases.flatMap(histogramsOf), sum) }
  }
}

/** @throws InputError for counts that would not be counts any more */
function mustAddUp(queries: readonly Query<ScrapeQuery>[]): void {
  const wrong = queries.filter(({ kind, query: { take } }) => kind !== 'gauge' && take !== 'sum')
  if (wrong.length > 0)
    throw new InputError(
      wrong.map(({ name, query: { take } }) => ({
        where: `metrics, ${name}`,
        message: `takes the ${take} of its series; only values do, counts are added up`,
      })),
    )
}

/** What several series of a value come to. */
const TAKEN: Record<ScrapeQuery['take'], (values: readonly number[]) => number> = {
  sum: (values) => values.reduce((sum, value) => sum + value, 0),
  highest: (values) => Math.max(...values),
  lowest: (values) => Math.min(...values),
}

/** A value is what is now: how its pages were when the window began does not matter. */
const awayNow = (pages: Iterable<number>, away: ReadonlyMap<number, string>): number[] =>
  [...pages].filter((page) => away.has(page))

const pagesOf = (
  of: readonly number[],
  missing: readonly number[],
  away: ReadonlyMap<number, string>,
  urls: readonly string[],
): QueryPages => ({
  of: of.map((page) => urls[page] ?? ''),
  missing: missing.map((page) => ({
    page: urls[page] ?? '',
    why: away.get(page) ?? 'it was away at an end of the window',
  })),
})

const total = (readings: readonly Reading[]): number => TAKEN.sum(readings.map(({ value }) => value))

/** What each histogram counted from one look to the next: cumulative buckets, `le` in the unit of the metric. */
const histogramsOf = (increases: readonly Reading[]): Bucket[][] =>
  [...Map.groupBy(increases, ({ series }) => series.whole).values()].map((own) =>
    own
      .map(({ series, value }) => ({ le: parseValue(series.labels['le'] ?? '+Inf'), count: value }))
      .sort((a, b) => a.le - b.le),
  )

/** Without the bucket of all requests nobody knows how many took longer than a bound. */
function addedUp(
  histograms: readonly Bucket[][],
  sum: ScrapeQuery['sum'],
): { buckets: Bucket[] } | { problem: SampleProblem } {
  const buckets = addBuckets(histograms)
  if (histograms.length === 0 || buckets.at(-1)?.le === Infinity) return { buckets }
  const message = `not every histogram of ${textOf(sum)} has a bucket le="+Inf", which counts all that it holds`
  return { problem: { kind: 'provider', message } }
}

const textOf = (sum: ScrapeQuery['sum']): string => sum.map(({ text }) => text).join(' or ')

function notANumber({ series: { name, labels }, value }: Reading): SampleProblem {
  return {
    kind: Number.isNaN(value) ? 'nan' : 'infinite',
    message: `${name}${JSON.stringify(labels)} is ${value}`,
  }
}
