import { baselineComparison } from './baseline-comparison'
import { unanswered, type Criterion, type Finding, type Shared } from './criterion'
import { grossFailure } from './gross-failure'
import type { Margin } from './error-evidence'
import { knowBaseline } from './known-baseline'
import { errorRateLimits } from './limits'
import { logSum } from './mixed-starts'
import type { Counts, Sample } from './sample'
import { countStages, type CountsOfArms } from './stage-counts'
import type { Judgement } from './verdict'
import { odds, oddsOf } from './wording'

/** How sure, and how much worse than the baseline is still harmless. */
export interface SequentialSettings {
  /** probability of a false alarm over the whole rollout of a target */
  alpha: number
  margin: Margin
  /** a cold start: so long, in milliseconds of samples, the canary is not compared with the baseline; default 0 */
  warmUpMs?: number
}

/** What a stage adds to the comparison with the baseline. */
export interface StageLimits {
  /** how long it is watched when nothing delays it */
  watchMs: number
  /** highest error rate, 0 to 1 */
  errorRate?: number
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
  learn(baseline: Counts, windowMs: number): void
  /** The windows begin anew, as when the traffic is divided otherwise: none may reach back over that. */
  restart(): void
  /** Judges a sample taken in stage `stage` (from 0). Without baseline traffic, limits decide. */
  judge(sample: Sample, stage: number): SampleJudgement
}

/** What the evidences weigh in their mean; what is not configured gives its share to the rest. */
const WEIGHTS = { comparison: 0.4, limits: 0.3 }
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
  { alpha, margin, warmUpMs = 0 }: SequentialSettings,
  stages: readonly StageLimits[],
): SequentialJudge {
  const counts = countStages(stages.length)
  const shared: Shared = { baseline: knowBaseline(margin), counts, margin }
  const isWhole = (stage: number): boolean => stages[stage]?.whole === true
  const hasWhole = stages.some(({ whole }) => whole)
  const plannedMs = (of: readonly StageLimits[]): number => of.reduce((sum, { watchMs }) => sum + watchMs, 0)
  const gross = grossFailure(margin)
  const comparison = baselineComparison(shared, {
    ...{ plannedMs: plannedMs(stages), isWhole, boundAlpha: alpha * BOUND_SHARE, warmUpMs },
  })
  const limited = stages.filter(({ errorRate }) => errorRate !== undefined)
  const limits = errorRateLimits(
    stages.map(({ errorRate }) => errorRate),
    plannedMs(limited),
    shared,
  )
  const criteria = weighed([
    [comparison, WEIGHTS.comparison],
    ...(limited.length > 0 ? [[limits, WEIGHTS.limits] as const] : []),
  ])
  // The bound may be wrong, too.
  const bar = 1 / (hasWhole ? alpha * (1 - BOUND_SHARE) : alpha)
  return {
    learn: shared.baseline.learn,
    restart: comparison.restart,
    judge(sample, stage) {
      if (sample.canary) counts.add(sample, stage)
      const found = criteria.map(({ criterion, weight }) => criterion.next(sample, stage, bar / weight))
      const together = criteria.reduce(
        (sum, { criterion, weight }) => logSum(sum, Math.log(weight) + criterion.log()),
        -Infinity,
      )
      const findings = found.filter((one) => one !== undefined)
      const judgements = sample.canary ? decided(findings, oddsOf(together), bar) : [unanswered(sample)]
      return { judgements: [...gross(sample), ...judgements], seen: counts.of(stage) }
    },
  }
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
