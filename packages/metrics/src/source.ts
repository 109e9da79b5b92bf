import type { Http } from '@deploy-actions/action-kit'
import type { Secrets } from '@deploy-actions/action-kit'

/** One question to a source; its syntax is the source's own, its variables are filled. */
export interface Query {
  /** `requests canary`: for messages */
  name: string
  query: unknown
}

/** What went wrong with one query. Absent is no provider failure: the source works and has no such series. */
export interface Problem {
  kind: 'absent' | 'nan' | 'infinite' | 'many' | 'stale' | 'provider'
  message: string
}

/** The increase of a counter since the sample before, or what kept it from being known. */
export type QueryResult = { value: number; problem?: undefined } | { value?: undefined; problem: Problem }

/** A source of metrics. One `sample` asks all its queries at one instant. */
export interface MetricSource {
  /**
   * Increases since the sample before; the first sample only takes the counters' level and answers 0 increases.
   * Never throws for what a query or the provider did; that is in the results.
   */
  sample(queries: readonly Query[], signal: AbortSignal): Promise<QueryResult[]>
}

export interface SourcePorts {
  http: Http
  secrets: Secrets
}
