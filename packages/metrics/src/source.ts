import type { z } from 'zod'
import {
  providerOf,
  withOwnSecrets,
  type Configured,
  type Provider,
  type ProviderPorts,
} from '@deploy-actions/action-kit'
import type { Bucket, SampleProblem } from '@deploy-actions/analysis'

/** A stretch of time: what happened after `from` and up to `to`. */
export interface Window {
  from: Date
  to: Date
}

/** counter: the increase within the window; gauge: the value at its end; histogram: the increase of each bucket. */
export type QueryKind = 'counter' | 'gauge' | 'histogram'

/** One question to a source. Its variables are filled; its form is the source's own. */
export interface Query<Q = unknown> {
  /** `canary requests`: unique among the queries of a sample, for messages */
  name: string
  kind: QueryKind
  query: Q
}

/** Where the series of a query stand, for a source of several pages of which some could not be read. */
export interface QueryPages {
  /** pages that have shown series of the query, now or before */
  of: readonly string[]
  /** those whose counts are not in the answer, and why; of a query that no page answers: every page that is away */
  missing: readonly { page: string; why: string }[]
}

/**
 * What a query came to, and the window that this covers: all of the one that was asked for, or a part of it. What is
 * counted on a page is in the answer for the whole of this window, or not at all: then `pages` says so.
 */
export type QueryResult = { window: Window; pages?: QueryPages } & (
  | { value: number; buckets?: undefined; problem?: undefined }
  | { buckets: Bucket[]; value?: undefined; problem?: undefined }
  | { problem: SampleProblem; value?: undefined; buckets?: undefined }
)

/** When data of a source are there, in milliseconds. */
export interface SourceTiming {
  /** data of a window are complete so long after its end */
  lag: number
  /** the shortest window that tells anything; 0 where any does */
  resolution: number
}

/** A series that a query names, or several that share what it says of them. */
export interface NamedSeries {
  /** as the query writes it */
  text: string
  /** its place in the query: the same for both arms */
  place: number
  name: string
  labels: Readonly<Record<string, string>>
  /** false where it matched nothing */
  found: boolean
}

/** What a source holds, to tell a name that is misspelt from a series that has not begun. */
export interface Inventory {
  /** of each query that it was asked for, by the query's name */
  named: ReadonlyMap<string, readonly NamedSeries[]>
  series: readonly { name: string; labels: Readonly<Record<string, string>> }[]
  /** names that may come: of metrics that are described, but have no series yet */
  announced: readonly string[]
}

/** A source of metrics, as a provider's author writes it. */
export interface MetricSource<Q = unknown> {
  /**
   * Answers all queries for one window. A source that differences counters itself takes their level at each call,
   * and answers from the levels that lie within the window; a window with `from` = `to` only asks it to look.
   * Never throws for what a query or the system behind it did: that is in the results. A cancelled run is thrown.
   */
  sample(queries: readonly Query<Q>[], window: Window, signal: AbortSignal): Promise<QueryResult[]>
  /**
   * What it saw at its last look; nothing is sent. Undefined where that is not known as a whole. Only a source that can
   * list what it holds has it.
   */
  inventory?(queries: readonly Query<Q>[]): Inventory | undefined
}

/** A source that was opened for its queries; which of them a sample asks is told by their names. */
export interface OpenedSource extends SourceTiming {
  sample(names: readonly string[], window: Window, signal: AbortSignal): Promise<QueryResult[]>
  /** of all its queries; undefined where it is not known */
  inventory?(): Inventory | undefined
}

/** A source whose settings were found valid; it is opened for the queries that it will answer. */
export interface ConfiguredSource
  extends Configured<OpenedSource, [queries: readonly Query[]]>, SourceTiming {
  /** what one of its queries looks like */
  readonly query: z.ZodType
}

/** What a source's file exports beside options and factory. */
export interface SourceExtras {
  readonly query: z.ZodType
}

interface SourceDefinition<S extends z.ZodType, Q extends z.ZodType> {
  /** its options beside `type`; a name that ends in `-secret` names a secret */
  options: S
  /** what one of its queries looks like */
  query: Q
  timing(settings: z.output<S>): SourceTiming
  /** @param queries all that it will ever be asked for */
  create(
    settings: z.output<S>,
    ports: ProviderPorts,
    queries: readonly Query<z.output<Q>>[],
  ): MetricSource<z.output<Q>>
}

/** Makes a metric source of its options, the form of its queries and its factory. */
export function source<S extends z.ZodType, Q extends z.ZodType>({
  options,
  query,
  timing,
  create,
}: SourceDefinition<S, Q>): Provider<ConfiguredSource> & SourceExtras {
  const configured = providerOf(options, (settings, written): ConfiguredSource => ({
    written,
    query,
    ...timing(settings),
    open(ports, queries) {
      const parsed = queries.map((one) => ({ ...one, query: query.parse(one.query) }))
      const { sample, inventory } = create(settings, withOwnSecrets(options, written, ports), parsed)
      return {
        ...timing(settings),
        sample: (names, window, signal) =>
          sample(
            parsed.filter(({ name }) => names.includes(name)),
            window,
            signal,
          ),
        inventory: () => inventory?.(parsed),
      }
    },
  }))
  return { ...configured, query }
}
