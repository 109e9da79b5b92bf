import type { Ports, PostResult } from '@deploy-actions/action-kit'
import { restoreTraffic, type RestoredPoint } from './restore'
import { readJobTransactions, saveJobTransaction } from './transaction-file'

/** How long one router may take in a post, in the action's time: all posts of a job share GitHub's five minutes. */
const POST_LIMIT_MS = 60_000

/**
 * The post of every writer: a transaction of this job that was neither committed nor restored gets its traffic back,
 * from the job's own files, whatever the ledger does. Workload and ledger are the guard's.
 */
export async function restoreUnfinishedTraffic(ports: Ports): Promise<PostResult> {
  const unfinished = (await readJobTransactions(ports.context.temp)).filter(({ state }) => state === 'open')
  const said: string[] = []
  const restored: RestoredPoint[] = []
  let ok = true
  for (const transaction of unfinished) {
    const { id, service, region, environment } = transaction.record
    ports.evidence.about({ service, region, environment, transaction: id })
    ports.log.warning(`transaction ${id} was neither committed nor restored: its traffic is put back`)
    const signal = AbortSignal.any([ports.signal, AbortSignal.timeout(ports.clock.ioTimeout(POST_LIMIT_MS))])
    const points = await restoreTraffic(transaction.record, transaction.settings, { ...ports, signal })
    for (const point of points) said.push(`${id}: traffic ${point.ok ? 'restored' : 'NOT restored'}: ${point.detail}`)
    ok &&= points.every((point) => point.ok)
    restored.push(...points)
    ports.evidence.facts({ restored })
    if (points.every((point) => point.ok)) await saveJobTransaction(ports.context.temp, { ...transaction, state: 'traffic-restored' })
  }
  if (unfinished.length === 0) return undefined
  for (const line of said) ports.log.info(line)
  ports.summary.add(`### Traffic put back at the end of the job\n\n${said.map((line) => `- ${line}`).join('\n')}`)
  if (!ok) throw new Error(said.join('; '))
  return { outcome: 'traffic-restored', reason: said.join('; ') }
}
