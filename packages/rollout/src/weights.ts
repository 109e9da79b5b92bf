import { z } from 'zod'
import { formatPercent, WHOLE } from './percent'

/** Member -> basis points. A vector of weights always sums to {@link WHOLE}. */
export type Weights = Record<string, number>

/** A vector of weights as it is stored and read back. */
export const weights = z
  .record(z.string(), z.int().min(0).max(WHOLE))
  .refine((vector) => sum(Object.values(vector)) === WHOLE, 'weights must sum to 10,000 basis points')

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)

/** True when both vectors give every member the same share; a member that is absent has none. */
export function sameWeights(a: Weights, b: Weights): boolean {
  const members = new Set([...Object.keys(a), ...Object.keys(b)])
  return [...members].every((member) => (a[member] ?? 0) === (b[member] ?? 0))
}

/** Writes a vector in its own order: `blue 90%, green 10%`. */
export function formatWeights(vector: Weights): string {
  return Object.entries(vector)
    .map(([member, points]) => `${member} ${formatPercent(points)}`)
    .join(', ')
}

/**
 * Splits `total` units over members in proportion to their weights, by largest remainder (Hamilton's method),
 * ties to the earlier member, so that the parts always sum to `total`.
 * With all weights 0 nothing can be split and every part is 0.
 */
export function apportion(shares: Record<string, number>, total: number): Record<string, number> {
  const whole = sum(Object.values(shares))
  if (whole === 0) return Object.fromEntries(Object.keys(shares).map((member) => [member, 0]))
  const parts = Object.entries(shares).map(([member, share]) => {
    const exact = (share * total) / whole
    return { member, units: Math.floor(exact), remainder: exact - Math.floor(exact) }
  })
  const left = total - sum(parts.map(({ units }) => units))
  // The sort is stable: of equal remainders the earlier one comes first.
  for (const part of parts.toSorted((a, b) => b.remainder - a.remainder).slice(0, left)) part.units++
  return Object.fromEntries(parts.map(({ member, units }) => [member, units]))
}

/** Turns a provider's units (any non-negative numbers) into basis points that sum to the whole. */
export function normalise(units: Record<string, number>): Weights {
  return apportion(units, WHOLE)
}

/** The two arms of a region as a rollout finds them: the one that carries everything, and the other. */
export interface Arms {
  /** carries all the traffic */
  baseline: string
  /** carries none: the new release goes here */
  canary: string
}

/**
 * Tells the baseline arm from the canary arm by the traffic they carry.
 * @returns undefined when there are not exactly two arms or neither carries everything
 */
export function findArms(vector: Weights): Arms | undefined {
  const [first, second, ...more] = Object.keys(vector)
  if (first === undefined || second === undefined || more.length > 0) return undefined
  if (vector[first] === WHOLE) return { baseline: first, canary: second }
  if (vector[second] === WHOLE) return { baseline: second, canary: first }
  return undefined
}

/** The vector that gives the canary arm `points` and the baseline arm the rest. */
export function canaryWeights(arms: Arms, points: number): Weights {
  return { [arms.baseline]: WHOLE - points, [arms.canary]: points }
}
