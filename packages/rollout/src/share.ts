import { z } from 'zod'
import { lazily } from './lazily'
import { WHOLE } from './percent'
import { apportion, sameWeights, type Weights } from './weights'

const points = z.int().min(0).max(WHOLE)

/** The regions that share the global traffic, and how one of them lets go of its share while it is deployed to. */
export const sharePlan = lazily(() =>
  z.strictObject({
    /** whose share is moved */
    region: z.string(),
    /** what it keeps meanwhile, in basis points */
    whileDeploying: points,
    /** its share only moves to regions of its zone, and comes back from there */
    keepWithinZone: z.boolean(),
    /** all that share the traffic, itself among them */
    regions: z.array(
      z.strictObject({
        name: z.string(),
        /** what it has when nothing is going on, in basis points */
        share: points,
        zone: z.string().optional(),
        /** the regions of the lowest number that serve take over */
        priority: z.int().min(1),
      }),
    ),
  }),
)
export type SharePlan = z.infer<ReturnType<typeof sharePlan>>
export type SharingRegion = SharePlan['regions'][number]

/**
 * The vector that leaves a region no more than it keeps while it is deployed to. What it lets go of is spread by the
 * config's shares over the regions of the lowest priority number that serve, within its zone if it keeps to that; what they
 * have besides stays theirs. A region that somebody has taken out of the traffic is not put back in by this, nor does one
 * take over that is drained itself: a rollout is under way there, or it was left so since it is not healthy.
 * @param serves whether the router sends traffic to a region
 * @returns undefined when no region may take it over
 */
export function drainedShares(
  now: Weights,
  plan: SharePlan,
  serves: (region: string) => boolean,
): Weights | undefined {
  const own = now[plan.region] ?? 0
  if (own <= plan.whileDeploying) return now
  const takers = takersOf(now, plan, serves)
  if (takers.length === 0) return undefined
  const taken = spread(takers, own - plan.whileDeploying)
  return mapWeights(now, (name, share) =>
    name === plan.region ? plan.whileDeploying : share + (taken[name] ?? 0),
  )
}

function takersOf(
  now: Weights,
  plan: SharePlan,
  serves: (region: string) => boolean,
): readonly SharingRegion[] {
  const able = neighboursOf(plan).filter(
    ({ name, share }) =>
      serves(name) && (share === 0 || ((now[name] ?? 0) > 0 && !isDrained(now[name] ?? 0, share, plan))),
  )
  const first = Math.min(...able.map(({ priority }) => priority))
  return able.filter(({ priority }) => priority === first)
}

/** More than any router's units round, in basis points. */
export const UNUSUAL_SHARE = 100

/** Whether what a region has is no more than it keeps while it is deployed to, though the config gives it more. */
const isDrained = (held: number, share: number, { whileDeploying }: SharePlan): boolean =>
  held <= whileDeploying + UNUSUAL_SHARE && share > whileDeploying + UNUSUAL_SHARE

/** The others that its share may move to. */
function neighboursOf({ region, keepWithinZone, regions }: SharePlan): readonly SharingRegion[] {
  const zone = regions.find(({ name }) => name === region)?.zone
  return regions.filter((one) => one.name !== region && (!keepWithinZone || one.zone === zone))
}

/** What a region's share was, and what the router was left with when it was drained. */
export interface MovedShare {
  before: Weights
  left?: Weights | undefined
}

/**
 * The vector that gives a region its old share back: the whole of what was found where the router still holds what it was
 * left with. Otherwise others had their hand in it, and only the own share returns: see {@link withShare}. What they have
 * given it beyond that is not taken away again: it may be all that serves.
 * @param same whether a router that shows the one vector holds the other; its units round
 */
export function returnedShares(
  now: Weights,
  { before, left }: MovedShare,
  plan: SharePlan,
  same: (now: Weights, left: Weights) => boolean = sameWeights,
): Weights {
  if (left && same(now, left)) return before
  const share = before[plan.region] ?? 0
  return (now[plan.region] ?? 0) > share ? now : withShare(now, share, plan)
}

/**
 * The vector in which a region has a share and the others are scaled in proportion, by the config's shares where they are
 * all 0: those of its zone if it keeps to that and they have as much, else all.
 */
export function withShare(now: Weights, share: number, plan: SharePlan): Weights {
  const own = now[plan.region] ?? 0
  const isOut = sumOf(Object.values(now)) === 0
  const others = plan.regions.filter(({ name }) => name !== plan.region)
  const near = neighboursOf(plan)
  const kept = heldBy(now, near) + own - share
  const [scaled, total] = kept < 0 || near.length === 0 || isOut ? [others, WHOLE - share] : [near, kept]
  const parts = heldBy(now, scaled) === 0 ? spread(scaled, total) : apportion(pick(now, scaled), total)
  return mapWeights(now, (name, held) => (name === plan.region ? share : (parts[name] ?? held)))
}

const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0)

const pick = (now: Weights, regions: readonly SharingRegion[]): Weights =>
  Object.fromEntries(regions.map(({ name }) => [name, now[name] ?? 0]))

const heldBy = (now: Weights, regions: readonly SharingRegion[]): number =>
  sumOf(Object.values(pick(now, regions)))

/** By the shares of the config, or evenly where it gives none of them any. */
function spread(regions: readonly SharingRegion[], total: number): Weights {
  const none = regions.every(({ share }) => share === 0)
  return apportion(Object.fromEntries(regions.map(({ name, share }) => [name, none ? 1 : share])), total)
}

const mapWeights = (now: Weights, to: (name: string, share: number) => number): Weights =>
  Object.fromEntries(Object.entries(now).map(([name, share]) => [name, to(name, share)]))
