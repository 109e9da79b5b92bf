import { escapeText, GateFailed, InputError, type Ports } from '@deploy-actions/action-kit'
import { commitTransaction, joinTransaction, mustBeOpen, openLedger } from '@deploy-actions/ledger'
import { canaryWeights, formatWeights, WHOLE } from '@deploy-actions/rollout'
import { inEffect, openRouter, type RouterSettings } from '@deploy-actions/traffic'
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
  const ledger = openLedger(transaction.ledger, service, ports)
  await mustBeOpen(ledger, record)

  const { baseline, canary } = settings.arms
  const router = await openRouter(settings.router as RouterSettings, ports, [baseline, canary])
  const state = await router.read(ports.signal)
  ports.evidence.facts({ weights: state.weights, effective: state.effective })
  if (!inEffect(router, state, canaryWeights(settings.arms, WHOLE)))
    throw new GateFailed(
      `${region} cannot be committed: ${canary} does not carry all the traffic (the router holds ${formatWeights(state.weights)}, in effect ${formatWeights(state.effective)})`,
    )
  const reason = `${record.release.version} serves all of ${service} in ${region} on ${canary}`
  if (inputs['dry-run']) {
    ports.log.info(`would commit ${record.id}: ${reason}`)
    return { outcome: 'would-commit', reason, transaction: record.id }
  }
  await commitTransaction(transaction, ledger, reason, ports.context)
  ports.log.info(`committed ${record.id}: ${reason}`)
  ports.summary.add(
    `### ${escapeText(region)}: committed\n\n${escapeText(reason)}. The old release stays on ${escapeText(baseline)} for an instant return.`,
  )
  return {
    outcome: 'committed',
    reason,
    transaction: record.id,
    'baseline-arm': baseline,
    'canary-arm': canary,
  }
}
