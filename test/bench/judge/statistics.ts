import type { Outcome } from './play'

/** What a rule made of all rollouts of a cell. */
export interface Tally {
  runs: number
  /** taken back before there was any fault */
  early: number
  /** from the onset of the fault, or from the start where there is none, until it was taken back: milliseconds, ascending */
  times: number[]
  /** requests that failed for the fault alone, by expectation, in the mean of all rollouts */
  lost: number
}

export function tally(outcomes: readonly Outcome[], onsetMs: number): Tally {
  const taken = outcomes.flatMap(({ takenBackMs }) => (takenBackMs === undefined ? [] : [takenBackMs]))
  const times = taken.filter((atMs) => atMs > onsetMs).map((atMs) => atMs - onsetMs)
  return {
    ...{ runs: outcomes.length, early: taken.length - times.length },
    times: times.sort((a, b) => a - b),
    lost: outcomes.reduce((sum, { lost }) => sum + lost, 0) / outcomes.length,
  }
}

/** Of those that came to the onset, the share that was taken back after it: 0 to 1. */
export const foundShare = ({ runs, early, times }: Tally): number =>
  runs === early ? 0 : times.length / (runs - early)

/** The share that was taken back at all: 0 to 1. */
export const takenShare = ({ runs, early, times }: Tally): number => (early + times.length) / runs

/** Time until the part `part` (0 to 1) of the rollouts was taken back; those that never were count as infinitely late. */
export function quantileMs({ runs, early, times }: Tally, part: number): number {
  return times[Math.floor(part * (runs - early))] ?? Infinity
}

/**
 * The middle of the times: the mean of the fifth around the median. Times come in steps of a sample, so that a median of a few of
 * them jumps by a half where this moves by a little. Infinite where some of that fifth were never taken back.
 */
export function middleMs({ runs, early, times }: Tally): number {
  const [from, to] = [0.4, 0.6].map((part) => Math.floor(part * (runs - early))) as [number, number]
  const around = times.slice(from, to + 1)
  return around.length <= to - from ? Infinity : around.reduce((sum, ms) => sum + ms, 0) / around.length
}

const Z = 1.959963984540054

/** 95 % interval of a share of which `found` of `all` were counted (Wilson, Journal of the American Statistical Association 22, 1927). */
export function interval(found: number, all: number): [low: number, high: number] {
  const share = found / all
  const middle = share + Z ** 2 / (2 * all)
  const half = Z * Math.sqrt((share * (1 - share)) / all + Z ** 2 / (4 * all ** 2))
  const scale = 1 + Z ** 2 / all
  return [Math.max(0, (middle - half) / scale), Math.min(1, (middle + half) / scale)]
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? NaN
}
