import { formatRate } from '@deploy-actions/rollout'
import { dispersion } from './dispersion'
import { compareRates, exceedsLimit, upperBound, type LimitEvidence } from './error-evidence'
import { total, type ArmSample, type Sample } from './sample'
import type { Judgement } from './verdict'

/** How sure, and how much worse than the baseline is still harmless. */
export interface SequentialSettings {
  /** probability of a false alarm over the whole rollout of a target */
  alpha: number
  /** a canary's rate may be `ratio` times the baseline's plus `absolute` (a rate) */
  margin: { ratio: number; absolute: number }
}

/** What a stage adds to the comparison with the baseline. */
export interface StageLimits {
  /** highest error rate, 0 to 1 */
  errorRate?: number
  /** the canary arm has all the traffic: there is no baseline beside it any more */
  whole?: boolean
}

/** The judge of one rollout of one target. It may be asked at every sample; its evidence carries over between stages. */
export interface SequentialJudge {
  /** Baseline traffic seen before any traffic moved: where its rate and its scatter are first known from. */
  learn(baseline: ArmSample): void
  /** Judges a sample taken in stage `stage` (from 0). Without baseline traffic, limits decide. */
  judge(sample: Sample, stage: number): Judgement[]
  /** requests and errors seen so far in a stage, of both arms */
  seen(stage: number): { baseline: ArmSample; canary: ArmSample }
}

/** Half of this many requests failing is no matter of statistics. */
const GROSS_REQUESTS = 20
/** Scatter is measured over at most this many of the newest samples, so that memory does not grow with time. */
const REMEMBERED = 720
/** One-sided 99 % point of the normal distribution, for the baseline's bound at 100 %. */
const Z_99 = 2.326

export function createSequentialJudge(
  settings: SequentialSettings,
  stages: readonly StageLimits[],
): SequentialJudge {
  const limits = [...new Set(stages.map(({ errorRate }) => errorRate).filter((limit) => limit !== undefined))]
  // Comparison with the baseline while it has traffic, with its bound when it has none, and every distinct limit.
  const alpha = settings.alpha / (2 + limits.length)
  const bar = 1 / alpha
  const comparison = compareRates()
  const limitTests = new Map(limits.map((limit) => [limit, { limit, evidence: exceedsLimit(limit) }]))
  const baselineSamples: ArmSample[] = []
  const baselineSum = { requests: 0, errors: 0 }
  const perStage = stages.map(() => ({
    baseline: { requests: 0, errors: 0 },
    canary: { requests: 0, errors: 0 },
  }))
  let newest: ArmSample[] = []
  let bound: { limit: number; evidence: LimitEvidence; sum: ArmSample } | undefined

  const seenIn = (stage: number) =>
    perStage[stage] ?? { baseline: { requests: 0, errors: 0 }, canary: { requests: 0, errors: 0 } }

  const margin = (): number =>
    settings.margin.ratio +
    settings.margin.absolute / ((baselineSum.errors + 0.5) / (baselineSum.requests + 1))

  const learn = (baseline: ArmSample): void => {
    baselineSamples.push(baseline)
    if (baselineSamples.length > REMEMBERED) baselineSamples.shift()
    add(baselineSum, baseline)
  }

  const judgeComparison = (canary: ArmSample, baseline: ArmSample): Judgement => {
    comparison.add(canary, baseline, margin())
    learn(baseline)
    const value = Math.exp(comparison.log(dispersion(baselineSamples)))
    const [c, b] = [
      total(perStage.map((stage) => stage.canary)),
      total(perStage.map((stage) => stage.baseline)),
    ]
    const worse = value >= bar
    return {
      metric: 'errors-against-baseline',
      verdict: worse ? 'fail' : 'pass',
      reason: `canary ${failed(c)}, baseline ${failed(b)}: ${times(c, b)}, evidence ${odds(value)}, bar ${odds(bar)}`,
      evidence: { value, bar },
      observed: {
        canaryRequests: c.requests,
        canaryErrors: c.errors,
        baselineRequests: b.requests,
        baselineErrors: b.errors,
      },
    }
  }

  /** A baseline that could not be asked is not one without traffic: nothing passes for want of the comparison. */
  const againstBaseline = (
    canary: ArmSample,
    baseline: ArmSample | undefined,
    problems: Sample['problems'],
    whole: boolean,
  ): Judgement[] => {
    if (whole) return judgeBound(canary)
    return [
      baseline === undefined
        ? unknown(problems.map(({ message }) => message))
        : judgeComparison(canary, baseline),
    ]
  }

  /** At 100 % the baseline is silent: what its rate can have been at most, times the margin, is one more limit. */
  const judgeBound = (canary: ArmSample): Judgement[] => {
    if (baselineSum.requests === 0) return []
    bound ??= boundOf(baselineSum, settings)
    add(bound.sum, canary)
    bound.evidence.add(canary)
    return [againstLimit('errors-against-earlier-baseline', bound.limit, bound.evidence, bound.sum)]
  }

  const againstLimit = (
    metric: string,
    limit: number,
    evidence: LimitEvidence,
    sum: ArmSample,
  ): Judgement => {
    const value = Math.exp(evidence.log(dispersion(baselineSamples)))
    return {
      metric,
      verdict: value >= bar ? 'fail' : 'pass',
      reason: `canary ${failed(sum)}, limit ${formatRate(limit)}, evidence ${odds(value)}, bar ${odds(bar)}`,
      evidence: { value, bar },
      limit,
      observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
    }
  }

  const judgeGross = (canary: ArmSample): Judgement[] => {
    newest.push(canary)
    while (newest.length > 1 && total(newest.slice(1)).requests >= GROSS_REQUESTS) newest = newest.slice(1)
    const sum = total(newest)
    if (sum.requests < GROSS_REQUESTS || sum.errors * 2 < sum.requests) return []
    return [
      {
        metric: 'gross-failure',
        verdict: 'fail',
        reason: `canary ${failed(sum)}: half or more of at least ${GROSS_REQUESTS}`,
        observed: { canaryRequests: sum.requests, canaryErrors: sum.errors },
      },
    ]
  }

  return {
    learn,
    seen: seenIn,
    judge({ canary, baseline, problems }, stage) {
      if (!canary) return [unknown(problems.map(({ message }) => message))]
      const seen = seenIn(stage)
      add(seen.canary, canary)
      if (baseline) add(seen.baseline, baseline)
      const own = limitTests.get(stages[stage]?.errorRate ?? NaN)
      own?.evidence.add(canary)
      return [
        ...judgeGross(canary),
        ...againstBaseline(canary, baseline, problems, stages[stage]?.whole === true),
        ...(own
          ? [
              againstLimit(
                'error-rate',
                own.limit,
                own.evidence,
                total(
                  perStage
                    .filter((_, index) => stages[index]?.errorRate === own.limit)
                    .map((sum) => sum.canary),
                ),
              ),
            ]
          : []),
      ]
    },
  }
}

