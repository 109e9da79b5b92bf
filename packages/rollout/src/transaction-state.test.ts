import { describe, expect, it } from '@jest/globals'
import { liveStates, mayBecome, transactionStates, type TransactionState } from './transaction-state'

/** What each state may become, written down by hand. */
const allowed: Record<TransactionState, string> = {
  open: 'committed restoring superseded',
  committed: 'restoring',
  restoring: 'restoring restored unverified restore-failed',
  restored: 'restoring',
  unverified: 'restoring',
  'restore-failed': 'restoring',
  superseded: '',
}
const pairs = transactionStates.flatMap((from) =>
  transactionStates.map((to) => [from, to, allowed[from].split(' ').includes(to)] as const),
)

describe('the state of a transaction', () => {
  it.each(pairs)('%s may become %s: %s', (from, to, may) => expect(mayBecome(from, to)).toBe(may))

  it('holds the target while something of it may still be there', () =>
    expect(liveStates).toEqual(['open', 'restoring']))

  it('never leaves superseded, and reaches a restored target from every other one', () => {
    const reachable = (from: TransactionState): Set<TransactionState> => {
      const seen = new Set<TransactionState>([from])
      for (const state of seen) for (const to of transactionStates) if (mayBecome(state, to)) seen.add(to)
      return seen
    }
    expect([...reachable('superseded')]).toEqual(['superseded'])
    for (const state of transactionStates)
      if (state !== 'superseded') expect(reachable(state)).toContain('restored')
  })
})
