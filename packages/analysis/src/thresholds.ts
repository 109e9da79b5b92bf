import { formatRate } from '@deploy-actions/rollout'
import { boundAbove, countAbove } from './latency-bounds'
import { LATENCY_SHARES, quantileOf } from './limits'
import { latencyProblems, type ArmSample, type Counts, type Sample } from './sample'
import type { Judgement } from './verdict'
import { failed, formatMs, slow } from './wording'

/** How many breaches take a release back: so many samples in a row that break one limit, or so many of all that break any. */
export type FailAfter = { inARow: number } | { inAll: number }

/** What a value is a measure of, and so how it is shown: a share is 0 to 1, a time in milliseconds. */
export type Measure = 'share' | 'time' | 'number'

/** A limit that each sample is held against by itself, however few requests it is made of: what a runbook says. */
export interface Threshold {
  /** error-rate, latency-p50, -p95 or -p99, or the name of a ratio or a value */
  metric: string
  /** above it the limit is broken: a share, milliseconds, or a number */
  max?: number
  /** below it the limit is broken */
  min?: number
  /** `max` and `min` are shares of what the baseline has, or had before where it has no traffic any more */
  ofBaseline?: boolean
  measure: Measure
  failAfter: FailAfter
  /** it is judged and shown, and decides nothing */
  reportOnly?: boolean
}

/** Holds samples against thresholds. */
export interface ThresholdWatch {
  /** What the baseline had before any traffic moved. */
  learn(baseline: ArmSample): void
  /** A sample in which the canary answered, taken in stage `stage` (from 0). Nothing is said of a rate without requests. */
  next(sample: Sample, stage: number): Judgement[]
}

/** What an arm shows, and what it may show at most and at least. */
interface Shown {
  value: number
  max?: number | undefined
  min?: number | undefined
  /** `2 of 40 requests failed (5%)` */
  words: () => string
  /** `limit 1%` */
  limit: () => string
}

/**
 * Thresholds for each stage. Breaches of one limit in a row are counted on from stage to stage: who says "for two checks in a
 * row" thinks of no stages.
 */
export function watchThresholds(
  stages: readonly { thresholds?: readonly Threshold[]; whole?: boolean }[],
): ThresholdWatch {
  const inARow = new Map<string, number>()
  const earlier = new Map<string, number>()
  let inAll = 0
  const compared = new Set(
    stages.flatMap(({ thresholds = [] }) =>
      thresholds.flatMap(({ ofBaseline, metric }) => (ofBaseline ? metric : [])),
    ),
  )
  const learn = ({ values = {} }: ArmSample): void => {
    for (const metric of compared) {
      const value = values[metric]
      if (value !== undefined) earlier.set(metric, value)
    }
  }

  const judge = (one: Threshold, { sample, shown }: Look): Judgement => {
    const { metric, failAfter } = one
    const row = isBroken(shown) ? (inARow.get(metric) ?? 0) + 1 : 0
    inARow.set(metric, row)
    const about = {
      ...{ metric, observed: { canary: shown.value }, limit: shown.max ?? shown.min ?? 0 },
      ...(one.reportOnly && { reportOnly: true }),
    }
    const said = (): string => `${metric}: canary ${shown.words()}, ${shown.limit()}`
    if (row === 0) return { ...about, verdict: 'pass', reason: said }
    const [count, needed, where] =
      'inAll' in failAfter ? [inAll, failAfter.inAll, 'of the rollout'] : [row, failAfter.inARow, 'in a row']
    const fails = count >= needed
    const alike = !one.ofBaseline && baselineBreaks(one, sample)
    const counted = needed === 1 ? '' : `, ${count} of ${needed} samples ${where} that fail it`
    return {
      ...about,
      ...(fails ? { verdict: 'fail' } : { verdict: 'inconclusive', suspected: true }),
      ...(alike && { alike: true }),
      reason: () =>
        `${said()}${counted}${alike ? '; the baseline breaks it, too, so taking the release back may not help' : ''}`,
    }
  }

  return {
    learn,
    next(sample, stage) {
      const { thresholds = [], whole = false } = stages[stage] ?? {}
      // An arm without traffic idles: what it shows then is nothing to be held against.
      const idles = whole || sample.baseline?.requests === 0
      const looks = thresholds.map((one) => ({ one, shown: look(one, sample, { earlier, idles }) }))
      const breaks = looks.some(
        ({ one, shown }) => 'inAll' in one.failAfter && !one.reportOnly && shown && isBroken(shown),
      )
      if (breaks) inAll += 1
      if (sample.baseline && !idles) learn(sample.baseline)
      return looks.flatMap(({ one, shown }) => {
        if (shown) return judge(one, { sample, shown })
        return isSilent(one, sample) ? [] : unanswered(one, sample)
      })
    },
  }
}

interface Look {
  sample: Sample
  shown: Shown
}

const isBroken = ({ value, max = Infinity, min = -Infinity }: Shown): boolean => value > max || value < min

const baselineBreaks = (one: Threshold, { baseline }: Sample): boolean => {
  const shown = baseline && show(one, baseline)
  return shown !== undefined && isBroken(shown)
}

