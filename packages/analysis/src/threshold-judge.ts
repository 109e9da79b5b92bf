import { unanswered } from './criterion'
import type { Judge, StageLimits } from './judge'
import { countStages } from './stage-counts'
import { watchThresholds } from './thresholds'

/**
 * Holds each sample against the limits of its stage and does nothing else: exactly what a runbook says, such as "error rate above
 * 1 % for 2 consecutive checks". With few requests a healthy canary breaks such a limit by chance (see `falseAlarms`).
 */
export function createThresholdJudge(stages: readonly Pick<StageLimits, 'thresholds'>[]): Judge {
  const counts = countStages(stages.length)
  const thresholds = watchThresholds(stages.map(({ thresholds = [] }) => thresholds))
  return {
    learn: thresholds.learn,
    restart: () => undefined,
    judge(sample, stage) {
      if (sample.canary) counts.add(sample, stage)
      const judgements = sample.canary ? thresholds.next(sample, stage) : [unanswered(sample)]
      return { judgements, seen: counts.of(stage) }
    },
  }
}
