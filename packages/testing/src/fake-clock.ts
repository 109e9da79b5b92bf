import type { Clock } from '@deploy-actions/action-kit'

/** A clock that moves only when somebody sleeps: an hour passes in a millisecond. */
export interface FakeClock extends Clock {
  /** moves the time without a sleeper */
  advance(ms: number): void
}

export function createFakeClock(start = '2026-11-21T10:00:00.000Z'): FakeClock {
  let now = Date.parse(start)
  return {
    speed: 1,
    now: () => new Date(now),
    realMs: () => now,
    advance: (ms) => void (now += ms),
    async sleep(ms, signal) {
      signal.throwIfAborted()
      // Others waiting on I/O get their turn, as they would in a real sleep.
      await new Promise((resolve) => setImmediate(resolve))
      signal.throwIfAborted()
      now += ms
    },
    ioTimeout: (ms) => ms,
  }
}
