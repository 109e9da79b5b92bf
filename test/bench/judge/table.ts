import type { Result } from './farm'
import type { RuleName } from './rules'
import { isBeyondMargin } from './scenarios'
import { foundShare, interval, quantileMs, takenShare, type Tally } from './statistics'
import { percent, seconds } from './text'

const HEAD = ['cell', 'rule', 'taken back, or found', '95 % interval', 'median', 'p90', 'requests lost']

/** A table in Markdown: a row for each rule in each cell. Where nothing is wrong beyond the margin, what was taken back was taken back wrongly. */
export function tableOf(results: readonly Result[]): string {
  const rows = results.flatMap(({ cell, tallies }) =>
    (Object.entries(tallies) as [RuleName, Tally][]).map(([rule, tally]) => [
      ...[cell.name, rule],
      ...(isBeyondMargin(cell.world) ? foundColumns(tally) : wrongColumns(tally)),
    ]),
  )
  return [HEAD, HEAD.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |\n`).join('')
}

function wrongColumns(tally: Tally): string[] {
  const bounds = interval(tally.times.length + tally.early, tally.runs)
  return [`${percent(takenShare(tally))} wrongly`, range(bounds), '', '', '']
}

/** A rollout that was taken back before the fault counts as wrong, and for no time. */
function foundColumns(tally: Tally): string[] {
  const { early, runs, times, lost } = tally
  const wrong = early > 0 ? `, ${percent(early / runs)} before it wrongly` : ''
  const bounds = runs === early ? '' : range(interval(times.length, runs - early))
  const [middle, late] = [seconds(quantileMs(tally, 0.5)), seconds(quantileMs(tally, 0.9))]
  return [`${percent(foundShare(tally))} found${wrong}`, bounds, middle, late, Math.round(lost).toString()]
}

const range = ([low, high]: [number, number]): string => `${percent(low)} to ${percent(high)}`
