import { createRandom, total, type Counts } from '@deploy-actions/analysis'
import { ranked, shiftBetween } from './mann-whitney'
import type { NewRule, Schedule } from './rule'

/*
 * Kayenta's judge NetflixACAJudge-v1.0 (spinnaker/kayenta a69573b): each metric is classified by how far the experiment lies
 * above the control, and metrics that are not `Pass` cost score. Here there is one metric, the percentage of each minute's
 * requests that failed.
 */

export type Label = 'Pass' | 'High' | 'Low' | 'Nodata'

export interface Settings {
  /** of the limits of the shift, together */
  confidence: number
  /** part of the estimated shift that its limit has to exceed */
  tolerance: number
  direction: 'increase' | 'decrease' | 'either'
  /** what becomes of missing values: with `replace`, a metric without any passes */
  nan: 'remove' | 'replace'
  measure: 'meanRatio' | 'cles'
  /** below and above such effects a shift counts, and is critical in a critical metric; 1 for ratios, 0.5 for CLES */
  allowed?: Thresholds
  critical?: Thresholds
  isCritical: boolean
}

interface Thresholds {
  decrease: number
  increase: number
}

/** As the judge has them, whatever its own configuration says. */
export const DEFAULTS: Settings = {
  ...{ confidence: 0.98, tolerance: 0.25, direction: 'either', nan: 'remove' },
  ...{ measure: 'meanRatio', isCritical: false },
}

/** Ends the whole canary when critical. */
export interface Classification {
  label: Label
  critical: boolean
}

type Values = readonly number[]

export function classify(experiment: Values, control: Values, settings: Settings): Classification {
  const pass: Classification = { label: 'Pass', critical: false }
  if (experiment.length === 0 || control.length === 0)
    return settings.nan === 'replace' ? pass : { label: 'Nodata', critical: settings.isCritical }
  if (areSame(experiment, control) || new Set([...experiment, ...control]).size === 1) return pass
  const [mine, others] =
    isConstant(experiment) && isConstant(control) ? noisy(experiment, control) : [experiment, control]
  const { lo, hi, estimate } = shiftBetween(mine, others, settings.confidence)
  const bound = settings.tolerance * Math.abs(estimate)
  const effect = effectOf(mine, others, settings.measure)
  const none = settings.measure === 'cles' ? 0.5 : 1
  const isBeyond = beyond(effect, settings.allowed ?? { decrease: none, increase: none })
  const isCritical = beyond(effect, settings.critical ?? { decrease: none, increase: none })
  if (settings.direction !== 'decrease' && lo > bound && isBeyond.above)
    return { label: 'High', critical: settings.isCritical && isCritical.above }
  if (settings.direction !== 'increase' && hi < -bound && isBeyond.below)
    return { label: 'Low', critical: settings.isCritical && isCritical.below }
  return pass
}

/** An effect that is no number, as with a mean of 0, is beyond both. */
function beyond(effect: number, { decrease, increase }: Thresholds): { above: boolean; below: boolean } {
  return { above: !(effect < increase), below: !(effect > decrease) }
}

/** Ratio of the means, NaN where one is 0; or how probably a value of the experiment lies above one of the control (CLES). */
function effectOf(experiment: Values, control: Values, measure: Settings['measure']): number {
  const [n, m] = [experiment.length, control.length]
  if (measure === 'cles') return (2 * ranked(experiment, control).sum - n * (n + 1)) / (2 * n * m)
  const [mine, others] = [mean(experiment), mean(control)]
  return mine === 0 || others === 0 ? NaN : mine / others
}

const mean = (values: Values): number => values.reduce((sum, value) => sum + value, 0) / values.length

const isConstant = (values: Values): boolean => values.every((value) => value === values[0])

function areSame(experiment: Values, control: Values): boolean {
  const [mine, others] = [experiment.toSorted((a, b) => a - b), control.toSorted((a, b) => a - b)]
  return mine.length === others.length && mine.every((value, index) => value === others[index])
}

/** Two constants have no ranks to speak of: each value is moved a little, by a standard deviation of 1e-5 of itself. */
function noisy(...samples: [Values, Values]): [Values, Values] {
  const random = createRandom(1)
  const moved = (values: Values): Values => values.map((value) => value * (1 + 1e-5 * random.normal()))
  return [moved(samples[0]), moved(samples[1])]
}

const MINUTE_MS = 60_000

/**
 * Judged at the end of each stage over all minutes since the rollout began (its "growing window"). With one metric the score is 100 when
 * it passes and 0 when it does not: without data, too, since metrics without data are then half of all or more. Minutes
 * without requests have no value.
 */
export const kayenta: NewRule = ({ schedule }) => {
  const [experiment, control]: [number[], number[]] = [[], []]
  let minute = emptyMinute()
  let elapsedMs = 0
  return {
    takesBack({ canary, baseline, windowMs }, stage) {
      minute.canary = total([minute.canary, canary])
      minute.baseline = total([minute.baseline, baseline])
      elapsedMs += windowMs
      if (elapsedMs % MINUTE_MS !== 0) return false
      push(experiment, minute.canary)
      push(control, minute.baseline)
      minute = emptyMinute()
      if (elapsedMs !== endOf(schedule, stage)) return false
      return classify(experiment, control, { ...DEFAULTS, direction: 'increase' }).label !== 'Pass'
    },
  }
}

const emptyMinute = (): { canary: Counts; baseline: Counts } => ({ canary: total([]), baseline: total([]) })

function push(percentages: number[], { requests, errors }: Counts): void {
  if (requests > 0) percentages.push((100 * errors) / requests)
}

const endOf = (schedule: Schedule, stage: number): number =>
  schedule.slice(0, stage + 1).reduce((sum, { watchMs }) => sum + watchMs, 0)
