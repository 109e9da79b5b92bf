import type { HeldElsewhere, RegionEndpoints, RegionLoad } from './region'
import type { RegionFault } from './region-fault'
import { RegionHost, type OpenedWorld, type RegionCalls } from './region-host'
import type { OpenedRouter, RouterCounts } from './regional-router'
import { effectiveWeightsOf, readArms, weightsOf, type ArmReading } from './region-reading'
import { startRegionWorker } from './region-worker-client'
import type { LoadCounts } from './load-generator'
import { worldPlan, type ArmRelease, type WorldPlan, type WorldPlanInput } from './world-plan'

/** A region as it is now. */
export interface RegionReading extends LoadCounts {
  /** Basis points of the two arms as configured, read from the proxy's own runtime API. */
  weights: Record<string, number>
  /** Basis points among the arms that take traffic; all zero when none does. */
  effective: Record<string, number>
  /** What runs on each arm, and what its server is set to. */
  arms: Record<string, ArmRelease & ArmReading>
  /** The arm that carried all the traffic when the world was opened or its baseline reset. */
  baseline: string
  /** The runtime commands that changed something since the world was opened, oldest first. */
  commands: string[]
}

/** The router between the regions as it is now. */
export interface RouterReading extends RouterCounts {
  /** Basis points of the regions as configured, read from the router's own runtime API. */
  weights: Record<string, number>
  /** Basis points among the regions that take traffic. */
  effective: Record<string, number>
}

/** Where the regions of a world live. */
export interface WorldOptions {
  /** The worker's file; needed in a bundle that does not keep `region-worker.js` beside itself. */
  workerUrl?: URL
  /** Runs the same code in this thread, for tests. */
  inProcess?: boolean
}

/** The embedded regions of a rehearsal, running. */
export class World {
  #closed: Promise<void> | undefined

  private constructor(
    private readonly plan: WorldPlan,
    private readonly calls: RegionCalls,
    private readonly opened: OpenedWorld,
  ) {}

  /**
   * Starts every region of the plan, each idle: at a tenth of `rps`.
   *
   * @throws ZodError when the plan is not one; an Error when a region cannot start
   */
  static async open(input: WorldPlanInput, options: WorldOptions): Promise<World> {
    const plan = worldPlan.parse(input)
    const calls =
      options.inProcess === true ? new RegionHost() : startRegionWorker(options.workerUrl ?? besideThis())
    try {
      return new World(plan, calls, await calls.open(plan))
    } catch (error) {
      // What did start must not outlive the failure, and the failure is what to report.
      await calls.close().catch(() => undefined)
      throw error
    }
  }

  /** Where each region is to be reached. */
  get regions(): Record<string, RegionEndpoints> {
    return Object.fromEntries(
      Object.entries(this.opened.regions).map(([name, { endpoints }]) => [name, endpoints]),
    )
  }

  /** Where the router between the regions is to be reached, if there is one. */
  get router(): OpenedRouter['endpoints'] | undefined {
    return this.opened.router?.endpoints
  }

  /** Reads every region; router faults do not get in the way of it. */
  async state(): Promise<Record<string, RegionReading>> {
    const { regions: counts } = await this.calls.count()
    const readings = Object.entries(this.opened.regions).map(async ([name, { watchPort, endpoints }]) => {
      const counted = counts[name]
      if (counted === undefined) throw new Error(`region ${name} did not report`)
      const arms = await readArms(watchPort, endpoints.backend)
      const reading: RegionReading = {
        ...counted,
        weights: weightsOf(arms),
        effective: effectiveWeightsOf(arms),
        arms: Object.fromEntries(
          Object.entries(arms).map(([arm, read]) => [arm, { ...(counted.arms[arm] as ArmRelease), ...read }]),
        ),
      }
      return [name, reading] as const
    })
    return Object.fromEntries(await Promise.all(readings))
  }

  /** Reads the router between the regions; undefined where there is none. */
  async shares(): Promise<RouterReading | undefined> {
    const { router } = this.opened
    if (!router) return undefined
    const { router: counted } = await this.calls.count()
    if (!counted) throw new Error('the router between the regions did not report')
    const servers = await readArms(router.watchPort, router.endpoints.backend)
    return { ...counted, weights: weightsOf(servers), effective: effectiveWeightsOf(servers) }
  }

  /** Somebody sets weights of regions by hand, in HAProxy's units; what is left out stays. */
  setShares(weights: Readonly<Record<string, number>>): Promise<void> {
    return this.calls.setShares(weights)
  }

  /** These and no other faults hold in the region from now on; `[]` heals it. */
  setFaults(region: string, faults: readonly RegionFault[]): Promise<void> {
    return this.calls.setFaults(region, faults)
  }

  /** Changes a region's traffic; what is left out stays. */
  setLoad(region: string, load: RegionLoad): Promise<void> {
    return this.calls.setLoad(region, load)
  }

  /** A region becomes what somebody else holds of it: no command of its own proxy has to be given. */
  follow(region: string, held: HeldElsewhere): Promise<void> {
    return this.calls.follow(region, held)
  }

  /** In every region the arm that carries all the traffic becomes the baseline: a new rollout begins. */
  resetBaseline(): Promise<void> {
    return this.calls.resetBaseline()
  }

  /** The world as it is now, to be opened again: arms, versions, weights, states, and the ports, where those are free then. */
  async save(): Promise<WorldPlan> {
    return { ...this.plan, ...(await this.calls.save()) }
  }

  /** Ends all servers, traffic and the worker. */
  close(): Promise<void> {
    this.#closed ??= this.calls.close()
    return this.#closed
  }
}

/** Opens a world from a plan, its own or one that {@link World.save} gave. */
export function openWorld(plan: WorldPlanInput, options: WorldOptions = {}): Promise<World> {
  return World.open(plan, options)
}

/** The worker has the extension of this file: `.ts` in the source, `.js` in a bundle. */
function besideThis(): URL {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
  return new URL(`./region-worker.${extension}`, import.meta.url)
}
