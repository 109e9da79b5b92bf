import { describe, expect, it } from '@jest/globals'
import { cellOf } from './scenarios'
import { tableOf } from './table'

describe('the table', () => {
  it('tells what was found of a fault, and what was taken back without one', () => {
    const tables = tableOf([
      {
        cell: cellOf('x10 from minute 25', 0.001, 100),
        // Of 10, one was taken back before the fault; of the 9 others, 6 were found: 67 %, the fifth as the median.
        tallies: {
          'Argo 3': { runs: 10, early: 1, times: [1, 2, 3, 4, 5, 6].map((s) => s * 1000), lost: 12.4 },
        },
      },
      {
        cell: cellOf('healthy', 0.001, 100),
        tallies: { sequential: { runs: 100, early: 0, times: [], lost: 0 } },
      },
    ])
    expect(tables.split('\n').slice(2)).toEqual([
      '| x10 from minute 25, 0.1% at 100 rps | Argo 3 | 66.67% found, 10% before it wrongly | 35.42% to 87.94% | 5 s | never | 12 |',
      '| healthy, 0.1% at 100 rps | sequential | 0% wrongly | 0% to 3.7% |  |  |  |',
      '',
    ])
  })
})
