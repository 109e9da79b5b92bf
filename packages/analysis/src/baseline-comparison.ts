import { formatDuration, formatRate } from '@deploy-actions/rollout'
import {
  countsOf,
  unanswered,
  type CountedSample,
  type Criterion,
  type Finding,
  type Shared,
} from './criterion'
import { againstBaseline, againstLimit, RATIO_SHARES } from './error-evidence'
import { mixedEvidence, planStarts } from './mixed-starts'
import { pairCounts } from './pairing'
import { add, total, type Counts } from './sample'
import { newestStretch } from './stretch'
import type { Judgement } from './verdict'
import { failed, odds, oddsOf, times } from './wording'

interface Comparison {
  /** how long all stages are watched when nothing delays them */
  plannedMs: number
  /** in these stages the canary has all of the traffic */
  isWhole(stage: number): boolean
  /** probability that the bound of the earlier baseline is wrong */
  boundAlpha: number
  /** so long from the first sample on nothing is compared (milliseconds of samples) */
  warmUpMs: number
  /** the name of what is counted, where it is not requests and errors */
  ratio: string | undefined
}

/**
 * Does the canary fail more than the margin over the baseline allows? Its evidence is that of all stages. A baseline that
 * could not be asked is not one without traffic: that is an error. At 100 % the baseline is silent: then what its rate can
 * have been at most, with the margin, is the limit, fixed at the first sample, and nothing is said where it never had traffic.
 */
export function baselineComparison(
  { baseline, margin }: Shared,
  { plannedMs, isWhole, boundAlpha, warmUpMs, ratio }: Comparison,
): Criterion & { restart(): void } {
  const of = ratio ?? 'errors'
  const evidence = mixedEvidence(RATIO_SHARES)
  const starts = planStarts(plannedMs)
  const pairs = pairCounts()
  const compared = { canary: total([]), baseline: total([]) }
  const stretch = newestStretch()
  let warmedMs = 0
  let elapsedMs: number | undefined
  let earlier: { limit: number; sum: Counts } | undefined
  const takeIn = (
    counts: { canary: Counts; baseline?: Counts },
    windowMs: number,
    logFactors: readonly number[],
  ): void => {
    stretch.add(counts, windowMs, logFactors)
    evidence.multiply(logFactors, starts.next(elapsedMs ?? 0, elapsedMs === undefined))
    elapsedMs = (elapsedMs ?? 0) + windowMs
  }

  const beside = (sample: CountedSample, bar: number): Finding | Judgement => {
    const pair = pairs.add(sample)
    if (warmedMs < warmUpMs) {
      warmedMs += sample.windowMs
      if (pair) baseline.learn(pair.baseline, pair.windowMs)
      return warmingUp(of, warmUpMs)
    }
    if (pair) {
      add(compared.canary, pair.canary)
      add(compared.baseline, pair.baseline)
      // In this order: what is made of the sample's own rate would void the bound on false alarms.
      takeIn(pair, pair.windowMs, againstBaseline(pair, margin, baseline))
      baseline.learn(pair.baseline, pair.windowMs)
    }
    if (!sample.canary || !sample.baseline) return unanswered(sample, of)
    const canary = total([compared.canary])
    const other = total([compared.baseline])
    const value = oddsOf(evidence.log())
    const told = stretch.told(value) ?? { canary, baseline: other, words: '' }
    return {
      metric: `${of}-against-baseline`,
      reason: () =>
        `canary ${failed(told.canary, ratio)}, baseline ${failed(told.baseline, ratio)}${told.words}: ${times(told.canary, told.baseline)}, evidence ${odds(value)}, bar ${odds(bar)}`,
      evidence: { value, bar },
      observed: {
        ...{ canaryRequests: canary.requests, canaryErrors: canary.errors },
        ...{ baselineRequests: other.requests, baselineErrors: other.errors },
      },
    }
  }

  const afterwards = (sample: CountedSample, bar: number): Finding | Judgement | undefined => {
    const { canary, windowMs } = sample
    if (!canary) return unanswered(sample, of)
    const limit = earlier?.limit ?? baseline.highestAllowed(boundAlpha)
    if (limit === undefined) return undefined
    earlier ??= { limit, sum: total([]) }
    const { sum } = earlier
    add(sum, canary)
    takeIn({ canary }, windowMs, againstLimit(canary, windowMs, limit, baseline))
    const value = oddsOf(evidence.log())
    const seen = total([sum])
    const told = stretch.told(value) ?? { canary: seen, words: '' }
    return {
      metric: `${of}-against-earlier-baseline`,
      reason: () =>
        `canary ${failed(told.canary, ratio)}${told.words}, at most ${formatRate(limit)} by what the baseline had before, evidence ${odds(value)}, bar ${odds(bar)}`,
      evidence: { value, bar },
      limit,
      observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
    }
  }
  return {
    next(sample, stage, bar) {
      const counts = countsOf(sample, ratio)
      return isWhole(stage) ? afterwards(counts, bar) : beside(counts, bar)
    },
    log: () => evidence.log(),
    restart: () => pairs.restart(),
  }
}

const warmingUp = (of: string, ms: number): Judgement => ({
  metric: `${of}-against-baseline`,
  verdict: 'inconclusive',
  reason: () => `nothing is compared with the baseline for ${formatDuration(ms)}: the canary warms up`,
  observed: {},
})
