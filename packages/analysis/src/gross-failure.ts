import { alikeSentence, failAlike, type BothArms } from './alike'
import type { Margin } from './known-baseline'
import { total, type Counts, type Sample } from './sample'
import type { Judgement } from './verdict'
import { failed } from './wording'

/** Half of this many requests failing needs no statistics. */
const GROSS_REQUESTS = 20

/**
 * Did half of the newest 20 requests or more fail? Older samples are forgotten, so neither a good past nor a bad one
 * counts. Where the baseline fails alike in the same samples, it says so.
 */
export function grossFailure(margin: Margin): (sample: Sample) => Judgement[] {
  let newest: BothArms[] = []
  return ({ canary, baseline }) => {
    if (!canary) return []
    newest.push({ canary: total([canary]), baseline: total([baseline]) })
    while (newest.length > 1 && sumOf(newest.slice(1)).canary.requests >= GROSS_REQUESTS)
      newest = newest.slice(1)
    const sum = sumOf(newest)
    if (sum.canary.requests < GROSS_REQUESTS || !isGross(sum.canary)) return []
    const alike = failAlike(sum, margin, isGross)
    const reason = `canary ${failed(sum.canary)}: half or more of at least ${GROSS_REQUESTS}`
    return [
      {
        metric: 'gross-failure',
        verdict: 'fail',
        reason: alike ? `${reason}${alikeSentence(sum.baseline)}` : reason,
        ...(alike && { alike }),
        observed: { canaryRequests: sum.canary.requests, canaryErrors: sum.canary.errors },
      },
    ]
  }
}

const isGross = ({ requests, errors }: Counts): boolean => errors * 2 >= requests

const sumOf = (samples: readonly BothArms[]): BothArms => ({
  canary: total(samples.map(({ canary }) => canary)),
  baseline: total(samples.map(({ baseline }) => baseline)),
})
