import { messageOf, ProviderError, retrying, type Clock } from '@deploy-actions/action-kit'
import { formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import { described, type AdminStates, type ObservedRouter, type RouterReading } from './router'
import { areDown, parkedOf, safeVector, watchDown } from './serving'
import { asWritten, inEffect, lingering, NotInEffect } from './shift'

/** How stubborn a restore is. All times are the action's milliseconds. */
export interface Persistence {
  /** how long it is tried, at least once */
  withinMs: number
  /** what may be overwritten; default: whatever is there */
  claim?: Claim | undefined
  /** who was found in another state than ready, by the router's own names */
  states?: AdminStates | undefined
  /**
   * asked right before each write, since a runner may stand still between any two steps
   * @returns a claim to what may be overwritten now, where that is less than at the start
   * @throws NoLongerOurs
   */
  stillOurs?: (() => Promise<Claim | undefined>) | undefined
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
    readonly shown: RouterReading,
  ) {
    // All of them, or what is recorded would have been written.
    const dead = Object.keys(recorded).filter((arm) => (recorded[arm] ?? 0) > 0)
    const living = Object.keys(shown.effective).filter((arm) => (shown.effective[arm] ?? 0) > 0)
    super(
      `${areDown(dead)}, and the traffic stays with ${living.join(' and ') || 'nobody'}: ${formatWeights(recorded)} is put back once ${dead.join(' or ')} serves; ${described(shown)}`,
    )
  }
}

/** The router holds what this transaction did not write, and nobody vouches that it may be overwritten. */
export class TakenOver extends NotInEffect {}

/** Somebody else has put the target back, or the next rollout has come to it: nothing more is written there, and nobody need be told. */
export class NoLongerOurs extends NotInEffect {}

/** The first wait is short, since most trouble is; a router that is away for long is not pressed. */
const FIRST_WAIT_MS = 200
const LONGEST_WAIT_MS = 10_000
/** A router that asks for more time than this is tried all the same: bad traffic is served meanwhile. */
const RETRY_AFTER_AT_MOST_MS = 5_000
/** Until an arm that was seen down is looked at again. */
const SECOND_LOOK_MS = 500
/** So long an arm that was made ready may take to pass its first health checks before it counts as down. */
const READY_WITHIN_MS = 10_000

/**
 * Puts a recorded vector back, whatever is there now: a restore overwrites, because the record says what was right.
 * Whatever goes wrong - the router away, somebody else writing, a lost answer - is answered by reading again, until the
 * time is over. Nothing is given to an arm that is down while another serves: see {@link safeVector}.
 *
 * When all is well it reads, writes once and reads back. Where a router has several addresses each is put back by itself:
 * one that is away keeps nobody else's traffic with a bad release, and an arm is down for those whom it is down for.
 * @throws NoLongerOurs as it was told; else what went wrong the last time
 */
export async function restoreWeights(
  router: ObservedRouter,
  recorded: Weights,
  ports: { clock: Clock; signal: AbortSignal },
  persistence: Persistence,
): Promise<RouterReading> {
  if (!router.parts) return restoreOne(router, recorded, ports, persistence)
  const ended = await Promise.all(
    router.parts.map((part) =>
      restoreOne(part, recorded, ports, persistence).then(
        (reading) => ({ reading }),
        (error: unknown) => ({ where: part.where, error }),
      ),
    ),
  )
  const readings = ended.flatMap((one) => ('reading' in one ? [one.reading] : []))
  const failed = ended.flatMap((one) => ('error' in one ? [one] : []))
  // Each has been read back as recorded: one speaks for all.
  const [restored] = readings
  const [only] = failed
  if (only === undefined && restored) return restored
  const over = failed.find(({ error }) => error instanceof NoLongerOurs)
  if (over) throw over.error
  if (only && (failed.length === 1 || failed.every(({ error }) => error instanceof ArmDown))) throw only.error
  throw new NotInEffect(failed.map(({ error, where }) => `${where}: ${messageOf(error)}`).join('; '))
}

