/** Requests, and how many of them failed. */
export interface Counts {
  requests: number
  errors: number
}

/** How many requests took at most `le` milliseconds; buckets are cumulative, as Prometheus has them. */
export interface Bucket {
  le: number
  count: number
}

/** What one arm did in one window. */
export interface ArmSample extends Counts {
  /** for ascending `le` */
  latency?: Bucket[]
  /** other counts than requests, by their name in the config: of how many how many were bad */
  ratios?: Record<string, Counts>
  /** what was measured rather than counted, by its name in the config: a share of 0 to 1, milliseconds, or a number */
  values?: Record<string, number>
  /** pages that count for this arm and could not be read: neither their requests nor their errors are in it */
  leftOut?: string[]
}

/** Why a number of a sample, or a part of it, is missing. */
export interface SampleProblem {
  /** `partial`: the numbers are there, but for those of a part that could not be read */
  kind: 'absent' | 'nan' | 'infinite' | 'many' | 'stale' | 'provider' | 'partial'
  /** whose answer is missing: latency, or the name of a ratio or a value; absent where the counts of an arm are */
  metric?: string
  message: string
}

/** One look at both arms. An arm is absent when its numbers could not be had; `problems` say why. */
export interface Sample {
  /** ISO 8601: the end of its window */
  at: string
  /** how long its window is, in milliseconds: it begins where the one before ended */
  windowMs: number
  baseline?: ArmSample
  canary?: ArmSample
  problems: SampleProblem[]
}

/** Why it is not known how long requests took. */
export const latencyProblems = ({ problems }: Sample): SampleProblem[] =>
  problems.filter(({ kind, metric }) => metric === 'latency' && kind !== 'partial')

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
