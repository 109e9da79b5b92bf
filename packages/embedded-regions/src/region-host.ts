import { RegionalRouter, type OpenedRouter, type RouterCounts } from './regional-router'
import {
  Region,
  type HeldElsewhere,
  type RegionCounts,
  type RegionEndpoints,
  type RegionLoad,
} from './region'
import type { RegionFault } from './region-fault'
import { seededRandom } from './seeded-random'
import type { WorldPlan } from './world-plan'
import { worldTimes } from './world-times'

/** A region as it was opened: what users reach, and the rehearsal's own way to look in. */
export interface OpenedRegion {
  endpoints: RegionEndpoints
  watchPort: number
}

/** A world as it was opened. */
export interface OpenedWorld {
  regions: Record<string, OpenedRegion>
  router?: OpenedRouter
}

/** Keeps the regions of a world; lives in the worker thread, or beside its caller in tests. */
export class RegionHost {
  readonly #regions = new Map<string, Region>()

  #router: RegionalRouter | undefined
  /** Those whose visitors stay away, where all come by the router. */
  readonly #stopped = new Set<string>()
  #rps = 0

  async open(plan: WorldPlan): Promise<OpenedWorld> {
    const times = worldTimes(plan.speed)
    const ownRps = plan.router ? 0 : plan.rps
    this.#rps = plan.rps
    for (const [index, region] of plan.regions.entries())
      this.#regions.set(
        region.name,
        await Region.open(region, ownRps, seededRandom(plan.seed + index), times),
      )
    const regions = this.#collect((region) => ({ endpoints: region.endpoints, watchPort: region.watchPort }))
    if (!plan.router) return { regions }
    this.#router = await RegionalRouter.open(
      plan.router,
      this.#collect(({ port }) => port),
      times,
    )
    this.#loadRouter()
    return { regions, router: this.#router.opened }
  }

  async count(): Promise<{ regions: Record<string, RegionCounts>; router?: RouterCounts }> {
    if (!this.#router) return { regions: this.#collect(({ counts }) => counts) }
    const regions = this.#collect(({ counts, answered }) => ({ ...counts, ...answered }))
    return { regions, router: this.#router.counts }
  }

  async save(): Promise<Pick<WorldPlan, 'regions' | 'router'>> {
    const regions = [...this.#regions.values()].map((region) => region.save())
    return this.#router ? { regions, router: this.#router.save() } : { regions }
  }

  async setShares(weights: Readonly<Record<string, number>>): Promise<void> {
    if (!this.#router) throw new Error('the world has no router between its regions')
    this.#router.setByHand(weights)
  }

  async setFaults(region: string, faults: readonly RegionFault[]): Promise<void> {
    await this.#region(region).setFaults(faults)
  }

  async setLoad(region: string, load: RegionLoad): Promise<void> {
    this.#region(region).setLoad(load)
    if (load.stopped !== undefined) this.#stopped[load.stopped ? 'add' : 'delete'](region)
    this.#loadRouter()
  }

  async follow(region: string, held: HeldElsewhere): Promise<void> {
    await this.#region(region).follow(held)
  }

  async resetBaseline(): Promise<void> {
    await Promise.all([...this.#regions.values()].map((region) => region.resetBaseline()))
  }

  async close(): Promise<void> {
    await this.#router?.close()
    this.#router = undefined
    await Promise.all([...this.#regions.values()].map((region) => region.close()))
    this.#regions.clear()
  }

  /** As many visitors as all regions would have by themselves; where they go is for the router to say. */
  #loadRouter(): void {
    this.#router?.setRate(this.#rps * (this.#regions.size - this.#stopped.size))
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
