import type { Criterion } from './criterion'
import { total, type Counts } from './sample'
import { failed } from './wording'

/** Half of this many requests failing needs no statistics. */
const GROSS_REQUESTS = 20

/** Did half of the newest 20 requests or more fail? Older samples are forgotten, so neither a good past nor a bad one counts. */
export function grossFailure(): Criterion {
  let newest: Counts[] = []
  return ({ canary }) => {
    newest.push(total([canary]))
    while (newest.length > 1 && total(newest.slice(1)).requests >= GROSS_REQUESTS) newest = newest.slice(1)
    const sum = total(newest)
    if (sum.requests < GROSS_REQUESTS || sum.errors * 2 < sum.requests) return []
    return [
      {
        metric: 'gross-failure',
        verdict: 'fail',
        reason: `canary ${failed(sum)}: half or more of at least ${GROSS_REQUESTS}`,
        observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
      },
    ]
  }
}
