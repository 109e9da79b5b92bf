import type { SimulatedRollout } from './simulated-rollout'

/** A regression of a stage is found in so many of the simulated rollouts. */
export const FOUND_SHARE = 0.9
/** So many tell about where the smallest regression lies. */
const PILOTS = 20

/** One rollout whose canary fails from the beginning of a stage on, and for which rates that is found. */
export interface Trial {
  /** as of `SimulatedRollout`; the rate is 0 to 1 */
  foundAfterMs(rate: number): number | undefined
  /** The same luck has more errors at a higher rate: what is found at one is found at all above. */
  isFound(rate: number): boolean
  /** the rate up to which nothing is found, as far as it is known */
  missedUpTo(): number
}

/** @param baseline its error rate, 0 to 1 */
export function tryStage(rollouts: readonly SimulatedRollout[], stage: number, baseline: number): Trial[] {
  return rollouts.map((rollout) => {
    const known = new Map<number, number | undefined>()
    let [missed, found] = [-Infinity, Infinity]
    const foundAfterMs = (rate: number): number | undefined => {
      if (!known.has(rate))
        known.set(rate, rollout.foundAfterMs({ stage, rates: { baseline, canary: rate } }))
      return known.get(rate)
    }
    return {
      foundAfterMs,
      missedUpTo: () => missed,
      isFound(rate) {
        if (rate > missed && rate < found) {
          if (foundAfterMs(rate) === undefined) missed = rate
          else found = rate
        }
        return rate >= found
      },
    }
  })
}

/** Of rising rates the first that is found in 90 % of the trials or more; undefined where none is. */
export function smallestFound(all: readonly Trial[], rates: readonly number[]): number | undefined {
  // All of them have to be tried to show that a rate is found, and a few to show that it is not.
  let index = Math.max(0, firstFound(all.slice(0, PILOTS), rates) - 1)
  const isFound = (at: number): boolean => isFoundOften(all, rates[at] ?? 1)
  while (index < rates.length && !isFound(index)) index++
  while (index > 0 && isFound(index - 1)) index--
  return rates[index]
}

/** By bisection; the number of rates where none is found. */
function firstFound(all: readonly Trial[], rates: readonly number[]): number {
  let [low, high] = [-1, rates.length]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (isFoundOften(all, rates[middle] ?? 1)) high = middle
    else low = middle
  }
  return high
}

function isFoundOften(all: readonly Trial[], rate: number): boolean {
  let mayMiss = all.length - Math.ceil(all.length * FOUND_SHARE)
  // Those that are hardest to find are the first to say that it is too little.
  return all
    .toSorted((a, b) => b.missedUpTo() - a.missedUpTo())
    .every((trial) => trial.isFound(rate) || mayMiss-- > 0)
}

/** When half of the trials have found it; undefined where fewer do. */
export function medianFoundMs(all: readonly Trial[], rate: number): number | undefined {
  const times = all.map((trial) => trial.foundAfterMs(rate) ?? Infinity).sort((a, b) => a - b)
  const median = times[times.length >> 1] ?? Infinity
  return Number.isFinite(median) ? median : undefined
}
