import { clockTime, escapeText, messageOf, type Ports } from '@deploy-actions/action-kit'
import type { Ledger } from '@deploy-actions/ledger'
import { formatWeights } from '@deploy-actions/rollout'
import { inEffect } from '@deploy-actions/traffic'
import { keptSettings, openRouter, restorePointsOf, type RestoredPoint } from '@deploy-actions/transaction'
import type { Found } from './found'
import type { Outputs } from './outputs'

/**
 * What one restorer has put back the next one need not: where the ledger says so and the router still shows it, nothing is
 * written and no script runs twice.
 * @returns undefined where it is to be restored after all
 */
export async function provenBack(
  { record, state, note = '' }: Found,
  ledger: Ledger,
  ports: Ports,
): Promise<Outputs | undefined> {
  if (state !== 'restored') return undefined
  const { id, service, region, environment } = record
  ports.evidence.about({ service, region, environment, transaction: id })
  const router = await openRouter(await keptSettings(ledger, record), ports)
  const restored: RestoredPoint[] = []
  for (const point of restorePointsOf(record)) {
    if (point.kind !== 'traffic') continue
    const reading = await router.read(ports.signal).catch((error: unknown) => {
      ports.log.warning(`the router of ${id} cannot be read: ${messageOf(error)}`)
      return undefined
    })
    if (reading === undefined || !inEffect(router, reading, point.weights)) return undefined
    const { weights, readAt } = reading
    const detail = `reads ${formatWeights(weights)} at ${clockTime(readAt)}`
    restored.push({ kind: point.kind, name: point.router, ok: true, detail, weights, readAt })
  }
  const shown = restored.map(({ name, detail }) => `${name} ${detail}`).join('; ')
  const serves = record.finishes
    ? ` (${record.release.version} was to be brought onto the other arm, too; it was not taken back by this)`
    : ''
  const reason = `${service} in ${region} was put back already (${note})${serves}; ${shown}`
  ports.evidence.facts({ record, restored })
  ports.log.info(reason)
  ports.summary.add(`### ${escapeText(region)}: put back already\n\n${escapeText(reason)}.`)
  return {
    ...{ outcome: 'restored', reason, transaction: id, restored },
    ...(record.finishes && { 'serves-on': true }),
  }
}
