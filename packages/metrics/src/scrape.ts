import { z } from 'zod'
import { Cancelled, messageOf } from '@deploy-actions/action-kit'
import type { Bucket, SampleProblem } from '@deploy-actions/analysis'
import { timeLimit } from '@deploy-actions/rollout'
import {
  announcedNames,
  matches,
  parseExposition,
  parseSelector,
  parseValue,
  type Selector,
  type Series,
} from './exposition'
import { createCounterHistory, type CounterHistory } from './counter-history'
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

/** Series whose increases are added up; each is differenced apart, so that the restart of one resets only that one. */
const query = z.strictObject({
  sum: z.array(selector).min(1).describe('selectors of the series to add up'),
})
type ScrapeQuery = z.infer<typeof query>

export default source({
  options,
  query,
  // A page shows what is now: nothing is late, and any window tells.
  timing: () => ({ lag: 0, resolution: 0 }),
  create({ pages, timeout }, { http, clock }) {
    const histories = new Map<string, CounterHistory>()

    /** Pages that have answered once: without one of the others nobody knows what there is to be counted. */
    const known = new Set<number>()

    const read = async (url: string, signal: AbortSignal): Promise<PageRead> => {
      try {
        const { status, body } = await http.request({ url, timeoutMs: timeout, signal })
        if (status !== 200) return { why: `${url} answered ${status}` }
        return { series: parseExposition(body), announced: announcedNames(body) }
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return { why: messageOf(error) }
      }
    }

    const scrape = async (signal: AbortSignal): Promise<Omit<PageLook, 'asked' | 'at'>> => {
      const answers = await Promise.all(pages.map((url) => read(url, signal)))
      const away = new Map(
        answers.flatMap(({ why }, page) => (why === undefined ? [] : [[page, why] as const])),
      )
      for (const page of pages.keys()) if (!away.has(page)) known.add(page)
      if (away.size === pages.length || [...away.keys()].some((page) => !known.has(page)))
        throw new Error([...away.values()].join('; '))
      const found = answers.flatMap(({ series = [] }, page) => series.map((one) => ({ ...one, page })))
      if (found.length === 0) throw new Error(`${pages.join(', ')}: there are no series on the page`)
      return { found, announced: answers.flatMap(({ announced = [] }) => announced), away }
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

    const historyOf = (name: string): CounterHistory => {
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
type PageRead =
  | { series: Series[]; announced: string[]; why?: undefined }
  | { why: string; series?: undefined; announced?: undefined }

/** What the pages said: when they were asked, and when all of them had answered (milliseconds since 1970). */
interface PageLook {
  asked: number
  at: number
  /** pages that could not be read, by index, and why; never all of them */
  away: ReadonlyMap<number, string>
  found: readonly PagedSeries[]
  announced: readonly string[]
}

/** Two pages may export the very same series, as replicas of one application do: they are two counters. */
type PagedSeries = Series & { page: number }

function inventoryOf(queries: readonly Query<ScrapeQuery>[], { found, announced }: PageLook): Inventory {
  const named = queries.map(({ name, query: { sum } }) => {
    const series = sum.map((selector, place) => ({
      ...selector,
      place,
      found: found.some((one) => matches(one, selector)),
    }))
    return [name, series] as const
  })
  return { named: new Map(named), series: found, announced }
}

function answer(
  { kind, query: { sum } }: Query<ScrapeQuery>,
  window: Window,
  { asked, at, found, away }: PageLook,
  history: CounterHistory,
  urls: readonly string[],
): QueryResult {
  const series = found.filter((candidate) => sum.some((one) => matches(candidate, one)))
  const odd = series.find(({ value }) => !Number.isFinite(value))
  if (odd) return { window, problem: notANumber(odd) }
  // Where there is no such series yet, its counter will have begun at zero.
  history.look({ asked, at }, new Map(series.map((one) => [keyOf(one), one])), new Set(away.keys()))
  const { window: covered, increases, leftOut, pages } = history.within(window)
  const nowhere = series.length === 0
  // With one page there are no others to speak for it.
  const missing = nowhere ? [...away.keys()] : [...leftOut.keys()]
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
      problem: { kind: 'absent', message: `no series matches ${sum.map(({ text }) => text).join(' or ')}` },
    }
  const increaseOf = (one: PagedSeries): number => increases.get(keyOf(one)) ?? 0
  switch (kind) {
    case 'counter':
      return { window: covered, ...told, value: total([...increases.values()]) }
    case 'gauge':
      return { window: covered, ...told, value: total(series.map(({ value }) => value)) }
    case 'histogram':
      return { window: covered, ...told, buckets: bucketsOf(series, increaseOf) }
  }
}

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

const keyOf = ({ page, name, labels }: PagedSeries): string =>
  `${page} ${name}${JSON.stringify(Object.entries(labels).sort())}`

const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)

/** Cumulative buckets of the text format: `le` is the upper bound, in the unit of the metric. */
function bucketsOf(series: readonly PagedSeries[], increaseOf: (one: PagedSeries) => number): Bucket[] {
  const counts = new Map<number, number>()
  for (const one of series) {
    const le = parseValue(one.labels['le'] ?? '+Inf')
    counts.set(le, (counts.get(le) ?? 0) + increaseOf(one))
  }
  return [...counts].map(([le, count]) => ({ le, count })).sort((a, b) => a.le - b.le)
}

function notANumber({ name, labels, value }: Series): SampleProblem {
  return {
    kind: Number.isNaN(value) ? 'nan' : 'infinite',
    message: `${name}${JSON.stringify(labels)} is ${value}`,
  }
}
