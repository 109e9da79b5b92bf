import { describe, expect, it } from '@jest/globals'
import { passedOf, problemsOf, type Case, type Ran, type Series } from '../cases/compare'
import { helm } from '../cases/helm'
import { terraform } from '../cases/terraform'

const table: Case[] = [
  { number: 1, what: 'a', tests: [{ file: 'a.test.ts', titles: ['B6 1 and 2: goes', 'B6 1: by %s'] }] },
  { number: 2, what: 'b', tests: [{ file: 'a.test.ts', titles: ['B6 1 and 2: goes'] }] },
]
const of = (cases: readonly Case[], count = 2): Series => ({ prefix: 'B6', count, cases })
const ran = (title: string, status = 'passed', file = 'a.test.ts'): Ran => ({ file, title, status })
const all = [ran('B6 1 and 2: goes'), ran('B6 1: by land'), ran('B6 1: by (sea)')]

describe('the table of cases', () => {
  it('is true where all its tests have passed, in one run or in two', () => {
    expect(problemsOf(of(table), [...all, ran('B6 1 and 2: goes')])).toEqual([])
    expect(table.map((row) => passedOf(row, all))).toEqual([3, 1])
  })

  it.each(['pending', 'todo', 'failed', 'disabled'])(
    'is not where one is %s, in one of two runs',
    (status) => {
      expect(problemsOf(of(table), [...all, ran('B6 1: by air', status)])).toEqual([
        `B6: case 1: ${status}: a.test.ts: B6 1: by air`,
      ])
    },
  )

  it('is not where one is missing, renamed or moved', () => {
    expect(problemsOf(of(table), all.slice(0, 1))).toEqual([
      'B6: case 1: has not run: a.test.ts: B6 1: by %s',
    ])
    expect(problemsOf(of(table), [...all.slice(1), ran('B6 1 and 2: went')])).toEqual([
      'B6: case 1: has not run: a.test.ts: B6 1 and 2: goes',
      'B6: case 2: has not run: a.test.ts: B6 1 and 2: goes',
      'B6: case 1 does not name a.test.ts: B6 1 and 2: went',
      'B6: case 2 does not name a.test.ts: B6 1 and 2: went',
    ])
    expect(problemsOf(of(table), [...all, ran('B6 1: by land', 'passed', 'b.test.ts')])).toEqual([
      'B6: case 1 does not name b.test.ts: B6 1: by land',
    ])
  })

  it('has one row for each number, and a test in each', () => {
    expect(problemsOf(of(table, 3), all)).toEqual(['B6: case 3 has 0 rows'])
    expect(problemsOf(of([...table, { number: 3, what: 'c', tests: [] }], 3), all)).toEqual([
      'B6: case 3 has no test',
    ])
    expect(problemsOf(of(table), [...all, ran('B6 51: goes')])).toEqual([
      'B6: case 51 does not name a.test.ts: B6 51: goes',
    ])
    const [first] = table
    expect(problemsOf(of([first!, { ...first!, number: 2 }]), all)).toContain(
      'B6: case 2 is not in the title of a.test.ts: B6 1: by %s',
    )
  })

  it.each([helm, terraform])('$prefix has a row for each', (series) => {
    expect(problemsOf(series, []).filter((problem) => !problem.includes('has not run'))).toEqual([])
  })
})
