import { defined, WHOLE } from '@deploy-actions/rollout'
import type { Judge, PlannedLimits } from './judge'
import { quantileOf } from './limits'
import type { ArmSample, Sample } from './sample'
import { createSequentialJudge, type SequentialSettings } from './sequential'
import { watchSilence } from './silence'
import { simulateTraffic, type OfArms, type SimulatedTraffic } from './simulated-traffic'
import { decide, type StageBudget } from './stage-watch'
import { createThresholdJudge } from './threshold-judge'
import type { Threshold } from './thresholds'

/** A stage as it is simulated: what `rollout.yml` says of it, with its defaults. */
export interface SimulatedStage extends StageBudget, PlannedLimits {
  /** share of the traffic, in basis points */
  weight: number
}

/** What is rolled out, and the traffic that it meets. */
export interface SimulationSettings {
  /** undefined: thresholds alone decide */
  judge: SequentialSettings | undefined
  stages: readonly SimulatedStage[]
  /** between two samples */
  intervalMs: number
  /** of both arms together */
  requestsPerSecond: number
  /** how often the baseline fails, 0 to 1; it stays as it is */
  baselineErrors: number
}

/** From the beginning of a stage on requests fail with these rates; before that all is well. */
export interface SimulatedFault {
  stage: number
  rates: OfArms
}

/** One rollout of which everything but the fault is drawn: it can be played with one fault after the other. */
export interface SimulatedRollout {
  /**
   * How long after its beginning a fault is found, in milliseconds of samples: the judge fails the stage. Undefined where the
   * stage ends without that, or where the rollout does not get as far.
   */
  foundAfterMs(fault: SimulatedFault): number | undefined
}

/** While all is well longer windows come to the same, and take less time. */
const HEALTHY_WINDOW_MS = 60_000
/** Samples of a stage at most, so that neither long stages nor many take much longer to simulate than five of half an hour. */
const mostSamples = (stages: number): { healthy: number; faulty: number } => ({
  healthy: Math.ceil(500 / stages ** 2),
  faulty: Math.ceil(300 / stages),
})
/** More of them take too long: thresholds of long stages are simulated with longer windows, too. */
const EACH = { healthy: 400, faulty: 400 }
const isOfLatency = ({ metric }: Threshold): boolean => quantileOf(metric) !== undefined
/** What is looked at before any traffic moves: so many requests, and so many intervals at most. */
const BEFORE = { requests: 100, intervals: 6 }

/** @param seed another one is another rollout */
export function simulateRollout(given: SimulationSettings, seed: number): SimulatedRollout {
  const { judge: settings, stages, baselineErrors } = given
  const healthy: OfArms = { baseline: baselineErrors, canary: baselineErrors }
  const traffic = drawnOnce(given, seed)
  const begin = (): Judge => {
    const limited = stages.map((stage) => ({
      ...{ ...stage, whole: stage.weight === WHOLE },
      thresholds: ratesOf(stage.thresholds),
    }))
    const judge = settings ? createSequentialJudge(settings, limited) : createThresholdJudge(limited)
    const { sample, windowMs } = traffic.before
    judge.learn(sample(0, healthy).baseline ?? { requests: 0, errors: 0 }, windowMs)
    return judge
  }
  return {
    foundAfterMs({ stage, rates }) {
      const judge = begin()
      for (let before = 0; before < stage; before++) {
        const end = watch(judge, stages, before, traffic.healthy(before), healthy)
        if (end.failedAfterMs !== undefined || !end.passed) return undefined
      }
      return watch(judge, stages, stage, traffic.faulty(stage), rates).failedAfterMs
    },
  }
}

/** Nobody knows how values come about. */
const ratesOf = (thresholds: readonly Threshold[] = []): Threshold[] =>
  thresholds.filter((one) => !one.reportOnly && (one.metric === 'error-rate' || isOfLatency(one)))

/** The end of a stage. */
interface End {
  /** how long its samples took until the judge failed it */
  failedAfterMs?: number
  passed: boolean
}