async function restoreOne(
  router: ObservedRouter,
  recorded: Weights,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
  { withinMs, claim, states = {}, stillOurs, onFailure }: Persistence,
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
  const isClaimed = async (state: RouterReading, to: Claim): Promise<boolean> =>
    [recorded, ...to.written].some((vector) => asWritten(router, state.weights, vector)) ||
    to.mayOverwriteAll()
  /** Settled before the first write: after it, what is there may be the half of it. */
  let ours = claim === undefined
  const notOurs = (state: RouterReading) =>
    new TakenOver(`${described(state)}: that was not written by it, so nothing was written`)
  const mustBeOurs = async (state: RouterReading): Promise<void> => {
    if (claim) ours ||= await isClaimed(state, claim)
    if (!ours) throw notOurs(state)
  }
  /** What was there before the last write, of which nobody may have heard whether it came through. */
  let before: RouterReading | undefined
  const mayWriteOver = async (state: RouterReading): Promise<void> => {
    const now = await stillOurs?.()
    // What it has begun to write it goes on with: the half of that is no vector that anybody knows.
    if (now && !(before && isHalfOf(state, before)) && !(await isClaimed(state, now))) throw notOurs(state)
    before = state
  }
  /** An arm that was put into maintenance for want of traffic serves again before it gets any. */
  const ready = async (seen: Awaited<ReturnType<typeof read>>): Promise<typeof seen> => {
    const parked = parkedOf(seen.state, recorded)
    if (parked.length === 0) return seen
    await mayWriteOver(seen.state)
    await router.prepare?.(parked, signal)
    const until = Math.min(clock.now().getTime() + READY_WITHIN_MS, began + withinMs)
    for (let now = await read(); ; now = await read()) {
      const waits = parked.some((arm) => now.down.has(arm) || now.doubted.has(arm))
      if (!waits || (clock.now().getTime() >= until && now.doubted.size === 0)) return now
      await clock.sleep(SECOND_LOOK_MS, signal)
    }
  }
  /** Who gets nothing is in the state that it was found in. */
  const asFound = (state: RouterReading): boolean =>
    Object.entries(states).every(([name, found]) => state.states?.[name] === found)
  /** What carried traffic when the restore began: an arm that had none may hold a release that nobody has judged. */
  let carrying: ReadonlySet<string> | undefined
  const attempt = async (): Promise<RouterReading> => {
    const seen = await look()
    if (inEffect(router, seen.state, recorded) && asFound(seen.state)) return seen.state
    await mustBeOurs(seen.state)
    const { state, down } = await ready(seen)
    carrying ??= new Set(Object.keys(state.weights).filter((arm) => (state.weights[arm] ?? 0) > 0))
    const wanted = safeVector(recorded, state, { down, carrying })
    if (!sameWeights(state.weights, wanted) || lingering(state, wanted).length > 0 || !asFound(state)) {
      await mayWriteOver(state)
      await router.write(wanted, state, signal, states)
    }
    const { state: shown } = await read()
    if (inEffect(router, shown, recorded)) return shown
    throw sameWeights(recorded, wanted)
      ? new NotInEffect(`after the write of ${formatWeights(wanted)} ${described(shown)}`)
      : new ArmDown(recorded, shown)
  }
  return retrying(attempt, {
    clock,
    signal,
    idempotent: true,
    worthwhile: (error) => !signal.aborted && !isOver(error) && !isRefused(error),
    withinMs,
    firstWaitMs: FIRST_WAIT_MS,
    longestWaitMs: LONGEST_WAIT_MS,
    retryAfterAtMostMs: RETRY_AFTER_AT_MOST_MS,
    onRetry: ({ error }) => onFailure?.({ error, sinceMs: clock.now().getTime() - began }),
  }).catch((error: unknown) => {
    throw error instanceof Error ? error : new ProviderError(String(error), { provider: router.where })
  })
}

/** Whether somebody who changes one member after the other may have been cut off on his way from there. */
const isHalfOf = ({ members }: RouterReading, { members: before }: RouterReading): boolean =>
  Object.keys(before).some((member) => members[member]?.units === before[member]?.units)

const isOver = (error: unknown): boolean => error instanceof TakenOver || error instanceof NoLongerOurs

/** The router does not know us: asking on for fifty minutes could lock the account out. */
const isRefused = (error: unknown): boolean => error instanceof ProviderError && error.status === 401
