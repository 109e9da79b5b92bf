import { messageOf, ProviderError, type Clock, type Log } from '@deploy-actions/action-kit'
import {
  DUE_AT_LEAST,
  LEAST_OF_SHARE,
  watchShare,
  type MissedShare,
  type Sample,
} from '@deploy-actions/analysis'
import { WHOLE, type Arms } from '@deploy-actions/rollout'
import type { RouterReading, RouterState, TrafficRouter } from '@deploy-actions/traffic'

/**
 * So long it has to last before requests count as lost: a new arm is counted nothing yet of what takes minutes to end,
 * as streams and long polls do.
 */
const LASTS_MS = 180_000

/** What comes of a canary that is not counted the requests that are due to it. */
export interface Missed {
  /** why the stage must not pass now */
  reason: string
  /**
   * `swallowed`: the router has sent them, and nobody knows what became of them. `not sent`: the router has sent no more;
   * nothing is lost, and the stage may pass in the end.
   */
  because: 'swallowed' | 'not sent' | 'unknown'
}

/**
 * Undefined while the canary is counted its share.
 * @param found what the router showed at the end of the sample; absent where it did not tell
 */
export type WatchMissed = (sample: Sample, found: RouterState | undefined) => Promise<Missed | undefined>

/** Where shares of requests do not follow the weights, only silence tells: clients are bound to arms, or split themselves. */
export const followsWeights = (
  { capabilities }: Pick<TrafficRouter, 'capabilities'>,
  { bound }: Pick<RouterReading, 'bound'>,
): boolean => capabilities.splits === 'requests' && bound !== true

interface Asked {
  arms: Arms
  router: Pick<TrafficRouter, 'requests'>
  clock: Pick<Clock, 'now'>
  signal: AbortSignal
  log: Log
}

/** What the router had sent to each arm at a moment. */
interface Sent {
  atMs: number
  baseline: number
  canary: number
}

/**
 * Watches the canary's share of the requests. While it is missed, the router is asked what it sends to each arm, and of
 * the same time the two are compared: a few connections may miss a healthy canary by chance, and an arm that answers
 * slowly gets less by least connections; what was sent and is not counted is lost. With a server of an arm out of service
 * the share in effect is not the one that was written: what is due is what is in effect.
 * @param shown what the router showed when the weights had been written
 */
export function watchMissed(shown: RouterState, asked: Asked): WatchMissed {
  const share = watchShare()
  const dueIn = watchDue(shown, asked)
  let looks: Sent[] = []
  let lostSince: number | undefined
  return async (sample, reading) => {
    const missed = share.next(sample, dueIn(sample, reading) / WHOLE)
    if (!missed) {
      looks = []
      lostSince = undefined
      return undefined
    }
    looks = [...looks, ...(await lookAt(asked))]
    const at = Date.parse(sample.at)
    const found = judged(missed, sentWithin(looks, at, missed.windowMs))
    lostSince = found.because === 'swallowed' ? (lostSince ?? at) : undefined
    return lostSince === undefined || at - lostSince >= LASTS_MS ? found : { ...found, because: 'unknown' }
  }
}

/**
 * What is due to the canary in a sample, in basis points: the least that was in effect from its beginning on, since a
 * source that lags tells of a time in which another share was.
 */
function watchDue(shown: RouterState, { arms, clock }: Asked) {
  const look = ({ effective, parts }: RouterState) => ({
    atMs: clock.now().getTime(),
    // Of several addresses nobody knows how much comes by each.
    share: Math.min(...(parts ?? [{ effective }]).map((part) => part.effective[arms.canary] ?? 0)),
  })
  let seen = [look(shown)]
  return ({ at, windowMs }: Sample, found: RouterState | undefined): number => {
    if (found) seen.push(look(found))
    const began = Date.parse(at) - windowMs
    const before = seen.findLastIndex(({ atMs }) => atMs <= began)
    seen = seen.slice(Math.max(0, before))
    return Math.min(...seen.map(({ share }) => share))
  }
}

async function lookAt({ arms, router, clock, signal, log }: Asked): Promise<Sent[]> {
  try {
    const counts = await router.requests?.(signal)
    const atMs = clock.now().getTime()
    return counts ? [{ atMs, baseline: counts[arms.baseline] ?? 0, canary: counts[arms.canary] ?? 0 }] : []
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error
    log.warning(`how many requests the router sends to each arm is not known: ${messageOf(error)}`)
    return []
  }
}

/** What was sent in a time at least as long as that of the samples; undefined where the looks do not enclose it. */
function sentWithin(looks: readonly Sent[], endMs: number, windowMs: number): Omit<Sent, 'atMs'> | undefined {
  const first = looks.findLast(({ atMs }) => atMs <= endMs - windowMs)
  const last = looks.find(({ atMs }) => atMs >= endMs)
  if (!first || !last) return undefined
  const sent = { baseline: last.baseline - first.baseline, canary: last.canary - first.canary }
  // A router that began anew counts from nothing.
  return sent.baseline < 0 || sent.canary < 0 ? undefined : sent
}

function judged({ reason, share, almostAll }: MissedShare, sent: Omit<Sent, 'atMs'> | undefined): Missed {
  const all = sent ? sent.baseline + sent.canary : 0
  const due = all * share
  if (!sent || due < DUE_AT_LEAST) return { reason, because: 'unknown' }
  const says = `${reason}; the router has sent it ${sent.canary} of ${all}`
  if (sent.canary < LEAST_OF_SHARE * due) return { reason: says, because: 'not sent' }
  return almostAll
    ? { reason: `${says}: what became of them is not known`, because: 'swallowed' }
    : { reason: says, because: 'unknown' }
}
