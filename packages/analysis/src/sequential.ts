import { baselineComparison } from './baseline-comparison'
import { unanswered, type Criterion, type Finding, type Shared } from './criterion'
import { grossFailure } from './gross-failure'
import type { Margin } from './error-evidence'
import { knowBaseline } from './known-baseline'
import { latencyComparison } from './latency-comparison'
import type { Judge, StageLimits } from './judge'
import { countLimits, LATENCY_QUANTILES, latencyLimits } from './limits'
import { logSum } from './mixed-starts'
import type { Sample } from './sample'
import { countStages } from './stage-counts'
import { watchThresholds } from './thresholds'
import { watchUncounted } from './uncounted'
import type { Judgement } from './verdict'
import { odds, oddsOf } from './wording'

/** How sure, and how much worse than the baseline is still harmless. */
export interface SequentialSettings {
  /** probability of a false alarm over the whole rollout of a target */
  alpha: number
  margin: Margin
  /** a cold start: so long, in milliseconds of samples, the canary is not compared with the baseline; default 0 */
  warmUpMs?: number
  /** so many times slower than the baseline is harmless; without it latencies are not compared */
  latencyTolerance?: number
  /** names of counts that are compared like errors */
  ratios?: readonly string[]
  /** of these: latency, or a ratio's name */
  reportOnly?: readonly string[]
}

/** What the evidences weigh in their mean; what is not configured gives its share to the rest. */
const WEIGHTS = { errors: 0.4, latency: 0.3, ratios: 0.3, limits: 0.3 }
/** Part of alpha for the bound of what the baseline can have been before the canary had all of the traffic. */
const BOUND_SHARE = 0.1
/** From such evidence on a stage does not pass: once in ten times a healthy canary comes to it. */
const SUSPICIOUS = 10

/**
 * Evidences that may be looked at after every sample. Their weighted mean begins at 1 and is held against one bar, so that all of
 * them together raise a false alarm with probability `alpha` or less, whatever they have to do with each other: the mean of
 * e-processes is one, where a product of two metrics of one sample is not.
 */
export function createSequentialJudge(settings: SequentialSettings, stages: readonly StageLimits[]): Judge {
  const { alpha, margin, warmUpMs = 0, latencyTolerance, ratios = [], reportOnly = [] } = settings
  const counts = countStages(stages.length)
  const isWhole = (stage: number): boolean => stages[stage]?.whole === true
  const along = { plannedMs: plannedMs(stages), isWhole, warmUpMs }
  const boundAlpha = (alpha * BOUND_SHARE) / (1 + ratios.length)
  const counted = [undefined, ...ratios].map((ratio) => {
    const shared: Shared = { baseline: knowBaseline(margin), margin }
    return { ratio, shared, comparison: baselineComparison(shared, { ...along, boundAlpha, ratio }) }
  })
  const latency =
    latencyTolerance === undefined
      ? undefined
      : latencyComparison({ ...along, tolerance: latencyTolerance, absolute: margin.absolute })
  const criteria: Named[] = [
    ...counted.map(({ ratio, comparison }) => ({
      of: ratio ?? 'errors',
      criterion: comparison,
      weight: ratio === undefined ? WEIGHTS.errors : WEIGHTS.ratios / ratios.length,
    })),
    ...(latency ? [{ of: 'latency', criterion: latency, weight: WEIGHTS.latency }] : []),
    ...limitsOf(stages, counted, { isWhole, margin }),
  ]
  const deciding = weighed(criteria.filter(({ of }) => !reportOnly.includes(of)))
  const reported = criteria.filter(({ of }) => reportOnly.includes(of))
  const gross = grossFailure(margin)
  const thresholds = watchThresholds(stages)
  const uncounted = watchUncounted(
    [...(latency ? ['latency'] : []), ...ratios].filter((name) => !reportOnly.includes(name)),
  )
  /** At 100 % only limits look at how long requests take. */
  const matters = ({ metric }: Judgement, stage: number): boolean =>
    metric !== 'latency' || !isWhole(stage) || stages[stage]?.latency !== undefined
  // The bound may be wrong, too.
  const bar = 1 / (stages.some(({ whole }) => whole) ? alpha * (1 - BOUND_SHARE) : alpha)

  const decide = (sample: Sample, stage: number): Judgement[] => {
    const found = deciding.map(({ criterion, weight }) => criterion.next(sample, stage, bar / weight))
    const together = deciding.reduce(
      (sum, { criterion, weight }) => logSum(sum, Math.log(weight) + criterion.log()),
      -Infinity,
    )
    return decided(
      found.filter((one) => one !== undefined),
      oddsOf(together),
      bar,
    )
  }
  return {
    learn(baseline, windowMs) {
      for (const { ratio, shared } of counted) {
        const counts = ratio === undefined ? baseline : baseline.ratios?.[ratio]
        if (counts) shared.baseline.learn(counts, windowMs)
      }
      if (baseline.latency) latency?.learn(baseline.latency, windowMs)
      thresholds.learn(baseline)
    },
    restart() {
      for (const { comparison } of counted) comparison.restart()
      latency?.restart()
    },
    judge(sample, stage) {
      if (sample.canary) counts.add(sample, stage)
      const still = uncounted.next(sample).filter((one) => matters(one, stage))
      const judgements = [
        ...decide(sample, stage),
        ...reported.flatMap(({ criterion }) => alone(criterion.next(sample, stage, bar), bar)),
        ...still,
      ]
      return {
        judgements: [
          ...gross(sample),
          ...(sample.canary ? [...judgements, ...thresholds.next(sample, stage)] : [unanswered(sample)]),
        ],
        seen: counts.of(stage),
      }
    },
  }
}

