import { Region, type RegionCounts, type RegionEndpoints, type RegionLoad } from './region'
import type { RegionFault } from './region-fault'
import { seededRandom } from './seeded-random'
import type { RegionPlan, WorldPlan } from './world-plan'
import { worldTimes } from './world-times'

/** A region as it was opened: what users reach, and the rehearsal's own way to look in. */
export interface OpenedRegion {
  endpoints: RegionEndpoints
  watchPort: number
}

/** Keeps the regions of a world; lives in the worker thread, or beside its caller in tests. */
export class RegionHost {
  readonly #regions = new Map<string, Region>()

  async open(plan: WorldPlan): Promise<Record<string, OpenedRegion>> {
    const times = worldTimes(plan.speed)
    for (const [index, region] of plan.regions.entries())
      this.#regions.set(
        region.name,
        await Region.open(region, plan.rps, seededRandom(plan.seed + index), times),
      )
    return this.#collect((region) => ({ endpoints: region.endpoints, watchPort: region.watchPort }))
  }

  async count(): Promise<Record<string, RegionCounts>> {
    return this.#collect((region) => region.counts)
  }

  async save(): Promise<RegionPlan[]> {
    return [...this.#regions.values()].map((region) => region.save())
  }

  async setFaults(region: string, faults: readonly RegionFault[]): Promise<void> {
    await this.#region(region).setFaults(faults)
  }

  async setLoad(region: string, load: RegionLoad): Promise<void> {
    this.#region(region).setLoad(load)
  }

  async resetBaseline(): Promise<void> {
    await Promise.all([...this.#regions.values()].map((region) => region.resetBaseline()))
  }

  async close(): Promise<void> {
    await Promise.all([...this.#regions.values()].map((region) => region.close()))
    this.#regions.clear()
  }

  #region(name: string): Region {
    const region = this.#regions.get(name)
    if (region === undefined)
      throw new Error(
        `the world has no region ${name}; its regions are ${[...this.#regions.keys()].join(', ')}`,
      )
    return region
  }

  #collect<T>(read: (region: Region) => T): Record<string, T> {
    return Object.fromEntries([...this.#regions].map(([name, region]) => [name, read(region)]))
  }
}

/** What a world asks of its regions, wherever they live. */
export type RegionCalls = Pick<RegionHost, keyof RegionHost>
