import { GateFailed, InputError, type Ports } from '@deploy-actions/action-kit'
import { configuredTarget } from '@deploy-actions/config'
import { newest, openLedger, type Ledger, type TransactionRecord } from '@deploy-actions/ledger'
import { defined, holdingStates } from '@deploy-actions/rollout'
import { findJobTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'

/** `open`: what this very run left open on the target; else the transaction of that id. */
export async function findRecord(inputs: Inputs, ports: Ports): Promise<TransactionRecord | undefined> {
  const { service, environment } = await serviceAndEnvironment(inputs, ports)
  ports.evidence.about(defined({ service, environment, region: inputs.region }))
  const ledger = openLedger(inputs.ledger, service, ports)
  if (inputs.to !== 'open') {
    const [entry] = await ledger.find({ id: inputs.to, environment, limit: 1 })
    if (!entry)
      throw new InputError([
        { where: 'input `to`', message: `the ledger has no transaction ${inputs.to} of ${service}` },
      ])
    await mustBeNewest(ledger, entry.record)
    return entry.record
  }
  const own =
    inputs.transaction === undefined
      ? undefined
      : await findJobTransaction(ports.context.temp, inputs.transaction)
  if (own && (own.state === 'open' || own.state === 'traffic-restored')) return own.record
  const entry = await newest(ledger, environment)
  return entry && entry.record.run.id === ports.context.runId && holdingStates.includes(entry.state)
    ? entry.record
    : undefined
}

/** A committed transaction may only be undone while nothing newer stands on its target. */
export async function mustBeNewest(ledger: Ledger, record: TransactionRecord): Promise<void> {
  const latest = await newest(ledger, record.environment)
  if (latest && latest.record.id !== record.id)
    throw new GateFailed(
      `transaction ${record.id} is no longer the newest in ${record.region}: ${latest.record.id} (${latest.record.release.version}) came after it; nothing was written`,
    )
}

async function serviceAndEnvironment(
  inputs: Inputs,
  ports: Ports,
): Promise<{ service: string; environment: string }> {
  if (inputs.service !== undefined && inputs.environment !== undefined)
    return { service: inputs.service, environment: inputs.environment }
  const target = await configuredTarget(inputs, ports.context)
  return { service: target.service, environment: target.environment }
}
