import type { Random } from '@deploy-actions/embedded-regions'
import { poisson } from './poisson'

/** Who calls a region, when its requests do not just follow the weights one by one. */
export interface ClientsOptions {
  /** share of all requests that come from people who are bound to the arm that served them first */
  sticky: number
  /** people who are bound at a time, and how long one stays, on average */
  people: number
  stayMs: number
  /**
   * connections that carry the other requests, each to one arm, and how long one lives, on average: also when its arm
   * has no weight any more
   */
  connections: number
  connectionMs: number
  /** a connection without a request for so long is closed */
  idleMs: number
  /** an arm that has just got its first weight grows to its share for so long, from a tenth of it */
  slowStartMs: number
  /**
   * how many times as long as the other arm's a request takes on an arm: by least connections its share shrinks in
   * proportion, because as many requests are always under way
   */
  slowness: (arm: string, elapsedMs: number) => number
}

/** Clients that are bound to arms; their choice follows the weights only when they choose. */
export interface SimulatedClients {
  /** Requests per arm of a time in which the weights were these. */
  requests(weights: Record<string, number>, window: { elapsedMs: number; ms: number }): Record<string, number>
}

/** Something that goes on using the arm that it chose. */
interface Bound {
  arm: string
  leavesAtMs: number
  quietMs: number
}

const nobody = (count: number): (Bound | undefined)[] => new Array<undefined>(count).fill(undefined)

/** @param requestsPerSecond of all of them together */
export function simulateClients(
  { sticky, people, stayMs, connections, connectionMs, idleMs, slowStartMs, slowness }: ClientsOptions,
  requestsPerSecond: number,
  random: Random,
): SimulatedClients {
  const startedAt = new Map<string, number>()
  const groups = [
    { members: nobody(people), share: sticky, lastsMs: stayMs, idleMs: Infinity, lingers: false },
    { members: nobody(connections), share: 1 - sticky, lastsMs: connectionMs, idleMs, lingers: true },
  ]

  const shareOf = (arm: string, weight: number, elapsedMs: number): number => {
    if (weight === 0) startedAt.delete(arm)
    else if (!startedAt.has(arm)) startedAt.set(arm, elapsedMs)
    const since = elapsedMs - (startedAt.get(arm) ?? elapsedMs)
    const ramp = elapsedMs === since ? 1 : Math.min(1, 0.1 + (0.9 * since) / slowStartMs)
    return (weight * ramp) / slowness(arm, elapsedMs)
  }

  const choose = (shares: readonly (readonly [string, number])[]): string => {
    let left = random() * shares.reduce((sum, [, share]) => sum + share, 0)
    for (const [arm, share] of shares) if ((left -= share) < 0) return arm
    return shares[0]?.[0] ?? ''
  }

  return {
    requests(weights, { elapsedMs, ms }) {
      const shares = Object.entries(weights).map(
        ([arm, weight]) => [arm, shareOf(arm, weight, elapsedMs)] as const,
      )
      const counts = Object.fromEntries(Object.keys(weights).map((arm) => [arm, 0]))
      for (const { members, share, lastsMs, idleMs, lingers } of groups) {
        const mean = (requestsPerSecond * share * ms) / 1000 / members.length
        members.forEach((member, index) => {
          const stays =
            member &&
            member.leavesAtMs > elapsedMs &&
            member.quietMs < idleMs &&
            (lingers || (weights[member.arm] ?? 0) > 0)
          const bound = stays
            ? member
            : { arm: choose(shares), leavesAtMs: elapsedMs - lastsMs * Math.log(1 - random()), quietMs: 0 }
          const requests = poisson(mean, random)
          bound.quietMs = requests > 0 ? 0 : bound.quietMs + ms
          members[index] = bound
          counts[bound.arm] = (counts[bound.arm] ?? 0) + requests
        })
      }
      return counts
    },
  }
}