function boundOf(baseline: ArmSample, { margin }: SequentialSettings) {
  const limit = Math.min(0.99, upperBound(baseline, Z_99) * margin.ratio + margin.absolute)
  return { limit, evidence: exceedsLimit(limit), sum: { requests: 0, errors: 0 } }
}

function unknown(why: readonly string[]): Judgement {
  return {
    metric: 'errors',
    verdict: 'error',
    reason: `the metrics gave no answer: ${[...new Set(why)].join('; ')}`,
    observed: {},
  }
}

function add(sum: ArmSample, sample: ArmSample): void {
  sum.requests += sample.requests
  sum.errors += sample.errors
}

/** Not a formatter made once: making it would cost every start of an action what most never need. */
const count = (value: number): string => value.toLocaleString('en-US', { maximumFractionDigits: 0 })

function failed({ requests, errors }: ArmSample): string {
  return `${count(errors)} of ${count(requests)} requests failed (${formatRate(requests === 0 ? 0 : errors / requests)})`
}

function times(canary: ArmSample, baseline: ArmSample): string {
  if (canary.requests === 0 || baseline.requests === 0) return 'no ratio yet'
  if (baseline.errors === 0) return canary.errors === 0 ? 'both without errors' : 'the baseline had none'
  return `${Number((canary.errors / canary.requests / (baseline.errors / baseline.requests)).toPrecision(2))} times`
}

/** Evidence as people bet on it: 9,400 -> `1:9,400`; below 1 it speaks for the canary. */
function odds(value: number): string {
  return value >= 1
    ? `1:${count(Math.min(value, 1e15))}`
    : `${Number((1 / value).toPrecision(2)) > 1e6 ? 'over 1,000,000' : count(1 / value)}:1`
}
