import { messageOf, type Ports, type PostResult } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { holdingStates } from '@deploy-actions/rollout'
import { nameOf, readJobTransactions, saveJobTransaction, type JobTransaction } from './job-transaction'
import { PATIENCE_MS } from './patience'
import { isTrafficOnly, type RestoredPoint } from './restore-point'
import { restoreTraffic } from './restore'
import { closedBy, closedMeanwhile, lateClaim, stillHeld } from './still-ours'

/** What a last call to a router may take beyond the time of all posts, in the action's milliseconds. */
const LAST_CALL_MS = 60_000

/**
 * The post of every writer: a transaction of this job that was neither committed nor restored gets its traffic back,
 * from the job's own files, whatever the ledger does; so does a release that was being taken back in steps. Workload and
 * ledger are the guard's.
 */
export async function restoreUnfinishedTraffic(ports: Ports): Promise<PostResult> {
  const unfinished: JobTransaction[] = []
  for (const transaction of await readJobTransactions(ports.context.temp))
    if (
      transaction.state === 'open' ||
      transaction.state === 'going-back' ||
      (transaction.state === 'committing' && !(await wasCommitted(transaction, ports)))
    )
      unfinished.push(transaction)
  if (unfinished.length === 0) return undefined
  const withinMs = await timeLeft(unfinished, ports)
  const ended = await Promise.all(unfinished.map((transaction) => putBack(transaction, withinMs, ports)))
  const restored = ended.flatMap(({ points }) => points)
  const said = ended.flatMap(({ id, points, closed }) =>
    closed === undefined
      ? points.map(({ ok, detail }) => `${id}: traffic ${ok ? 'restored' : 'NOT restored'}: ${detail}`)
      : [closed],
  )
  ports.evidence.facts({ restored })
  for (const line of said) ports.log.info(line)
  if (restored.length === 0) return undefined
  ports.summary.add(
    `### Traffic put back at the end of the job\n\n${said.map((line) => `- ${line}`).join('\n')}`,
  )
  if (restored.some(({ ok }) => !ok)) throw new Error(said.join('; '))
  return { outcome: 'traffic-restored', reason: said.join('; ') }
}

async function putBack(
  transaction: JobTransaction,
  withinMs: number,
  ports: Ports,
): Promise<{ id: string; points: RestoredPoint[]; closed?: string }> {
  const { id, service, region, environment } = transaction.record
  ports.evidence.about({ service, region, environment, transaction: id })
  const wasGoingBack = transaction.state === 'going-back'
  ports.log.warning(
    wasGoingBack
      ? `transaction ${id} was being taken back in steps: its traffic goes back at once`
      : `transaction ${id} was neither committed nor restored by this job: its traffic is put back`,
  )
  const leftAlone = async (closed: string) => {
    await saveJobTransaction(ports.context.temp, { ...transaction, state: 'restored' })
    return { id, points: [], closed }
  }
  const late = await lateClaim(transaction, ports)
  if ('closed' in late) return leftAlone(late.closed)
  const cutOff = AbortSignal.timeout(ports.clock.ioTimeout(withinMs + LAST_CALL_MS))
  const signal = AbortSignal.any([ports.signal, cutOff])
  const points = await restoreTraffic(
    transaction.record,
    transaction.settings,
    { ...ports, signal },
    { withinMs, claim: late.claim, stillOurs: stillHeld(transaction, ports) },
  ).catch(closedBy)
  if ('closed' in points) return leftAlone(points.closed)
  if (!points.every((point) => point.ok)) {
    const closed = await closedMeanwhile(transaction, ports)
    return closed === undefined ? { id, points } : leftAlone(closed)
  }
  // With a workload to be restored, too, the transaction stays open for the guard; the jobs of an emergency close theirs.
  const whole = isTrafficOnly(transaction.record) && !wasGoingBack
  await saveJobTransaction(ports.context.temp, {
    ...transaction,
    state: whole ? 'restored' : 'traffic-restored',
  })
  if (whole) await close(transaction, ports)
  return { id, points }
}

/** What the posts before this one have left of their common time, in the action's milliseconds. */
async function timeLeft(
  unfinished: readonly JobTransaction[],
  { clock, context }: Pick<Ports, 'clock' | 'context'>,
): Promise<number> {
  const now = clock.now().getTime()
  const until = Math.min(
    ...unfinished.map(({ postsUntil }) => (postsUntil === undefined ? Infinity : Date.parse(postsUntil))),
    now + PATIENCE_MS.posts,
  )
  const postsUntil = new Date(until).toISOString()
  for (const transaction of unfinished) await saveJobTransaction(context.temp, { ...transaction, postsUntil })
  return Math.max(0, until - now)
}

async function close(transaction: JobTransaction, ports: Ports): Promise<void> {
  const { record, ledger: spec } = transaction
  try {
    const ledger = openLedger(spec, record.service, ports)
    await ledger.mark(nameOf(transaction), 'restoring', 'post step', holdingStates)
    await ledger.mark(nameOf(transaction), 'restored', 'the step that opened it did not commit')
  } catch (error) {
    ports.log.warning(`the ledger could not be told that ${record.id} is restored: ${messageOf(error)}`)
  }
}

/** A commit was cut short: the ledger says whether it holds. When it does not answer, the guard will ask it again. */
async function wasCommitted(transaction: JobTransaction, ports: Ports): Promise<boolean> {
  const { record, ledger } = transaction
  try {
    const { state } = await openLedger(ledger, record.service, ports).stateOf(nameOf(transaction))
    return state === 'committed'
  } catch (error) {
    ports.log.warning(
      `whether ${record.id} was committed is not known (${messageOf(error)}): its target is left to the guard`,
    )
    return true
  }
}
