import { doubtOf, type Entry } from '@deploy-actions/ledger'
import { canaryWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import { armsOf, weightsFound } from '@deploy-actions/transaction'

/**
 * What a router should hold by the newest transaction of its region: what that left there. Undefined while it is under
 * way, and where nobody can know: after weights that were set by hand, after a person has put the target right, and where
 * the transaction proves nothing.
 */
export function expectedWeights(entry: Entry): Weights | undefined {
  const { state, record } = entry
  if (doubtOf(entry) !== undefined) return undefined
  if (state === 'restored' || state === 'unverified') return weightsFound(record)
  const arms = state === 'committed' && !record.weightsOnly ? armsOf(record) : undefined
  return arms && canaryWeights(arms, WHOLE)
}

/** The arm that has everything in a vector. */
export const wholeArm = (weights: Weights): string | undefined =>
  Object.entries(weights).find(([, points]) => points === WHOLE)?.[0]
