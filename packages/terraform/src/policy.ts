import { failedChecksOf, type Change } from './changes'
import type { PlanJson } from './plan-json'

/** What a plan may do. */
export interface Policy {
  /** objects that may be destroyed, replaced ones among them */
  maxDestroy?: number
  /** of these, those that are replaced */
  maxReplace?: number
  /** addresses that are neither destroyed nor forgotten, with all beneath them: `*` is anything within one part, `**` anything */
  protected: readonly string[]
  /** whatever keeps the plan from being the whole: `-target`, or what the tool could not plan */
  requireComplete: boolean
  failOnCheck: boolean
  failOnDrift: boolean
}

/** What is to be judged of a plan. */
export interface Judged {
  plan: PlanJson
  changes: readonly Change[]
  drift: readonly Change[]
  /** it was made for some addresses alone */
  isTargeted: boolean
}

/** All that a plan does and may not, as sentences. */
export function violationsOf({ plan, changes, drift, isTargeted }: Judged, policy: Policy): string[] {
  const destroyed = changes.filter(({ destroys }) => destroys)
  const replaced = changes.filter(({ verb }) => verb === 'replace')
  const lost = changes.filter(({ destroys, verb }) => destroys || verb === 'forget' || verb === 'replace')
  const checks = failedChecksOf(plan)
  return [
    ...over('destroys', destroyed, policy.maxDestroy),
    ...over('replaces', replaced, policy.maxReplace),
    ...policy.protected.flatMap((pattern) => {
      const isMatch = matcher(pattern)
      return lost
        .filter(
          ({ address, movedFrom }) => isMatch(address) || (movedFrom !== undefined && isMatch(movedFrom)),
        )
        .map(({ address, verb }) => `${address} is protected by ${pattern}, and the plan would ${verb} it`)
    }),
    ...(policy.requireComplete ? missingOf(plan, isTargeted) : []),
    ...(policy.failOnCheck ? checks.map(({ name, problems }) => [name, ...problems].join(': ')) : []),
    ...(policy.failOnDrift && drift.length > 0
      ? [`${drift.length} of the objects were changed outside: ${names(drift)}`]
      : []),
  ]
}

/** Patterns that no object of the plan has, changed or not: one that is mistyped protects nothing, unseen. */
export const idlePatterns = (
  { resource_changes: all = [] }: PlanJson,
  { protected: patterns }: Pick<Policy, 'protected'>,
): string[] =>
  patterns.filter((pattern) => {
    const isMatch = matcher(pattern)
    return !all.some(
      ({ address, previous_address: from }) => isMatch(address) || (from !== undefined && isMatch(from)),
    )
  })

const over = (what: string, changes: readonly Change[], limit: number | undefined): string[] =>
  limit === undefined || changes.length <= limit
    ? []
    : [`it ${what} ${changes.length}, and ${limit} may be: ${names(changes)}`]

/** So many are named in a sentence. */
const NAMED = 5
const names = (changes: readonly Change[]): string => {
  const more = changes.length - NAMED
  return [
    ...changes.slice(0, NAMED).map(({ address }) => address),
    ...(more > 0 ? [`${more} more`] : []),
  ].join(', ')
}

/** Of a plan that is refused for what is not in it. */
export const NOT_WHOLE = 'the plan is not the whole: it was made with -target, or a part could not be planned'

/** OpenTofu does not say whether a plan is complete; what was left out by `-target` is then told by its arguments. */
function missingOf({ complete, deferred_changes: deferred = [] }: PlanJson, isTargeted: boolean): string[] {
  if (deferred.length > 0) return [`${deferred.length} changes are put off, so the plan is not the whole`]
  return complete === false || (complete === undefined && isTargeted) ? [NOT_WHOLE] : []
}

/**
 * Reads a pattern of addresses such as `azurerm_key_vault.*` or `module.db.**`. A key in brackets is a part of what stands
 * before it, whatever it holds: `*` takes it, too. Whoever protects a thing means all beneath it, and a resource in whichever
 * module it is: what would take too little would protect nothing, unseen.
 */
export function matcher(pattern: string): (address: string) => boolean {
  const wanted = partsOf(pattern)
  const isAnywhere = !/^(module|\*\*)(\.|\[|$)/.test(pattern)
  return (address) => {
    const parts = partsOf(address)
    return isMatch(isAnywhere ? withoutModules(parts) : parts, [...wanted, '**'])
  }
}

/** What stands behind `module.a.module.b` of an address. */
function withoutModules(parts: readonly string[]): readonly string[] {
  return parts[0] === 'module' ? withoutModules(parts.slice(2)) : parts
}

/** The parts of an address between dots that are not within the quotes of a key. */
const partsOf = (address: string): string[] =>
  address.match(/(?:\[(?:"(?:\\.|[^"\\])*"|[^\]]*)\]|[^.[])+/g) ?? []

function isMatch(parts: readonly string[], wanted: readonly string[]): boolean {
  const [first, ...rest] = wanted
  if (first === undefined) return parts.length === 0
  if (first === '**')
    return Array.from({ length: parts.length + 1 }).some((_, from) => isMatch(parts.slice(from), rest))
  const [part, ...others] = parts
  return part !== undefined && matches(part, first) && isMatch(others, rest)
}

/** A pattern without a key takes an object of any. */
function matches(part: string, wanted: string): boolean {
  const expression = wanted
    .split('*')
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
    .join('.*')
  return new RegExp(`^${expression}(\\[.*\\])?$`, 's').test(part)
}
