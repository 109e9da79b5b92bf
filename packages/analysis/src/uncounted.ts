import type { Sample } from './sample'
import type { Judgement } from './verdict'

/** So many requests of which something should have been counted, and nothing was, are not a delay of its source any more. */
const TOO_MANY = 20

/**
 * Sees when an arm answers and what is counted beside its requests stands still, as where a release calls a histogram or a counter
 * by another name, or where nobody comes as far as that any more.
 */
export interface UncountedWatch {
  /** @returns an error for each that stands still, by its name: latency, or that of a ratio */
  next(sample: Sample): Judgement[]
}

/** @param names what is watched: latency, and names of ratios */
export function watchUncounted(names: readonly string[]): UncountedWatch {
  const watches = names.map((name) => (name === 'latency' ? watchTimes() : watchRatio(name)))
  return { next: (sample) => watches.flatMap((next) => next(sample) ?? []) }
}

type Next = (sample: Sample) => Judgement | undefined

/** The histogram of each arm must grow with its requests. */
function watchTimes(): Next {
  const untimed = { canary: 0, baseline: 0 }
  return (sample) => {
    for (const arm of ['canary', 'baseline'] as const) {
      const { requests = 0, errors = 0, latency } = sample[arm] ?? {}
      // What fails may never have come as far as what is timed.
      untimed[arm] = (latency?.at(-1)?.count ?? 0) > 0 ? 0 : untimed[arm] + Math.max(0, requests - errors)
    }
    const arm = (['canary', 'baseline'] as const).find((arm) => untimed[arm] >= TOO_MANY)
    if (arm === undefined) return undefined
    const answered = untimed[arm]
    return still(
      'latency',
      `the ${arm} has answered ${answered} requests, and its histogram (metrics.latency) shows none of them`,
    )
  }
}

/** The canary must count a ratio as often as the baseline does, for their requests. */
function watchRatio(name: string): Next {
  let due = 0
  return ({ canary, baseline }) => {
    if (!canary || !baseline || baseline.requests === 0) return undefined
    const of = { canary: canary.ratios?.[name]?.requests, baseline: baseline.ratios?.[name]?.requests }
    if (of.canary === undefined || of.baseline === undefined) return undefined
    due = of.canary > 0 ? 0 : due + (of.baseline * canary.requests) / baseline.requests
    if (due < TOO_MANY) return undefined
    const missing = Math.round(due)
    return still(
      name,
      `the canary has counted no ${name} (metrics.ratios.${name}.of), where the baseline would have counted ${missing} for as many requests`,
    )
  }
}

const still = (metric: string, reason: string): Judgement => ({
  ...{ metric, verdict: 'error', reason: () => reason },
  observed: {},
})
