import { rootBetween } from './brent'

/*
 * How far one sample lies above another: the Hodges-Lehmann estimate of the shift, and its limits by inverting the
 * Mann-Whitney test with normal approximation and a correction for continuity (Hollander, Wolfe: Nonparametric Statistical
 * Methods, chapter 4), found as Kayenta finds them (spinnaker/kayenta a69573b, kayenta-mannwhitney).
 */

export interface Shift {
  lo: number
  hi: number
  estimate: number
}

const TOLERANCE = 1e-4
/** Two-sided normal quantiles of the confidences that are in use. */
const QUANTILES = new Map([
  [0.95, 1.959963984540054],
  [0.98, 2.3263478740408408],
])

/** @param confidence of both limits together: 0.95 or 0.98 */
export function shiftBetween(
  experiment: readonly number[],
  control: readonly number[],
  confidence: number,
): Shift {
  const quantile = QUANTILES.get(confidence)
  if (quantile === undefined) throw new Error(`no normal quantile for a confidence of ${confidence}`)
  const lowest = Math.min(...experiment) - Math.max(...control)
  const highest = Math.max(...experiment) - Math.min(...control)
  const at = (shift: number, target: number): number =>
    deviation(
      experiment.map((value) => value - shift),
      control,
    ) - target
  const rootAt = (target: number): number => {
    if (at(lowest, target) <= 0) return lowest
    if (at(highest, target) >= 0) return highest
    return rootBetween((shift) => at(shift, target), [lowest, highest], TOLERANCE)
  }
  return { lo: rootAt(quantile), hi: rootAt(-quantile), estimate: rootAt(0) }
}

/** How many standard deviations the rank sum of the experiment is off its mean: d/sigma, d a half nearer to 0. */
function deviation(experiment: readonly number[], control: readonly number[]): number {
  const [n, m] = [experiment.length, control.length]
  const { sum, ties } = ranked(experiment, control)
  const d = sum - (n * (n + 1)) / 2 - (n * m) / 2
  const all = n + m
  const sigma = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))))
  return (d - 0.5 * Math.sign(d)) / sigma
}

/**
 * Rank sum of the experiment among all values, equal ones sharing the mean of their ranks; and the sum of t^3 - t over the
 * groups of t equal values.
 */
export function ranked(
  experiment: readonly number[],
  control: readonly number[],
): { sum: number; ties: number } {
  const [mine, others] = [Float64Array.from(experiment).sort(), Float64Array.from(control).sort()]
  let [i, j, sum, ties] = [0, 0, 0, 0]
  while (i < mine.length || j < others.length) {
    const value = Math.min(mine[i] ?? Infinity, others[j] ?? Infinity)
    const [fromMine, fromOthers] = [i, j]
    while (mine[i] === value) i++
    while (others[j] === value) j++
    const equal = i - fromMine + j - fromOthers
    sum += (i - fromMine) * (fromMine + fromOthers + (equal + 1) / 2)
    ties += equal ** 3 - equal
  }
  return { sum, ties }
}
