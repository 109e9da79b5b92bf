import { messageOf, ProviderError, type Log } from '@deploy-actions/action-kit'
import { watchShare, type Sample } from '@deploy-actions/analysis'
import { WHOLE, type Arms } from '@deploy-actions/rollout'
import type { RouterReading, TrafficRouter } from '@deploy-actions/traffic'

/** Too few to tell where a router sends its requests. */
const SENT_AT_LEAST = 100

/** What comes of a canary that is not counted the requests that its weight gives it. */
export interface Missed {
  /** why the stage must not pass now */
  barred: string
  /** the router has sent it the requests all the same: nobody knows what became of them, and why that is so */
  swallowed?: string
}

/** Undefined while the canary is counted its share. */
export type WatchMissed = (sample: Sample, signal: AbortSignal) => Promise<Missed | undefined>

/** Where shares of requests do not follow the weights, only silence tells: clients are bound to arms, or split themselves. */
export const followsWeights = (
  { capabilities }: Pick<TrafficRouter, 'capabilities'>,
  { bound }: Pick<RouterReading, 'bound'>,
): boolean => capabilities.splits === 'requests' && bound !== true

/**
 * Watches the canary's share of the requests. Where nearly all of it is missing, the router is asked how many requests
 * it sends to each arm: connections may miss a healthy canary by chance, but what was sent and is not counted is lost.
 * @param weight of the canary, in basis points; less than the whole
 */
export function watchMissed(
  weight: number,
  { baseline, canary }: Arms,
  router: Pick<TrafficRouter, 'requests'>,
  log: Log,
): WatchMissed {
  const share = watchShare(weight / WHOLE)
  let before: Record<string, number> | undefined
  return async (sample, signal) => {
    const missed = share.next(sample)
    if (!missed?.almostAll || !router.requests) {
      before = undefined
      return missed && { barred: missed.reason }
    }
    try {
      const now = await router.requests(signal)
      const sent = (arm: string): number => (now[arm] ?? 0) - (before?.[arm] ?? now[arm] ?? 0)
      const [all, toCanary] = [sent(baseline) + sent(canary), sent(canary)]
      before ??= now
      const due = (all * weight) / WHOLE
      if (due >= SENT_AT_LEAST && toCanary >= due / 2)
        return {
          barred: missed.reason,
          swallowed: `${missed.reason}; meanwhile the router has sent it ${toCanary} of ${all}: what became of them is not known`,
        }
    } catch (error) {
      if (signal.aborted || !(error instanceof ProviderError)) throw error
      log.warning(`how many requests the router sends to each arm is not known: ${messageOf(error)}`)
    }
    return { barred: missed.reason }
  }
}
