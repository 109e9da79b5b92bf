import { GateFailed, ProviderError, retrying, type Clock } from '@deploy-actions/action-kit'
import {
  drainedShares,
  formatPercent,
  formatWeights,
  returnedShares,
  UNUSUAL_SHARE,
  type MovedShare,
  type SharePlan,
  type Weights,
} from '@deploy-actions/rollout'
import { Conflict, described, obstacleTo, type ObservedRouter, type RouterReading } from './router'
import { parkedOf, serves } from './serving'
import { asWritten, NotInEffect } from './shift'

/** A region's share is to change, and the router or its neighbours do not let it. Nothing was written. */
export class ShareStays extends GateFailed {}

/** Somebody has taken a region out of the traffic since it was drained: it gets its share back by a person's hand. */
export class TakenOut extends ShareStays {
  constructor(
    region: string,
    readonly found: RouterReading,
  ) {
    super(
      `somebody has taken ${region} out of the traffic meanwhile: ${described(found)}; nothing was written`,
    )
  }
}

/** How a share is moved. All times are the action's milliseconds. */
export interface ShareMove {
  /** how long it is tried, at least once */
  withinMs: number
  /** after a write: when another writer who had read before it would have written over it */
  settleMs: number
  /** what the region had when its restore point was taken: who has moved that since, a drain does not go on over */
  foundAs?: number
  /** Called ahead of each write with what it writes. @throws whatever keeps it from being written */
  onWrite?: (wanted: Weights, found: RouterReading) => Promise<void>
  /** called after every try that failed, before the wait */
  onFailure?: (failure: { error: unknown; sinceMs: number }) => void
}

export const defaultMove: ShareMove = { withinMs: 30_000, settleMs: 1_000 }

interface MovePorts {
  clock: Clock
  signal: AbortSignal
}

/** Until a write shows, and between two tries. */
const POLL_MS = 500

/**
 * Leaves a region no more than it keeps while it is deployed to: see {@link drainedShares}.
 * @throws ShareStays when nobody may take it over; else what went wrong the last time
 */
export function drainShare(
  router: ObservedRouter,
  plan: SharePlan,
  ports: MovePorts,
  move: ShareMove = defaultMove,
): Promise<RouterReading> {
  const { region } = plan
  let hasWritten = false
  const wanted = (found: RouterReading): Weights => {
    const obstacle = obstacleTo(found)
    if (obstacle !== undefined) throw new ShareStays(`${obstacle}; nothing was written`)
    const drained = drainedFrom(found, plan)
    if (!drained) throw new ShareStays(`${nobodyTakes(plan, found)}; nothing was written`)
    const own = found.weights[region] ?? 0
    const { foundAs = own } = move
    // Whatever is put back later would be reckoned from what another one has left.
    if (!hasWritten && own > plan.whileDeploying + UNUSUAL_SHARE && Math.abs(own - foundAs) > UNUSUAL_SHARE)
      throw new ShareStays(
        `${region} had ${formatPercent(foundAs)} of the global traffic when this began, and somebody has moved that: ${described(found)}; nothing was written`,
      )
    return drained
  }
  return moveShare(router, region, wanted, ports, {
    ...move,
    async onWrite(written, found) {
      await move.onWrite?.(written, found)
      hasWritten = true
    },
  })
}

/**
 * Gives a region its old share back: see {@link returnedShares}. It gets none while the router does not send it any traffic.
 * @throws what went wrong the last time
 */
export function returnShare(
  router: ObservedRouter,
  plan: SharePlan,
  moved: MovedShare,
  ports: MovePorts,
  move: ShareMove = defaultMove,
): Promise<RouterReading> {
  const { region } = plan
  const wanted = (found: RouterReading): Weights => {
    const returned = returnedShares(found.weights, moved, plan, (now, left) => asWritten(router, now, left))
    const grows = (returned[region] ?? 0) > (found.weights[region] ?? 0)
    const isOut =
      (found.weights[region] ?? 0) === 0 && Object.values(found.weights).some((points) => points > 0)
    // No drain of ours leaves nothing where it is to leave something.
    if (grows && isOut && (moved.left?.[region] ?? 0) > 0) throw new TakenOut(region, found)
    if (!grows || isServed(region, found)) return returned
    throw new NotInEffect(
      `${region} does not get its share back, since the router does not see it up: ${described(found)}`,
    )
  }
  return moveShare(router, region, wanted, ports, move)
}

