import { add, total, type Counts, type Sample } from './sample'

/** Requests and errors of both arms. */
export interface CountsOfArms {
  baseline: Counts
  canary: Counts
}

/** Running counts of both arms, apart for each stage. What it gives are copies, which later samples leave alone. */
export interface StageCounts {
  add(sample: Sample, stage: number): void
  /** of one stage; none for a stage that does not exist */
  of(stage: number): CountsOfArms
  /** of those stages together */
  over(stages: (stage: number) => boolean): CountsOfArms
}

/** Counts for this many stages, from 0. */
export function countStages(stages: number): StageCounts {
  const counts = Array.from({ length: stages }, () => ({ baseline: total([]), canary: total([]) }))
  const over = (picked: (stage: number) => boolean): CountsOfArms => {
    const found = counts.filter((_, stage) => picked(stage))
    return {
      baseline: total(found.map(({ baseline }) => baseline)),
      canary: total(found.map(({ canary }) => canary)),
    }
  }
  return {
    add({ baseline, canary }, stage) {
      const sums = counts[stage]
      if (sums && baseline) add(sums.baseline, baseline)
      if (sums && canary) add(sums.canary, canary)
    },
    of: (stage) => over((index) => index === stage),
    over,
  }
}
