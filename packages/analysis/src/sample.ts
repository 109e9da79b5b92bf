/** How many observations were at most `le`, in the unit of their metric; buckets are cumulative, as Prometheus has them. */
export interface Bucket {
  le: number
  count: number
}

/** Requests of one arm in one window, how many of them failed, and what else was measured. */
export interface ArmSample {
  requests: number
  errors: number
  latency?: Bucket[]
  /** gauges, by name */
  values?: Record<string, number>
}

/** Why a number of a sample is missing. */
export interface SampleProblem {
  kind: 'absent' | 'nan' | 'infinite' | 'many' | 'stale' | 'provider'
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

/** Adds up the samples of one arm. */
export function total(samples: readonly (ArmSample | undefined)[]): ArmSample {
  const sum = { requests: 0, errors: 0 }
  for (const sample of samples) {
    sum.requests += sample?.requests ?? 0
    sum.errors += sample?.errors ?? 0
  }
  return sum
}
