import { alikeSentence, areAlike, LEAST_OF_BASELINE, type BothArms } from './alike'
import type { Margin } from './error-evidence'
import { add, total, type Counts, type Sample } from './sample'
import type { Judgement } from './verdict'
import { failed } from './wording'

/** Half of this many requests failing needs no statistics. */
const GROSS_REQUESTS = 20
/** Samples are remembered for so long, in milliseconds, where the arms get few requests. */
const REMEMBERED_MS = 600_000

/**
 * Did half of the newest 20 requests or more fail? Older samples are forgotten, so neither a good past nor a bad one
 * counts. Where the baseline fails alike, by the newest samples in which it had 20 requests, too, the canary is not to blame:
 * then nothing passes, and what the other tests say decides.
 */
export function grossFailure(margin: Margin): (sample: Sample) => Judgement[] {
  const samples: (BothArms & { windowMs: number })[] = []
  return ({ canary, baseline, windowMs }) => {
    if (!canary) return []
    samples.push({ canary: total([canary]), baseline: total([baseline]), windowMs })
    forget(samples)
    const newest = since(samples, ({ canary }) => canary.requests >= GROSS_REQUESTS)
    if (newest.canary.requests < GROSS_REQUESTS || !isGross(newest.canary)) return []
    const both = since(
      samples,
      ({ canary, baseline }) => canary.requests >= GROSS_REQUESTS && baseline.requests >= LEAST_OF_BASELINE,
    )
    const alike = areAlike(both, margin)
    return [
      {
        metric: 'gross-failure',
        verdict: alike ? 'inconclusive' : 'fail',
        reason: () =>
          `canary ${failed(newest.canary)}: half or more of at least ${GROSS_REQUESTS}${alike ? alikeSentence(failed(both.baseline)) : ''}`,
        ...(alike && { alike }),
        observed: { canaryRequests: newest.canary.requests, canaryErrors: newest.canary.errors },
      },
    ]
  }
}

const isGross = ({ requests, errors }: Counts): boolean => errors * 2 >= requests

/** The sum of the newest samples, of no more than it takes until there is enough. */
function since(samples: readonly BothArms[], isEnough: (sum: BothArms) => boolean): BothArms {
  const sum = { canary: total([]), baseline: total([]) }
  for (let index = samples.length - 1; index >= 0 && !isEnough(sum); index--) {
    add(sum.canary, samples[index]?.canary ?? total([]))
    add(sum.baseline, samples[index]?.baseline ?? total([]))
  }
  return sum
}

function forget(samples: { windowMs: number }[]): void {
  let ms = samples.reduce((sum, { windowMs }) => sum + windowMs, 0)
  while (samples.length > 1 && ms > REMEMBERED_MS) ms -= samples.shift()?.windowMs ?? 0
}
