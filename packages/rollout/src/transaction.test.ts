import { describe, expect, it } from '@jest/globals'
import {
  liveStates,
  mayBecome,
  release,
  restorePoint,
  transactionStates,
  type TransactionState,
} from './transaction'

/** contracts.md, "Transaction": what each state may become, read off by hand. */
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

describe('a restore point', () => {
  it('holds at most 1 KiB of script state, in bytes', () => {
    const state = (text: string) =>
      restorePoint.safeParse({ kind: 'script', name: 'deploy', state: text }).success
    expect([
      state('x'.repeat(1024)),
      state('x'.repeat(1025)),
      state('é'.repeat(512)),
      state('é'.repeat(513)),
    ]).toEqual([true, false, true, false])
  })

  it('holds no command', () => {
    expect(restorePoint.safeParse({ kind: 'script', name: 'deploy', state: '', run: 'rm' }).success).toBe(
      false,
    )
  })
})

describe('a release', () => {
  it('has an immutable digest', () => {
    expect(release.safeParse({ version: '1.0.0', digest: `sha256:${'a'.repeat(64)}` }).success).toBe(true)
    for (const digest of ['latest', `sha256:${'A'.repeat(64)}`, `sha256:${'a'.repeat(63)}`])
      expect(release.safeParse({ version: '1.0.0', digest }).error?.issues[0]?.message).toBe(
        'a digest is sha256: and 64 hexadecimal digits',
      )
  })
})
