import type { Sample } from './sample'
import type { Judgement } from './verdict'

/** So many requests of which the histogram shows none are not a delay of its source any more. */
const TOO_MANY = 20

/** Sees when an arm answers and its histogram stands still, as where a release calls it by another name. */
export interface UntimedWatch {
  /** @returns what keeps the stage from passing, undefined while the histogram of each arm grows */
  next(sample: Sample): Judgement | undefined
}

export function watchUntimed(): UntimedWatch {
  const untimed = { canary: 0, baseline: 0 }
  return {
    next(sample) {
      for (const arm of ['canary', 'baseline'] as const) {
        const { requests = 0, errors = 0, latency } = sample[arm] ?? {}
        // What fails may never have come as far as what is timed.
        untimed[arm] = (latency?.at(-1)?.count ?? 0) > 0 ? 0 : untimed[arm] + Math.max(0, requests - errors)
      }
      const arm = (['canary', 'baseline'] as const).find((arm) => untimed[arm] >= TOO_MANY)
      if (arm === undefined) return undefined
      const answered = untimed[arm]
      return {
        metric: 'latency',
        verdict: 'error',
        reason: () =>
          `the ${arm} has answered ${answered} requests, and its histogram (metrics.latency) shows none of them`,
        observed: {},
      }
    },
  }
}
