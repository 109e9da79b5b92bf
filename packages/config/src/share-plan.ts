import { formatPercent, type SharePlan } from '@deploy-actions/rollout'
import type { RegionConfig } from './load'

/** A region without a priority is among the first to take over. */
const FIRST = 1

/** How a region lets go of its share of the global traffic while it is deployed to; undefined where no router steers that. */
export function sharePlanOf({
  region,
  regions,
  traffic,
}: Pick<RegionConfig, 'region' | 'regions' | 'traffic'>): SharePlan | undefined {
  if (!traffic.regions) return undefined
  return {
    region: region.name,
    whileDeploying: traffic.regions['while-deploying'],
    keepWithinZone: traffic.regions['keep-within-zone'],
    regions: regions.map(({ name, share = 0, zone, priority = FIRST }) => ({
      name,
      share,
      priority,
      ...(zone !== undefined && { zone }),
    })),
  }
}

/** What becomes of a region's share during its rollout, in words: `30% of the global traffic, 10% while it is deployed to`. */
export function shareInWords({
  region,
  traffic,
}: Pick<RegionConfig, 'region' | 'traffic'>): string | undefined {
  if (!traffic.regions) return undefined
  const share = region.share ?? 0
  const kept = Math.min(share, traffic.regions['while-deploying'])
  return `${formatPercent(share)} of the global traffic, ${formatPercent(kept)} while it is deployed to`
}
