import type { Clock, Log } from '@deploy-actions/action-kit'
import type { Weights } from '@deploy-actions/rollout'
import { Conflict, type ObservedRouter, type RouterReading, type RouterState } from './router'
import { lostByReload } from './router-watch'
import { shift } from './shift'

/** What this process wrote last, as the router showed it, and when it was last seen to hold (`clock.realMs`). */
export interface Held {
  state: RouterState
  sinceRealMs: number
}

/**
 * Writes the next vector and proves it, as `shift` does, from one that this process wrote before. Where a reload of the
 * router has lost that one in the meantime, nobody else had his hand in it, and the next is written all the same.
 * @throws what `shift` throws
 */
export async function shiftOn(
  router: ObservedRouter,
  wanted: Weights,
  { state, sinceRealMs }: Held,
  ports: { clock: Clock; signal: AbortSignal; log: Log },
): Promise<RouterReading> {
  const { clock, signal, log } = ports
  try {
    return await shift(router, wanted, state, ports)
  } catch (error) {
    if (!(error instanceof Conflict)) throw error
    const found = await router.read(signal)
    if (!(await router.reloaded?.(clock.realMs() - sinceRealMs, state.weights, signal))) throw error
    log.warning(`${lostByReload(state.weights, found)}; the next weights are written over it`)
    return shift(router, wanted, found, ports)
  }
}
