import type { Clock } from '@deploy-actions/action-kit'

/** What lies between two beats may take half of this when all fails; beyond it the process was not running. */
const STANDSTILL_MS = 60_000

/** Knows whether the runner was away for a while: what was written before may be somebody else's by now. */
export interface Standstill {
  /** Something was done. @param dueMs when it was to be, where it was waited for (`clock.now`) */
  beat(dueMs?: number): void
  readonly happened: boolean
}

export function watchStandstill({ now }: Pick<Clock, 'now'>): Standstill {
  let last = now().getTime()
  let happened = false
  return {
    beat(dueMs = last) {
      const at = now().getTime()
      happened ||= at - Math.max(last, dueMs) > STANDSTILL_MS
      last = at
    },
    get happened() {
      return happened
    },
  }
}
