import { clockTime, escapeText } from '@deploy-actions/action-kit'
import { formatDuration, formatPercent, formatWeights } from '@deploy-actions/rollout'
import type { EventKind, RolloutEvent } from './event'

/** What every sink shows of an event: a title, facts in order, links. */
export interface QuickCard {
  title: string
  facts: { name: string; value: string }[]
  links: { title: string; url: string }[]
}

const happened: Record<EventKind, string> = {
  started: 'rollout started',
  stage: 'stage',
  'approval-needed': 'approval needed',
  promoted: 'promoted',
  completed: 'rollout completed',
  failed: 'rollout failed',
  restoring: 'being restored',
  restored: 'restored',
  'restore-failed': 'RESTORE FAILED',
  'decommission-failed': 'old arm not removed',
}

/** One model of an event that every sink renders in its own form. */
export function quickCard(event: RolloutEvent): QuickCard {
  const where = event.region === undefined ? '' : ` in ${event.region}`
  const what = event.stage
    ? `${formatPercent(event.stage.weight)} stage ${event.stage.verdict}`
    : happened[event.kind]
  const facts: [string, string | undefined][] = [
    ['Region', event.region],
    ['Release', `${event.release.version} (${event.release.digest.slice(0, 19)})`],
    [
      'Stage',
      event.stage &&
        `${formatPercent(event.stage.weight)} of the traffic, ${event.stage.verdict} after ${formatDuration(event.stage.durationMs)}`,
    ],
    [
      'Router',
      event.stage && `${formatWeights(event.stage.weights)}, read back at ${clockTime(event.stage.readAt)}`,
    ],
    ['Cause', event.cause],
    ['Impact', event.impact],
    ['Status', event.status],
    ['Next', event.next],
    ['Correlation', event.correlationId],
  ]
  return {
    title: `${event.service} ${event.release.version}: ${what}${where}`,
    facts: facts.flatMap(([name, value]) => (value ? [{ name, value }] : [])),
    links: event.links,
  }
}

/** The card for job summaries and release comments. */
export function quickCardMarkdown(event: RolloutEvent): string {
  const card = quickCard(event)
  const rows = card.facts.map(({ name, value }) => `| **${escapeText(name)}** | ${escapeText(value)} |`)
  const links = card.links.map(({ title, url }) => `[${escapeText(title)}](${linkTarget(url)})`).join(' · ')
  return [
    `### ${escapeText(card.title)}`,
    '',
    '| | |',
    '| --- | --- |',
    ...rows,
    ...(links ? ['', links] : []),
  ].join('\n')
}

/** An address as it is, but for what would end the link: what is encoded already stays so. */
function linkTarget(url: string): string {
  return url
    .replace(/[\s<>\\]/g, encodeURIComponent)
    .replaceAll('(', '%28')
    .replaceAll(')', '%29')
}
