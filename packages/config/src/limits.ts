import { z } from 'zod'
import { didYouMean } from '@deploy-actions/action-kit'
import {
  LATENCY_QUANTILES,
  quantileOf,
  type FailAfter,
  type LatencyQuantile,
  type Measure,
  type PlannedLimits,
  type Threshold,
} from '@deploy-actions/analysis'
import { defined, duration, formatDuration, formatRate } from '@deploy-actions/rollout'

/** A share of 0 to 1, a time in milliseconds, or a number, by how it is written. */
interface Amount {
  measure: Measure
  value: number
}

const FORM = 'is not a limit; write a share such as 70%, a time such as 300ms, or a number'

const amount = z
  .union([z.number(), z.string()])
  .transform((written, context): Amount => {
    if (typeof written === 'number') return { measure: 'number', value: written }
    // More than 100 % is a share, too: of the baseline, or of one core.
    const share = /^(\d+(?:\.\d+)?)%$/.exec(written)?.[1]
    if (share !== undefined) return { measure: 'share', value: Number(share) / 100 }
    const time = duration.safeParse(written)
    if (time.success) return { measure: 'time', value: time.data }
    context.addIssue({ code: 'custom', message: FORM })
    return z.NEVER
  })
  .meta({ 'x-kind': 'percentage, duration, number' })

export const breaches = z.union([
  z.int().min(1).max(1000),
  z.strictObject({
    total: z.int().min(1).max(1000).describe('of all samples of the rollout, whatever they break'),
  }),
])
type WrittenFailAfter = z.infer<typeof breaches>

const limit = z.union([
  amount,
  z
    .strictObject({
      max: amount.optional().describe('above it the limit is broken'),
      min: amount.optional().describe('below it the limit is broken'),
      of: z.literal('baseline').optional().describe('max and min are shares of what the baseline has'),
      'fail-after': breaches
        .optional()
        .describe('each sample is held against it, and so many that break it in a row fail the stage'),
    })
    .refine(({ max, min }) => max !== undefined || min !== undefined, 'give max or min'),
])
type WrittenLimit = z.infer<typeof limit>

/** By the name of what is limited; what names and forms there are depends on what is measured. */
export const limits = z
  .object({
    'error-rate': limit.describe('share of the requests that fail').optional(),
    'latency-p50': limit.describe('half of the requests take no longer').optional(),
    'latency-p95': limit.describe('95% of the requests take no longer').optional(),
    'latency-p99': limit.describe('99% of the requests take no longer').optional(),
  })
  .catchall(limit.describe('of a value or a ratio of `metrics`, by its name'))
export type Limits = z.infer<typeof limits>

/** What is measured beside requests and errors, as far as limits depend on it. */
export interface Measured {
  latency?: { 'report-only'?: boolean } | undefined
  values?: Readonly<Record<string, { unit?: Unit | undefined; 'report-only'?: boolean }>> | undefined
  ratios?: Readonly<Record<string, { succeeded?: unknown; 'report-only'?: boolean }>> | undefined
}

export const units = ['ratio', 'percent', 's', 'ms'] as const
export type Unit = (typeof units)[number]

const MEASURES: Record<Unit, Measure> = { ratio: 'share', percent: 'share', s: 'time', ms: 'time' }
const WRITTEN: Record<Measure, string> = {
  share: 'a share such as 70%',
  time: 'a time such as 300ms',
  number: 'a number',
}

/** How limits are judged where they do not say it themselves. */
export interface Judging {
  judge: 'sequential' | 'threshold'
  'fail-after': WrittenFailAfter
}

/** `error-rate 1%`, `cpu 90%, 3 samples in a row`: what a person reads in a plan. */
export function limitsInWords({
  errorRate,
  latency = {},
  ratios = {},
  thresholds = [],
}: PlannedLimits): string[] {
  return [
    ...(errorRate === undefined ? [] : [`error-rate ${formatRate(errorRate)}`]),
    ...LATENCY_QUANTILES.flatMap((quantile) => {
      const limit = latency[quantile]
      return limit === undefined ? [] : [`latency-${quantile} ${formatDuration(limit)}`]
    }),
    ...Object.entries(ratios).map(([name, share]) => `${name} ${formatRate(share)} failed`),
    ...thresholds.map(thresholdInWords),
  ]
}

