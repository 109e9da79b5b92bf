import type { RegionConfig } from '@deploy-actions/config'
import { InputError } from '@deploy-actions/action-kit'
import type { RouterReading, World, WorldPlan } from '@deploy-actions/embedded-regions'
import { apportion, formatPercent, sameWeights, WHOLE, type Weights } from '@deploy-actions/rollout'

/** What a hand at the router's console splits a whole into, and the router is configured with: HAProxy takes 256 at most. */
const UNITS = 200

/** The router between the regions before the first rehearsal: it holds what rollout.yml says. */
export function firstRouter([first]: readonly RegionConfig[]): WorldPlan['router'] {
  if (!first?.traffic.regions) return undefined
  const shares = Object.fromEntries(first.regions.map(({ name, share = 0 }) => [name, share]))
  return { weights: apportion(shares, UNITS) }
}

/** Somebody gives regions shares by hand: the others keep theirs in proportion. */
export async function changeShares(
  world: Pick<World, 'shares' | 'setShares'>,
  given: Weights,
): Promise<void> {
  const now = (await world.shares())?.weights ?? {}
  const left = WHOLE - Object.values(given).reduce((sum, points) => sum + points, 0)
  const others = Object.fromEntries(Object.entries(now).filter(([name]) => !Object.hasOwn(given, name)))
  await world.setShares(apportion({ ...apportion(others, left), ...given }, UNITS))
}

/** The shares of regions for a scenario, where their config gives them none, and a router that steers them. */
export function sharesFor(
  regions: readonly { name: string; share?: number | undefined }[],
): Record<string, unknown> {
  if (regions.some(({ share }) => share !== undefined)) return {}
  const even = apportion(Object.fromEntries(regions.map(({ name }) => [name, 1])), 100)
  return {
    'traffic.regions': { router: { type: 'haproxy', port: 9990, backend: 'regions' } },
    ...Object.fromEntries(
      regions.map(({ name }, index) => [`regions.${index}.share`, formatPercent((even[name] ?? 0) * 100)]),
    ),
  }
}

/** @throws InputError when a scenario changes shares that nothing steers */
export function mustHaveShares(
  { faults }: { faults: readonly object[] },
  [first]: readonly RegionConfig[],
): void {
  if (first?.traffic.regions || faults.every((fault) => !('shares' in fault))) return
  throw new InputError([
    {
      where: 'scenario',
      message:
        'somebody changes the shares of regions in it, and rollout.yml has no traffic.regions; add that',
    },
  ])
}

/** What became of the shares in a rehearsal, by the router's own reading. */
export interface SharesResult {
  before: Weights
  after: Weights
  /** each vector that it was seen to hold, oldest first */
  held: Weights[]
  /** the commands that changed something, as it got them, oldest first: what is done by hand is none of them */
  commands: string[]
  /** what its visitors sent and got */
  requests: number
  failed: number
  /** failed requests that were not the app's own answer */
  failedOutsideApp: number
}

/** @param held each vector that it was seen to hold */
export function sharesResult(
  before: RouterReading | undefined,
  after: RouterReading | undefined,
  held: readonly Weights[],
): SharesResult | undefined {
  if (!before || !after) return undefined
  const outside = ({ failed }: RouterReading): number => failed.proxy + failed.connection
  return {
    before: before.weights,
    after: after.weights,
    // Each run was watched by itself, and the next begins with what the one before has ended with.
    held: held.filter((vector, index) => !sameWeights(vector, held[index - 1] ?? {})),
    commands: after.commands,
    requests: after.requests - before.requests,
    failed: outside(after) + after.failed.app - outside(before) - before.failed.app,
    failedOutsideApp: outside(after) - outside(before),
  }
}
