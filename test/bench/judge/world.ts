import type { ArmSample, Counts, Random, Sample } from '@deploy-actions/analysis'
import type { PlannedStage, Rates, Schedule } from '../peers/rule'
import { bucketsOf, type DrawBuckets, type Latencies } from './latencies'

/*
 * A rollout as its counters would tell of it: requests are divided by the weights, and each fails with the rate that its arm has at
 * that time. All times are milliseconds since the rollout began; all rates are 0 to 1.
 */

export interface World {
  /** of both arms together */
  requestsPerSecond: number
  /** how often the baseline fails, when nothing is the matter */
  baseRate: number
  schedule: Schedule
  /** `steady`: always the same number; by default they come at random, one independent of the other */
  arrivals?: 'steady'
  wobble?: RateWobble
  /** what requests and rates of both arms have grown to at the end, evenly: 3 is three times */
  drift?: { requests: number; rate: number }
  outage?: Outage
  /** the canary fails so much more while it is new */
  coldStart?: { rate: number; forMs: number }
  fault?: Fault
  /** how long requests take, where that is measured */
  latencies?: Latencies
  readings?: Readings
  /** from then on there are no requests at all */
  silentFromMs?: number
}

/** Rates that are multiplied, for `holdMs` at a time, by factors of a gamma distribution with mean 1. */
export interface RateWobble {
  /** coefficient of variation of the factors */
  cv: number
  holdMs: number
  /** both arms by the same factors, each by its own, or the canary alone */
  of: 'shared' | 'each' | 'canary'
}

/** Something else is down for a while. */
export interface Outage {
  of: 'both' | 'baseline'
  fromMs: number
  forMs: number
  rate: number
}

/** What is wrong with the release: `times` the rate of the baseline, plus `plus`. */
export interface Fault {
  fromMs: number
  times: number
  plus: number
}

/**
 * What becomes of an arm's counts on their way, now and then: they come one sample late, with the next ones; never; or their
 * counter is reset, so that what was counted before that is lost.
 */
export type Readings = 'late' | 'missing' | 'reset'

/** One sample of a rollout, and what only the simulator knows of it. */
export interface Moment {
  sample: Sample
  stage: number
  /** end of the sample */
  atMs: number
  rates: Rates
  /** requests that failed for the fault alone, by expectation */
  lost: number
}

const INTERVAL_MS = 10_000
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** How often something happens to a reading. */
const READING_TROUBLE = 0.1

export const lengthOf = (schedule: Schedule): number =>
  schedule.reduce((sum, { watchMs }) => sum + watchMs, 0)

/** The hour before, minute by minute, when the baseline had all of the traffic. */
export function hourBefore(world: World, random: Random): ArmSample[] {
  const { requestsPerSecond, baseRate, wobble, latencies } = world
  const factors = wander(wobble, random)
  const timed = latencies && bucketsOf(latencies).baseline
  return Array.from({ length: HOUR_MS / MINUTE_MS }, (_, minute) => {
    const rate = Math.min(1, baseRate * factors(minute * MINUTE_MS).baseline)
    const requests = random.poisson((requestsPerSecond * MINUTE_MS) / 1000)
    return {
      requests,
      errors: random.binomial(requests, rate),
      ...(timed && { latency: timed(requests, random) }),
    }
  })
}

/** The whole rollout, sample by sample. */
export function* rollOut(world: World, random: Random): Generator<Moment> {
  const factors = wander(world.wobble, random)
  const timed = world.latencies && bucketsOf(world.latencies)
  let beganMs = 0
  for (const [stage, planned] of world.schedule.entries()) {
    // What is late does not reach over a change of weights: windows begin anew with it.
    const read = { canary: reading(world.readings, random), baseline: reading(world.readings, random) }
    for (let fromMs = beganMs; fromMs < beganMs + planned.watchMs; fromMs += INTERVAL_MS) {
      const rates = ratesAt(world, fromMs, factors(fromMs))
      const drawn = draw(rates, requestsAt(world, planned, fromMs), world, random)
      const told = (arm: 'canary' | 'baseline') => time(read[arm](drawn[arm]), timed?.[arm], random)
      yield {
        ...{ sample: sampleOf(told('canary'), told('baseline')), stage, rates },
        ...{ atMs: fromMs + INTERVAL_MS, lost: lostIn(world, drawn.canary, fromMs, factors(fromMs)) },
      }
    }
    beganMs += planned.watchMs
  }
}

