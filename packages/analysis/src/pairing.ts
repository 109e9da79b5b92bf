import type { PairedCounts } from './error-evidence'
import { add, total, type Counts } from './sample'

/**
 * Where one arm could not be read, what the other was counted meanwhile is held until both are known: a source tells of
 * the time that was missed with its next answer. What is held is never of two divisions of the traffic.
 */
export interface Pairing {
  add(sample: { canary?: Counts; baseline?: Counts; windowMs: number }): PairedCounts | undefined
  /** the windows begin anew: what was held has no counterpart any more */
  restart(): void
}

export function pairCounts(): Pairing {
  let held = { canary: total([]), baseline: total([]), windowMs: 0 }
  const restart = (): void => void (held = { canary: total([]), baseline: total([]), windowMs: 0 })
  return {
    restart,
    add({ canary, baseline, windowMs }) {
      if (canary) add(held.canary, canary)
      if (baseline) add(held.baseline, baseline)
      held.windowMs += windowMs
      if (!canary || !baseline) return undefined
      const paired = held
      restart()
      return paired
    },
  }
}
