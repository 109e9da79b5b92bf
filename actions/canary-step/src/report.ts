import { clockTime, escapeText, table } from '@deploy-actions/action-kit'
import { bucketWithin, timeWithin } from '@deploy-actions/analysis'
import { formatDuration, formatPercent, formatRate, formatWeights } from '@deploy-actions/rollout'
import { MOST, type StageResult } from './outputs'
import { canaryRate } from './trail'
import type { Walk } from './walk'

const BARS = '▁▂▃▄▅▆▇█'
/** Wider than this a line of samples wraps in GitHub's summary. */
const WIDEST = 60

/** The section of the job summary: a row a stage, a line of the error rates and one of the times, and why it ended. */
export function summarise({ settings, stages, trail }: Walk, reason: string): string {
  const timed = settings.measured.latency !== undefined
  const rows = stages.map(
    ({ weight, weights, readAt, verdict, durationMs, requests, errors, reason, p95 }) => [
      formatPercent(weight),
      `${formatWeights(weights)} at ${clockTime(readAt)}`,
      verdict,
      formatDuration(Math.round(durationMs / 1000) * 1000),
      String(requests),
      `${errors} (${formatRate(requests === 0 ? 0 : errors / requests)})`,
      ...(timed ? [timesOf(p95)] : []),
      reason,
    ],
  )
  const last = stages.findLast(({ steppedBackFrom }) => steppedBackFrom === undefined)
  const title =
    last && last.verdict !== 'pass' ? `canary ${last.verdict} at ${formatPercent(last.weight)}` : 'canary'
  return [
    `### ${escapeText(settings.target.region)}: ${title}`,
    '',
    escapeText(reason),
    '',
    table(
      [
        ...['Stage', 'Read back', 'Verdict', 'Watched', 'Canary requests', 'Failed'],
        ...(timed ? ['95 % took at most'] : []),
        'Why',
      ],
      rows,
    ),
    '',
    errorLine(trail),
    ...(timed ? ['', ...timeLine(trail)] : []),
  ].join('\n')
}

const timesOf = (p95: StageResult['p95']): string =>
  [p95?.canary ?? '', ...(p95?.baseline === undefined ? [] : [`baseline ${p95.baseline}`])].join(', ')

function errorLine(trail: Walk['trail']): string {
  const rates = trail.samples().map(canaryRate)
  return `Canary error rate, a bar per sample (highest ${formatRate(Math.max(0, ...rates))}): \`${sparkline(rates)}\``
}

/** A bar is as high as its bucket is far from the first: buckets grow by factors, and so times are compared. */
function timeLine(trail: Walk['trail']): string[] {
  const all = trail.samples().map(({ sample }) => sample.canary?.latency ?? [])
  const bars = all.map((latency) => bucketWithin(latency, MOST) + 1)
  const slowest = all[bars.indexOf(Math.max(...bars))]
  const highest = slowest && timeWithin(slowest, MOST)
  return highest === undefined
    ? []
    : [
        `What 95 % of the canary's requests took at most, a bar per sample of the evidence (highest ${highest}): \`${sparkline(bars)}\``,
      ]
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
