import { clockTime, escapeText, InputError, type Ports } from '@deploy-actions/action-kit'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { canaryWeights, formatWeights, WHOLE } from '@deploy-actions/rollout'
import { described, mustHold, outOf } from '@deploy-actions/traffic'
import {
  commitTransaction,
  joinTransaction,
  mustBeOpen,
  openRouter,
  rewriteAfterReload,
} from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import type { Outputs } from './outputs'

/** Closes a transaction: only when the router itself shows all traffic on the canary arm. */
export async function commit(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if (inputs.transaction === undefined)
    throw new InputError([
      {
        where: 'input `transaction`',
        message: 'is missing; pass the output `transaction` of restore-point begin',
      },
    ])
  const transaction = await joinTransaction(inputs.transaction, ports.context)
  const { record, settings } = transaction
  const { service, region, environment } = record
  ports.evidence.about({ service, region, environment, transaction: record.id })
  const ledger = openLedger(transaction.ledger, service, ports, {
    patienceMs: LEDGER_PATIENCE_MS.forward,
  })
  await mustBeOpen(ledger, transaction)

  const { baseline, canary } = settings.arms
  const router = await openRouter(settings, ports)
  const whole = canaryWeights(settings.arms, WHOLE)
  if (!inputs['dry-run']) await rewriteAfterReload(record.id, router, whole, ports)
  const held = await mustHold(
    router,
    whole,
    `${region} cannot be committed: ${canary} does not carry all the traffic`,
    ports,
  )
  const { weights, effective, readAt } = held
  if (outOf(held).length > 0) ports.log.warning(`${described(held)}: the others carry all of it`)
  ports.evidence.facts({ weights, effective, readAt })
  const reason = `${record.release.version} serves all of ${service} in ${region} on ${canary}`
  if (inputs['dry-run']) {
    ports.log.info(`would commit ${record.id}: ${reason}`)
    return { outcome: 'would-commit', reason, transaction: record.id }
  }
  await commitTransaction(transaction, ledger, reason, ports.context)
  ports.log.info(`committed ${record.id}: ${reason}`)
  ports.summary.add(
    `### ${escapeText(region)}: committed\n\n${escapeText(reason)}: the router read ${escapeText(outOf(held).length > 0 ? described(held) : formatWeights(weights))} at ${clockTime(readAt)}. ${record.finishes ? `Nothing of the release before it is left: ${escapeText(baseline)} has the same one` : `The old release stays on ${escapeText(baseline)} for an instant return`}.`,
  )
  return {
    outcome: 'committed',
    reason,
    transaction: record.id,
    'baseline-arm': baseline,
    'canary-arm': canary,
  }
}
