import { GateFailed, InputError, messageOf, type Ports, type RunContext } from '@deploy-actions/action-kit'
import type { Entry, Instruction, Ledger } from '@deploy-actions/ledger'
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

/** A person wants no more of a release: it is put back as if it had failed. */
export class Aborted extends GateFailed {}

/** What ends a transaction on a person's word, as it is said to people. */
export const abortedBecause = ({ by, reason }: Pick<Instruction, 'by' | 'reason'>): string =>
  `aborted by ${by}: ${reason}`

/**
 * Before every forward write, and the commit: an emergency rollback or a restorer may have taken the transaction over, or
 * a person wants no more of it. @throws NotOpen, Aborted
 */
export async function mustBeOpen(
  ledger: Ledger,
  transaction: Pick<JobTransaction, 'record' | 'at'>,
): Promise<void> {
  const { state, note, instructions } = await ledger.followed(nameOf(transaction))
  const { id, environment, finishes } = transaction.record
  if (state !== 'open') throw notOpen(id, { state, note })
  // Who has chosen that one to be taken back may not have seen this one yet, and what is written here is its way back.
  if (finishes) await mustBeCommitted(ledger, { record: { id: finishes.id, environment } })
  const abort = instructions.find(({ kind }) => kind === 'abort')
  if (abort) throw new Aborted(`${abortedBecause(abort)}; nothing more is written in ${id}`)
}

/** What is thrown where the ledger says that. */
export const notOpen = (id: string, { state, note }: Pick<Entry, 'state' | 'note'>): NotOpen =>
  new NotOpen(`transaction ${id} is ${state} (${note}): nothing more is written to its target`)

type Named = Parameters<typeof nameOf>[0]

/** Before what follows a commit: a person may have taken the release back since. @throws GateFailed */
export async function mustBeCommitted(ledger: Ledger, transaction: Named): Promise<void> {
  const { state, note } = await ledger.stateOf(nameOf(transaction))
  if (state === 'committed') return
  throw new GateFailed(
    `transaction ${transaction.record.id} is ${state} (${note}): nothing is done that follows a commit`,
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
