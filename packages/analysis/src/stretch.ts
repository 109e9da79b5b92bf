import { formatDuration } from '@deploy-actions/rollout'
import { logMean } from './mixed-starts'
import { add, total, type Counts } from './sample'
import type { CountsOfArms } from './stage-counts'

/** From such evidence on it is told of the stretch that speaks, and not of all that was compared. */
const TELLING = 10

/**
 * The newest stretch of samples that speaks against the canary: it begins anew whenever they no longer do (the CUSUM of Page 1954,
 * doi 10.1093/biomet/41.1-2.100). A fault that began late is told by it, where the counts of all hours would not show it. It is
 * made for sentences and decides nothing.
 */
export interface Stretch {
  /** @param logFactors what the sample says against each hypothesis, as evidence takes it */
  add(counts: { canary: Counts; baseline?: Counts }, windowMs: number, logFactors: readonly number[]): void
  /** What to tell where the evidence is that; `words` follow what is told of a part. Its counts are copies. */
  told(evidence: number): (CountsOfArms & { words: string }) | undefined
}

export function newestStretch(): Stretch {
  let counts = { canary: total([]), baseline: total([]) }
  let score = 0
  let forMs = 0
  let isAll = true
  return {
    add({ canary, baseline }, windowMs, logFactors) {
      add(counts.canary, canary)
      if (baseline) add(counts.baseline, baseline)
      forMs += windowMs
      score = Math.max(0, score + logMean(logFactors))
      if (score > 0) return
      counts = { canary: total([]), baseline: total([]) }
      forMs = 0
      isAll = false
    },
    told(evidence) {
      if (isAll || evidence < TELLING || forMs === 0) return undefined
      return {
        canary: total([counts.canary]),
        baseline: total([counts.baseline]),
        words: ` in the last ${formatDuration(Math.round(forMs / 1000) * 1000)}`,
      }
    },
  }
}