/** What is only reported has a bar of its own, and moves that of the others by nothing. */
function alone(one: Finding | Judgement | undefined, bar: number): Judgement[] {
  if (one === undefined) return []
  if (!isFinding(one)) return [{ ...one, reportOnly: true }]
  const { alike: _, ...said } = one
  return [{ ...said, verdict: one.evidence.value >= bar ? 'fail' : 'pass', reportOnly: true }]
}

const plannedMs = (stages: readonly StageLimits[]): number =>
  stages.reduce((sum, { watchMs }) => sum + watchMs, 0)

/** A criterion, of what it is one, and what it weighs. */
interface Named {
  /** errors, latency, or the name of a ratio */
  of: string
  criterion: Criterion
  weight: number
}

/** One criterion for the limits of each kind. */
function limitsOf(
  stages: readonly StageLimits[],
  counted: readonly { ratio: string | undefined; shared: Shared }[],
  shared: { isWhole(stage: number): boolean; margin: Margin },
): Named[] {
  const having = (of: (stage: StageLimits) => number | undefined) => {
    const limits = stages.map(of)
    const planned = plannedMs(stages.filter((_, stage) => limits[stage] !== undefined))
    return { limits, ...shared, plannedMs: planned, any: limits.some((limit) => limit !== undefined) }
  }
  const named = [
    ...counted.flatMap(({ ratio, shared: { baseline } }) => {
      const of = (stage: StageLimits) => (ratio === undefined ? stage.errorRate : stage.ratios?.[ratio])
      const { limits, any, ...known } = having(of)
      return any
        ? [{ of: ratio ?? 'errors', criterion: countLimits(limits, { ...known, baseline, ratio }) }]
        : []
    }),
    ...LATENCY_QUANTILES.flatMap((quantile) => {
      const { limits, any, ...known } = having(({ latency }) => latency?.[quantile])
      return any ? [{ of: 'latency', criterion: latencyLimits(quantile, limits, known) }] : []
    }),
  ]
  return named.map((one) => ({ ...one, weight: WEIGHTS.limits / named.length }))
}

function weighed(criteria: readonly Named[]): Named[] {
  const sum = criteria.reduce((all, { weight }) => all + weight, 0)
  return criteria.map((one) => ({ ...one, weight: one.weight / sum }))
}

const isFinding = (one: Finding | Judgement): one is Finding => !('verdict' in one)
const shareOf = ({ evidence: { value, bar } }: Finding): number => value / bar

/** What carries most of the evidence says what all of them come to. */
function decided(all: readonly (Finding | Judgement)[], together: number, bar: number): Judgement[] {
  const findings = all.filter(isFinding)
  const carrying = findings.toSorted((a, b) => shareOf(b) - shareOf(a))[0]
  const present = bar * findings.reduce((sum, one) => sum + shareOf(one), 0)
  return all.map((one): Judgement => {
    if (!isFinding(one)) return one
    const { alike, ...said } = one
    if (one !== carrying) return { ...said, verdict: 'pass' }
    if (together >= bar) {
      const alone = (): string =>
        shareOf(one) >= 1 ? '' : `; with all that was found before it is ${odds(together)}, bar ${odds(bar)}`
      return {
        ...{ ...said, verdict: 'fail', reason: () => `${said.reason()}${alone()}${alike?.() ?? ''}` },
        ...(alike !== undefined && { alike: true }),
      }
    }
    if (present < SUSPICIOUS) return { ...said, verdict: 'pass' }
    return {
      ...{ ...said, verdict: 'inconclusive', suspected: true },
      reason: () => `${said.reason()}: too much to pass, which takes less than ${odds(SUSPICIOUS)}`,
    }
  })
}
