import { describe, expect, it } from '@jest/globals'
import { cameLate, noteAfter, withoutAfter } from './after-state'
import { describeState } from './ledger'

describe('a mark that reopens a transaction', () => {
  const mark = { note: describeState('restoring', noteAfter('restore-failed', 'the guard')) }

  it('says which state it follows', () =>
    expect(mark.note).toBe('restoring: after restore-failed, the guard'))

  it('is the same one with and without that', () => {
    expect(withoutAfter(mark.note)).toBe('restoring: the guard')
    expect(withoutAfter('restored: after open, by hand')).toBe('restored: after open, by hand')
  })

  it('counts after that one alone', () => {
    expect(cameLate(mark, 'restore-failed')).toBe(false)
    expect(cameLate(mark, 'restored')).toBe(true)
  })

  it.each([
    'restoring: the guard',
    'restored: after open, by hand',
    'restoring: after all, it failed again later',
  ])('of an older version, or with words alike, counts as ever: %s', (note) =>
    expect(cameLate({ note }, 'committed')).toBe(false),
  )
})
