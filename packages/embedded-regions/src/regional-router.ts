import { Backend } from './backend'
import { HealthChecks } from './health-checks'
import { LoadGenerator, type LoadCounts } from './load-generator'
import { LOOPBACK } from './loopback-server'
import { RegionProxy } from './region-proxy'
import { RuntimeApi } from './runtime-api'
import type { RouterPlan } from './world-plan'
import type { WorldTimes } from './world-times'

/** What the backend of the router between the regions is called; its servers are named as the regions. */
export const REGIONS_BACKEND = 'regions'

/** The router between the regions as it was opened: what users reach, and the rehearsal's own way to look in. */
export interface OpenedRouter {
  endpoints: { runtime: { host: string; port: number }; backend: string }
  watchPort: number
}

/** What only the router itself knows of itself; weights are read through the runtime API instead. */
export interface RouterCounts extends LoadCounts {
  /** The runtime commands that changed something since it was opened, oldest first. */
  commands: string[]
}

/** The router between the regions: every visitor comes by it, and its weights say to which region. */
export class RegionalRouter {
  private constructor(
    private readonly backend: Backend,
    private readonly runtime: RuntimeApi,
    private readonly watch: RuntimeApi,
    private readonly visitors: LoadGenerator,
    private readonly parts: readonly { close(): Promise<void> }[],
  ) {}

  /** @param ports the front doors of the regions */
  static async open(
    { weights, port }: RouterPlan,
    ports: Readonly<Record<string, number>>,
    times: WorldTimes,
  ): Promise<RegionalRouter> {
    const backend = new Backend(
      Object.entries(ports).map(([name, port]) => ({ name, port, initialWeight: weights[name] ?? 0 })),
      REGIONS_BACKEND,
    )
    const [proxy, runtime, watch] = await Promise.all([
      RegionProxy.open(backend),
      RuntimeApi.open(backend, 'admin', port),
      RuntimeApi.open(backend, 'operator'),
    ])
    const visitors = new LoadGenerator(proxy.port, times.secondMs)
    const checks = new HealthChecks(backend, times.checkEveryMs)
    return new RegionalRouter(backend, runtime, watch, visitors, [proxy, runtime, watch, checks])
  }

  get opened(): OpenedRouter {
    return {
      endpoints: { runtime: { host: LOOPBACK, port: this.runtime.port }, backend: this.backend.name },
      watchPort: this.watch.port,
    }
  }

  get counts(): RouterCounts {
    return { ...this.visitors.counts, commands: [...this.runtime.changes] }
  }

  /** Real requests per second of all visitors together. */
  setRate(rps: number): void {
    this.visitors.setRate(rps)
  }

  /** Somebody sets weights at the router's own console. */
  setByHand(weights: Readonly<Record<string, number>>): void {
    for (const server of this.backend.servers) {
      const weight = weights[server.name]
      if (weight !== undefined) this.backend.setWeight(server, weight)
    }
  }

  /** The router as it is now, as a plan to open it again. */
  save(): RouterPlan {
    return {
      weights: Object.fromEntries(this.backend.servers.map(({ name, weight }) => [name, weight])),
      port: this.runtime.port,
    }
  }

  async close(): Promise<void> {
    this.visitors.close()
    await Promise.all(this.parts.map((part) => part.close()))
  }
}
