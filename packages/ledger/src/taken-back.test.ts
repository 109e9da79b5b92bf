import { describe, expect, it } from '@jest/globals'
import { drillIn, drillNote, takenBackIn, takenBackNote, wasDrill } from './taken-back'

const notes = (...all: string[]) => all.map((note) => ({ note }))

describe('who had a transaction taken back', () => {
  it('is told by the last mark that says it', () => {
    const marks = notes(
      'open: run 1 attempt 1',
      `restoring: after open, ${takenBackNote('ann', 'orders are lost')}`,
      `restoring: ${takenBackNote('bob', 'once more')}`,
      'restored: blue 100%',
    )
    expect(takenBackIn(marks)).toBe('taken back by bob: once more')
    expect(drillIn(marks)).toBeUndefined()
  })

  it('is a drill where that is said, and then nobody had it taken back', () => {
    const marks = notes(`restoring: after committed, ${drillNote('ann', 'of November')}`, 'restored')
    expect(drillIn(marks)).toBe('a drill of ann: of November')
    expect(takenBackIn(marks)).toBeUndefined()
    expect(drillIn(notes(`restoring: ${drillNote('bob', 'of May')}`))).toBe('a drill of bob: of May')
  })

  it('is nobody where a note only speaks of it', () => {
    expect(
      drillIn(notes('committed: after a drill of ann: x', 'restoring: no drill of ann: x')),
    ).toBeUndefined()
    expect(takenBackIn(notes('open: taken back by ann: x'))).toBeUndefined()
  })
})

describe('a drill that was carried through', () => {
  it.each([
    ['restored', `restored: ${drillNote('ann', 'of November')}`, true],
    ['restoring', `restoring: ${drillNote('ann', 'of November')}`, false],
    ['restore-failed', `restore-failed: ${drillNote('ann', 'of November')}`, false],
    ['restored', `restored: no ${drillNote('ann', 'of November')}`, false],
    ['restored', `restored: ${takenBackNote('ann', 'a drill of ann: x')}`, false],
  ] as const)('%s, said as %s: %s', (state, note, was) => expect(wasDrill({ state, note })).toBe(was))
})
