import { WHOLE, type Weights } from '@deploy-actions/rollout'
import { describeWeights } from './view'

/** A region as one frame of the live view shows it. */
export interface RegionRow {
  name: string
  weights: Weights
  /** the arm that carried all the traffic when the rehearsal began */
  baseline: string
  requests: number
  failed: number
  /** in a word: the verdict of the stage, or what became of the region */
  state: string
  /** what its job is at, or why it ended so; its end may be cut */
  about?: string
}

interface Column {
  title: string
  /** numbers stand at the right */
  numbers?: true
  cell(row: RegionRow): string
}

const NAME: Column = { title: 'region', cell: ({ name }) => name }
const FIGURES: readonly Column[] = [
  { title: 'weights', cell: ({ weights }) => describeWeights(weights) },
  { title: 'requests', numbers: true, cell: ({ requests }) => String(requests) },
  { title: 'failed', numbers: true, cell: ({ failed }) => String(failed) },
]
/** As wide as what may stand there at its longest, so that nothing jumps when it does. */
const STATE: Column = { title: ''.padEnd('restore-failed'.length), cell: ({ state }) => state }

const BAR_TITLE = 'canary'
const LONGEST_BAR = 20
const GAP = '  '

/**
 * A heading, and for each region a row of figures with what its job is at below it. No line is longer than the terminal
 * is wide: the bar takes what the figures leave, up to a length, and the ends of lines are cut.
 */
export function frameLines(heading: string, rows: readonly RegionRow[], columns: number): string[] {
  const all = [NAME, ...FIGURES, STATE]
  const taken = all.reduce((sum, column) => sum + widthOf(column, rows) + GAP.length, 0)
  const length = Math.min(LONGEST_BAR, columns - taken)
  const bar: Column[] =
    length < BAR_TITLE.length ? [] : [{ title: BAR_TITLE, cell: (row) => drawBar(row, length) }]
  const laid = [NAME, ...bar, ...FIGURES, STATE]
  const line = (text: (column: Column) => string): string =>
    laid
      .map((column) => {
        const width = widthOf(column, rows)
        return column.numbers ? text(column).padStart(width) : text(column).padEnd(width)
      })
      .join(GAP)
  const indent = ' '.repeat(widthOf(NAME, rows) + GAP.length)
  const table = rows.flatMap((row) => [
    line(({ cell }) => cell(row)),
    ...(row.about ? [`${indent}${row.about}`] : []),
  ])
  return [heading, line(({ title }) => title), ...table].map((text) => cut(text.trimEnd(), columns))
}

const widthOf = ({ title, cell }: Column, rows: readonly RegionRow[]): number =>
  Math.max(title.length, ...rows.map((row) => cell(row).length))

function drawBar({ weights, baseline }: RegionRow, length: number): string {
  const canary = Object.entries(weights).reduce(
    (sum, [arm, points]) => (arm === baseline ? sum : sum + points),
    0,
  )
  const filled = Math.round((canary / WHOLE) * length)
  return '█'.repeat(filled) + '░'.repeat(length - filled)
}

const cut = (line: string, columns: number): string =>
  line.length <= columns ? line : `${line.slice(0, columns - 1)}…`
