import { GateFailed, InputError, type Ports } from '@deploy-actions/action-kit'
import { configuredTarget } from '@deploy-actions/config'
import {
  Flooded,
  isUndone,
  LEDGER_PATIENCE_MS,
  openLedger,
  whyArmGone,
  type Entry,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import { defined, holdingStates, mayBecome } from '@deploy-actions/rollout'
import { findJobTransaction } from '@deploy-actions/transaction'
import type { Found } from './found'
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

/** `open`: what this very run left open on the target; else the transaction of that id. */
export async function findRecord(
  { service, environment, ledger }: Where,
  inputs: Inputs,
  ports: Ports,
): Promise<Found | undefined> {
  if (inputs.to !== 'open') {
    const entry = await findNamed({ service, environment, ledger }, inputs.to)
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
  const opened = await openedHere(ledger, environment, ports)
  return opened ?? lostRecord(ledger, regionOf(inputs, environment), ports)
}

/** Without a rollout.yml a region is called as its environment. */
export const regionOf = ({ region }: Inputs, environment: string): string => region ?? environment

/** By its run: whatever stands before it was opened by somebody else. */
async function openedHere(
  ledger: Ledger,
  environment: string,
  { context, log }: Ports,
): Promise<Entry | undefined> {
  try {
    const query = { environment, run: context.runId, state: holdingStates, limit: 1 }
    return (await ledger.find(query))[0]
  } catch (error) {
    if (!(error instanceof Flooded)) throw error
    log.error(`${error.message}. It is restored from what this run has uploaded`)
    return undefined
  }
}

/** @throws InputError when there is no such transaction, or none that can be believed to be one */
export async function findNamed(
  { service, environment, ledger }: Omit<Where, 'environment'> & { environment?: string | undefined },
  id: string,
): Promise<Entry> {
  const [entry] = await ledger.find({ ...defined({ environment }), id, limit: 1 })
  if (entry) return entry
  throw new InputError([
    {
      where: 'input `to`',
      message: `the ledger has no transaction ${id} of ${service} that a run has proven to have opened`,
    },
  ])
}

/** What a person has put right, what never wrote anything, or whose old arm is gone is nobody's to put back. @throws GateFailed */
export function mustBeRestorable(entry: Entry): void {
  const { record, state, note } = entry
  const gone = whyArmGone(entry)
  if (gone !== undefined) throw new GateFailed(`transaction ${record.id} is not put back: ${gone}`)
  if (!mayBecome(state, 'restoring'))
    throw new GateFailed(
      `transaction ${record.id} is ${note || state}: there is nothing of it to be put back, and nothing was written`,
    )
}

/** Put back once more, it would give the traffic to a release that was taken back since. @throws GateFailed */
async function mustServeOn(
  ledger: Ledger,
  { id, environment }: TransactionRecord,
  followed: { id: string },
): Promise<void> {
  const [entry] = await ledger.find({ id: followed.id, environment, limit: 1 })
  if (entry && entry.state !== 'committed')
    throw new GateFailed(
      `transaction ${id} was undone, and ${followed.id}, which it followed, is ${entry.note || entry.state} since: there is nothing of it to be put back, and nothing was written`,
    )
}

/** A committed transaction may only be undone while nothing newer stands on its target. */
export async function mustBeNewest(ledger: Ledger, { record, state, at: ownAt }: Found): Promise<void> {
  if (record.finishes && state !== undefined && isUndone({ record, state }))
    await mustServeOn(ledger, record, record.finishes)
  const [latest] = await ledger.find({
    ...{ environment: record.environment, letIn: true, standing: true, limit: 1 },
  })
  // Nobody who was never let in, or who proves nothing, stands in its way; nor what is put back itself, or was there before.
  if (latest && latest.record.id !== record.id && !(Number(latest.at) < Number(ownAt)))
    throw new GateFailed(
      `transaction ${record.id} is no longer the newest in ${record.region}: ${latest.record.id} (${latest.record.release.version}) came after it; nothing was written`,
    )
}
