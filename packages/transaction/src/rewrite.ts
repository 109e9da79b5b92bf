import { ProviderError, type Ports } from '@deploy-actions/action-kit'
import { sameWeights, type Weights } from '@deploy-actions/rollout'
import { inEffect, lostByReload, shift, type ObservedRouter } from '@deploy-actions/traffic'
import { findJobTransaction } from './job-transaction'
import { noteWrite } from './still-ours'

/**
 * Writes once more, and proves, what this job has written last and a reload of the router has lost since. Whatever else
 * the router shows is left as it is, for whoever looks at it next.
 * @throws what a write throws
 */
export async function rewriteAfterReload(
  id: string,
  router: ObservedRouter,
  wanted: Weights,
  ports: Pick<Ports, 'clock' | 'context' | 'log' | 'signal'>,
): Promise<void> {
  const { clock, context, log, signal } = ports
  const transaction = await findJobTransaction(context.temp, id)
  const last = transaction?.written?.at(-1)
  if (!transaction?.writtenAt || !last || !sameWeights(last, wanted)) return
  const withinMs = (clock.now().getTime() - Date.parse(transaction.writtenAt)) / clock.speed
  try {
    const found = await router.read(signal)
    if (inEffect(router, found, wanted) || !(await router.reloaded?.(withinMs, wanted, signal))) return
    log.warning(`${lostByReload(wanted, found)}; it is written again`)
    await noteWrite(transaction, wanted, ports)
    await shift(router, wanted, found, ports)
  } catch (error) {
    // A router that cannot be read just now is read again by the proof that follows.
    if (!(error instanceof ProviderError && error.retryable)) throw error
  }
}
