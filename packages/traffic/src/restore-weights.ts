import { ProviderError, retrying, type Clock } from '@deploy-actions/action-kit'
import { formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import { described, type ObservedRouter, type RouterReading } from './router'
import { areDown, safeVector, watchDown } from './serving'
import { asWritten, inEffect, NotInEffect } from './shift'

/** How stubborn a restore is. All times are the action's milliseconds. */
export interface Persistence {
  /** how long it is tried, at least once */
  withinMs: number
  /** what may be overwritten; default: whatever is there */
  claim?: Claim | undefined
  /** called after every try that failed, before the wait */
  onFailure?: (failure: RestoreFailure) => void
}

/** A restorer's claim to what a router holds. */
export interface Claim {
  /** vectors that were written for the transaction: overwritten without asking, as the recorded one is */
  written: readonly Weights[]
  /** asked once, when the router holds anything else */
  mayOverwriteAll(): Promise<boolean>
}

export interface RestoreFailure {
  error: unknown
  /** since the first try began */
  sinceMs: number
}

/** The arm that a restore is to give the traffic to is down, and another serves: the traffic stays where it lives. */
export class ArmDown extends NotInEffect {
  constructor(
    recorded: Weights,
    down: ReadonlySet<string>,
    readonly shown: RouterReading,
  ) {
    const wanted = Object.keys(recorded).filter((arm) => (recorded[arm] ?? 0) > 0)
    const dead = wanted.filter((arm) => down.has(arm))
    const living = Object.keys(shown.effective).filter((arm) => (shown.effective[arm] ?? 0) > 0)
    super(
      `${areDown(dead)}, and the traffic stays with ${living.join(' and ') || 'nobody'}: ${formatWeights(recorded)} is put back once ${dead.join(' or ')} serves; ${described(shown)}`,
    )
  }
}

/** The router holds what this transaction did not write, and nobody vouches that it may be overwritten. */
export class TakenOver extends NotInEffect {}

/** The first wait is short, since most trouble is; a router that is away for long is not pressed. */
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 10_000
/** A router that asks for more time than this is tried all the same: bad traffic is served meanwhile. */
const RETRY_AFTER_AT_MOST_MS = 5_000
/** Until an arm that was seen down is looked at again. */
const SECOND_LOOK_MS = 500

/**
 * Puts a recorded vector back, whatever is there now: a restore overwrites, because the record says what was right.
 * Whatever goes wrong - the router away, somebody else writing, a lost answer - is answered by reading again, until the
 * time is over. Nothing is given to an arm that is down while another serves: see {@link safeVector}.
 *
 * When all is well it reads, writes once and reads back.
 * @throws what went wrong the last time
 */
export async function restoreWeights(
  router: ObservedRouter,
  recorded: Weights,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  { withinMs, claim, onFailure }: Persistence,
): Promise<RouterReading> {
  const began = clock.now().getTime()
  const watch = watchDown()
  const read = async () => {
    const state = await router.read(signal)
    return { state, ...watch.next(state) }
  }
  /** One reading, and a second one when the first doubts an arm that is to get traffic. */
  const look = async () => {
    const first = await read()
    if (![...first.doubted].some((arm) => (recorded[arm] ?? 0) > 0)) return first
    await clock.sleep(SECOND_LOOK_MS, signal)
    return read()
  }
  /** Once we have written ourselves, what is there may be the half of it. */
  let ours = claim === undefined
  const mustBeOurs = async (state: RouterReading): Promise<void> => {
    const known = [recorded, ...(claim?.written ?? [])]
    ours ||= known.some((vector) => asWritten(router, state.weights, vector))
    ours ||= (await claim?.mayOverwriteAll()) ?? true
    if (!ours) throw new TakenOver(`${described(state)}: that was not written by it, so nothing was written`)
  }
  /** What carried traffic when the restore began: an arm that had none may hold a release that nobody has judged. */
  let carrying: ReadonlySet<string> | undefined
  const attempt = async (): Promise<RouterReading> => {
    const { state, down } = await look()
    if (inEffect(router, state, recorded)) return state
    await mustBeOurs(state)
    carrying ??= new Set(Object.keys(state.weights).filter((arm) => (state.weights[arm] ?? 0) > 0))
    const wanted = safeVector(recorded, state, { down, carrying })
    if (!sameWeights(state.weights, wanted)) {
      ours = true
      await router.write(wanted, state, signal)
    }
    const { state: shown } = await read()
    if (inEffect(router, shown, recorded)) return shown
    throw sameWeights(recorded, wanted)
      ? new NotInEffect(`after the write of ${formatWeights(wanted)} ${described(shown)}`)
      : new ArmDown(recorded, down, shown)
  }
  return retrying(attempt, {
    clock,
    signal,
    idempotent: true,
    worthwhile: (error) => !signal.aborted && !(error instanceof TakenOver) && !isRefused(error),
    withinMs,
    firstWaitMs: FIRST_WAIT_MS,
    longestWaitMs: LONGEST_WAIT_MS,
    retryAfterAtMostMs: RETRY_AFTER_AT_MOST_MS,
    onRetry: ({ error }) => onFailure?.({ error, sinceMs: clock.now().getTime() - began }),
  }).catch((error: unknown) => {
    throw error instanceof Error ? error : new ProviderError(String(error), { provider: router.where })
  })
}

/** The router does not know us: asking on for fifty minutes could lock the account out. */
const isRefused = (error: unknown): boolean => error instanceof ProviderError && error.status === 401
