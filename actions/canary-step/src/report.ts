import { clockTime, escapeText, table } from '@deploy-actions/action-kit'
import { formatDuration, formatPercent, formatRate, formatWeights } from '@deploy-actions/rollout'
import type { Walk } from './walk'

const BARS = '▁▂▃▄▅▆▇█'
/** Wider than this a line of samples wraps in GitHub's summary. */
const WIDEST = 60

/** The section of the job summary: a row a stage, a line of the error rates, and why it ended. */
export function summarise({ settings, stages, trail }: Walk, reason: string): string {
  const rows = stages.map(({ weight, weights, readAt, verdict, durationMs, requests, errors, reason }) => [
    formatPercent(weight),
    `${formatWeights(weights)} at ${clockTime(readAt)}`,
    verdict,
    formatDuration(Math.round(durationMs / 1000) * 1000),
    String(requests),
    `${errors} (${formatRate(requests === 0 ? 0 : errors / requests)})`,
    reason,
  ])
  const rates = trail.map(({ sample }) =>
    sample.canary && sample.canary.requests > 0 ? sample.canary.errors / sample.canary.requests : 0,
  )
  const last = stages.findLast(({ steppedBackFrom }) => steppedBackFrom === undefined)
  const title =
    last && last.verdict !== 'pass' ? `canary ${last.verdict} at ${formatPercent(last.weight)}` : 'canary'
  return [
    `### ${escapeText(settings.target.region)}: ${title}`,
    '',
    escapeText(reason),
    '',
    table(['Stage', 'Read back', 'Verdict', 'Watched', 'Canary requests', 'Failed', 'Why'], rows),
    '',
    `Canary error rate, a bar per sample (highest ${formatRate(Math.max(0, ...rates))}): \`${sparkline(rates)}\``,
  ].join('\n')
}

/** One bar per value, or per group of values where there are many; the highest of a group counts. */
function sparkline(values: readonly number[]): string {
  const size = Math.max(1, Math.ceil(values.length / WIDEST))
  const groups = Array.from({ length: Math.ceil(values.length / size) }, (_, index) =>
    Math.max(...values.slice(index * size, (index + 1) * size)),
  )
  const highest = Math.max(...groups, 0)
  return groups
    .map((value) => BARS[highest === 0 ? 0 : Math.round((value / highest) * (BARS.length - 1))])
    .join('')
}
