/** Requests of one arm in one interval, and how many of them failed. */
export interface ArmSample {
  requests: number
  errors: number
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

/** Adds up the samples of one arm. */
export function total(samples: readonly (ArmSample | undefined)[]): ArmSample {
  const sum = { requests: 0, errors: 0 }
  for (const sample of samples) {
    sum.requests += sample?.requests ?? 0
    sum.errors += sample?.errors ?? 0
  }
  return sum
}
