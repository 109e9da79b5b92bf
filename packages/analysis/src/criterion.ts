import { defined } from '@deploy-actions/rollout'
import type { Margin } from './error-evidence'
import type { KnownBaseline } from './known-baseline'
import type { ArmSample, Counts, Sample } from './sample'
import type { Judgement } from './verdict'

/** What a criterion knows by now, before all are weighed together. */
export interface Finding extends Omit<Judgement, 'verdict' | 'alike'> {
  evidence: { value: number; bar: number }
  /** what to add to the reason where it fails: the baseline fails as much */
  alike?: () => string
}

/** One thing of which the sequential judge gathers evidence from sample to sample. */
export interface Criterion {
  /**
   * Takes in a sample, and says what is known by now, held against the evidence at which this alone would fail; nothing where it
   * does not apply.
   */
  next(sample: Sample, stage: number, bar: number): Finding | Judgement | undefined
  /** natural logarithm of all its evidence so far; at first 0 */
  log(): number
}

/** What the criteria of one rollout share. */
export interface Shared {
  baseline: KnownBaseline
  /** how much worse than the baseline is harmless */
  margin: Margin
}

/** The numbers of both arms that a criterion counts: those of its ratio, or requests and errors. */
export function countsOf({ canary, baseline, ...rest }: Sample, ratio: string | undefined): CountedSample {
  const of = (arm: ArmSample | undefined) => (ratio === undefined ? arm : arm?.ratios?.[ratio])
  const problems = rest.problems.filter(({ metric }) => metric === ratio)
  return { ...defined({ canary: of(canary), baseline: of(baseline) }), ...rest, problems }
}

/** What both arms counted in a window; of an arm that gave no answer nothing. */
export interface CountedSample extends Pick<Sample, 'windowMs' | 'problems'> {
  canary?: Counts
  baseline?: Counts
}

/** For numbers that could not be had: nothing passes without them. */
export function unanswered({ problems }: Pick<Sample, 'problems'>, metric = 'errors'): Judgement {
  return {
    metric,
    verdict: 'error',
    reason: () =>
      `the metrics gave no answer: ${[...new Set(problems.map(({ message }) => message))].join('; ')}`,
    observed: {},
  }
}
