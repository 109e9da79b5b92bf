import {
  countsBeyond,
  falseAlarms,
  type ArmSample,
  type Counts,
  type LimitOverStages,
} from '@deploy-actions/analysis'
import { formatRate, WHOLE } from '@deploy-actions/rollout'
import type { StagePlan } from './stage-plan'

/** What was seen of the baseline before any traffic moved, and for how long. */
interface SeenBaseline {
  baseline: ArmSample
  windowMs: number
}

/**
 * Says it where limits that each sample is held against by itself would take back, by chance alone and more often than `alpha`,
 * a release that is as good as the baseline was. Of values nobody knows how they wander: they are not counted.
 * @returns undefined where they would not
 */
export function chanceAlarms(
  seen: SeenBaseline,
  stages: readonly StagePlan[],
  { interval, alpha }: { interval: number; alpha: number },
): string | undefined {
  const deciding = stages.flatMap(({ thresholds = [] }) => thresholds.filter(({ reportOnly }) => !reportOnly))
  const limits = [...new Set(deciding.map(({ metric }) => metric))].map((metric) => ({
    metric,
    asked: askedOf(metric, seen, stages, interval),
  }))
  const all = falseAlarms(limits.map(({ asked }) => asked))
  if (all <= alpha) return undefined
  const [most] = limits
    .map(({ metric, asked }) => ({ metric, alarms: falseAlarms([asked]) }))
    .sort((a, b) => b.alarms - a.alarms)
  const { requests, errors } = seen.baseline
  return `limits that each sample is held against by itself take back ${formatRate(all)} of the releases that are as good as the baseline, by chance alone, at ${Number(((1000 * requests) / seen.windowMs).toPrecision(2))} requests/s (${errors} of ${requests} failed: ${formatRate(rateOf(seen.baseline))} is taken for its rate), most of them by ${most?.metric}; ask for more breaches (fail-after) or longer samples (interval), or let the sequential judge test these limits (without fail-after)`
}

/** With half a failure more than were seen: where none was seen the rate is not 0. */
const rateOf = ({ errors, requests }: Counts): number => (errors + 0.5) / (requests + 1)

function askedOf(
  metric: string,
  { baseline, windowMs }: SeenBaseline,
  stages: readonly StagePlan[],
  interval: number,
): LimitOverStages {
  const own = stages.map(({ thresholds = [] }) => thresholds.find((one) => one.metric === metric))
  return stages.map(({ watchMs, weight }, index) => {
    const threshold = own[index]
    const beyond = threshold && countsBeyond(threshold, baseline)
    if (!beyond) return undefined
    const { counts, allowed: limit } = beyond
    return {
      limit,
      failAfter: threshold.failAfter,
      samples: Math.max(1, Math.round(watchMs / interval)),
      requests: (counts.requests * interval * weight) / windowMs / WHOLE,
      rate: rateOf(counts),
    }
  })
}
