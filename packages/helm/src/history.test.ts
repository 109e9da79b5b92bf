import { describe, expect, it } from '@jest/globals'
import { goodBefore, historyOf, lastGood, originOf, standsAt, unfinished, type Revision } from './history'

const revisions = (...all: [status: string, description?: string, more?: Partial<Revision>][]): Revision[] =>
  all.map(([status, description = '', more], index) => ({
    ...{ revision: index + 1, status, description, updated: '', chart: '', app_version: '', ...more },
  }))

describe('a history', () => {
  it('B6 15: is read in both dialects: chart MISSING, an empty time, and none', () => {
    const of3 =
      '[{"revision":1,"updated":"","status":"failed","chart":"MISSING","app_version":"MISSING","description":""}]'
    const of4 =
      '[{"revision":1,"status":"deployed","chart":"a-1","app_version":"1","rollback_revision":7,"description":"x"}]'
    expect(historyOf(of3, 'api')).toMatchObject([{ revision: 1, updated: '', chart: 'MISSING' }])
    expect(historyOf(`WARNING: x\n${of4}`, 'api')).toMatchObject([{ updated: '', rollback_revision: 7 }])
  })

  it.each(['', 'swordfish', '{"a":1}', '[{"revision":"one"}]'])('%j is none, and is not shown', (stdout) => {
    expect(() => historyOf(stdout, 'api')).toThrow(
      /^the history of api cannot be read: what Helm printed is no history in JSON$/,
    )
  })
})

describe('what runs', () => {
  it.each<[string, Revision[], number | undefined]>([
    ['B6 2: the one that is deployed, where the last has failed', revisions(['deployed'], ['failed']), 1],
    ['B6 3: nothing, where all have failed', revisions(['failed'], ['failed']), undefined],
    [
      'B6 4: nothing, where it was uninstalled and its history kept',
      revisions(['superseded'], ['uninstalled']),
      undefined,
    ],
    [
      'B6 9: the last, though one in the middle is pending',
      revisions(['deployed'], ['pending-upgrade'], ['deployed']),
      3,
    ],
    ['B6 10: the newest of two that are deployed', revisions(['deployed'], ['deployed'], ['failed']), 2],
    [
      'B6 11: not one that has failed, though it is the one before',
      revisions(['superseded'], ['failed'], ['pending-upgrade']),
      1,
    ],
  ])('is %s', (_, history, expected) => {
    expect(lastGood(history)?.revision).toBe(expected)
  })

  it('B6 9: only the last one can be unfinished', () => {
    expect(unfinished(revisions(['pending-upgrade'], ['deployed']))).toBeUndefined()
    expect(unfinished(revisions(['deployed'], ['pending-rollback']))?.revision).toBe(2)
  })
})

describe('the last good one before what runs', () => {
  it.each<[string, Revision[], number | undefined]>([
    ['is the one before', revisions(['superseded'], ['deployed']), 1],
    ['B6 11: skips what has failed', revisions(['superseded'], ['failed'], ['deployed']), 1],
    [
      'B6 12: is not the one that a rollback has just left: it would flip back',
      revisions(['superseded'], ['superseded'], ['superseded'], ['deployed', 'Rollback to 2']),
      1,
    ],
    [
      'B6 12: is none where that rollback has brought the first back',
      revisions(['superseded'], ['superseded'], ['deployed', 'Rollback to 1']),
      undefined,
    ],
    [
      'is found through a rollback to a rollback',
      revisions(
        ['superseded'],
        ['superseded'],
        ['superseded', 'Rollback to 2'],
        ['superseded'],
        ['deployed', 'Rollback to 3'],
      ),
      1,
    ],
    [
      'is found where the rollback was given another description',
      revisions(['superseded'], ['superseded'], ['deployed', 'by ann', { rollback_revision: 1 }]),
      undefined,
    ],
    ['is none of what was uninstalled', revisions(['superseded'], ['uninstalled']), undefined],
  ])('%s', (_, history, expected) => {
    expect(goodBefore(history)?.revision).toBe(expected)
  })

  it('no circle of rollbacks is followed', () => {
    const circle = revisions(['superseded', 'Rollback to 2'], ['deployed', 'Rollback to 1'])
    expect(originOf(circle[1] as Revision, circle)).toBe(1)
  })
})

it.each<[boolean, Revision[]]>([
  [true, revisions(['deployed'])],
  [true, revisions(['superseded'], ['deployed', 'Rollback to 1'])],
  [true, revisions(['superseded'], ['deployed', 'by ann', { rollback_revision: 1 }])],
  [false, revisions(['superseded'], ['failed', 'Rollback to 1'])],
  [false, revisions(['superseded'], ['deployed', 'Rollback to 11'])],
  [false, []],
])('B6 14: that it stands at revision 1 is %j of %j', (expected, history) => {
  expect(standsAt(history.at(-1), 1)).toBe(expected)
})
