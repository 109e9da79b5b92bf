import type { FailAfter } from './thresholds'

/** What a limit asks of the samples of one stage. */
export interface LimitedStage {
  /** how many samples the stage takes */
  samples: number
  /** of the canary in one sample, on average */
  requests: number
  /** share of them beyond the limit where the canary is as the baseline was, 0 to 1 */
  rate: number
  /** share of them that may be, 0 to 1 */
  limit: number
}

/** A limit, and what it asks of each stage; undefined where a stage does not have it. */
export interface LimitOverStages {
  failAfter: FailAfter
  stages: readonly (LimitedStage | undefined)[]
}

/**
 * How likely thresholds take a release back by chance alone that is as good as the baseline was, where requests and failures
 * are independent. One that wanders by itself is taken back more often.
 * @returns 0 to 1
 */
export function falseAlarms(limits: readonly LimitOverStages[]): number {
  const alone = limits.flatMap(({ failAfter, stages }) =>
    'inARow' in failAfter ? inARow(stages.flatMap(breaches), failAfter.inARow) : [],
  )
  const together = limits.filter(({ failAfter }) => 'inAll' in failAfter)
  const needed = Math.min(
    ...together.map(({ failAfter }) => ('inAll' in failAfter ? failAfter.inAll : Infinity)),
  )
  const counted = together.length === 0 ? 0 : inAll(anyBreach(together), needed)
  return 1 - [...alone, counted].reduce((calm, alarm) => calm * (1 - alarm), 1)
}

/** For each sample of a stage the probability that it breaks the limit. */
function breaches(stage: LimitedStage | undefined): number[] {
  return stage === undefined ? [] : Array<number>(stage.samples).fill(breachProbability(stage))
}

/** For each sample of the rollout the probability that it breaks any of the limits. */
function anyBreach(limits: readonly LimitOverStages[]): number[] {
  const stages = limits[0]?.stages ?? []
  return stages.flatMap((_, index) => {
    const own = limits.map(({ stages }) => stages[index]).filter((stage) => stage !== undefined)
    const calm = own.reduce((all, stage) => all * (1 - breachProbability(stage)), 1)
    return Array<number>(own[0]?.samples ?? 0).fill(1 - calm)
  })
}

/** Probability of so many breaches in a row, by the probabilities of all lengths that the row can have. */
function inARow(breaches: readonly number[], needed: number): number {
  let rows = [1, ...Array<number>(needed - 1).fill(0)]
  let alarm = 0
  for (const breach of breaches) {
    alarm += (rows[needed - 1] ?? 0) * breach
    const calm = rows.reduce((sum, one) => sum + one, 0) * (1 - breach)
    rows = [calm, ...rows.slice(0, -1).map((one) => one * breach)]
  }
  return alarm
}

/** Probability of so many breaches in all. */
function inAll(breaches: readonly number[], needed: number): number {
  let counts = [1, ...Array<number>(needed - 1).fill(0)]
  let alarm = 0
  for (const breach of breaches) {
    alarm += (counts[needed - 1] ?? 0) * breach
    counts = counts.map((one, count) => one * (1 - breach) + (counts[count - 1] ?? 0) * breach)
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
