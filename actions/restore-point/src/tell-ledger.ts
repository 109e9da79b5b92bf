import { messageOf, type Ports } from '@deploy-actions/action-kit'
import { ArmGone, LEDGER_PATIENCE_MS, type Ledger, type TransactionName } from '@deploy-actions/ledger'
import { holdingStates, type TransactionState } from '@deploy-actions/rollout'

/** Who restores, for the mark. */
export const here = ({ context }: Pick<Ports, 'context'>): string => `${context.job} of run ${context.runId}`

/** Waits for the ledger, but not for long: whoever restores first tells it first, and bad traffic waits for nobody. */
export async function soon(marked: Promise<unknown>, { clock, signal }: Ports): Promise<void> {
  const told = new AbortController()
  const patience = clock
    .sleep(LEDGER_PATIENCE_MS.badTraffic, AbortSignal.any([signal, told.signal]))
    .catch(() => undefined)
  await Promise.race([marked, patience])
  told.abort()
}

/**
 * From where a restore may begin: what holds its target, and what was found. What somebody has closed since the restorer
 * looked is not opened again by him.
 */
export const mayFollow = (found: TransactionState | undefined): readonly TransactionState[] => [
  ...holdingStates,
  ...(found === undefined ? [] : [found]),
]

/**
 * Restoring never waits for the ledger: it is told when it answers.
 * @returns whether it was
 * @throws ArmGone when it has answered that there is nothing to restore to
 */
export async function markUnlessDown(
  ledger: Ledger,
  name: TransactionName,
  state: TransactionState,
  note: string,
  ports: Ports,
  from?: readonly TransactionState[],
): Promise<boolean> {
  try {
    await ledger.mark(name, state, note, from)
    return true
  } catch (error) {
    if (error instanceof ArmGone) throw error
    ports.log.warning(`the ledger could not be told that ${name.id} is ${state}: ${messageOf(error)}`)
    ports.evidence.facts({ ledgerNotTold: state })
    return false
  }
}
