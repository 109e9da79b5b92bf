import { baselineComparison } from './baseline-comparison'
import { unanswered, type CanarySample } from './criterion'
import { grossFailure } from './gross-failure'
import { knowBaseline, type Margin } from './known-baseline'
import { earlierBaseline, errorRateLimit } from './limits'
import type { Counts, Sample } from './sample'
import { countStages, type CountsOfArms } from './stage-counts'
import type { Judgement } from './verdict'

/** How sure, and how much worse than the baseline is still harmless. */
export interface SequentialSettings {
  /** probability of a false alarm over the whole rollout of a target */
  alpha: number
  margin: Margin
}

/** What a stage adds to the comparison with the baseline. */
export interface StageLimits {
  /** highest error rate, 0 to 1 */
  errorRate?: number
  /** the canary arm has all the traffic: there is no baseline beside it any more */
  whole?: boolean
}

/** What a sample came to. */
export interface SampleJudgement {
  judgements: Judgement[]
  /** requests and errors of its stage so far, this sample included when its canary answered */
  seen: CountsOfArms
}

/** The judge of one rollout of one target. It may be asked at every sample; its evidence carries over between stages. */
export interface SequentialJudge {
  /** Baseline traffic seen before any traffic moved: where its rate and its scatter are first known from. */
  learn(baseline: Counts): void
  /** Judges a sample taken in stage `stage` (from 0). Without baseline traffic, limits decide. */
  judge(sample: Sample, stage: number): SampleJudgement
}

/**
 * Criteria that may be looked at after every sample and that together raise a false alarm with probability `alpha` or
 * less: each gets an equal share of it (Bonferroni).
 */
export function createSequentialJudge(
  { alpha, margin }: SequentialSettings,
  stages: readonly StageLimits[],
): SequentialJudge {
  const limits = distinctLimits(stages)
  const baseline = knowBaseline(margin)
  const counts = countStages(stages.length)
  // The comparison with the baseline, the one with its bound, and every distinct limit share alpha.
  const shared = { baseline, counts, bar: 1 / (alpha / (2 + limits.length)), margin }
  const gross = grossFailure(margin)
  const comparison = baselineComparison(shared)
  const bound = earlierBaseline(shared)
  const limited = limits.map((limit) =>
    errorRateLimit(limit, (stage) => stages[stage]?.errorRate === limit, shared),
  )
  return {
    learn: baseline.learn,
    judge(sample, stage) {
      if (!answered(sample)) return { judgements: [unanswered(sample)], seen: counts.of(stage) }
      counts.add(sample, stage)
      // Limits come last: by then the comparison has learnt how the baseline scatters, which weakens their evidence.
      const criteria = [gross, stages[stage]?.whole ? bound : comparison, ...limited]
      return { judgements: criteria.flatMap((judge) => judge(sample, stage)), seen: counts.of(stage) }
    },
  }
}

function distinctLimits(stages: readonly StageLimits[]): number[] {
  return [...new Set(stages.flatMap(({ errorRate }) => errorRate ?? []))]
}

function answered(sample: Sample): sample is CanarySample {
  return sample.canary !== undefined
}
