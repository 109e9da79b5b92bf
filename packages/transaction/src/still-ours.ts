import { answerWithin, messageOf, ProviderError, type Ports } from '@deploy-actions/action-kit'
import { isUndone, LEDGER_PATIENCE_MS, openLedger, type Entry, type Ledger } from '@deploy-actions/ledger'
import { holdingStates, type TransactionState, type Weights } from '@deploy-actions/rollout'
import { NoLongerOurs, type Claim } from '@deploy-actions/traffic'
import { nameOf, saveJobTransaction, type JobTransaction } from './job-transaction'

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

/** Keeps when what was written last was last seen to hold (`clock.realMs`): a router that began before that has lost nothing. */
export async function noteHeld(
  transaction: JobTransaction,
  sinceRealMs: number,
  { clock, context }: Pick<Ports, 'clock' | 'context'>,
): Promise<JobTransaction> {
  const agoMs = (clock.realMs() - sinceRealMs) * clock.speed
  const noted = { ...transaction, writtenAt: new Date(clock.now().getTime() - agoMs).toISOString() }
  await saveJobTransaction(context.temp, noted)
  return noted
}

/** What a late restorer may overwrite; `closed` is why it may write nothing any more. */
export type Late = { claim: Claim | undefined } | { closed: string }

/**
 * What becomes of a target whose job's token GitHub takes no more: that job has mostly ended, and the guard sees to it.
 * `own`: what the transaction wrote is put back all the same, by a stage that has just seen it fail.
 */
export interface WhenRefused {
  whenRefused?: 'leave' | 'own'
}

type Held = Pick<JobTransaction, 'record' | 'at' | 'ledger' | 'written'>

/**
 * What a stage that puts its traffic back at once may overwrite: what the transaction wrote itself, and anything when
 * the ledger says that it still holds its target. A runner that was lost may go on after the next rollout, whose
 * traffic is not ours.
 */
export function claimOf({ written = [], ...transaction }: Held, ports: Ports): Claim {
  let answer: Promise<boolean> | undefined
  const holds = async (): Promise<boolean> => {
    const state = await stateOf(transaction, ports, () => ONLY_OWN)
    return typeof state === 'string' && holdingStates.includes(state)
  }
  return { written, mayOverwriteAll: () => (answer ??= holds()) }
}

/**
 * The same for those that come late: a post, a restore step, a stage whose runner stood still. They ask the ledger first, since the next
 * rollout may by now have come to the very weights that this one wrote. While it gives no answer, they write only where
 * the router holds what this transaction wrote; the rest is the guard's.
 */
export async function lateClaim(
  transaction: Held,
  ports: Ports,
  { whenRefused = 'leave' }: WhenRefused = {},
): Promise<Late> {
  const leaves = (error: unknown): boolean => whenRefused === 'leave' && isRefused(error)
  const state = await stateOf(transaction, ports, (error) =>
    leaves(error) ? 'nothing more is put back by this job' : ONLY_OWN,
  )
  if (typeof state !== 'string') {
    if (leaves(state.error))
      return {
        closed: `GitHub takes the token of this job no more (the job has ended, or the token has expired): what is left of ${transaction.record.id} is the guard's`,
      }
    return { claim: { written: transaction.written ?? [], mayOverwriteAll: () => Promise.resolve(false) } }
  }
  if (holdingStates.includes(state)) return { claim: undefined }
  return { closed: `by the ledger ${transaction.record.id} is ${state}: its target is left alone` }
}

/**
 * Why traffic that could not be put back need not be any more. GitHub may have been too slow for the question before the
 * restore, and nobody is called for what the ledger then says is the next rollout's.
 */
export async function closedMeanwhile(
  transaction: Held,
  ports: Ports,
  how: WhenRefused = {},
): Promise<string | undefined> {
  const late = await lateClaim(transaction, ports, how)
  return 'closed' in late ? late.closed : undefined
}

/** That somebody else has seen to the target is an answer of a restore, too. @throws any other error again */
export function closedBy(error: unknown): { closed: string } {
  if (error instanceof NoLongerOurs) return { closed: error.message }
  throw error
}

/** So long a job may rest on what the ledger has said of its own transaction, in the action's milliseconds. */
const FRESH_MS = 10_000

/**
 * What a job that restores its own transaction asks before each write: its runner may stand still between any two steps.
 * Right after the ledger was asked it is not asked again.
 * @throws NoLongerOurs, from what is returned, when the ledger says that it is closed
 */
export function stillHeld(
  transaction: Held,
  ports: Ports,
  how: WhenRefused = {},
): () => Promise<Claim | undefined> {
  let askedAtMs = ports.clock.now().getTime()
  let claim: Claim | undefined
  return async () => {
    if (ports.clock.now().getTime() - askedAtMs < FRESH_MS) return claim
    const late = await lateClaim(transaction, ports, how)
    if ('closed' in late) throw new NoLongerOurs(late.closed)
    askedAtMs = ports.clock.now().getTime()
    claim = late.claim
    return claim
  }
}

