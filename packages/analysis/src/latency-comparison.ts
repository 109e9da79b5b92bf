import { unanswered, type Criterion, type Finding } from './criterion'
import { againstBaseline, RATIO_SHARES, type Margin } from './error-evidence'
import { addBuckets, chooseBounds, countAbove, type BoundPair } from './latency-bounds'
import { logMean, mixedEvidence, planStarts, type MixedEvidence, type Starts } from './mixed-starts'
import { pairCounts, type Pairing } from './pairing'
import { add, latencyProblems, total, type Bucket, type Counts } from './sample'
import { newestStretch, type Stretch } from './stretch'
import type { Judgement } from './verdict'
import { formatMs, odds, oddsOf, slow, times } from './wording'
import { watchWobble, type Wobble } from './wobble'

interface Comparison {
  /** so many times slower is harmless */
  tolerance: number
  /** harmless beyond that: a share of the requests */
  absolute: number
  /** how long all stages are watched when nothing delays them */
  plannedMs: number
  /** in these stages the canary has all of the traffic */
  isWhole(stage: number): boolean
  /** so long from the first sample on nothing is compared (milliseconds of samples) */
  warmUpMs: number
}

/** Compares how long the arms take. */
export interface LatencyComparison extends Criterion {
  /** What the baseline took before any traffic moved. */
  learn(latency: readonly Bucket[], windowMs: number): void
  restart(): void
}

/** By fewer requests of the baseline no bounds are chosen. */
const ENOUGH_TO_CHOOSE = 100
const METRIC = 'latency-against-baseline'

/** One pair of bounds, and what is known of it. */
interface Watched {
  pair: BoundPair
  pairs: Pairing
  starts: Starts
  evidence: MixedEvidence
  baseline: Wobble
  compared: Record<'canary' | 'baseline', Counts>
  stretch: Stretch
  elapsedMs: number | undefined
}

/**
 * Is the canary slower than the tolerance allows? Harmless means that what the canary does within `t` the baseline does within
 * `t / tolerance`, but for `absolute` of the requests: `P_c(X > u) <= P_b(X > u / tolerance) + absolute`, which is at most
 * `P_b(X > u') + absolute` for the largest bound `u'` of the histogram up to `u / tolerance`. So it is counts again, for each of
 * a few bounds, and the evidence is their mean (compare Howard, Ramdas, arXiv:1906.09712, and Lindon, Sanden, Shirikian,
 * arXiv:2205.14762). At 100 % there is nothing to compare with.
 */
export function latencyComparison({
  tolerance,
  absolute,
  plannedMs,
  isWhole,
  warmUpMs,
}: Comparison): LatencyComparison {
  const margin: Margin = { ratio: 1, absolute }
  let learnt: { latency: readonly Bucket[]; windowMs: number }[] = []
  let bounds: Watched[] | undefined
  let warmedMs = 0

  const learn = (latency: readonly Bucket[], windowMs: number): void => {
    learnt.push({ latency, windowMs })
    const all = addBuckets(learnt.map(({ latency }) => latency))
    if ((all.at(-1)?.count ?? 0) < ENOUGH_TO_CHOOSE) return
    bounds = chooseBounds(all, tolerance).map((pair) => watched(pair, plannedMs, learnt))
    learnt = []
  }
  const takeIn = (one: Watched, sample: Counted): void => {
    const pair = one.pairs.add(sample)
    if (!pair) return
    if (warmedMs >= warmUpMs) {
      const { elapsedMs = 0, starts } = one
      const begins = starts.next(elapsedMs, one.elapsedMs === undefined)
      // In this order: what is made of the sample's own share would void the bound on false alarms.
      const factors = againstBaseline(pair, margin, one.baseline)
      one.evidence.multiply(factors, begins)
      one.stretch.add(pair, pair.windowMs, factors)
      one.elapsedMs = elapsedMs + pair.windowMs
      add(one.compared.canary, pair.canary)
      add(one.compared.baseline, pair.baseline)
    }
    one.baseline.learn(pair.baseline, pair.windowMs)
  }

  return {
    learn(latency, windowMs) {
      if (bounds) for (const { pair, baseline } of bounds) learnAbove(baseline, pair, latency, windowMs)
      else learn(latency, windowMs)
    },
    restart: () => bounds?.forEach(({ pairs }) => pairs.restart()),
    log: () => (bounds?.length ? logMean(bounds.map(({ evidence }) => evidence.log())) : 0),
    next(sample, stage, bar) {
      if (isWhole(stage) || !sample.canary) return undefined
      const problems = latencyProblems(sample)
      if (problems.length > 0) return unanswered({ problems })
      const { canary, baseline, windowMs } = sample
      if (!bounds) {
        if (baseline) learn(baseline.latency ?? [], windowMs)
        return undefined
      }
      const counted = bounds.map(({ pair }) => ({
        windowMs,
        canary: countAbove(canary.latency ?? [], pair.canary),
        baseline: baseline && countAbove(baseline.latency ?? [], pair.baseline),
      }))
      const other = bounds.find(
        (_, index) => !counted[index]?.canary || (baseline && !counted[index].baseline),
      )
      if (other) return otherBounds(other.pair)
      bounds.forEach((one, index) => takeIn(one, counted[index] as Counted))
      warmedMs += windowMs
      const carrying = bounds.toSorted((a, b) => b.evidence.log() - a.evidence.log())[0]
      return carrying && finding(carrying, logMean(bounds.map(({ evidence }) => evidence.log())), bar)
    },
  }
}

/** What both arms were counted above their bounds; an arm that gave no answer is absent. */
interface Counted {
  windowMs: number
  canary?: Counts
  baseline?: Counts
}

function watched(
  pair: BoundPair,
  plannedMs: number,
  learnt: readonly { latency: readonly Bucket[]; windowMs: number }[],
): Watched {
  const baseline = watchWobble()
  for (const { latency, windowMs } of learnt) learnAbove(baseline, pair, latency, windowMs)
  return {
    ...{ pair, baseline },
    pairs: pairCounts(),
    starts: planStarts(plannedMs),
    evidence: mixedEvidence(RATIO_SHARES),
    compared: { canary: total([]), baseline: total([]) },
    stretch: newestStretch(),
    elapsedMs: undefined,
  }
}

function learnAbove(of: Wobble, pair: BoundPair, latency: readonly Bucket[], windowMs: number): void {
  const counts = countAbove(latency, pair.baseline)
  if (counts) of.learn(counts, windowMs)
}

function finding({ pair, compared, stretch }: Watched, log: number, bar: number): Finding {
  const [canary, baseline] = [total([compared.canary]), total([compared.baseline])]
  const value = oddsOf(log)
  const told = stretch.told(value) ?? { canary, baseline, words: '' }
  return {
    metric: METRIC,
    reason: () =>
      `canary ${slow(told.canary, pair.canary)}, baseline ${slow(told.baseline, pair.baseline)}${told.words}: ${times(told.canary, told.baseline)}, evidence ${odds(value)}, bar ${odds(bar)}`,
    evidence: { value, bar },
    observed: {
      ...{ canaryRequests: canary.requests, canarySlow: canary.errors, canaryBound: pair.canary },
      ...{ baselineRequests: baseline.requests, baselineSlow: baseline.errors, baselineBound: pair.baseline },
    },
  }
}

const otherBounds = ({ canary, baseline }: BoundPair): Judgement => ({
  metric: METRIC,
  verdict: 'error',
  reason: () =>
    `the histograms of the two arms, or of their replicas, have other buckets than before: the canary's needs a bound at ${formatMs(canary)}, the baseline's one at ${formatMs(baseline)}`,
  observed: {},
})
