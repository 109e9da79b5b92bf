import { GateFailed, InputError, type Ports } from '@deploy-actions/action-kit'
import { configuredTarget } from '@deploy-actions/config'
import { LEDGER_PATIENCE_MS, newest, openLedger, type Entry, type Ledger } from '@deploy-actions/ledger'
import { defined, holdingStates, mayBecome, type TransactionState } from '@deploy-actions/rollout'
import { findJobTransaction } from '@deploy-actions/transaction'
import type { Inputs } from './inputs'
import { lostRecord } from './lost-record'

/** Whose transaction is looked for. */
export interface Where {
  service: string
  environment: string
  ledger: Ledger
}

/** What the inputs name, from themselves or from rollout.yml. */
export async function whereOf(inputs: Inputs, ports: Ports): Promise<Where> {
  const { service, environment } =
    inputs.service !== undefined && inputs.environment !== undefined
      ? { service: inputs.service, environment: inputs.environment }
      : await configuredTarget(inputs, ports.context)
  ports.evidence.about(defined({ service, environment, region: inputs.region }))
  // What this very job opened has a guard behind it; a job that has nothing else to do waits longer.
  const patience =
    inputs.only === 'traffic' ? 'trafficFirst' : inputs.transaction === undefined ? 'guard' : 'restoreStep'
  const ledger = openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    patienceMs: LEDGER_PATIENCE_MS[patience],
    // GitHub that answers slowly tells all the same; one that does not answer is not waited for.
    ...(inputs.only === 'traffic' && { answerWithinMs: LEDGER_PATIENCE_MS.badTraffic }),
  })
  return { service, environment, ledger }
}

/** The same ledger for whoever would rather go on than wait: no answer is asked for again, and none goes on being asked for. */
export const promptLedger = (inputs: Inputs, service: string, ports: Ports): Ledger =>
  openLedger(inputs.ledger, service, ports, {
    trustedWorkflows: inputs['trusted-workflows'],
    answerWithinMs: LEDGER_PATIENCE_MS.badTraffic,
  })

/** A transaction, and what of its record this version cannot read. */
export type Found = Pick<Entry, 'record' | 'unread'> & {
  /** where it stood then, by the ledger */
  state?: TransactionState
  /** where the ledger has it */
  at?: string
  /** this very job has it open, and has not begun to commit it */
  inJob?: true
  /** the ledger does not hold it any more: what its run kept beside it */
  lost?: { settings: unknown }
}

/** `open`: what this very run left open on the target; else the transaction of that id. */
export async function findRecord(
  { service, environment, ledger }: Where,
  inputs: Inputs,
  ports: Ports,
): Promise<Found | undefined> {
  if (inputs.to !== 'open') {
    const [entry] = await ledger.find({ id: inputs.to, environment, limit: 1 })
    if (!entry)
      throw new InputError([
        {
          where: 'input `to`',
          message: `the ledger has no transaction ${inputs.to} of ${service} that a run has proven to have opened`,
        },
      ])
    await mustBeNewest(ledger, entry)
    mustBeRestorable(entry)
    return entry
  }
  const own =
    inputs.transaction === undefined
      ? undefined
      : await findJobTransaction(ports.context.temp, inputs.transaction)
  if (own && (own.state === 'open' || own.state === 'traffic-restored'))
    return { record: own.record, inJob: true }
  // By its run: whatever stands before it was opened by somebody else.
  const opened = await ledger.find({ environment, run: ports.context.runId, state: holdingStates, limit: 1 })
  if (opened[0] || inputs.region === undefined) return opened[0]
  const lost = await lostRecord(ledger, inputs.region, ports)
  return lost && { ...lost, lost: { settings: lost.settings } }
}

/** What a person has put right, or what never wrote anything, is nobody's to put back. @throws GateFailed */
function mustBeRestorable({ record, state, note }: Entry): void {
  if (!mayBecome(state, 'restoring'))
    throw new GateFailed(
      `transaction ${record.id} is ${note || state}: there is nothing of it to be put back, and nothing was written`,
    )
}

/** A committed transaction may only be undone while nothing newer stands on its target. */
export async function mustBeNewest(ledger: Ledger, { record }: Found): Promise<void> {
  const latest = await newest(ledger, record.environment)
  if (latest && latest.record.id !== record.id)
    throw new GateFailed(
      `transaction ${record.id} is no longer the newest in ${record.region}: ${latest.record.id} (${latest.record.release.version}) came after it; nothing was written`,
    )
}
