import { addBuckets } from './latency-bounds'
import { add, total, type ArmSample, type Bucket, type Counts, type Sample } from './sample'

/** What an arm did in some samples. */
export interface CountsOfArm extends Counts {
  /** absent where it is not measured how long requests take */
  latency?: readonly Bucket[]
}

/** Requests and errors of both arms, and how long the requests took. */
export interface CountsOfArms {
  baseline: CountsOfArm
  canary: CountsOfArm
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
  const counts = Array.from({ length: stages }, (): CountsOfArms => ({
    baseline: total([]),
    canary: total([]),
  }))
  const over = (picked: (stage: number) => boolean): CountsOfArms => {
    const found = counts.filter((_, stage) => picked(stage))
    return {
      baseline: together(found.map(({ baseline }) => baseline)),
      canary: together(found.map(({ canary }) => canary)),
    }
  }
  return {
    add({ baseline, canary }, stage) {
      const sums = counts[stage]
      if (sums && baseline) include(sums.baseline, baseline)
      if (sums && canary) include(sums.canary, canary)
    },
    of: (stage) => over((index) => index === stage),
    over,
  }
}

function include(sum: CountsOfArm, { requests, errors, latency }: ArmSample): void {
  add(sum, { requests, errors })
  if (latency) sum.latency = addBuckets([sum.latency ?? [], latency])
}

function together(all: readonly CountsOfArm[]): CountsOfArm {
  const timed = all.flatMap(({ latency }) => (latency ? [latency] : []))
  return { ...total(all), ...(timed.length > 0 && { latency: addBuckets(timed) }) }
}
