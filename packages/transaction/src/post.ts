import { messageOf, type Ports, type PostResult } from '@deploy-actions/action-kit'
import { openLedger } from '@deploy-actions/ledger'
import { readJobTransactions, saveJobTransaction, type JobTransaction } from './job-transaction'
import { PATIENCE_MS } from './patience'
import { isTrafficOnly } from './restore-point'
import { restoreTraffic, type RestoredPoint } from './restore'
import { mayOverwrite } from './still-ours'

/** What a last call to a router may take beyond the time of all posts, in the action's milliseconds. */
const LAST_CALL_MS = 60_000

/**
 * The post of every writer: a transaction of this job that was neither committed nor restored gets its traffic back,
 * from the job's own files, whatever the ledger does. Workload and ledger are the guard's.
 */
export async function restoreUnfinishedTraffic(ports: Ports): Promise<PostResult> {
  const unfinished: JobTransaction[] = []
  for (const transaction of await readJobTransactions(ports.context.temp))
    if (
      transaction.state === 'open' ||
      (transaction.state === 'committing' && !(await wasCommitted(transaction, ports)))
    )
      unfinished.push(transaction)
  const said: string[] = []
  const restored: RestoredPoint[] = []
  let ok = true
  for (const transaction of unfinished) {
    const { id, service, region, environment } = transaction.record
    ports.evidence.about({ service, region, environment, transaction: id })
    ports.log.warning(`transaction ${id} was neither committed nor restored: its traffic is put back`)
    const withinMs = await timeLeft(transaction, ports)
    const cutOff = AbortSignal.timeout(ports.clock.ioTimeout(withinMs + LAST_CALL_MS))
    const signal = AbortSignal.any([ports.signal, cutOff])
    const points = await restoreTraffic(
      transaction.record,
      transaction.settings,
      { ...ports, signal },
      { withinMs, onlyOver: await mayOverwrite(transaction, ports) },
    )
    for (const point of points)
      said.push(`${id}: traffic ${point.ok ? 'restored' : 'NOT restored'}: ${point.detail}`)
    ok &&= points.every((point) => point.ok)
    restored.push(...points)
    ports.evidence.facts({ restored })
    if (!points.every((point) => point.ok)) continue
    // With a workload to be restored, too, the transaction stays open for the guard.
    const whole = isTrafficOnly(transaction.record)
    await saveJobTransaction(ports.context.temp, {
      ...transaction,
      state: whole ? 'restored' : 'traffic-restored',
    })
    if (whole) await close(transaction, ports)
  }
  if (unfinished.length === 0) return undefined
  for (const line of said) ports.log.info(line)
  ports.summary.add(
    `### Traffic put back at the end of the job\n\n${said.map((line) => `- ${line}`).join('\n')}`,
  )
  if (!ok) throw new Error(said.join('; '))
  return { outcome: 'traffic-restored', reason: said.join('; ') }
}

/** What the posts before this one have left of their common time, in the action's milliseconds. */
async function timeLeft(
  transaction: JobTransaction,
  { clock, context }: Pick<Ports, 'clock' | 'context'>,
): Promise<number> {
  const now = clock.now().getTime()
  if (transaction.postsUntil !== undefined) return Math.max(0, Date.parse(transaction.postsUntil) - now)
  const postsUntil = new Date(now + PATIENCE_MS.posts).toISOString()
  await saveJobTransaction(context.temp, { ...transaction, postsUntil })
  return PATIENCE_MS.posts
}

async function close({ record, ledger: spec }: JobTransaction, ports: Ports): Promise<void> {
  try {
    const ledger = openLedger(spec, record.service, ports)
    await ledger.mark(record.id, 'restoring', 'post step')
    await ledger.mark(record.id, 'restored', 'the step that opened it did not commit')
  } catch (error) {
    ports.log.warning(`the ledger could not be told that ${record.id} is restored: ${messageOf(error)}`)
  }
}

/** A commit was cut short: the ledger says whether it holds. When it does not answer, the guard will ask it again. */
async function wasCommitted({ record, ledger }: JobTransaction, ports: Ports): Promise<boolean> {
  try {
    const [entry] = await openLedger(ledger, record.service, ports).find({
      id: record.id,
      environment: record.environment,
      limit: 1,
    })
    return entry?.state === 'committed'
  } catch (error) {
    ports.log.warning(
      `whether ${record.id} was committed is not known (${messageOf(error)}): its target is left to the guard`,
    )
    return true
  }
}
