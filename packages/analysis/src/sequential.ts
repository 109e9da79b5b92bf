import { baselineComparison } from './baseline-comparison'
import { unanswered, type Criterion, type Finding, type Shared } from './criterion'
import { grossFailure } from './gross-failure'
import type { Margin } from './error-evidence'
import { knowBaseline } from './known-baseline'
import { latencyComparison } from './latency-comparison'
import { errorRateLimits, LATENCY_QUANTILES, latencyLimits, type LatencyQuantile } from './limits'
import { logSum } from './mixed-starts'
import type { ArmSample, Sample } from './sample'
import { countStages, type CountsOfArms } from './stage-counts'
import { watchUntimed } from './untimed'
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
}

/** What a stage adds to the comparison with the baseline. */
export interface StageLimits {
  /** how long it is watched when nothing delays it */
  watchMs: number
  /** highest error rate, 0 to 1 */
  errorRate?: number
  /** what that part of the requests must not take longer than, in milliseconds */
  latency?: Partial<Record<LatencyQuantile, number>>
  /** the canary arm has all the traffic: there is no baseline beside it any more */
  whole?: boolean
}

/** What a sample came to. */
export interface SampleJudgement {
  judgements: Judgement[]
  /** requests and errors of its stage so far, this sample included when its canary answered */
  seen: CountsOfArms
}

/** The judge of one rollout of one target. It may be asked at every sample; its evidence carries over between stages. */
export interface SequentialJudge {
  /** Baseline traffic seen before any traffic moved: where its rate, and how it wanders, are first known from. */
  learn(baseline: ArmSample, windowMs: number): void
  /** The windows begin anew, as when the traffic is divided otherwise: none may reach back over that. */
  restart(): void
  /** Judges a sample taken in stage `stage` (from 0). Without baseline traffic, limits decide. */
  judge(sample: Sample, stage: number): SampleJudgement
}

/** What the evidences weigh in their mean; what is not configured gives its share to the rest. */
const WEIGHTS = { errors: 0.4, latency: 0.3, limits: 0.3 }
/** Part of alpha for the bound of what the baseline can have been before the canary had all of the traffic. */
const BOUND_SHARE = 0.1
/** From such evidence on a stage does not pass: once in ten times a healthy canary comes to it. */
const SUSPICIOUS = 10

/**
 * Evidences that may be looked at after every sample. Their weighted mean begins at 1 and is held against one bar, so that all of
 * them together raise a false alarm with probability `alpha` or less, whatever they have to do with each other: the mean of
 * e-processes is one, where a product of two metrics of one sample is not.
 */
export function createSequentialJudge(
  settings: SequentialSettings,
  stages: readonly StageLimits[],
): SequentialJudge {
  const { alpha, margin, warmUpMs = 0, latencyTolerance } = settings
  const counts = countStages(stages.length)
  const shared: Shared = { baseline: knowBaseline(margin), margin }
  const hasWhole = stages.some(({ whole }) => whole)
  const along = {
    plannedMs: plannedMs(stages),
    isWhole: (stage: number): boolean => stages[stage]?.whole === true,
    warmUpMs,
  }
  const gross = grossFailure(margin)
  const errors = baselineComparison(shared, { ...along, boundAlpha: alpha * BOUND_SHARE })
  const latency =
    latencyTolerance === undefined
      ? undefined
      : latencyComparison({ ...along, tolerance: latencyTolerance, absolute: margin.absolute })
  const limits = limitsOf(stages, shared)
  const untimed = watchUntimed()
  const isTimed = (stage: number): boolean =>
    latency !== undefined && (!along.isWhole(stage) || stages[stage]?.latency !== undefined)
  const criteria = weighed([
    [errors, WEIGHTS.errors],
    ...(latency ? [[latency, WEIGHTS.latency] as const] : []),
    ...limits.map((limit) => [limit, WEIGHTS.limits / limits.length] as const),
  ])
  // The bound may be wrong, too.
  const bar = 1 / (hasWhole ? alpha * (1 - BOUND_SHARE) : alpha)
  return {
    learn(baseline, windowMs) {
      shared.baseline.learn(baseline, windowMs)
      if (baseline.latency) latency?.learn(baseline.latency, windowMs)
    },
    restart() {
      errors.restart()
      latency?.restart()
    },
    judge(sample, stage) {
      if (sample.canary) counts.add(sample, stage)
      const found = criteria.map(({ criterion, weight }) => criterion.next(sample, stage, bar / weight))
      const together = criteria.reduce(
        (sum, { criterion, weight }) => logSum(sum, Math.log(weight) + criterion.log()),
        -Infinity,
      )
      const findings = found.filter((one) => one !== undefined)
      const judgements = sample.canary ? decided(findings, oddsOf(together), bar) : [unanswered(sample)]
      const unknown = (isTimed(stage) && untimed.next(sample)) || []
      return { judgements: [...gross(sample), ...judgements].concat(unknown), seen: counts.of(stage) }
    },
  }
}

const plannedMs = (stages: readonly StageLimits[]): number =>
  stages.reduce((sum, { watchMs }) => sum + watchMs, 0)

/** One criterion for the limits of each kind. */
function limitsOf(stages: readonly StageLimits[], { baseline, margin }: Shared): Criterion[] {
  const having = (of: (stage: StageLimits) => number | undefined) => {
    const limits = stages.map(of)
    const planned = plannedMs(stages.filter((_, stage) => limits[stage] !== undefined))
    return { limits, known: { plannedMs: planned, margin }, any: limits.some((limit) => limit !== undefined) }
  }
  const errorRate = having(({ errorRate }) => errorRate)
  return [
    ...(errorRate.any ? [errorRateLimits(errorRate.limits, { ...errorRate.known, baseline })] : []),
    ...LATENCY_QUANTILES.flatMap((quantile) => {
      const { limits, known, any } = having(({ latency }) => latency?.[quantile])
      return any ? [latencyLimits(quantile, limits, known)] : []
    }),
  ]
}

interface Weighed {
  criterion: Criterion
  weight: number
}

function weighed(criteria: readonly (readonly [Criterion, number])[]): Weighed[] {
  const sum = criteria.reduce((all, [, weight]) => all + weight, 0)
  return criteria.map(([criterion, weight]) => ({ criterion, weight: weight / sum }))
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
