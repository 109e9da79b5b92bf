import { GateFailed, InputError, messageOf, type Ports, type RunContext } from '@deploy-actions/action-kit'
import type { Ledger } from '@deploy-actions/ledger'
import { findJobTransaction, nameOf, saveJobTransaction, type JobTransaction } from './job-transaction'

/** The transaction of this job that a writer was told to act in. @throws InputError when this job has none of that name */
export async function joinTransaction(
  id: string,
  { temp }: Pick<RunContext, 'temp'>,
): Promise<JobTransaction> {
  const transaction = await findJobTransaction(temp, id)
  if (transaction) return transaction
  throw new InputError([
    {
      where: 'input `transaction`',
      message: `${id} was not begun in this job; pass steps.BEGIN.outputs.transaction of restore-point begin in the same job`,
    },
  ])
}

/** The ledger says that a transaction is no longer open: somebody else sees to its target. */
export class NotOpen extends GateFailed {}

/** Before every forward write: an emergency rollback or a restorer may have taken the transaction over. @throws NotOpen */
export async function mustBeOpen(
  ledger: Ledger,
  transaction: Pick<JobTransaction, 'record' | 'at'>,
): Promise<void> {
  const { state, note } = await ledger.stateOf(nameOf(transaction))
  if (state === 'open') return
  throw new NotOpen(
    `transaction ${transaction.record.id} is ${state} (${note}): nothing more is written to its target`,
  )
}

/** Closes a transaction. Whoever dies in between leaves a file that sends the next one to the ledger for the truth. */
export async function commitTransaction(
  transaction: JobTransaction,
  ledger: Ledger,
  note: string,
  { temp }: Pick<RunContext, 'temp'>,
): Promise<void> {
  await saveJobTransaction(temp, { ...transaction, state: 'committing' })
  await ledger.mark(nameOf(transaction), 'committed', note)
  await saveJobTransaction(temp, { ...transaction, state: 'committed' })
}

/**
 * Closes a transaction in which nothing was written, such as one whose first write found that somebody else had changed
 * the router: putting it back would overwrite what they did.
 */
export async function abandonTransaction(
  transaction: JobTransaction,
  ledger: Ledger,
  note: string,
  { context, log }: Pick<Ports, 'context' | 'log'>,
): Promise<void> {
  await saveJobTransaction(context.temp, { ...transaction, state: 'restored' })
  await ledger.mark(nameOf(transaction), 'superseded', note).catch((error: unknown) => {
    log.warning(`the ledger could not be told that nothing was written: ${messageOf(error)}`)
  })
}
