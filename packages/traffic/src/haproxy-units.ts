import { ProviderError } from '@deploy-actions/action-kit'
import { apportion, formatPercent, WHOLE, type Weights } from '@deploy-actions/rollout'

/** HAProxy takes absolute weights of 0 to 256; all of them 0 answers 503. */
export const MAX_WEIGHT = 256

/** What is read back of one unit rounds to a little less than one; less than this would be about twice what was asked for. */
const LEAST_UNIT = 0.9

/** Totals to split into units, the plainest first: whole percents read as themselves on HAProxy's own page. */
const TOTALS = [100, 200, MAX_WEIGHT]

/** Basis points to absolute weights of 0 to 256, exact where a total allows it, by largest remainder where none does. */
export function toUnits(wanted: Weights, members: readonly string[]): Record<string, number> {
  const shares = Object.fromEntries(members.map((member) => [member, wanted[member] ?? 0]))
  const exact = (total: number): boolean =>
    Object.values(shares).every((points) => (points * total) % WHOLE === 0)
  const units = apportion(shares, TOTALS.find(exact) ?? MAX_WEIGHT)
  for (const member of members)
    // A share too small for one unit must not silently become nothing, or a whole unit.
    if ((shares[member] ?? 0) > 0 && (shares[member] ?? 0) * MAX_WEIGHT < LEAST_UNIT * WHOLE)
      throw new ProviderError(
        `a share of ${formatPercent(shares[member] ?? 0)} for ${member} is finer than HAProxy's weights; the least is 0.4%`,
        { provider: 'haproxy' },
      )
  return units
}
