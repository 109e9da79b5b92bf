import { escapeText, table, type Ports } from '@deploy-actions/action-kit'
import { formatPercent } from '@deploy-actions/rollout'
import type { RouterReading } from '@deploy-actions/traffic'
import type { Outputs } from './outputs'

/** The shares of each member; of addresses that differ one after the other: `0% / 100%`. */
export function percents(reading: RouterReading, of: 'weights' | 'effective'): Record<string, string> {
  const each = reading.differs === undefined ? [reading] : (reading.parts ?? [])
  const shares = (name: string) => each.map((state) => formatPercent(state[of][name] ?? 0)).join(' / ')
  return Object.fromEntries(Object.keys(reading.members).map((name) => [name, shares(name)]))
}

/** What a step found and what it left: for the log, the summary, the evidence and the outputs. */
export function concluded(
  { outcome, reason }: { outcome: 'changed' | 'unchanged' | 'read'; reason: string },
  before: RouterReading,
  after: RouterReading,
  ports: Ports,
): Outputs {
  ports.log.info(reason)
  const [was, is, effective] = [
    percents(before, 'weights'),
    percents(after, 'weights'),
    percents(after, 'effective'),
  ]
  ports.evidence.facts({
    before: before.weights,
    after: after.weights,
    effective: after.effective,
    readAt: after.readAt,
    ...(before.differs !== undefined && { differed: before.differs }),
  })
  const rows = Object.keys(after.members).map((name) => [
    name,
    was[name] ?? '',
    is[name] ?? '',
    effective[name] ?? '',
  ])
  ports.summary.add(
    `### Traffic ${outcome}\n\n${escapeText(reason)}.\n\n${table(['Member', 'Before', 'After', 'In effect'], rows)}`,
  )
  return { outcome, reason, before: was, after: is, effective, changed: outcome === 'changed' }
}
