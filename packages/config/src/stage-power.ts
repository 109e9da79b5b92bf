import type { SequentialSettings } from '@deploy-actions/analysis'
import type { StagePower } from '@deploy-actions/analysis/power'
import { formatDuration, formatRate } from '@deploy-actions/rollout'
import type { AnalysisConfig } from './schema'
import type { Measured } from './limits'
import type { RegionConfig } from './load'
import { atStage, planStages, tooFewRequests, type StagePlan } from './stage-plan'

/** The canary of a region, with everything filled in. */
export interface JudgedCanary {
  analysis: AnalysisConfig
  stages: readonly StagePlan[]
  /** undefined: thresholds alone decide */
  judge: SequentialSettings | undefined
}

/** What a region's config says of its canary. */
export const judgedCanary = ({
  canary: { analysis, stages },
  metrics,
}: Pick<RegionConfig, 'canary' | 'metrics'>): JudgedCanary => ({
  ...{ analysis, stages: planStages(stages, analysis, metrics), judge: judgeSettings(analysis, metrics) },
})

/** What a canary meets. */
export interface Traffic {
  /** of both arms together */
  requestsPerSecond: number
  /** how often the baseline fails, 0 to 1 */
  baselineErrors: number
}

/** What of an analysis the judge goes by. */
export type JudgeConfig = Pick<AnalysisConfig, 'judge' | 'alpha' | 'margin' | 'warm-up' | 'latency-tolerance'>

/** What the sequential judge goes by; undefined where the threshold judge holds each sample against limits alone. */
export function judgeSettings(
  { judge, alpha, margin, 'warm-up': warmUpMs, 'latency-tolerance': latencyTolerance }: JudgeConfig,
  { latency, ratios = {} }: Measured,
): SequentialSettings | undefined {
  if (judge === 'threshold') return undefined
  const reported = Object.keys(ratios).filter((name) => ratios[name]?.['report-only'])
  return {
    ...{ alpha, margin, warmUpMs, ratios: Object.keys(ratios) },
    ...(latency && { latencyTolerance }),
    reportOnly: [...(latency?.['report-only'] ? ['latency'] : []), ...reported],
  }
}

/** Most regions have the same stages, and the answer is always the same. */
const answered = new Map<string, Promise<WatchedStage[]>>()

/** A stage, and what it finds. */
export interface WatchedStage {
  /** from 0 */
  stage: number
  /** basis points */
  weight: number
  watchMs: number
  power: StagePower
}

/**
 * What each stage that is watched finds at this traffic: not what follows a `last-watch`. It takes about a second of CPU, two where
 * all of five stages have limits.
 */
export function powerOf(canary: JudgedCanary, traffic: Traffic): Promise<WatchedStage[]> {
  const asked = JSON.stringify([canary, traffic])
  const known = answered.get(asked) ?? simulated(canary, traffic)
  answered.set(asked, known)
  return known
}

async function simulated(
  { analysis, stages, judge }: JudgedCanary,
  traffic: Traffic,
): Promise<WatchedStage[]> {
  // Few runs of an action ask for it.
  const { stagePower } = await import('@deploy-actions/analysis/power')
  const found = stagePower({
    judge,
    intervalMs: analysis.interval,
    ...{ stages, ...traffic },
  })
  return found.flatMap((power, stage) => {
    const { weight = 0, watchMs = 0 } = stages[stage] ?? {}
    return watchMs > 0 ? [{ stage, weight, watchMs, power }] : []
  })
}

/** The power of a stage as tables say it. */
export interface PowerInWords {
  /** `2.4% (24 times)`: the smallest error rate that is found */
  finds: string
  /** `3m20s`: the median time until then */
  after: string
  /** requests that fail meanwhile and would not have failed on the baseline */
  lost: string
  /** `1%: alone from 3.9%, 2% after 3m30s`; empty without a limit of the error rate */
  limit: string
}

export function powerInWords({ regression, limit }: StagePower): PowerInWords {
  return {
    finds: regression
      ? `${formatRate(regression.rate)}${regression.times === undefined ? '' : ` (${regression.times} times)`}`
      : 'nothing',
    after: regression ? inSeconds(regression.medianMs) : '',
    lost: regression ? String(Math.round(regression.lost)) : '',
    limit: limit ? limitInWords(limit) : '',
  }
}

function limitInWords({ limit, foundFrom, twiceMedianMs }: NonNullable<StagePower['limit']>): string {
  const alone = foundFrom === undefined ? 'alone never' : `alone from ${formatRate(foundFrom)}`
  const twice = `${formatRate(Math.min(1, 2 * limit))} ${twiceMedianMs === undefined ? 'hardly ever' : `after ${inSeconds(twiceMedianMs)}`}`
  return `${formatRate(limit)}: ${alone}, ${twice}`
}

const inSeconds = (ms: number): string => formatDuration(Math.round(ms / 1000) * 1000)

/** What is wrong with stages at this traffic, a sentence each: what they cannot see, and what they would take for a fault. */
export function powerWarnings(
  stages: readonly StagePlan[],
  power: readonly WatchedStage[],
  { requestsPerSecond, baselineErrors }: Traffic,
): string[] {
  const blind = power.flatMap(({ stage, power: { regression } }) =>
    regression
      ? []
      : [{ stage, message: 'finds nothing at this traffic, not even a canary that always fails' }],
  )
  const above = stages.flatMap(({ errorRate }, stage) =>
    errorRate === undefined || baselineErrors <= errorRate
      ? []
      : [
          {
            stage,
            message: `limits errors to ${formatRate(errorRate)}, and the baseline itself fails ${formatRate(baselineErrors)} of its requests, as far as is known: a healthy release would be taken back`,
          },
        ],
  )
  const reported = stages.flatMap(({ onFail, watchMs }, stage) =>
    onFail === 'report' && watchMs > 0
      ? [{ stage, message: 'only reports what it finds (on-fail: report): nothing is taken back' }]
      : [],
  )
  return [
    ...tooFewRequests(requestsPerSecond, stages),
    ...[...blind, ...above, ...reported].map(atStage(stages)),
  ]
}
