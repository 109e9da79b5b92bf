import { InputError } from '@deploy-actions/action-kit'
import { defined, formatPercent, WHOLE } from '@deploy-actions/rollout'
import {
  LATENCY_QUANTILES,
  LATENCY_SHARES,
  LEAST_REQUESTS,
  quantileOf,
  requestsToSee,
  unreachable,
  type Bucket,
  type PlannedLimits,
  type StageBudget,
} from '@deploy-actions/analysis'
import { planLimits, type Measured } from './limits'
import type { AnalysisConfig, StageConfig } from './schema'

/** A stage with everything filled in that its config leaves to defaults. */
export interface StagePlan extends StageBudget, PlannedLimits {
  /** basis points */
  weight: number
  /** names of checks that are looked at while it runs */
  checks: readonly string[]
  /** once it has passed it waits for a person's yes for so long, and what becomes of it without one */
  confirm?: { withinMs: number; otherwise: 'restore' | 'next' }
  /** where its metrics or checks fail it, it steps back to that weight (basis points) and is watched there before it is restored */
  stepBack?: { weight: number; holdMs: number }
}

/** How often the longest watch is longer than the shortest, unless `max-watch` says it. */
const MAX_WATCH_FACTOR = 3

/**
 * Fills a stage's defaults: `min-requests` is what the tightest limit needs, the longest watch three times the watch. With
 * `last-watch` the last stage is two: it is watched at that weight, and gets all of the traffic then.
 * @throws InputError where `last-watch` is not above the stage before
 */
export function planStages(
  stages: readonly StageConfig[],
  analysis: AnalysisConfig,
  measured: Measured,
): StagePlan[] {
  const low = lastWatchTooLow(stages, analysis)
  if (low !== undefined) throw new InputError([{ where: 'canary.analysis.last-watch', message: low }])
  const plans = fillStages(stages, analysis, measured)
  const last = plans.at(-1)
  const { 'last-watch': weight } = analysis
  return last && weight !== undefined ? [...plans.slice(0, -1), { ...last, weight }, taken(last)] : plans
}

/** Why the last stage cannot be watched at that weight. */
export function lastWatchTooLow(
  stages: readonly Pick<StageConfig, 'weight'>[],
  { 'last-watch': weight }: Pick<AnalysisConfig, 'last-watch'>,
): string | undefined {
  const before = stages.at(-2)?.weight ?? 0
  return weight === undefined || weight > before
    ? undefined
    : `the last stage is watched at ${formatPercent(weight)}, which is not above the ${formatPercent(before)} of the stage before`
}

/** What has passed its watch gets all of the traffic: it is seen to get there, and nothing more is waited for. */
function taken({ confirm: _, stepBack: __, ...last }: StagePlan): StagePlan {
  return { ...last, weight: WHOLE, watchMs: 0, minRequests: Math.min(last.minRequests, LEAST_REQUESTS) }
}

function fillStages(
  stages: readonly StageConfig[],
  analysis: AnalysisConfig,
  measured: Measured,
): StagePlan[] {
  return stages.map((stage) => {
    const limits = planLimits(stage.limits, analysis, measured)
    const tightest = tightestShare(limits)
    return defined({
      weight: stage.weight,
      watchMs: stage.watch,
      maxWatchMs: Math.max(stage.watch, analysis['max-watch'] ?? MAX_WATCH_FACTOR * stage.watch),
      errorTimeoutMs: analysis['error-timeout'],
      minRequests:
        stage['min-requests'] ??
        analysis['min-requests'] ??
        (tightest === undefined ? LEAST_REQUESTS : requestsToSee(tightest)),
      onFail: analysis['on-fail'],
      onError: analysis['on-error'],
      onInconclusive: analysis['on-inconclusive'],
      ...limits,
      checks: stage.checks,
      confirm: stage.confirm && { withinMs: stage.confirm.within, otherwise: stage.confirm.else },
      stepBack: stage['on-fail'] && { weight: stage['on-fail'].to, holdMs: stage['on-fail'].hold },
    })
  })
}

/** The smallest share of requests (0 to 1) that a limit of a stage allows above it. */
function tightestShare({ errorRate, latency = {} }: PlannedLimits): number | undefined {
  const shares = [...LATENCY_QUANTILES].flatMap((name) =>
    latency[name] === undefined ? [] : [LATENCY_SHARES[name]],
  )
  const all = [...shares, ...(errorRate === undefined ? [] : [errorRate])]
  return all.length > 0 ? Math.min(...all) : undefined
}

/** What was seen of a region before any traffic moved. */
interface Seen {
  requestsPerSecond: number
  baseline: { latency?: readonly Bucket[] }
}

/** The stages that cannot reach `min-requests` at this traffic, or cannot see what they limit: a sentence each. */
export function stagesOutOfReach(
  { requestsPerSecond, baseline }: Seen,
  plans: readonly StagePlan[],
): string[] {
  const unseen = plans.flatMap((plan, stage) =>
    latencyLimitsOf(plan).flatMap(({ quantile, limit }) => {
      const message = unmeasured(baseline.latency ?? [], limit)
      return message === undefined
        ? []
        : [{ stage, message: `limits latency-${quantile} to ${limit} ms, ${message}` }]
    }),
  )
  return [...tooFewRequests(requestsPerSecond, plans), ...unseen.map(atStage(plans))]
}

/** The stages that cannot reach `min-requests` at so many requests per second: a sentence each. */
export const tooFewRequests = (requestsPerSecond: number, plans: readonly StagePlan[]): string[] =>
  unreachable(requestsPerSecond, plans).map(atStage(plans))

/** Says of which stage something is true. */
export const atStage =
  (plans: readonly StagePlan[]) =>
  ({ stage, message }: { stage: number; message: string }): string =>
    `canary.stages[${stage}] (${formatPercent(plans[stage]?.weight ?? 0)}): ${message}`

/** Tested, or held against each sample. */
const latencyLimitsOf = ({
  latency = {},
  thresholds = [],
}: StagePlan): { quantile: string; limit: number }[] => [
  ...Object.entries(latency).map(([quantile, limit]) => ({ quantile, limit })),
  ...thresholds.flatMap(({ metric, max }) => {
    const quantile = quantileOf(metric)
    return quantile && max !== undefined ? [{ quantile, limit: max }] : []
  }),
]

/** Why a histogram does not tell how many requests took longer than a limit (milliseconds). */
function unmeasured(latency: readonly Bucket[], limit: number): string | undefined {
  const highest = latency.findLast(({ le }) => Number.isFinite(le))?.le
  if (highest === undefined) return 'but the histogram of the baseline (metrics.latency) shows no requests'
  return highest < limit
    ? `but the highest bound of the histogram (metrics.latency) is ${highest} ms; give it one above, or lower the limit`
    : undefined
}
