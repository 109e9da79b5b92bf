import { formatPercent, WHOLE } from '@deploy-actions/rollout'
import type { RolloutConfig } from './schema'

type Report = (path: (string | number)[], message: string) => void
type Regions = RolloutConfig['regions']

/** What only a router between the regions makes use of. */
const OF_THE_ROUTER = ['share', 'zone', 'priority'] as const

/** What a regional router needs of the regions, and what nothing would act on without one. */
export function checkShares({ regions, traffic, order }: RolloutConfig, report: Report): void {
  if (!traffic.regions) return checkUnused(regions, report)
  const { router, 'keep-within-zone': keepWithinZone } = traffic.regions
  checkMembers(regions, router.arms, report)
  checkSum(regions, report)
  if (regions.length === 1) report(['traffic', 'regions'], 'needs another region, which takes the share over')
  if (keepWithinZone) checkZones(regions, report)
  if (order.kind === 'parallel')
    report(
      ['order', 'kind'],
      'parallel would drain all regions at once, and nobody could take their traffic over: with traffic.regions, write serial or delayed',
    )
}

function checkUnused(regions: Regions, report: Report): void {
  regions.forEach((region, index) => {
    for (const key of OF_THE_ROUTER)
      if (region[key] !== undefined)
        report(
          ['regions', index, key],
          'says how the regions share the traffic, and nothing steers that; add traffic.regions, or leave it out',
        )
  })
}

function checkMembers(regions: Regions, members: readonly string[] | undefined, report: Report): void {
  const names = regions.map(({ name }) => name)
  if (members === undefined || members.toSorted().join() === names.toSorted().join()) return
  report(
    ['traffic', 'regions', 'router'],
    `has the members ${members.join(', ')}, and the regions are ${names.join(', ')}: name the same in both`,
  )
}

function checkSum(regions: Regions, report: Report): void {
  const without = regions.flatMap(({ share }, index) => (share === undefined ? [index] : []))
  for (const index of without)
    report(
      ['regions', index, 'share'],
      'is missing; with traffic.regions each region says its share of the global traffic, such as 30%',
    )
  if (without.length > 0) return
  const sum = regions.reduce((total, { share = 0 }) => total + share, 0)
  if (sum !== WHOLE)
    report(['regions'], `the shares of the regions come to ${formatPercent(sum)}, and must come to 100%`)
}

/** Only who has a neighbour in its zone can be drained within it. */
function checkZones(regions: Regions, report: Report): void {
  regions.forEach(({ name, zone }, index) => {
    if (zone === undefined)
      report(['regions', index, 'zone'], 'is missing; keep-within-zone needs it of each region')
    else if (regions.every((other) => other.name === name || other.zone !== zone))
      report(
        ['regions', index, 'zone'],
        `${name} is the only region of ${zone}: with keep-within-zone nobody may take its share over while it is deployed to`,
      )
  })
}