/** What the canary shows; undefined where nothing does, be it what it is held against. */
function look(
  one: Threshold,
  { canary, baseline }: Sample,
  { earlier, idles }: { earlier: ReadonlyMap<string, number>; idles: boolean },
): Shown | undefined {
  const shown = canary && show(one, canary)
  if (!shown || !one.ofBaseline) return shown
  const beside = idles ? undefined : baseline?.values?.[one.metric]
  const of = beside ?? earlier.get(one.metric)
  // Of nothing, or less, there is no share.
  if (of === undefined || of <= 0) return undefined
  return relative(one, shown, { of, isEarlier: beside === undefined })
}

function relative(
  { max, min, measure }: Threshold,
  shown: Shown,
  { of, isEarlier }: { of: number; isEarlier: boolean },
): Shown {
  const baseline = `the baseline's ${format(of, measure)}${isEarlier ? ' of before' : ''}`
  return {
    ...shown,
    max: max === undefined ? undefined : max * of,
    min: min === undefined ? undefined : min * of,
    limit: () => `${limits({ max, min }, formatRate)} of ${baseline}`,
  }
}

/** What an arm shows of a metric; undefined where it has no requests that would tell, or its source gave no answer. */
function show(one: Threshold, arm: ArmSample): Shown | undefined {
  const { metric, max, min, measure } = one
  const beyond = countsBeyond(one, arm)
  if (beyond) return beyond.counts.requests === 0 ? undefined : showCounts(one, beyond)
  const value = arm.values?.[metric]
  if (value === undefined) return undefined
  const limit = (): string => limits(one, (value) => format(value, measure))
  return { value, max, min, words: () => `is at ${format(value, measure)}`, limit }
}

/** Of how many how many are beyond a limit, and the share that may be. */
interface Beyond {
  counts: Counts
  allowed: number
  /** of a latency: they took longer than so many milliseconds */
  bound?: number
}

/**
 * What an arm counts beyond a limit: of a latency the requests above the lowest bound of the histogram that is not below it.
 * Undefined of a value, and where the arm does not tell.
 */
export function countsBeyond({ metric, max = 1 }: Threshold, arm: ArmSample): Beyond | undefined {
  const quantile = quantileOf(metric)
  if (quantile === undefined) {
    const counts = metric === 'error-rate' ? arm : arm.ratios?.[metric]
    return counts && { counts, allowed: max }
  }
  const { latency = [] } = arm
  const bound = boundAbove(latency, max)
  const counts = bound === undefined ? undefined : countAbove(latency, bound)
  return bound === undefined || !counts ? undefined : { counts, allowed: LATENCY_SHARES[quantile], bound }
}

function showCounts(one: Threshold, { counts, allowed, bound }: Beyond): Shown {
  const { max = 0, min, measure } = one
  return {
    ...{ value: counts.errors / counts.requests, max: allowed, min },
    words: () => (bound === undefined ? failed(counts) : slow(counts, bound)),
    limit: () =>
      bound === undefined
        ? limits(one, (value) => format(value, measure))
        : `limit ${formatRate(allowed)} above ${formatMs(max)}`,
  }
}

/** What a threshold looks at, by its name in a sample: latency, or the name of a ratio or a value. */
export const countedAs = ({ metric }: Threshold): string => (isLatency(metric) ? 'latency' : metric)

const isLatency = (metric: string): boolean => quantileOf(metric) !== undefined

/** A rate of no requests says nothing; a histogram that gave no answer, or has no bound for the limit, is none. */
function isSilent({ metric }: Threshold, sample: Sample): boolean {
  const { canary } = sample
  if (isLatency(metric))
    return (canary?.latency?.at(-1)?.count ?? 0) === 0 && latencyProblems(sample).length === 0
  return metric === 'error-rate' || canary?.ratios?.[metric] !== undefined
}

function limits({ max, min }: Pick<Shown, 'max' | 'min'>, formatted: (value: number) => string): string {
  if (min === undefined) return `limit ${formatted(max ?? 0)}`
  return max === undefined ? `at least ${formatted(min)}` : `limit ${formatted(min)} to ${formatted(max)}`
}

function format(value: number, measure: Measure): string {
  if (measure === 'share') return formatRate(value)
  return measure === 'time' ? formatMs(value) : String(Number(value.toPrecision(6)))
}

function unanswered(one: Threshold, { problems }: Sample): Judgement {
  const { metric, max = 0, ofBaseline, reportOnly } = one
  const name = countedAs(one)
  const unknownWhy = (): string => {
    if (isLatency(metric)) return `: the histogram has no bound at ${formatMs(max)} or above`
    return ofBaseline ? ': the baseline shows nothing of which a share can be told' : ''
  }
  const own = problems.filter((problem) => problem.metric === name).map(({ message }) => message)
  return {
    metric,
    verdict: 'error',
    reason: () =>
      `${metric} gave no answer${own.length > 0 ? `: ${[...new Set(own)].join('; ')}` : unknownWhy()}`,
    observed: {},
    ...(reportOnly && { reportOnly }),
  }
}