function wander(wobble: RateWobble | undefined, random: Random): (fromMs: number) => Rates {
  const one = (): number => (wobble ? random.gamma(wobble.cv ** -2) * wobble.cv ** 2 : 1)
  let held: Rates = { baseline: 1, canary: 1 }
  let endMs = 0
  return (fromMs) => {
    if (!wobble || fromMs < endMs) return held
    endMs = fromMs + wobble.holdMs
    const [shared, canary] = [wobble.of === 'canary' ? 1 : one(), one()]
    held = { baseline: shared, canary: wobble.of === 'shared' ? shared : canary }
    return held
  }
}

function ratesAt(world: World, atMs: number, factors: Rates): Rates {
  const { baseRate, outage, coldStart, fault, drift, schedule } = world
  const isOut = outage && atMs >= outage.fromMs && atMs < outage.fromMs + outage.forMs
  const usual = baseRate * (drift?.rate ?? 1) ** (atMs / lengthOf(schedule))
  const out = (arm: 'both' | 'baseline'): number =>
    isOut && (outage.of === 'both' || arm === 'baseline') ? outage.rate : usual
  const cold = coldStart && atMs < coldStart.forMs ? coldStart.rate : 0
  const healthy = out('both') + cold
  const canary = fault && atMs >= fault.fromMs ? healthy * fault.times + fault.plus : healthy
  return {
    baseline: Math.min(1, out('baseline') * factors.baseline),
    canary: Math.min(1, canary * factors.canary),
  }
}

/** Requests of each arm to be expected in the sample that begins then. */
function requestsAt(world: World, { weight }: PlannedStage, atMs: number): Rates {
  const { requestsPerSecond, drift, schedule, silentFromMs = Infinity } = world
  const growth = (drift?.requests ?? 1) ** (atMs / lengthOf(schedule))
  const all = atMs >= silentFromMs ? 0 : (requestsPerSecond * growth * INTERVAL_MS) / 1000
  return { canary: all * weight, baseline: all * (1 - weight) }
}

function draw(
  rates: Rates,
  expected: Rates,
  { arrivals }: World,
  random: Random,
): { canary: Counts; baseline: Counts } {
  const counts = (arm: 'canary' | 'baseline'): Counts => {
    const requests = arrivals === 'steady' ? Math.round(expected[arm]) : random.poisson(expected[arm])
    return { requests, errors: random.binomial(requests, rates[arm]) }
  }
  return { canary: counts('canary'), baseline: counts('baseline') }
}

/** What is read of an arm, with how long its requests took. */
const time = (
  arm: ArmSample | undefined,
  draw: DrawBuckets | undefined,
  random: Random,
): ArmSample | undefined => (arm && draw ? { ...arm, latency: draw(arm.requests, random) } : arm)

function lostIn(world: World, { requests }: Counts, atMs: number, factors: Rates): number {
  const { fault, ...healthy } = world
  if (!fault || atMs < fault.fromMs) return 0
  return requests * (ratesAt(world, atMs, factors).canary - ratesAt(healthy, atMs, factors).canary)
}

/** What a source tells of one arm, sample by sample. */
function reading(kind: Readings | undefined, random: Random): (counts: Counts) => ArmSample | undefined {
  let held: Counts = { requests: 0, errors: 0 }
  return (counts) => {
    const all = { requests: held.requests + counts.requests, errors: held.errors + counts.errors }
    held = { requests: 0, errors: 0 }
    if (!kind || random.uniform() >= READING_TROUBLE) return all
    if (kind === 'reset') return keptAfterReset(all, random)
    if (kind === 'late') held = all
    return undefined
  }
}

/** The counter began anew somewhere in the sample; each of its requests is as likely to be before that as any other. */
function keptAfterReset({ requests, errors }: Counts, random: Random): Counts {
  const kept = random.uniform()
  const [failed, well] = [random.binomial(errors, kept), random.binomial(requests - errors, kept)]
  return { requests: failed + well, errors: failed }
}

const UNREADABLE = { kind: 'stale', message: 'no new counts' } as const

function sampleOf(canary: ArmSample | undefined, baseline: ArmSample | undefined): Sample {
  return {
    ...{ at: '', windowMs: INTERVAL_MS, problems: canary && baseline ? [] : [UNREADABLE] },
    ...(canary && { canary }),
    ...(baseline && { baseline }),
  }
}
