import type { KnownBaseline, Margin } from './known-baseline'
import type { ArmSample, Sample } from './sample'
import type { StageCounts } from './stage-counts'
import type { Judgement } from './verdict'

/** A sample whose canary answered. */
export type CanarySample = Sample & { canary: ArmSample }

/**
 * One thing that the sequential judge looks at. It keeps its own evidence from sample to sample, and says nothing
 * where it does not apply.
 */
export type Criterion = (sample: CanarySample, stage: number) => Judgement[]

/** What the criteria of one rollout share. */
export interface Shared {
  baseline: KnownBaseline
  /** of all samples, the one that is being judged included */
  counts: StageCounts
  /** evidence at which any one of them fails */
  bar: number
  /** how much worse than the baseline is harmless */
  margin: Margin
}

/** For numbers that could not be had: nothing passes without them. */
export function unanswered({ problems }: Sample): Judgement {
  const why = new Set(problems.map(({ message }) => message))
  return {
    metric: 'errors',
    verdict: 'error',
    reason: `the metrics gave no answer: ${[...why].join('; ')}`,
    observed: {},
  }
}
