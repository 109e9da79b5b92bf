import { formatRate } from '@deploy-actions/rollout'
import { alikeSentence, areAlike } from './alike'
import { countsOf, unanswered, type Criterion, type Finding, type Shared } from './criterion'
import { againstLimit, RATIO_SHARES, type Margin } from './error-evidence'
import { boundAbove, countAbove } from './latency-bounds'
import { mixedEvidence, planStarts } from './mixed-starts'
import { add, total, type ArmSample, type Counts, type Sample } from './sample'
import type { CountsOfArms } from './stage-counts'
import { newestStretch, type Stretch } from './stretch'
import type { Judgement } from './verdict'
import { failed, formatMs, odds, oddsOf, slow } from './wording'
import { watchWobble, type Wobble } from './wobble'

/** Shares of the requests that a limit of the latency allows above it. */
export const LATENCY_SHARES = { p50: 0.5, p95: 0.05, p99: 0.01 } as const
export type LatencyQuantile = keyof typeof LATENCY_SHARES
export const LATENCY_QUANTILES = Object.keys(LATENCY_SHARES) as LatencyQuantile[]

/** Of which quantile a limit of that name is, such as `latency-p99`; undefined of any other name. */
export const quantileOf = (metric: string): LatencyQuantile | undefined =>
  LATENCY_QUANTILES.find((quantile) => metric === `latency-${quantile}`)

/** A limit that some of the stages have, and what is counted for it. */
interface Limited<L> {
  metric: string
  /** what of its kind each stage has */
  stages: readonly (L | undefined)[]
  /** the highest share of the requests, 0 to 1, of those that `count` gives as errors */
  share(limit: L): number
  /** undefined where the numbers of the arm do not tell it */
  count(arm: ArmSample, limit: L): Counts | undefined
  /** `43 of 5,120 requests failed (0.84%)` */
  words(seen: Counts, limit: L, arm: ArmSample): string
  /** `1%` */
  allowed(limit: L): string
  /** what the answer of an arm lacks where nothing can be counted */
  unanswered(sample: Sample, limit: L): Judgement
  /** how what is counted wanders by itself */
  wobble: Pick<Wobble, 'variation'> & Partial<Pick<Wobble, 'learn'>>
}

interface Known {
  /** in these stages there is no baseline beside the canary */
  isWhole(stage: number): boolean
  /** how long the stages that have such a limit are watched when nothing delays them */
  plannedMs: number
  margin: Margin
}

/** Does the canary fail more than the limit of the stage (0 to 1) allows, of its requests or of what a ratio counts? */
export const countLimits = (
  stages: readonly (number | undefined)[],
  { baseline, ratio, ...known }: Known & Pick<Shared, 'baseline'> & { ratio: string | undefined },
): Criterion =>
  limitsOf(
    {
      metric: ratio ?? 'error-rate',
      stages,
      // It is taught by the comparison.
      wobble: { variation: baseline.variation },
      share: (limit) => limit,
      count: (arm) => (ratio === undefined ? arm : arm.ratios?.[ratio]),
      words: (seen) => failed(seen, ratio),
      allowed: formatRate,
      unanswered: (sample) => unanswered(countsOf(sample, ratio), ratio),
    },
    known,
  )

/**
 * Are more of the canary's requests slower than the limit of the stage (milliseconds) than the quantile allows, as 5 % for p95? What
 * is counted lies above the lowest bound of the histogram that is not below the limit, and the sentence says which.
 */
export const latencyLimits = (
  quantile: LatencyQuantile,
  stages: readonly (number | undefined)[],
  known: Known,
): Criterion =>
  limitsOf(
    {
      metric: `latency-${quantile}`,
      stages,
      wobble: watchWobble(),
      share: () => LATENCY_SHARES[quantile],
      count({ latency = [] }, limit) {
        const bound = boundAbove(latency, limit)
        return latency.length > 0 && bound === undefined ? undefined : countAbove(latency, bound ?? limit)
      },
      words: (seen, limit, { latency = [] }) => slow(seen, boundAbove(latency, limit) ?? limit),
      allowed: (limit) => `${formatRate(LATENCY_SHARES[quantile])} above ${formatMs(limit)}`,
      unanswered: (_, limit) => ({
        metric: `latency-${quantile}`,
        verdict: 'error',
        reason: () => `the histogram has no bound at ${formatMs(limit)} or above`,
        observed: {},
      }),
    },
    known,
  )

/** One evidence for the limits of all stages; what it says is counted for as long as the limit stays the same. */
function limitsOf<L extends number>(limited: Limited<L>, { plannedMs, margin, isWhole }: Known): Criterion {
  const { stages, metric, wobble } = limited
  const evidence = mixedEvidence(RATIO_SHARES)
  const changes = stages.filter((limit, stage) => limit !== undefined && limit !== stages[stage - 1]).length
  const starts = planStarts(plannedMs, Math.max(1, changes))
  let elapsedMs = 0
  let held: { limit: L; stretch: Stretch; seen: CountsOfArms } | undefined
  return {
    log: () => evidence.log(),
    next(sample, stage, bar): Finding | Judgement | undefined {
      const { canary, baseline, windowMs } = sample
      const limit = stages[stage]
      if (limit === undefined || !canary) return undefined
      const counts = limited.count(canary, limit)
      if (!counts) return limited.unanswered(sample, limit)
      const begins = starts.next(elapsedMs, limit !== held?.limit)
      const factors = againstLimit(counts, windowMs, limited.share(limit), wobble)
      evidence.multiply(factors, begins)
      elapsedMs += windowMs
      if (held?.limit !== limit)
        held = { limit, stretch: newestStretch(), seen: { canary: total([]), baseline: total([]) } }
      const beside = baseline && limited.count(baseline, limit)
      held.stretch.add({ canary: counts, ...(beside && { baseline: beside }) }, windowMs, factors)
      add(held.seen.canary, counts)
      if (beside) {
        add(held.seen.baseline, beside)
        wobble.learn?.(beside, windowMs)
      }
      const value = oddsOf(evidence.log())
      const seen = { canary: total([held.seen.canary]), baseline: total([held.seen.baseline]) }
      const told = held.stretch.told(value) ?? { ...seen, words: '' }
      const share = limited.share(limit)
      const isAbove = ({ requests, errors }: Counts): boolean => errors > share * requests
      // It decides nothing but the words.
      const alike = !isWhole(stage) && isAbove(told.baseline) && areAlike(told, margin)
      return {
        metric,
        reason: () =>
          `canary ${limited.words(told.canary, limit, canary)}${told.words}, limit ${limited.allowed(limit)}, evidence ${odds(value)}, bar ${odds(bar)}`,
        ...(alike && { alike: () => alikeSentence(limited.words(told.baseline, limit, canary)) }),
        evidence: { value, bar },
        limit,
        observed: { canaryRequests: seen.canary.requests, canaryErrors: seen.canary.errors },
      }
    },
  }
}
