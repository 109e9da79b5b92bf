import { GateFailed, ProviderError, retrying, type Clock } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import { Conflict, described, type ObservedRouter, type RouterReading, type RouterState } from './router'
import { parkedOf, watchDown } from './serving'

/** How a written vector is proven: polled until it shows, then read once more after `settleMs`. */
export interface ShiftOptions {
  /** the action's milliseconds until a write must have taken effect */
  timeoutMs: number
  /** the action's milliseconds after which somebody else's revert would show; 0 to leave that read out */
  settleMs: number
  pollMs: number
}

export const defaultShift: ShiftOptions = { timeoutMs: 30_000, settleMs: 1_000, pollMs: 1_000 }

/** The vector did not come to hold: what was wanted, what is there. */
export class NotInEffect extends GateFailed {}

/** An arm that was to get more traffic is down: it was given none, nothing was written. */
export class ArmLost extends GateFailed {}

/**
 * Writes a vector and proves it: read back equal, in effect for every member, and still so after the settle time.
 * Nothing is written for an arm that is down, and one that goes down meanwhile is not waited for.
 * @throws Conflict when somebody else had changed the router: then nothing was written; ArmLost likewise;
 *   ProviderError from the router; NotInEffect when the read-back never shows the vector
 */
export async function shift(
  router: ObservedRouter,
  wanted: Weights,
  expected: RouterState,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  { timeoutMs, settleMs, pollMs }: ShiftOptions = defaultShift,
): Promise<RouterReading> {
  const deadline = clock.now().getTime() + timeoutMs
  /** One lost exchange is not a verdict on a release: what may be repeated is, until the time is over. */
  const persist = <T>(call: () => Promise<T>): Promise<T> =>
    retrying(call, {
      clock,
      signal,
      // Vectors are absolute: the same write twice is one change.
      idempotent: true,
      withinMs: Math.max(0, deadline - clock.now().getTime()),
      firstWaitMs: pollMs,
      longestWaitMs: pollMs,
    })
  const watch = watchDown()
  const growing = Object.keys(wanted).filter((arm) => (wanted[arm] ?? 0) > (expected.weights[arm] ?? 0))
  const look = async () => {
    const state = await persist(() => router.read(signal))
    const { down, doubted } = watch.next(state)
    return {
      state,
      lost: growing.filter((arm) => down.has(arm)),
      doubted: growing.some((arm) => doubted.has(arm)),
    }
  }

  let seen = await look()
  const parked = parkedOf(seen.state, wanted)
  if (parked.length > 0) {
    await persist(async () => router.prepare?.(parked, signal))
    seen = await look()
  }
  if (seen.doubted) {
    await clock.sleep(pollMs, signal)
    seen = await look()
  }
  // An arm without traffic may only not have been seen up by the router yet: nobody is kept waiting by that.
  const isNew = (arm: string): boolean => (expected.weights[arm] ?? 0) === 0
  while (seen.lost.length > 0 && seen.lost.every(isNew) && clock.now().getTime() < deadline) {
    await clock.sleep(pollMs, signal)
    seen = await look()
  }
  if (seen.lost.length > 0) {
    // Back to where it was; the arm gets nothing either way.
    if (parked.length > 0)
      await persist(() => router.write(expected.weights, expected, signal, expected.states))
    throw new ArmLost(
      `${seen.lost.join(' and ')} got no traffic: ${described(seen.state)}; nothing was written`,
    )
  }

  await persist(written(router, wanted, expected, signal))
  seen = await look()
  while (!inEffect(router, seen.state, wanted)) {
    if (seen.lost.length > 0 || clock.now().getTime() >= deadline)
      throw new NotInEffect(`after the write of ${formatWeights(wanted)} ${described(seen.state)}`)
    await clock.sleep(pollMs, signal)
    seen = await look()
  }
  if (settleMs === 0) return seen.state
  await clock.sleep(settleMs, signal)
  const settled = await persist(() => router.read(signal))
  if (inEffect(router, settled, wanted)) return settled
  const who = settled.owner ? ` by ${settled.owner}` : ' by somebody else'
  throw new NotInEffect(`${formatWeights(wanted)} was reverted${who}: ${described(settled)}`)
}

/** A write that may be called again. */
function written(
  router: ObservedRouter,
  wanted: Weights,
  expected: RouterState,
  signal: AbortSignal,
): () => Promise<void> {
  let tries = 0
  return async () => {
    try {
      await router.write(wanted, expected, signal)
    } catch (error) {
      // What was lost before may have changed the router: then the change is not somebody else's, and something is written.
      if (error instanceof Conflict && tries > 0)
        throw new NotInEffect(
          `the answer to a write of ${formatWeights(wanted)} was lost, and then the router held ${formatWeights(error.found)}`,
        )
      tries++
      throw error
    }
  }
}

/**
 * Proves that a vector holds that was written before. One reading that says otherwise may be a health check that
 * flapped, and is read again until the time is over.
 * @param refusal what it means when it does not hold
 * @throws NotInEffect with that, and what the router shows, when no reading shows it; ProviderError from the router
 */
export async function mustHold(
  router: ObservedRouter,
  wanted: Weights,
  refusal: string,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<RouterReading> {
  const look = async (): Promise<RouterReading> => {
    const state = await router.read(signal)
    if (state.strangers === undefined && inEffect(router, state, wanted)) return state
    throw new NotInEffect(`${refusal} (${state.strangers ?? described(state)})`)
  }
  return retrying(look, {
    clock,
    signal,
    idempotent: true,
    worthwhile: (error) =>
      error instanceof NotInEffect || (error instanceof ProviderError && error.retryable),
    withinMs: defaultShift.timeoutMs,
    firstWaitMs: defaultShift.pollMs,
    longestWaitMs: defaultShift.pollMs,
  })
}

/** Configured as wanted at each of its addresses, every member that should get traffic gets it, and no other one gets any. */
export function inEffect(
  router: Pick<ObservedRouter, 'capabilities'>,
  state: RouterState,
  wanted: Weights,
): boolean {
  return (
    state.differs === undefined &&
    asWritten(router, state.weights, wanted) &&
    asWritten(router, state.effective, wanted) &&
    lingering(state, wanted).length === 0
  )
}

/** Members that are to get nothing, and that clients still reach who are bound to them. */
export const lingering = ({ members }: Pick<RouterState, 'members'>, wanted: Weights): string[] =>
  Object.keys(members).filter((member) => members[member]?.lingers && (wanted[member] ?? 0) === 0)

/**
 * The vector that was written, read back: a member that should get nothing gets exactly nothing; other shares may
 * differ by one of the provider's units.
 */
export function asWritten(
  { capabilities }: Pick<ObservedRouter, 'capabilities'>,
  found: Weights,
  wanted: Weights,
): boolean {
  const unit = Math.ceil((WHOLE * capabilities.step) / capabilities.max)
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])].every((member) => {
    const [has, share] = [found[member] ?? 0, wanted[member] ?? 0]
    return share === 0 || share === WHOLE ? has === share : has > 0 && Math.abs(has - share) <= unit
  })
}
