import type { FailAfter } from './thresholds'

/** What a limit asks of the samples of one stage. */
export interface LimitedStage {
  failAfter: FailAfter
  /** how many samples the stage takes */
  samples: number
  /** of the canary in one sample, on average */
  requests: number
  /** share of them beyond the limit where the canary is as the baseline was, 0 to 1 */
  rate: number
  /** share of them that may be, 0 to 1 */
  limit: number
}

/** What a limit asks of each stage; undefined where a stage does not have it. */
export type LimitOverStages = readonly (LimitedStage | undefined)[]

/**
 * How likely thresholds take a release back by chance alone that is as good as the baseline was, where requests and failures
 * are independent. One that wanders by itself is taken back more often.
 * @returns 0 to 1
 */
export function falseAlarms(limits: readonly LimitOverStages[]): number {
  const alone = limits.map((stages) => inARow(stages.flatMap((stage) => samplesOf(stage, 'inARow'))))
  const counted = inAll(anyBreach(limits))
  return 1 - [...alone, counted].reduce((calm, alarm) => calm * (1 - alarm), 1)
}

/** A sample: how likely it breaks a limit, and how many breaches are needed by then. */
interface Drawn {
  breach: number
  needed: number
}

/** The samples of a stage whose breaches are counted in that way. */
function samplesOf(stage: LimitedStage | undefined, how: 'inARow' | 'inAll'): Drawn[] {
  const needed = stage && (stage.failAfter as Partial<Record<'inARow' | 'inAll', number>>)[how]
  return stage === undefined || needed === undefined
    ? []
    : Array<Drawn>(stage.samples).fill({ breach: breachProbability(stage), needed })
}

/** The samples of the rollout, with how likely each breaks any of the limits that count all of them. */
function anyBreach(limits: readonly LimitOverStages[]): Drawn[] {
  const stages = Math.max(0, ...limits.map(({ length }) => length))
  return Array.from({ length: stages }, (_, index) => {
    const own = limits.map((stages) => samplesOf(stages[index], 'inAll')).filter(({ length }) => length > 0)
    const calm = own.reduce((all, [one]) => all * (1 - (one?.breach ?? 0)), 1)
    const needed = Math.min(...own.map(([one]) => one?.needed ?? Infinity))
    return (own[0] ?? []).map(() => ({ breach: 1 - calm, needed }))
  }).flat()
}

/** Probability of so many breaches in a row, by the probabilities of all lengths that the row can have. */
function inARow(samples: readonly Drawn[]): number {
  const longest = Math.max(0, ...samples.map(({ needed }) => needed))
  let rows = [1, ...Array<number>(longest).fill(0)]
  let alarm = 0
  for (const { breach, needed } of samples) {
    const calm = rows.reduce((sum, one) => sum + one, 0) * (1 - breach)
    rows = [calm, ...rows.slice(0, -1).map((one) => one * breach)]
    // Whatever is as long as that by now has failed.
    alarm += rows.slice(needed).reduce((sum, one) => sum + one, 0)
    rows = rows.map((one, length) => (length >= needed ? 0 : one))
  }
  return alarm
}

/** Probability of so many breaches in all. */
function inAll(samples: readonly Drawn[]): number {
  const most = Math.max(0, ...samples.map(({ needed }) => needed))
  let counts = [1, ...Array<number>(most).fill(0)]
  let alarm = 0
  for (const { breach, needed } of samples) {
    counts = counts.map((one, count) => one * (1 - breach) + (counts[count - 1] ?? 0) * breach)
    alarm += counts.slice(needed).reduce((sum, one) => sum + one, 0)
    counts = counts.map((one, count) => (count >= needed ? 0 : one))
  }
  return alarm
}

/** With E failures among E + G requests, both Poisson: P(E > limit (E + G)) = P(G < E (1 - limit) / limit). */
function breachProbability({ requests, rate, limit }: LimitedStage): number {
  const failures = poisson(requests * rate)
  const others = poisson(requests * (1 - rate))
  let sum = 0
  let below = 0
  let next = others.from
  failures.probabilities.forEach((probability, index) => {
    const failed = failures.from + index
    while (next < others.from + others.probabilities.length && next * limit < failed * (1 - limit))
      below += others.probabilities[next++ - others.from] ?? 0
    // Fewer others than any that count.
    if (failed * (1 - limit) > others.from * limit) sum += probability * below
  })
  return Math.min(1, sum)
}

/** Beyond so many standard deviations nothing counts. */
const REACH = 10

/** The probabilities of a Poisson count from `from` on, each made from its neighbour's, beginning at the most likely. */
function poisson(mean: number): { from: number; probabilities: number[] } {
  const width = Math.ceil(REACH * Math.sqrt(mean) + REACH)
  const mode = Math.floor(mean)
  const from = Math.max(0, mode - width)
  const weights = Array<number>(mode + width - from + 1).fill(0)
  weights[mode - from] = 1
  for (let count = mode + 1; count <= mode + width; count++)
    weights[count - from] = ((weights[count - from - 1] ?? 0) * mean) / count
  for (let count = mode - 1; count >= from; count--)
    weights[count - from] = ((weights[count - from + 1] ?? 0) * (count + 1)) / mean
  const sum = weights.reduce((all, weight) => all + weight, 0)
  return { from, probabilities: weights.map((weight) => weight / sum) }
}