function thresholdInWords({
  metric,
  max,
  min,
  measure,
  ofBaseline,
  failAfter,
  reportOnly,
}: Threshold): string {
  const format = (value: number): string => {
    if (ofBaseline || measure === 'share') return formatRate(value)
    return measure === 'time' ? formatDuration(value) : String(value)
  }
  const bounds = [
    ...(max === undefined ? [] : [`at most ${format(max)}`]),
    ...(min === undefined ? [] : [`at least ${format(min)}`]),
  ].join(', ')
  const [count, where] =
    'inAll' in failAfter ? [failAfter.inAll, 'of the rollout'] : [failAfter.inARow, 'in a row']
  const samples = count === 1 ? 'any sample' : `${count} samples ${where}`
  return `${metric} ${bounds}${ofBaseline ? ' of the baseline' : ''} (${samples}${reportOnly ? ', only reported' : ''})`
}

interface Read {
  name: string
  max: number | undefined
  min: number | undefined
  measure: Measure
  ofBaseline: boolean
  own: WrittenFailAfter | undefined
}

const LATENCIES = LATENCY_QUANTILES.map((quantile) => `latency-${quantile}`)
const isLatency = (name: string): boolean => quantileOf(name) !== undefined
const isRate = (name: string): boolean => name === 'error-rate' || isLatency(name)

/**
 * A limit of counts is tested, unless the judge or its own `fail-after` says that each sample counts by itself; a value can only
 * be held against each. What is wrong with a limit is told by `stageLimitProblems`.
 */
export function planLimits(written: Limits, judging: Judging, measured: Measured): PlannedLimits {
  const latency: Partial<Record<LatencyQuantile, number>> = {}
  const ratios: Record<string, number> = {}
  const thresholds: Threshold[] = []
  let errorRate: number | undefined
  for (const one of readAll(written, measured)) {
    const isTested = judging.judge === 'sequential' && one.own === undefined && !measured.values?.[one.name]
    const quantile = quantileOf(one.name)
    if (!isTested) thresholds.push(thresholdOf(one, judging, measured))
    else if (one.name === 'error-rate') errorRate = one.max
    else if (quantile) latency[quantile] = one.max ?? 0
    else if (measured.ratios?.[one.name]) ratios[one.name] = one.max ?? 1
  }
  const some = <T extends object>(all: T): T | undefined => (Object.keys(all).length > 0 ? all : undefined)
  return defined({
    errorRate,
    latency: some(latency),
    ratios: some(ratios),
    thresholds: some(thresholds),
  })
}

function thresholdOf(one: Read, judging: Judging, measured: Measured): Threshold {
  const { name, max, min, measure, ofBaseline, own } = one
  const of = isLatency(name) ? measured.latency : (measured.values?.[name] ?? measured.ratios?.[name])
  const reportOnly = of?.['report-only'] === true
  return defined({
    ...{ metric: name, max, min, measure },
    ofBaseline: ofBaseline || undefined,
    failAfter: failAfterOf(own ?? judging['fail-after'], reportOnly),
    reportOnly: reportOnly || undefined,
  })
}

/** What is only reported is no part of what all of them come to. */
function failAfterOf(written: WrittenFailAfter, reportOnly: boolean): FailAfter {
  if (typeof written === 'number') return { inARow: written }
  return reportOnly ? { inARow: written.total } : { inAll: written.total }
}

function readAll(written: Limits, measured: Measured): Read[] {
  return Object.entries(written).flatMap(([name, limit]) =>
    limit === undefined ? [] : readLimit(name, limit, measured),
  )
}

/** A limit as it is judged: of a ratio that counts successes the share that fails. */
function readLimit(name: string, limit: WrittenLimit, measured: Measured): Read {
  const { max, min, of, own } = formOf(limit)
  const succeeded = measured.ratios?.[name]?.succeeded !== undefined
  return {
    name,
    measure: measureOf(name, measured),
    max: succeeded && min ? 1 - min.value : max?.value,
    min: succeeded ? undefined : min?.value,
    ofBaseline: of === 'baseline',
    own,
  }
}

