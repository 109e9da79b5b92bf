import { ProviderError } from '@deploy-actions/action-kit'
import { apportion, formatPercent, WHOLE, type Weights } from '@deploy-actions/rollout'

/** HAProxy takes absolute weights of 0 to 256; all of them 0 answers 503. */
export const MAX_WEIGHT = 256

/** What is read back of one unit rounds to a little less than one; less than this would be about twice what was asked for. */
const LEAST_UNIT = 0.9

/** Totals to split into units, the plainest first: whole percents read as themselves on HAProxy's own page. */
const PLAIN_TOTALS = [100, 200, MAX_WEIGHT]

type Servers = Readonly<Record<string, readonly string[]>>

/**
 * Basis points to absolute weights of 0 to 256 for each server. The servers of an arm get the same weight, or differ by
 * one; the share of an arm is exact where a total allows it, and by largest remainder of the finest total where none does.
 * @throws ProviderError when a share is finer than that
 */
export function toUnits(wanted: Weights, servers: Servers): Record<string, number> {
  const arms = Object.keys(servers)
  const shares = Object.fromEntries(arms.map((arm) => [arm, wanted[arm] ?? 0]))
  const total = totalFor(shares, servers)
  for (const arm of arms)
    // A share too small for one unit must not silently become nothing, or a whole unit.
    if ((shares[arm] ?? 0) > 0 && (shares[arm] ?? 0) * total < LEAST_UNIT * WHOLE)
      throw new ProviderError(
        `a share of ${formatPercent(shares[arm] ?? 0)} for ${arm} is finer than HAProxy's weights; the least is ${formatPercent(Math.ceil(((WHOLE / total) * LEAST_UNIT) / 10) * 10)}`,
        { provider: 'haproxy' },
      )
  const units = apportion(shares, total)
  return Object.fromEntries(
    arms.flatMap((arm) => Object.entries(spread(units[arm] ?? 0, servers[arm] ?? []))),
  )
}

const spread = (units: number, servers: readonly string[]): Record<string, number> =>
  apportion(Object.fromEntries(servers.map((server) => [server, 1])), units)

/** A weight that is to be changed. */
export interface UnitChange {
  server: string
  from: number
  to: number
  /** it is the only server of its arm */
  alone: boolean
}

/**
 * The weights to set, one after the other: growing before shrinking, so that at no instant traffic goes nowhere. The servers
 * of one arm come from nothing and go to nothing by one unit, each of them, so that a write that is cut off half way never
 * looks as if somebody held one of them out by a weight of 0.
 */
export function stepsTo(changes: readonly UnitChange[]): { server: string; weight: number }[] {
  const begun = changes.map((one) => ({
    ...one,
    at: !one.alone && one.from === 0 && one.to > 0 ? 1 : one.from,
  }))
  const growing = begun.filter(({ at, to }) => to > at)
  const shrinking = begun.filter(({ at, to }) => to < at)
  const set = ({ server, to }: UnitChange) => ({ server, weight: to })
  const setToOne = ({ server }: UnitChange) => ({ server, weight: 1 })
  return [
    ...begun.filter(({ at, from }) => at > from).map(setToOne),
    ...growing.map(set),
    ...shrinking.filter(({ alone, to, at }) => !alone && to === 0 && at > 1).map(setToOne),
    ...shrinking.toSorted((a, b) => b.to - a.to).map(set),
  ]
}

/**
 * The units of all servers together: even within each arm if it can be, else exact, else the finest. Of those the
 * plainest, then the largest: HAProxy was seen to give small weights their share only some hundred requests later.
 */
function totalFor(shares: Weights, servers: Servers): number {
  const arms = Object.entries(shares).filter(([, points]) => points > 0)
  const count = (arm: string): number => servers[arm]?.length ?? 0
  // No server can have more than the maximum, which bounds an arm by the number of its servers.
  const finest = Math.min(
    ...arms.map(([arm, points]) => Math.floor((MAX_WEIGHT * count(arm) * WHOLE) / points)),
    MAX_WEIGHT * Math.max(...arms.map(([arm]) => count(arm))),
  )
  // One server alone can have the largest of the plain ones.
  const totals = [...PLAIN_TOTALS, ...Array.from({ length: finest }, (_, index) => finest - index)]
  const exact = totals.filter((total) => arms.every(([, points]) => (points * total) % WHOLE === 0))
  const unitsOf = (points: number, total: number): number => (points * total) / WHOLE
  const even = exact.find((total) => arms.every(([arm, points]) => unitsOf(points, total) % count(arm) === 0))
  const all = exact.find((total) => arms.every(([arm, points]) => unitsOf(points, total) >= count(arm)))
  return even ?? all ?? exact[0] ?? finest
}
