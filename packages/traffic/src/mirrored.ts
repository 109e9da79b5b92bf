import { formatWeights, sameWeights, type Weights } from '@deploy-actions/rollout'
import {
  Conflict,
  heldBy,
  type RouterMember,
  type RouterState,
  type SentRequests,
  type TrafficRouter,
} from './router'
import { asWritten } from './shift'

/** What one of several routers holds, and which. */
interface Part {
  router: TrafficRouter
  state: RouterState
}

/**
 * Several routers that steer the same arms, such as an active-active pair: each is written and each is read, and they
 * count as one only while they hold the same. Forward, an arm serves only if it does so for each of them, since clients
 * come by all. A restore asks nobody for the others: it puts back each one by itself, by {@link TrafficRouter.parts}.
 */
export function mirrored(where: string, parts: readonly [TrafficRouter, ...TrafficRouter[]]): TrafficRouter {
  const [{ capabilities }] = parts
  const lookAt = (signal: AbortSignal): Promise<Part[]> =>
    Promise.all(parts.map(async (router) => ({ router, state: await router.read(signal) })))

  return {
    where,
    capabilities,
    parts,
    read: async (signal) => combined(await lookAt(signal)),
    async write(wanted, expected, signal, found) {
      const seen = await lookAt(signal)
      // Not what each was last read with: what is expected may be older than that, by a record.
      const held = heldBy(expected)
      const expectedOf = (index: number): Weights => held[index] ?? expected.weights
      // None is written before each was found as it should be, or as it is to be.
      for (const [index, { router, state }] of seen.entries())
        if (!asWritten(router, state.weights, wanted) && !sameWeights(state.weights, expectedOf(index)))
          throw new Conflict(router.where, expectedOf(index), state.weights)
      await Promise.all(seen.map(({ router, state }) => router.write(wanted, state, signal, found)))
    },
    async prepare(members, signal) {
      await Promise.all(parts.map(async (router) => router.prepare?.(members, signal)))
    },
    async requests(signal) {
      const counts = await Promise.all(parts.map(async (router) => (await router.requests?.(signal)) ?? {}))
      const sum: Record<string, SentRequests> = {}
      for (const [member, { sent, underWay }] of counts.flatMap((count) => Object.entries(count)))
        sum[member] = {
          sent: (sum[member]?.sent ?? 0) + sent,
          underWay: (sum[member]?.underWay ?? 0) + underWay,
        }
      return sum
    },
    async reloaded(withinMs, written, signal) {
      const seen = await lookAt(signal)
      const lost = await Promise.all(
        seen.map(async ({ router, state }) => {
          if (asWritten(router, state.weights, written)) return 'holds'
          return (await router.reloaded?.(withinMs, written, signal)) ? 'reloaded' : 'changed'
        }),
      )
      return lost.includes('reloaded') && !lost.includes('changed')
    },
  }
}

/** What all of them hold, and whether it is the same. */
function combined(parts: readonly Part[]): RouterState {
  const states = parts.map(({ state }) => state)
  const [first] = states
  if (!first) throw new TypeError('a mirrored router has parts')
  const differ = states.some(({ weights }) => !sameWeights(weights, first.weights))
  // Of effects the one that is not as configured tells more, and most of all one that leaves a member out.
  const troubled =
    states.find(leavesOut) ?? states.find(({ weights, effective }) => !sameWeights(weights, effective))
  const strangers = states.flatMap((state) => state.strangers ?? [])
  const heldOut = states.flatMap((state) => state.heldOut ?? [])
  const found = Object.fromEntries(states.flatMap(({ states = {} }) => Object.entries(states)))
  const members = Object.keys(first.members)
  return {
    weights: first.weights,
    effective: (troubled ?? first).effective,
    members: Object.fromEntries(members.map((name) => [name, memberOf(name, states)])),
    parts: states,
    ...(states.some(({ bound }) => bound) && { bound: true as const }),
    ...(states.some(({ byConnection }) => byConnection) && { byConnection: true as const }),
    ...(Object.keys(found).length > 0 && { states: found }),
    ...(strangers.length > 0 && { strangers: strangers.join('; ') }),
    ...(heldOut.length > 0 && { heldOut: heldOut.join('; ') }),
    ...(differ && {
      differs: `its addresses differ: ${parts.map(({ router, state }) => holds(router.where, state.weights)).join(', and ')}`,
    }),
  }
}

/** A member has weight, and gets nothing. */
const leavesOut = ({ weights, effective }: RouterState): boolean =>
  Object.entries(weights).some(([member, share]) => share > 0 && (effective[member] ?? 0) === 0)

const holds = (where: string, weights: Weights): string => `${where} holds ${formatWeights(weights)}`

function memberOf(name: string, states: readonly RouterState[]): RouterMember {
  const each = states.flatMap(({ members }) => members[name] ?? [])
  const healths = each.flatMap(({ healthy }) => healthy ?? [])
  const out = [...new Set(each.flatMap((member) => member.out ?? []))]
  return {
    enabled: each.every(({ enabled }) => enabled),
    ...(healths.length > 0 && { healthy: healths.every(Boolean) }),
    units: each[0]?.units ?? 0,
    ...(each.some(({ parked }) => parked) && { parked: true as const }),
    ...(each.some(({ lingers }) => lingers) && { lingers: true as const }),
    ...(out.length > 0 && { out }),
  }
}