/** A transaction as its restorer found it: without a place where the ledger did not tell, or does not hold it any more. */
type Begun = Pick<Entry, 'record'> & Partial<Pick<Entry, 'state' | 'at'>>

/**
 * What a restorer in another job asks before each write: it may have stood still, been taken for lost and been replaced,
 * and the next rollout may have come since. Who was never let in, or proves nothing, is nobody to make room for. Bad
 * traffic waits for no ledger: without an answer it goes on.
 * @param ledger one whose single answers are not waited for: of those that come there are several
 * @throws NoLongerOurs, from what is returned, when another transaction has come after it, or somebody has closed it
 */
export function stillNewest(
  ledger: Ledger,
  { record, state: begunAs, at: ownAt }: Begun,
  { clock, log }: Ports,
): () => Promise<undefined> {
  const { id, environment, openedAt } = record
  const whyOver = ({ record: latest, state, at, oldArm }: Entry): string | undefined => {
    const isLater = ownAt === undefined ? latest.openedAt > openedAt : Number(at) > Number(ownAt)
    if (latest.id !== id && isLater) return `${latest.id} has come after ${id}`
    if (latest.id === id && !holdingStates.includes(state) && state !== begunAs)
      return `by the ledger ${id} is ${state} meanwhile`
    // Whose mark came first, before the hook was run, goes on: who removes the arm sees it, and leaves it.
    if (latest.id === id && oldArm && !holdingStates.includes(state))
      return `its old arm ${oldArm.arm} is being removed, or gone, since ${oldArm.since} (run ${oldArm.run})`
    return undefined
  }
  const look = async (): Promise<string | undefined> => {
    const [latest] = await ledger.find({ environment, letIn: true, limit: 1 })
    if (!latest || latest.record.id === id || !isUndone(latest)) return latest && whyOver(latest)
    // Of what is put back itself nothing is left: whoever stands before it decides, and what became of the own one.
    const [standing] = await ledger.find({ environment, letIn: true, standing: true, limit: 1 })
    const [own] = await ledger.find({ id, environment, limit: 1 })
    return (standing && whyOver(standing)) ?? (own && whyOver(own))
  }
  return async () => {
    const over = await answerWithin(clock.ioTimeout(LEDGER_PATIENCE_MS.slowAnswers), look()).catch(
      (error: unknown) => {
        log.warning(`whether ${id} is still the newest of ${environment} is not known: ${messageOf(error)}`)
        return undefined
      },
    )
    if (over !== undefined) throw new NoLongerOurs(`${over}, so its target is left alone`)
    return undefined
  }
}

/**
 * Why a restorer that takes its time is not the only one at its target any more: another run has the same transaction put
 * back, somebody has closed it, or another one stands there. Where the ledger does not keep who marked what, one that puts
 * back the same is not seen in it.
 * @throws ProviderError, or Error, while the ledger gives no answer
 */
export async function whyNotAlone(
  ledger: Ledger,
  { id, environment }: Pick<Entry['record'], 'id' | 'environment'>,
  { clock, context }: Pick<Ports, 'clock' | 'context'>,
): Promise<string | undefined> {
  const [standing] = await answerWithin(
    clock.ioTimeout(LEDGER_PATIENCE_MS.slowAnswers),
    ledger.find({ environment, letIn: true, standing: true, limit: 1 }),
  )
  if (standing?.record.id !== id) return `by the ledger ${id} is not what stands in ${environment} any more`
  const { state, note, markedBy } = standing
  if (!holdingStates.includes(state)) return `by the ledger ${id} is ${note || state} meanwhile`
  return markedBy === undefined || markedBy === context.runId
    ? undefined
    : `run ${markedBy} has ${id} put back meanwhile`
}

/** The token of a job is good until the job has ended. Source: GitHub, "Automatic token authentication". */
const isRefused = (error: unknown): boolean => error instanceof ProviderError && error.status === 401

const ONLY_OWN = 'only what it wrote itself is put back'

/**
 * The error while the ledger gives no answer, which is said.
 * @param meanwhile what the caller does about that error, in words
 */
async function stateOf(
  transaction: Held,
  ports: Ports,
  meanwhile: (error: unknown) => string,
): Promise<TransactionState | { error: unknown }> {
  const { id, service, environment } = transaction.record
  try {
    const { state } = await answerWithin(
      ports.clock.ioTimeout(LEDGER_PATIENCE_MS.badTraffic),
      openLedger(transaction.ledger, service, ports).stateOf(nameOf(transaction)),
    )
    if (!holdingStates.includes(state))
      ports.log.warning(`by the ledger ${id} is ${state}, and holds ${environment} no more`)
    return state
  } catch (error) {
    ports.log.warning(
      `whether ${id} still holds ${environment} is not known (${messageOf(error)}): ${meanwhile(error)}`,
    )
    return { error }
  }
}