/** What a router is left with when a region is drained by what it shows; undefined when nobody may take the share over. */
export const drainedFrom = (found: RouterReading, plan: SharePlan): Weights | undefined =>
  drainedShares(found.weights, plan, (region) => isServed(region, found))

/** That there is nobody who may take the share of a region over, in words. */
export const nobodyTakes = ({ region, keepWithinZone }: SharePlan, found: RouterReading): string =>
  `${region} keeps its share, since no other region${keepWithinZone ? ' of its zone' : ''} may take it over: ${described(found)}`

const isServed = (region: string, { members }: RouterReading): boolean => {
  const member = members[region]
  return member !== undefined && serves(member)
}

/** Whether a router gives a region the share that a vector gives it, as far as its units can tell. */
export function holdsShare(
  router: Pick<ObservedRouter, 'capabilities'>,
  region: string,
  { weights, differs }: Pick<RouterReading, 'weights' | 'differs'>,
  wanted: Weights,
): boolean {
  const own = (vector: Weights): Weights => ({ [region]: vector[region] ?? 0 })
  return differs === undefined && asWritten(router, own(weights), own(wanted))
}

/**
 * Writes a share and proves it. A router between regions has several owners, and most have no compare-and-set: who reads
 * before another's write and writes after it takes that back. So what is wanted is reckoned anew from each reading, and
 * after the write it is read once more when such another would have written; only the own share has to hold then, since
 * the others are other people's. A lock in the ledger would keep two of us apart as well, but a restore waits for no
 * ledger, a lock outlives a runner that is lost, and a person at the router's console takes no lock.
 */
async function moveShare(
  router: ObservedRouter,
  region: string,
  wantedOf: (found: RouterReading) => Weights,
  { clock, signal }: MovePorts,
  { withinMs, settleMs, onWrite, onFailure }: ShareMove,
): Promise<RouterReading> {
  const began = clock.now().getTime()
  let isPrepared = false
  /** Who was just made ready serves nobody until its checks say so, and is waited for. */
  const wantedFrom = (found: RouterReading): Weights => {
    try {
      return wantedOf(found)
    } catch (error) {
      throw isPrepared && error instanceof ShareStays && !(error instanceof TakenOut)
        ? new NotInEffect(error.message, { cause: error })
        : error
    }
  }
  const attempt = async (): Promise<RouterReading> => {
    let found = await router.read(signal)
    let wanted = wantedFrom(found)
    if (holdsShare(router, region, found, wanted)) return found
    const parked = parkedOf(found, wanted)
    if (parked.length > 0) {
      isPrepared = true
      await router.prepare?.(parked, signal)
      found = await router.read(signal)
      wanted = wantedFrom(found)
    }
    await onWrite?.(wanted, found)
    await router.write(wanted, found, signal)
    await clock.sleep(settleMs, signal)
    const settled = await router.read(signal)
    if (holdsShare(router, region, settled, wanted)) return settled
    throw new NotInEffect(
      `${region} was to get ${formatPercent(wanted[region] ?? 0)} by ${formatWeights(wanted)}, and ${described(settled)}`,
    )
  }
  return retrying(attempt, {
    clock,
    signal,
    idempotent: true,
    worthwhile: (error) =>
      error instanceof Conflict ||
      error instanceof NotInEffect ||
      (error instanceof ProviderError && error.retryable),
    withinMs,
    firstWaitMs: POLL_MS,
    longestWaitMs: 20 * POLL_MS,
    onRetry: ({ error }) => onFailure?.({ error, sinceMs: clock.now().getTime() - began }),
  })
}
