import { messageOf, ProviderError, type Clock, type Log } from '@deploy-actions/action-kit'
import {
  DUE_AT_LEAST,
  LEAST_OF_SHARE,
  watchShare,
  type MissedShare,
  type Sample,
} from '@deploy-actions/analysis'
import { WHOLE, type Arms } from '@deploy-actions/rollout'
import type { RouterReading, RouterState, SentRequests, TrafficRouter } from '@deploy-actions/traffic'

/**
 * So long it has to last before requests count as lost: what a page has not shown yet, or a scrape has just missed, is
 * there by then.
 */
const LASTS_MS = 180_000
/** Fewer than this part of what is to be counted is next to nothing. */
const TENTH = 0.1
/** So few may be missing between two clocks: looks and samples are not taken at the very same moments. */
const FEW = 10

/** What comes of a canary that is not counted the requests that are due to it. */
export interface Missed {
  /** why the stage must not pass now */
  reason: string
  /**
   * `swallowed`: the router has sent them, they have come to an end, and nobody knows what became of them. `not sent`:
   * the router has sent no more; nothing is lost, and the stage may pass in the end.
   */
  because: 'swallowed' | 'not sent' | 'unknown'
}

/**
 * Undefined while nothing speaks against the stage.
 * @param found what the router showed at the end of the sample; absent where it did not tell
 */
export type WatchMissed = (sample: Sample, found: RouterState | undefined) => Promise<Missed | undefined>

/** Where shares of requests do not follow the weights, only silence tells: clients are bound to arms, or split themselves. */
export const followsWeights = (
  { capabilities }: Pick<TrafficRouter, 'capabilities'>,
  { bound, byConnection }: Pick<RouterReading, 'bound' | 'byConnection'>,
): boolean => capabilities.splits === 'requests' && bound !== true && byConnection !== true

interface Asked {
  arms: Arms
  router: Pick<TrafficRouter, 'requests'>
  clock: Pick<Clock, 'now'>
  signal: AbortSignal
  log: Log
}

type OfArms = Record<'baseline' | 'canary', number>

/** What the router had sent to each arm at a moment, and what of that had come to an end. */
interface Look {
  atMs: number
  sent: OfArms
  ended: OfArms
}

/**
 * Watches the canary's share of the requests. While it is missed, the router is asked what it sends to each arm, and of
 * the same time the two are compared: a few connections may miss a healthy canary by chance, an arm that answers
 * slowly gets less by least connections, and the metrics of the old arm may count what does not come by the router at
 * all. Lost is only what was sent, has come to an end and is not counted. With a server of an arm out of service the
 * share in effect is not the one that was written: what is due is what is in effect.
 * @param shown what the router showed when the weights had been written
 */
export function watchMissed(shown: RouterState, asked: Asked): WatchMissed {
  const share = watchShare()
  const dueIn = watchDue(shown, asked)
  let looks: Look[] = []
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
    lostSince = found?.because === 'swallowed' ? (lostSince ?? at) : undefined
    return found && lostSince !== undefined && at - lostSince < LASTS_MS
      ? { ...found, because: 'unknown' }
      : found
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

async function lookAt({ arms, router, clock, signal, log }: Asked): Promise<Look[]> {
  try {
    const counts = await router.requests?.(signal)
    const atMs = clock.now().getTime()
    if (!counts) return []
    const of = (arm: string): SentRequests => counts[arm] ?? { sent: 0, underWay: 0 }
    const [baseline, canary] = [of(arms.baseline), of(arms.canary)]
    return [
      {
        atMs,
        sent: { baseline: baseline.sent, canary: canary.sent },
        ended: { baseline: baseline.sent - baseline.underWay, canary: canary.sent - canary.underWay },
      },
    ]
  } catch (error) {
    if (signal.aborted || !(error instanceof ProviderError)) throw error
    log.warning(`how many requests the router sends to each arm is not known: ${messageOf(error)}`)
    return []
  }
}

/** What a router has done in a time, and what is under way at its end. */
interface Sent {
  sent: OfArms
  ended: OfArms
  underWay: OfArms
}

/** What was sent in a time at least as long as that of the samples; undefined where the looks do not enclose it. */
function sentWithin(looks: readonly Look[], endMs: number, windowMs: number): Sent | undefined {
  const first = looks.findLast(({ atMs }) => atMs <= endMs - windowMs)
  const last = looks.find(({ atMs }) => atMs >= endMs)
  if (!first || !last) return undefined
  const sent = grown(first.sent, last.sent)
  // A router that began anew counts from nothing.
  if (sent.baseline < 0 || sent.canary < 0) return undefined
  return { sent, ended: grown(first.ended, last.ended), underWay: grown(last.ended, last.sent) }
}

const grown = (from: OfArms, to: OfArms): OfArms => ({
  baseline: to.baseline - from.baseline,
  canary: to.canary - from.canary,
})

/**
 * Requests stay longer under way at the canary than at the old arm, by twice: streams and long polls are under way at both.
 * What is under way is the rate times how long it lasts (Little, "A Proof for the Queuing Formula L = λW", 1961).
 */
const hangs = ({ sent, underWay }: Sent): boolean =>
  underWay.canary > FEW && underWay.canary * sent.baseline > 2 * underWay.baseline * sent.canary

/**
 * Of what the canary was sent and has ended, the metrics are expected to count as large a part as they do of the old
 * arm's: they may count some kinds of requests only. Where they count more there than was sent, they are expected to
 * count all. Of requests that hang nobody knows what comes of them: with those the canary does not pass.
 */
function judged({ reason, share, counted }: MissedShare, seen: Sent | undefined): Missed | undefined {
  const all = seen ? seen.sent.baseline + seen.sent.canary : 0
  if (!seen || all === 0) return { reason, because: 'unknown' }
  const { sent, ended } = seen
  const says = `${reason}; the router has sent it ${sent.canary} of ${all}`
  const countedPart = Math.min(1, counted.baseline / Math.max(1, ended.baseline))
  const expected = ended.canary * countedPart
  if (expected >= DUE_AT_LEAST && counted.canary < TENTH * expected)
    return { reason: `${says}: what became of them is not known`, because: 'swallowed' }
  if (counted.canary + FEW < LEAST_OF_SHARE * expected) return { reason: says, because: 'unknown' }
  if (hangs(seen) && counted.canary + FEW < LEAST_OF_SHARE * sent.canary * countedPart)
    return { reason: `${says}, and ${seen.underWay.canary} have not come to an end`, because: 'unknown' }
  const due = all * share
  return due >= DUE_AT_LEAST && sent.canary < LEAST_OF_SHARE * due
    ? { reason: says, because: 'not sent' }
    : undefined
}
