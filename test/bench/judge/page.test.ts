import { describe, expect, it } from '@jest/globals'
import type { Result } from './farm'
import { allAsCsv, judgesPage, plotsOf } from './page'
import { cellOf } from './scenarios'
import type { Tally } from './statistics'

const tally = (taken: number, seconds: number, runs = 10): Tally => ({
  ...{ runs, early: 0, lost: 3.4 },
  times: Array.from({ length: taken }, () => seconds * 1000),
})
const played = (results: Result[]) => ({ results, runs: 10, seed: 1 })
const fault = cellOf('x10 from the start', 0.001, 100)
const healthy = cellOf('healthy', 0.001, 100)
const linesOf = (page: string, name: string): string[] =>
  page.split('\n').filter((line) => line.startsWith(`| ${name} `))

describe('the page of the judges', () => {
  const page = judgesPage(
    played([
      {
        cell: fault,
        tallies: {
          sequential: tally(10, 120),
          'Argo 3': tally(9, 60),
          'runbook: 2 x 1%': tally(10, 20),
          Kayenta: tally(2, 600),
        },
      },
      {
        cell: healthy,
        tallies: { sequential: tally(0, 0), 'Argo 3': tally(0, 0), 'runbook: 2 x 1%': tally(7, 10) },
      },
      {
        cell: cellOf('latency +50%', 0.001, 100),
        tallies: { 'sequential, latency': tally(8, 90) },
      },
      {
        cell: cellOf('latency +10%', 0.001, 100),
        tallies: { 'sequential, latency': tally(1, 90) },
      },
      // Not what most services have: in the file of all cells alone.
      { cell: cellOf('healthy', 0.03, 2), tallies: { sequential: tally(1, 5) } },
    ]),
  )

  it('tells what was taken back wrongly, and shows what is too much', () =>
    expect(linesOf(page, 'healthy, 0.1% at 100 rps')).toEqual([
      '| healthy, 0.1% at 100 rps | 0% | **70%** |  |  | 0% |  |  |',
    ]))

  it('tells what was found and when, who was earlier, and who is no measure', () =>
    expect(linesOf(page, 'x10 from the start, 0.1% at 100 rps')).toEqual([
      '| x10 from the start, 0.1% at 100 rps | 100% in 120 | (100% in 20) |  |  | **90% in 60** |  | 20% |',
    ]))

  it('tells what was found of how long requests take', () =>
    expect([...linesOf(page, 'latency +50%, 0.1%'), ...linesOf(page, 'latency +10%, 0.1%')]).toEqual([
      '| latency +50%, 0.1% at 100 rps | 80% | 90 |',
      '| latency +10%, 0.1% at 100 rps | **10%** wrongly |  |',
    ]))

  it('has no rows of cells that it does not show', () => expect(page).not.toContain('3% at 2 rps'))
})

it('lists all of it in a file that a table can be made of', () => {
  const results = [{ cell: fault, tallies: { sequential: tally(9, 120) } }]
  expect(allAsCsv(played(results)).split('\n').slice(1)).toEqual([
    '"x10 from the start, 0.1% at 100 rps","sequential",found,0.9,120,,3,0',
    '',
  ])
})

it('plots what was found by the minute, and what was taken back wrongly by the traffic', () => {
  const plots = plotsOf(
    played([
      { cell: fault, tallies: { sequential: tally(5, 300) } },
      { cell: healthy, tallies: { sequential: tally(5, 300) } },
    ]),
  )
  // Half of them after five of twenty minutes: from 60 to 570 across, from 310 to 40 up.
  expect(plots['found-from-start.svg']).toMatch(/187\.5,175 570,175"/)
  expect(plots['wrongly-healthy.svg']).toMatch(/points="[\d.]+,175"/)
})
