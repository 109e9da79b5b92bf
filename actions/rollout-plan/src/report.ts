import { escapeText, table } from '@deploy-actions/action-kit'
import {
  infrastructureInWords,
  limitsInWords,
  planStages,
  shareInWords,
  type RegionConfig,
} from '@deploy-actions/config'
import { formatDuration, formatPercent, formatSteps, type RolloutPlan } from '@deploy-actions/rollout'

/** What a plan comes to. */
export interface Numbers {
  reason: string
  estimatedMs: number
  delayMs: number
  /** what the stages find, as a section; undefined where no region was seen */
  power: string | undefined
}

/** What the run will do: a table of its regions, its stages, and a picture. */
export function summarise(
  rollout: RolloutPlan,
  due: readonly RegionConfig[],
  { reason, estimatedMs, delayMs, power }: Numbers,
): string {
  const { service, release, order, regions, skipped } = rollout
  const rows = [
    ...regions.map(({ name, environment, predecessor }) => [
      name,
      environment,
      predecessor || '-',
      ['will be rolled out', ...wordsOf(name, due)].join('; '),
    ]),
    ...skipped.map(({ name, environment, reason }) => [name, environment, '-', `skipped: ${reason}`]),
  ]
  const [first] = due
  const stages = first ? planStages(first.canary.stages, first.canary.analysis, first.metrics) : []
  const pace = order === 'delayed' ? `delayed, ${formatDuration(delayMs)} watched between regions` : order
  return [
    `### Plan: ${escapeText(service)} ${escapeText(release.version)}`,
    '',
    `${escapeText(reason)}. Order: ${escapeText(pace)}. About ${formatDuration(estimatedMs)} when all goes well, without approvals.`,
    '',
    table(['Region', 'Environment', 'After', 'What'], rows),
    ...(stages.length > 0
      ? [
          '',
          table(
            ['Stage', 'Watched at least', 'At most', 'Requests needed', 'Limits'],
            stages.map(({ weight, watchMs, maxWatchMs, minRequests, ...limits }) => [
              formatPercent(weight),
              formatDuration(watchMs),
              formatDuration(maxWatchMs),
              String(minRequests),
              limitsInWords(limits).join(', ') || 'the baseline only',
            ]),
          ),
        ]
      : []),
    ...(power === undefined ? [] : ['', power]),
    ...(first?.rollback.staged
      ? ['', `Once committed, a person may take it back in steps: ${formatSteps(first.rollback.staged)}.`]
      : []),
    ...(regions.length > 0 ? ['', '```mermaid', ...diagram(rollout, delayMs), '```'] : []),
    '',
    `Image digest \`${release.digest}\``,
  ].join('\n')
}

/** What becomes meanwhile of a region's share and of its infrastructure, where it has them. */
function wordsOf(name: string, due: readonly RegionConfig[]): string[] {
  const config = due.find(({ region }) => region.name === name)
  const words = config ? [shareInWords(config), infrastructureInWords(config.infrastructure)] : []
  return words.filter((one) => one !== undefined)
}

function diagram({ regions, order }: RolloutPlan, delayMs: number): string[] {
  const nodes = regions.map(({ name, index }) => `  r${index}["${name}"]`)
  const wait = order === 'delayed' ? `|watched ${formatDuration(delayMs)}|` : ''
  const arrows =
    order === 'parallel'
      ? []
      : regions.slice(1).map(({ index }, before) => `  r${regions[before]?.index} -->${wait} r${index}`)
  return ['flowchart LR', ...nodes, ...arrows]
}