function watch(
  judge: Judge,
  stages: readonly SimulatedStage[],
  index: number,
  { sample, windowMs }: Windows,
  rates: OfArms,
): End {
  const stage = stages[index] as SimulatedStage
  const silence = watchSilence(stage.weight === WHOLE)
  judge.restart()
  for (let tick = 1; ; tick++) {
    const taken = sample(tick - 1, rates)
    const { judgements, seen } = judge.judge(taken, index)
    const { verdict, final, then } = decide(stage, {
      elapsedMs: tick * windowMs,
      sinceGoodMs: 0,
      requests: seen.canary.requests,
      // Nobody reads the sentences, and they take longer than what they tell of.
      judgements: judgements.map((one) => ({ ...one, reason: () => '' })),
      barred: silence.next(taken),
    })
    if (verdict === 'fail') return { failedAfterMs: tick * windowMs, passed: false }
    if (final) return { passed: then === 'next' }
  }
}

/** Of ratios nothing happens: their part of the evidence stays as it is. */
function withRatios(sample: Sample, judge: SequentialSettings | undefined): Sample {
  const { ratios: names = [] } = judge ?? {}
  if (names.length === 0) return sample
  const ratios = Object.fromEntries(names.map((name) => [name, { requests: 0, errors: 0 }]))
  const arm = (one: ArmSample | undefined) => one && { ...one, ratios }
  return { ...sample, ...defined({ baseline: arm(sample.baseline), canary: arm(sample.canary) }) }
}

/** Traffic in windows of one length. */
interface Windows extends SimulatedTraffic {
  windowMs: number
}

interface DrawnOnce {
  before: Windows
  healthy(stage: number): Windows
  faulty(stage: number): Windows
}

/** What is drawn for a stage does not depend on how long those before it took. */
function drawnOnce(
  { judge, stages, intervalMs, requestsPerSecond }: SimulationSettings,
  seed: number,
): DrawnOnce {
  const slowest =
    judge?.latencyTolerance === undefined && !stages.some(({ thresholds }) => thresholds?.some(isOfLatency))
      ? undefined
      : Math.max(
          1,
          ...stages.flatMap(({ latency = {}, thresholds = [] }) => [
            ...Object.values(latency),
            ...thresholds.filter(isOfLatency).map(({ max = 1 }) => max),
          ]),
        )
  const drawn = new Map<number, Windows>()
  /** @param draw another number is another draw */
  const windows = (draw: number, weight: number, windowMs: number): Windows => {
    const known = drawn.get(draw)
    if (known) return known
    const [all, share] = [(requestsPerSecond * windowMs) / 1000, weight / WHOLE]
    const expected = { baseline: all * (1 - share), canary: all * share }
    const draws = 2 * stages.length + 1
    const traffic = simulateTraffic(expected, windowMs, { seed: seed * draws + draw, slowest })
    const made: Windows = {
      windowMs,
      sample: (index, rates) => withRatios(traffic.sample(index, rates), judge),
    }
    drawn.set(draw, made)
    return made
  }
  const perInterval = (requestsPerSecond * intervalMs) / 1000
  const looked = Math.min(BEFORE.intervals, Math.max(1, Math.ceil(BEFORE.requests / perInterval)))
  // What is held against each sample must be of the samples that are taken.
  const most = stages.some(({ thresholds }) => ratesOf(thresholds).length > 0)
    ? EACH
    : mostSamples(stages.length)
  const inStage = (index: number, atLeastMs: number, samples: number, draw: number): Windows => {
    const { weight, watchMs } = stages[index] as SimulatedStage
    return windows(draw, weight, windowOf(watchMs, Math.max(intervalMs, atLeastMs, watchMs / samples)))
  }
  return {
    before: windows(0, 0, looked * intervalMs),
    healthy: (index) => inStage(index, most === EACH ? 0 : HEALTHY_WINDOW_MS, most.healthy, 1 + 2 * index),
    faulty: (index) => inStage(index, 0, most.faulty, 2 + 2 * index),
  }
}

/** Windows of that length or a little less, of which a whole number makes the watch. */
const windowOf = (watchMs: number, ms: number): number =>
  watchMs === 0 ? ms : watchMs / Math.ceil(watchMs / ms)
