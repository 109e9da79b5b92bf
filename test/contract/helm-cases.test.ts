import { describe, expect, it } from '@jest/globals'
import { CASES, cases } from '../helm-cases/cases'
import { passedOf, problemsOf, type Case, type Ran } from '../helm-cases/compare'

const table: Case[] = [
  { number: 1, what: 'a', tests: [{ file: 'a.test.ts', titles: ['B6 1 and 2: goes', 'B6 1: by %s'] }] },
  { number: 2, what: 'b', tests: [{ file: 'a.test.ts', titles: ['B6 1 and 2: goes'] }] },
]
const ran = (title: string, status = 'passed', file = 'a.test.ts'): Ran => ({ file, title, status })
const all = [ran('B6 1 and 2: goes'), ran('B6 1: by land'), ran('B6 1: by (sea)')]

describe('the table of cases', () => {
  it('is true where all its tests have passed, in one run or in two', () => {
    expect(problemsOf(table, 2, [...all, ran('B6 1 and 2: goes')])).toEqual([])
    expect(table.map((row) => passedOf(row, all))).toEqual([3, 1])
  })

  it.each(['pending', 'todo', 'failed', 'disabled'])(
    'is not where one is %s, in one of two runs',
    (status) => {
      expect(problemsOf(table, 2, [...all, ran('B6 1: by air', status)])).toEqual([
        `case 1: ${status}: a.test.ts: B6 1: by air`,
      ])
    },
  )

  it('is not where one is missing, renamed or moved', () => {
    expect(problemsOf(table, 2, all.slice(0, 1))).toEqual(['case 1: has not run: a.test.ts: B6 1: by %s'])
    expect(problemsOf(table, 2, [...all.slice(1), ran('B6 1 and 2: went')])).toEqual([
      'case 1: has not run: a.test.ts: B6 1 and 2: goes',
      'case 2: has not run: a.test.ts: B6 1 and 2: goes',
      'case 1 does not name a.test.ts: B6 1 and 2: went',
      'case 2 does not name a.test.ts: B6 1 and 2: went',
    ])
    expect(problemsOf(table, 2, [...all, ran('B6 1: by land', 'passed', 'b.test.ts')])).toEqual([
      'case 1 does not name b.test.ts: B6 1: by land',
    ])
  })

  it('has one row for each number, and a test in each', () => {
    expect(problemsOf(table, 3, all)).toEqual(['case 3 has 0 rows'])
    expect(problemsOf([...table, { number: 3, what: 'c', tests: [] }], 3, all)).toEqual([
      'case 3 has no test',
    ])
    expect(problemsOf(table, 2, [...all, ran('B6 51: goes')])).toEqual([
      'case 51 does not name a.test.ts: B6 51: goes',
    ])
    const [first] = table
    expect(problemsOf([first!, { ...first!, number: 2 }], 2, all)).toContain(
      'case 2 is not in the title of a.test.ts: B6 1: by %s',
    )
  })

  it('of Helm has a row for each', () => {
    expect(problemsOf(cases, CASES, []).filter((problem) => !problem.includes('has not run'))).toEqual([])
  })
})
