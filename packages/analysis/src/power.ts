import { defined } from '@deploy-actions/rollout'
import { simulateRollout, type SimulatedRollout, type SimulationSettings } from './simulated-rollout'
import { medianFoundMs, smallestFound, tryStage, type Trial } from './trials'

export type { SimulationSettings } from './simulated-rollout'
export { FOUND_SHARE } from './trials'

/** What is found in 180 of these is found in 85 to 93 % of all rollouts, with 95 % confidence. */
export const SIMULATED_ROLLOUTS = 200
/** What limits do is told by half of them. */
const OF_LIMITS = SIMULATED_ROLLOUTS / 2

/** What a stage finds, at this traffic. */
export interface StagePower {
  /** of the canary while the stage is watched, in the mean */
  requests: number
  /** the smallest that is found; undefined where not even a canary is found whose every request fails */
  regression?: FoundRegression
  /** where the stage limits the error rate */
  limit?: LimitPower
}

/** The canary fails from the beginning of the stage on, and was healthy before. */
export interface FoundRegression {
  /** error rate of the canary, 0 to 1 */
  rate: number
  /** the same, in two digits, as a multiple of the baseline's; undefined where that never fails */
  times?: number
  /** from the beginning of the stage until it is found */
  medianMs: number
  /** requests, in two digits, that fail meanwhile, beyond those that would have failed at the baseline's rate */
  lost: number
}

/** How a limit of the error rate is seen. */
export interface LimitPower {
  /** 0 to 1 */
  limit: number
  /** error rate of the canary (0 to 1) from which on the limit alone finds it, whatever the baseline does; undefined where none is */
  foundFrom?: number
  /** from the beginning of the stage until a canary is found that fails twice as often as the limit allows; undefined where half of them are not */
  twiceMedianMs?: number
}

/**
 * What each stage finds in 90 % of simulated rollouts, by the judge and the rules that end a stage: of error rates that are about
 * 10 % apart the smallest for which that holds, so that it is rounded up by as much. Rates stay as they are, so that less is found
 * where they wander by themselves. A rollout that does not get as far as a stage finds nothing in it. Of the same settings the
 * answer is always the same.
 */
export function stagePower(settings: SimulationSettings): StagePower[] {
  const { stages, baselineErrors } = settings
  const rollouts = simulate(settings, SIMULATED_ROLLOUTS)
  const limits = stages.some(({ errorRate }) => errorRate !== undefined) ? byLimitsAlone(settings) : []
  return stages.map(({ weight, watchMs, errorRate }, stage) => {
    const perMs = (settings.requestsPerSecond * weight) / 10_000 / 1000
    const trials = tryStage(rollouts, stage, baselineErrors)
    const rate = smallestFound(trials, ratesFrom(baselineErrors))
    const alone = tryStage(limits, stage, baselineErrors)
    return defined({
      requests: perMs * watchMs,
      regression: rate === undefined ? undefined : regressionOf(rate, trials, { perMs, baselineErrors }),
      limit: errorRate === undefined ? undefined : limitPower(errorRate, { trials, alone, rate }),
    })
  })
}

const simulate = (settings: SimulationSettings, count: number): SimulatedRollout[] =>
  Array.from({ length: count }, (_, index) => simulateRollout(settings, index + 1))

/** With such a margin nothing is worse than the baseline. */
const byLimitsAlone = (settings: SimulationSettings): SimulatedRollout[] =>
  settings.judge
    ? simulate({ ...settings, judge: { ...settings.judge, margin: { ratio: 1, absolute: 1 } } }, OF_LIMITS)
    : []

function regressionOf(
  rate: number,
  trials: readonly Trial[],
  { perMs, baselineErrors }: { perMs: number; baselineErrors: number },
): FoundRegression | undefined {
  const medianMs = medianFoundMs(trials, rate)
  if (medianMs === undefined) return undefined
  const lost = perMs * medianMs * (rate - baselineErrors)
  return {
    ...{ rate, medianMs, lost: Number(lost.toPrecision(2)) },
    ...(baselineErrors > 0 && { times: Number((rate / baselineErrors).toPrecision(2)) }),
  }
}

/** @param rate the smallest that is found by everything: the limit alone finds no smaller one */
function limitPower(
  limit: number,
  { trials, alone, rate }: { trials: readonly Trial[]; alone: readonly Trial[]; rate: number | undefined },
): LimitPower {
  const foundFrom = rate === undefined ? undefined : smallestFound(alone, ratesFrom(Math.max(limit, rate)))
  const twiceMedianMs = medianFoundMs(trials.slice(0, OF_LIMITS), Math.min(1, 2 * limit))
  return defined({ limit, foundFrom, twiceMedianMs })
}

/** The series E24 (IEC 60063): two digits, each about 10 % above the one before. */
const E24 = [
  ...[10, 11, 12, 13, 15, 16, 18, 20, 22, 24, 27, 30],
  ...[33, 36, 39, 43, 47, 51, 56, 62, 68, 75, 82, 91],
]
/** The lowest rate that is tried is 10^-6. */
const DECADES = [7, 6, 5, 4, 3, 2]

/** Rates to be tried, rising to 1. */
function ratesFrom(lowest: number): number[] {
  const rates = DECADES.flatMap((decade) => E24.map((digits) => Number(`${digits}e-${decade}`)))
  return [...rates.filter((rate) => rate >= lowest), 1]
}
