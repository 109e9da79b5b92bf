import { z } from 'zod'
import { Cancelled, messageOf } from '@deploy-actions/action-kit'
import { matches, parseExposition, parseSelector, type Selector, type Series } from './exposition'
import type { MetricSource, Problem, QueryResult, SourcePorts } from './source'

/** Metrics pages read directly: for rehearsal, small systems and proxies that export their own counters. */
export const options = z
  .strictObject({
    type: z.literal('scrape'),
    pages: z
      .array(z.url({ protocol: /^https?$/ }))
      .min(1)
      .describe('addresses of /metrics pages; their series are taken together'),
    timeout: z.coerce.number().int().min(1).default(5_000).describe('milliseconds for one page'),
  })
  .describe('/metrics pages in the Prometheus text format')
export type ScrapeOptions = z.infer<typeof options>

/** Series whose increases are added up; each is differenced apart, so that the restart of one resets only that one. */
export const query = z.strictObject({
  sum: z
    .array(
      z
        .string()
        .refine((text) => parseSelector(text) !== undefined, 'is no selector; write name{label="value"}'),
    )
    .min(1)
    .describe('selectors of the counters to add up'),
})
type ScrapeQuery = z.infer<typeof query>

export function create({ pages, timeout }: ScrapeOptions, { http }: SourcePorts): MetricSource {
  const before = new Map<string, number>()

  const scrape = async (signal: AbortSignal): Promise<PagedSeries[]> => {
    const answers = await Promise.all(pages.map((url) => http.request({ url, timeoutMs: timeout, signal })))
    return answers.flatMap(({ status, body }, index) => {
      if (status !== 200) throw new Error(`${pages[index]} answered ${status}`)
      return parseExposition(body).map((series) => ({ ...series, page: index }))
    })
  }

  return {
    async sample(queries, signal) {
      let found: PagedSeries[]
      try {
        found = await scrape(signal)
      } catch (error) {
        if (error instanceof Cancelled) throw error
        return queries.map(() => ({ problem: { kind: 'provider', message: messageOf(error) } }))
      }
      if (found.length === 0)
        return queries.map(() => ({
          problem: { kind: 'provider', message: `${pages.join(', ')}: the page has no series at all` },
        }))
      return queries.map(({ name, query }) => increase(found, name, query as ScrapeQuery, before))
    },
  }
}

/** Two pages may export the very same series, as replicas of one application do: they are two counters. */
type PagedSeries = Series & { page: number }

function increase(
  all: readonly PagedSeries[],
  name: string,
  { sum }: ScrapeQuery,
  before: Map<string, number>,
): QueryResult {
  const found = sum.flatMap((text) =>
    all.filter((series) => matches(series, parseSelector(text) as Selector)),
  )
  // A first look at a query only takes levels: what was counted before is not this window's.
  const primed = before.has(name)
  before.set(name, 0)
  const problem = unusable(found, sum)
  if (problem) return { problem }
  let total = 0
  for (const series of found) {
    const key = `${name} ${series.page} ${series.name}${JSON.stringify(Object.entries(series.labels).sort())}`
    const level = before.get(key)
    before.set(key, series.value)
    // A counter that fell was reset: it counts from zero. One that appears later began at zero, too.
    if (primed) total += level === undefined || series.value < level ? series.value : series.value - level
  }
  return { value: total }
}

function unusable(found: readonly Series[], sum: readonly string[]): Problem | undefined {
  if (found.length === 0) return { kind: 'absent', message: `no series matches ${sum.join(' or ')}` }
  const odd = found.find(({ value }) => !Number.isFinite(value))
  if (!odd) return undefined
  const label = `${odd.name}${JSON.stringify(odd.labels)} is ${odd.value}`
  return { kind: Number.isNaN(odd.value) ? 'nan' : 'infinite', message: label }
}
