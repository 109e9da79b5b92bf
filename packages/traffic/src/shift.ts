import { GateFailed, ProviderError, retrying, type Clock } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE, type Weights } from '@deploy-actions/rollout'
import { Conflict, described, type ObservedRouter, type RouterReading, type RouterState } from './router'

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

/**
 * Writes a vector and proves it: read back equal, in effect for every member, and still so after the settle time.
 * @throws Conflict when somebody else had changed the router: then nothing was written; ProviderError from the router;
 *   NotInEffect when the read-back never shows the vector
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
  let tries = 0
  await persist(async () => {
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
  })
  let state = await persist(() => router.read(signal))
  while (!inEffect(router, state, wanted)) {
    if (clock.now().getTime() >= deadline)
      throw new NotInEffect(`after the write of ${formatWeights(wanted)} ${described(state)}`)
    await clock.sleep(pollMs, signal)
    state = await persist(() => router.read(signal))
  }
  if (settleMs === 0) return state
  await clock.sleep(settleMs, signal)
  const settled = await persist(() => router.read(signal))
  if (inEffect(router, settled, wanted)) return settled
  const who = settled.owner ? ` by ${settled.owner}` : ' by somebody else'
  throw new NotInEffect(`${formatWeights(wanted)} was reverted${who}: ${described(settled)}`)
}

/**
 * Configured as wanted, and every member that should get traffic gets it. A member that should get nothing gets
 * exactly nothing; other shares may differ by one of the provider's units.
 */
export function inEffect(
  router: Pick<ObservedRouter, 'capabilities'>,
  state: RouterState,
  wanted: Weights,
): boolean {
  const unit = Math.ceil((WHOLE * router.capabilities.step) / router.capabilities.max)
  const matches = (vector: Weights): boolean =>
    [...new Set([...Object.keys(vector), ...Object.keys(wanted)])].every((member) => {
      const [found, share] = [vector[member] ?? 0, wanted[member] ?? 0]
      return share === 0 || share === WHOLE ? found === share : found > 0 && Math.abs(found - share) <= unit
    })
  return matches(state.weights) && matches(state.effective)
}

/** How often a vector is tried to be put back, and how long is waited in between at most (the action's milliseconds). */
const RESTORE_ATTEMPTS = 3
const RESTORE_WAIT_MS = 200
/** A router that asks for more time than this (the action's milliseconds) is tried all the same: bad traffic is served. */
const RESTORE_PATIENCE_MS = 5000

/**
 * Puts a recorded vector back, whatever is there now: a restore overwrites, because the record says what was right.
 * Whatever goes wrong, a conflict with a concurrent writer too, is answered by reading again.
 * @throws what went wrong the last time
 */
export async function restoreWeights(
  router: ObservedRouter,
  recorded: Weights,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<RouterReading> {
  const options = { ...defaultShift, settleMs: 0, pollMs: RESTORE_WAIT_MS }
  const attempt = async (): Promise<RouterReading> => {
    const state = await router.read(signal)
    return inEffect(router, state, recorded)
      ? state
      : shift(router, recorded, state, { clock, signal }, options)
  }
  return retrying(attempt, {
    clock,
    signal,
    idempotent: true,
    worthwhile: () => !signal.aborted,
    attempts: RESTORE_ATTEMPTS,
    firstWaitMs: RESTORE_WAIT_MS,
    longestWaitMs: RESTORE_WAIT_MS,
    retryAfterAtMostMs: RESTORE_PATIENCE_MS,
  }).catch((error: unknown) => {
    throw error instanceof Error ? error : new ProviderError(String(error), { provider: router.where })
  })
}
