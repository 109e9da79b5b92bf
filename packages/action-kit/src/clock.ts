import { setTimeout } from 'node:timers/promises'

/** Time as an action sees it. In a rehearsal it runs faster than the wall clock; elsewhere it is the wall clock. */
export interface Clock {
  /** how many seconds of the action's time pass in a real one */
  readonly speed: number
  now(): Date
  /** Real milliseconds since some fixed moment: for measured durations such as `rollbackMs`. */
  realMs(): number
  /** Waits for `ms` of the action's time; ends at once, throwing the signal's reason, when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
  /**
   * A limit for one input or output operation in real milliseconds, whole ones, as `AbortSignal.timeout` refuses others:
   * never below 2 s, however fast the clock.
   */
  ioTimeout(ms: number): number
}

/** The least real time an I/O operation gets in a rehearsal: a scaled timeout would blame the network for our speed. */
const MIN_IO_MS = 2_000
/** Node's timers fire at once when they are set for longer than this (almost 25 days). */
const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * A clock that runs `speed` times as fast since `epoch` (real milliseconds since 1970).
 * All processes of a rehearsal share both numbers, so they agree on what time it is.
 */
export function createClock(
  { speed, epoch }: { speed: number; epoch: number } = { speed: 1, epoch: 0 },
): Clock {
  const scaled = (): number => (speed === 1 ? Date.now() : epoch + (Date.now() - epoch) * speed)
  return {
    speed,
    now: () => new Date(scaled()),
    // Not performance.now(): Node loads perf_hooks for it, a millisecond of every start.
    realMs: () => Number(process.hrtime.bigint()) / 1e6,
    sleep: (ms, signal) => sleepReal(Math.min(ms / speed, LONGEST_TIMER_MS), signal),
    ioTimeout: (ms) =>
      Math.ceil(Math.min(speed === 1 ? ms : Math.max(ms / speed, MIN_IO_MS), LONGEST_TIMER_MS)),
  }
}

/**
 * The clock that the environment asks for. A scaled clock is honoured only when GitHub's API is on the loopback:
 * no variable of a real runner can make a watch shorter.
 */
export function clockFromEnvironment(env: Record<string, string | undefined>): Clock {
  const speed = Number(env['DEPLOY_ACTIONS_SPEED'])
  const epoch = Number(env['DEPLOY_ACTIONS_EPOCH'])
  const rehearsal = isLoopback(env['GITHUB_API_URL']) && speed >= 1 && epoch > 0
  return createClock(rehearsal ? { speed, epoch } : undefined)
}

function isLoopback(url: string | undefined): boolean {
  return (
    url !== undefined &&
    URL.canParse(url) &&
    /^(127(\.\d+){3}|localhost|\[::1\])$/.test(new URL(url).hostname)
  )
}

/** Node's own sleeper throws an AbortError of its own; callers tell a cancelled run by the signal's reason. */
async function sleepReal(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal })
  } catch (error) {
    signal.throwIfAborted()
    throw error
  }
}
