import { unanswered } from './criterion'
import type { Judge, StageLimits } from './judge'
import { countStages } from './stage-counts'
import { countedAs, watchThresholds } from './thresholds'
import { watchUncounted } from './uncounted'

/**
 * Holds each sample against the limits of its stage and does nothing else: exactly what a runbook says, such as "error rate above
 * 1 % for 2 consecutive checks". With few requests a healthy canary breaks such a limit by chance (see `falseAlarms`).
 */
export function createThresholdJudge(stages: readonly Pick<StageLimits, 'thresholds' | 'whole'>[]): Judge {
  const counts = countStages(stages.length)
  const thresholds = watchThresholds(stages)
  const uncounted = watchUncounted(
    [...new Set(stages.flatMap(({ thresholds = [] }) => thresholds.map(countedAs)))].filter(
      (name) => name !== 'error-rate',
    ),
  )
  return {
    learn: thresholds.learn,
    restart: () => undefined,
    judge(sample, stage) {
      if (!sample.canary) return { judgements: [unanswered(sample)], seen: counts.of(stage) }
      counts.add(sample, stage)
      const deciding = (stages[stage]?.thresholds ?? []).filter(({ reportOnly }) => !reportOnly)
      const still = uncounted
        .next(sample)
        .filter(({ metric }) => deciding.some((one) => countedAs(one) === metric))
      return { judgements: [...thresholds.next(sample, stage), ...still], seen: counts.of(stage) }
    },
  }
}
