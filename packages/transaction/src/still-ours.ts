import { messageOf, type Ports } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { holdingStates, type Weights } from '@deploy-actions/rollout'
import type { Claim } from '@deploy-actions/traffic'
import { answerWithin } from './answer-within'
import { nameOf, saveJobTransaction, type JobTransaction } from './job-transaction'

/** So long, in the action's milliseconds, bad traffic waits for a ledger that may know of a newer rollout. */
const LEDGER_PATIENCE_MS = 3_000
/** A write that was cut short leaves the vector before it or its own. */
const KEPT_VECTORS = 2

/** Written ahead of each write, so that a restorer who comes late knows this transaction's traffic from another's. */
export async function noteWrite(
  transaction: JobTransaction,
  wanted: Weights,
  { clock, context }: Pick<Ports, 'clock' | 'context'>,
): Promise<JobTransaction> {
  const written = [...(transaction.written ?? []), wanted].slice(-KEPT_VECTORS)
  const noted = { ...transaction, written, writtenAt: clock.now().toISOString() }
  await saveJobTransaction(context.temp, noted)
  return noted
}

/**
 * What a restorer of a job may overwrite: what the transaction wrote itself, and anything when the ledger says that it
 * still holds its target. A runner that was lost may come back after the next rollout, whose traffic is not ours; and
 * what the ledger says is no proof against what was written, since records can be planted.
 */
export function claimOf(
  { written = [], ...transaction }: Pick<JobTransaction, 'record' | 'at' | 'ledger' | 'written'>,
  ports: Ports,
): Claim {
  let answer: Promise<boolean> | undefined
  return { written, mayOverwriteAll: () => (answer ??= stillHolds(transaction, ports)) }
}

async function stillHolds(
  transaction: Pick<JobTransaction, 'record' | 'at' | 'ledger'>,
  ports: Ports,
): Promise<boolean> {
  const { id, service, environment } = transaction.record
  try {
    const { state } = await answerWithin(
      ports.clock.ioTimeout(LEDGER_PATIENCE_MS),
      openLedger(transaction.ledger, service, ports).stateOf(nameOf(transaction)),
    )
    if (holdingStates.includes(state)) return true
    ports.log.warning(
      `by the ledger ${id} is ${state} and holds ${environment} no more: only what it wrote itself is put back`,
    )
  } catch (error) {
    ports.log.warning(
      `whether ${id} still holds ${environment} is not known (${messageOf(error)}): only what it wrote itself is put back`,
    )
  }
  return false
}
