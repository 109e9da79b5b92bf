import { GateFailed, ProviderError, retrying, type Clock } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import {
  Conflict,
  described,
  heldBy,
  holdsSame,
  obstacleTo,
  type ObservedRouter,
  type RouterReading,
  type RouterState,
} from './router'
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
 * Nothing is written for an arm that is down or too small for its share, and one that goes down meanwhile is not waited for.
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
  // Of addresses that differ it counts where an arm has least: there it is to grow.
  const least = (arm: string): number => Math.min(...heldBy(expected).map((held) => held[arm] ?? 0))
  const growing = Object.keys(wanted).filter((arm) => (wanted[arm] ?? 0) > least(arm))
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
    // Before it is made ready: a write that is refused must have changed nothing.
    if (!holdsSame(seen.state, expected))
      throw new Conflict(router.where, expected.weights, seen.state.weights)
    await persist(async () => router.prepare?.(parked, signal))
    seen = await look()
  }
  if (seen.doubted) {
    await clock.sleep(pollMs, signal)
    seen = await look()
  }
  // An arm without traffic may only not have been seen up by the router yet: nobody is kept waiting by that.
  const isNew = (arm: string): boolean => least(arm) === 0
  while (seen.lost.length > 0 && seen.lost.every(isNew) && clock.now().getTime() < deadline) {
    await clock.sleep(pollMs, signal)
    seen = await look()
  }
  const refused = async (why: string): Promise<never> => {
    // Back to where it was; the arm gets nothing either way.
    if (parked.length > 0) await persist(() => writeBack(router, expected, signal))
    throw new ArmLost(`${why}; nothing was written`)
  }
  if (seen.lost.length > 0)
    await refused(`${seen.lost.join(' and ')} got no traffic: ${described(seen.state)}`)
  const isShort = () => persist(async () => router.short?.(wanted, growing, signal))
  let short = await isShort()
  while (short !== undefined && clock.now().getTime() < deadline) {
    await clock.sleep(pollMs, signal)
    short = await isShort()
  }
  if (short !== undefined) await refused(short)

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

/** Writes what each address held before. */
async function writeBack(router: ObservedRouter, before: RouterState, signal: AbortSignal): Promise<void> {
  const { differs, parts = [], weights, states } = before
  if (differs === undefined) return router.write(weights, before, signal, states)
  await Promise.all(
    parts.map(async (part, index) => router.parts?.[index]?.write(part.weights, part, signal, part.states)),
  )
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
    const obstacle = obstacleTo(state)
    if (obstacle === undefined && inEffect(router, state, wanted)) return state
    throw new NotInEffect(`${refusal} (${obstacle ?? described(state)})`)
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

/**
 * Configured as wanted at each of its addresses, every member that should get traffic serves, and no other one gets any. A
 * member of several servers serves if one of them does: while another is out, less of the traffic is in effect for it than
 * was written, which is told ({@link described}) and does not make a good write a failed one.
 */
export function inEffect(
  router: Pick<ObservedRouter, 'capabilities'>,
  state: RouterState,
  wanted: Weights,
): boolean {
  return (
    state.differs === undefined &&
    state.pending === undefined &&
    asWritten(router, state.weights, wanted) &&
    Object.keys({ ...state.effective, ...wanted }).every(
      (member) => (state.effective[member] ?? 0) > 0 === (wanted[member] ?? 0) > 0,
    ) &&
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
