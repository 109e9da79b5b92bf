/** Requests, and how many of them failed. */
export interface Counts {
  requests: number
  errors: number
}

/** What one arm did in one interval. */
export interface ArmSample extends Counts {
  /** how many requests took at most `le` milliseconds, for ascending `le`: each bucket holds those before it, too */
  latency?: { le: number; count: number }[]
  /** what was measured rather than counted, by its name in the config */
  values?: Record<string, number>
}

/** Why a number of a sample is missing. */
export interface SampleProblem {
  kind: 'absent' | 'nan' | 'infinite' | 'many' | 'stale' | 'provider'
  message: string
}

/** One look at both arms. An arm is absent when its numbers could not be had; `problems` say why. */
export interface Sample {
  /** ISO 8601 */
  at: string
  /** since the sample before, in milliseconds */
  windowMs: number
  baseline?: ArmSample
  canary?: ArmSample
  problems: SampleProblem[]
}

/** Adds up requests and errors; a sample that is missing counts as none. */
export function total(samples: readonly (Counts | undefined)[]): Counts {
  const sum = { requests: 0, errors: 0 }
  for (const sample of samples) if (sample) add(sum, sample)
  return sum
}

/** Adds the requests and errors of a sample to a running sum. */
export function add(sum: Counts, { requests, errors }: Counts): void {
  sum.requests += requests
  sum.errors += errors
}