function formOf(limit: WrittenLimit) {
  return 'measure' in limit
    ? { max: limit, min: undefined, of: undefined, own: undefined }
    : { max: limit.max, min: limit.min, of: limit.of, own: limit['fail-after'] }
}

/** Why a limit of the latency is refused where nothing measures it. */
const NEEDS_LATENCY = 'needs the histogram of how long requests take; give metrics.latency'

/** The values that a limit of some stage holds against the baseline's, by their names. */
export const valuesOfBaseline = (stages: readonly { limits: Limits }[]): Set<string> =>
  new Set(
    stages.flatMap(({ limits }) =>
      Object.entries(limits).flatMap(([name, limit]) =>
        limit && formOf(limit).of === 'baseline' ? name : [],
      ),
    ),
  )

/** What is wrong with the limits of stages, by the index of the stage and the name of the limit. */
export function stageLimitProblems(
  stages: readonly { limits: Limits }[],
  { judge }: Pick<Judging, 'judge'>,
  measured: Measured,
): { stage: number; name?: string; message: string }[] {
  return stages.flatMap(({ limits }, stage) => {
    const all = Object.entries(limits)
    if (judge === 'threshold' && all.length === 0)
      return [{ stage, message: 'is empty: the threshold judge would let anything pass' }]
    return all.flatMap(([name, limit]) => {
      const message = limit && problemOf(name, limit, measured)
      return message === undefined ? [] : [{ stage, name, message }]
    })
  })
}

/** The same as sentences, where the stages stand by themselves: `0.limits.cpu: ...`. */
export const limitProblemsInStages = (...of: Parameters<typeof stageLimitProblems>): string[] =>
  stageLimitProblems(...of).map(
    ({ stage, name, message }) => `${stage}.limits${name === undefined ? '' : `.${name}`}: ${message}`,
  )

function problemOf(name: string, limit: WrittenLimit, measured: Measured): string | undefined {
  const { max, min, of } = formOf(limit)
  const { values = {}, ratios = {} } = measured
  const [value, ratio] = [values[name], ratios[name]]
  if (isLatency(name) && !measured.latency) return NEEDS_LATENCY
  if (!isRate(name) && !value && !ratio) return unknown(name, measured)
  if (of === 'baseline') {
    if (!value)
      return '`of: baseline` is for values: the judge compares counts with the baseline by its margin'
    return [max, min].every((one) => one === undefined || one.measure === 'share')
      ? undefined
      : 'with `of: baseline` it is a share of what the baseline has, such as 95%'
  }
  const measure = measureOf(name, measured)
  if ([max, min].some((one) => one !== undefined && one.measure !== measure))
    return `is measured as ${WRITTEN[measure]}${value && value.unit === undefined ? '; give it a unit (ratio, percent, s, ms) where it is not' : ''}`
  if (value) return undefined
  const succeeded = ratio?.succeeded !== undefined
  const bound = succeeded ? min : max
  if (bound === undefined || (succeeded ? max : min) !== undefined)
    return succeeded
      ? 'is of what succeeded: limit it by `min` alone'
      : 'is limited by a maximum: write it alone, or as `max`'
  if (measure === 'share' && (bound.value <= 0 || bound.value >= 1)) return 'a limit lies between 0% and 100%'
  return measure === 'time' && bound.value <= 0 ? 'a limit is longer than 0s' : undefined
}

/** What a limit of that name is written in. */
function measureOf(name: string, { values = {} }: Measured): Measure {
  const value = values[name]
  if (value) return value.unit === undefined ? 'number' : MEASURES[value.unit]
  return isLatency(name) ? 'time' : 'share'
}

function unknown(name: string, { latency, values = {}, ratios = {} }: Measured): string {
  const known = ['error-rate', ...(latency ? LATENCIES : []), ...Object.keys(ratios), ...Object.keys(values)]
  return `nothing of that name is measured; known: ${known.join(', ')}.${didYouMean(name, known)}`
}
