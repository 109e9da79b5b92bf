import { powerInWords } from '@deploy-actions/config'
import { formatDuration, formatPercent, formatRate } from '@deploy-actions/rollout'
import { counted, wrapped } from '../screen'
import type { PowerReport, RegionsPower } from './power'

const LEGEND = [
  'What 90% of simulated rollouts find. requests: of the canary, while the stage is watched; finds: the smallest error rate of a canary that fails from the beginning of the stage on, of rates that lie 10 to 15% apart; after: the median time until it is taken back; lost: requests that fail meanwhile and would not have failed on the baseline.',
  'limit: from which rate on the limit alone finds it, and how soon a canary is taken back that fails twice as often as it allows.',
]

/** The report for a person. */
export function powerText({ found, unknown }: PowerReport): string[] {
  const hasLimits = found.some(({ stages }) => stages.some(({ power }) => power.limit))
  const legend = hasLimits ? LEGEND : LEGEND.slice(0, 1)
  return [
    ...found.flatMap((one) => [...regionsText(one), '']),
    ...(found.length === 0 ? [] : legend.flatMap((line) => wrapped('', line))),
    ...unknown.flatMap(({ region, why }) =>
      wrapped('! ', `${region}: it is not known what its baseline does: ${why}`),
    ),
  ]
}

function regionsText({ regions, traffic, measured, stages, warnings }: RegionsPower): string[] {
  const perSecond = `${Number(traffic.requestsPerSecond.toPrecision(3))} requests/s`
  const rate = measured
    ? `${measured.errors} of ${counted(measured.requests, 'request')} failed in ${formatDuration(Math.round(measured.windowMs / 1000) * 1000)}`
    : `${formatRate(traffic.baselineErrors)} of them failing on the baseline`
  const rows = stages.map(({ weight, watchMs, power }) => {
    const { finds, after, lost, limit } = powerInWords(power)
    const requests = String(Math.round(power.requests))
    return [formatPercent(weight), formatDuration(watchMs), requests, finds, after, lost, limit]
  })
  return [
    ...wrapped('', `${regions.length > 0 ? `${regions.join(', ')}: ` : ''}${perSecond}, ${rate}`),
    '',
    ...columns([['stage', 'watched', 'requests', 'finds', 'after', 'lost', 'limit'], ...rows]),
    ...(warnings.length > 0 ? [''] : []),
    ...warnings.flatMap((warning) => wrapped('! ', warning)),
  ]
}

/** Numbers to the right, words to the left; a column that is empty but for its head is left out. */
const TO_THE_RIGHT = [2, 5]

function columns(rows: readonly (readonly string[])[]): string[] {
  const kept = (rows[0] ?? []).flatMap((_, column) =>
    rows.slice(1).some((row) => row[column] !== '') ? [column] : [],
  )
  const widths = new Map(
    kept.map((column) => [column, Math.max(...rows.map((row) => row[column]?.length ?? 0))]),
  )
  return rows.map((row) => {
    const cells = kept.map((column) => {
      const [cell, width] = [row[column] ?? '', widths.get(column) ?? 0]
      return TO_THE_RIGHT.includes(column) ? cell.padStart(width) : cell.padEnd(width)
    })
    return `  ${cells.join('  ')}`.trimEnd()
  })
}
