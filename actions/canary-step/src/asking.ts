import { setTimeout as sleepReal } from 'node:timers/promises'
import type { Clock } from '@deploy-actions/action-kit'

/** An answer of the same machine is there in less, in real milliseconds, however fast the action's clock goes. */
const GRACE_MS = 50

/**
 * Asks once, when it is first wanted to know, and then tells whether the answer has come within a time, in the
 * action's milliseconds. What the question is rejected with ends the wait, too.
 */
export function asking(
  question: () => Promise<void>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): (withinMs: number) => Promise<boolean> {
  let asked: Promise<true> | undefined
  return async (withinMs) => {
    asked ??= question().then(() => true as const)
    const over = new AbortController()
    const ended = { signal: AbortSignal.any([signal, over.signal]) }
    const patience = Promise.all([
      clock.sleep(Math.max(0, withinMs), ended.signal),
      sleepReal(GRACE_MS, undefined, ended),
    ])
    // Nobody hears of it once the answer is there.
    patience.catch(() => undefined)
    try {
      return await Promise.race([asked, patience.then(() => false)])
    } finally {
      over.abort()
    }
  }
}
