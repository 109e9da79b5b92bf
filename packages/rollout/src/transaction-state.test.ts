import { describe, expect, it } from '@jest/globals'
import { holdingStates, mayBecome, transactionStates, type TransactionState } from './transaction-state'

/** What each state may become, written down by hand. */
const allowed: Record<TransactionState, string> = {
  open: 'committed restoring resolved superseded',
  committed: 'restoring',
  restoring: 'restoring restored unverified restore-failed resolved',
  restored: 'restoring',
  unverified: 'restoring',
  'restore-failed': 'restoring resolved',
  resolved: '',
  superseded: '',
}
const pairs = transactionStates.flatMap((from) =>
  transactionStates.map((to) => [from, to, allowed[from].split(' ').includes(to)] as const),
)

describe('the state of a transaction', () => {
  it.each(pairs)('%s may become %s: %s', (from, to, may) => expect(mayBecome(from, to)).toBe(may))

  it('holds the target while something of it may still be there', () =>
    expect(holdingStates).toEqual(['open', 'restoring', 'restore-failed']))

  it('never leaves superseded or resolved, and reaches a restored target from every other one', () => {
    const reachable = (from: TransactionState): Set<TransactionState> => {
      const seen = new Set<TransactionState>([from])
      for (const state of seen) for (const to of transactionStates) if (mayBecome(state, to)) seen.add(to)
      return seen
    }
    const ends: TransactionState[] = ['superseded', 'resolved']
    for (const end of ends) expect([...reachable(end)]).toEqual([end])
    for (const state of transactionStates)
      if (!ends.includes(state)) expect(reachable(state)).toContain('restored')
  })
})
