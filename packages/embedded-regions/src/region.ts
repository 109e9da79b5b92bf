import { App } from './app'
import { openArmsAdmin } from './arms-admin'
import { Backend, takesTraffic } from './backend'
import { countsOf } from './backend-counts'
import { LoadGenerator, type LoadCounts } from './load-generator'
import { LOOPBACK, type LoopbackServer } from './loopback-server'
import { DEFAULT_SERVER_TIMEOUT_MS, RegionProxy } from './region-proxy'
import type { AppFault, ArmFault, MetricsFault, RegionFault, RouterFault } from './region-fault'
import { RuntimeApi } from './runtime-api'
import type { Random } from './seeded-random'
import type { ArmRelease, RegionPlan } from './world-plan'
import type { WorldTimes } from './world-times'
import { HealthChecks } from './health-checks'

/** Where the parts of a region are to be reached; all on the loopback. */
export interface RegionEndpoints {
  /** The front door, `http://HOST:PORT`. */
  http: string
  /** The proxy's Prometheus page with HAProxy's counters. */
  metrics: string
  /** Each arm's own address; `/healthz` and `/metrics` are under it. */
  apps: Record<string, string>
  /** Where `/arms` is. */
  admin: string
  /** HAProxy's runtime API, level `admin`. */
  runtime: { host: string; port: number }
  /** The name of the backend in commands and metrics. */
  backend: string
}

/** What only the region itself knows of itself; weights are read through the runtime API instead. */
export interface RegionCounts extends LoadCounts {
  baseline: string
  arms: Record<string, ArmRelease>
  /** The runtime commands that changed something since the region was opened, oldest first. */
  commands: string[]
}

/** Traffic of a region; what is left out stays. */
export interface RegionLoad {
  /** Real requests per second when busy. */
  rps?: number
  /** No traffic at all. */
  stopped?: boolean
  /** Rolled out or watched just now: gets the full rate instead of a tenth. */
  busy?: boolean
}

/** What another controller holds of a region whose proxy and apps follow it. */
export interface HeldElsewhere {
  /** in HAProxy's units */
  weights: Record<string, number>
  /** what runs on each arm, unless that is not certain now, and whether anything of it takes connections */
  arms: Record<string, { release?: ArmRelease; ready: boolean }>
}

/** HAProxy's configured weight of the arm that serves when the region is opened. */
const BASELINE_WEIGHT = 100

/** The share of the rate that a region gets while nobody looks at it. */
const IDLE_SHARE = 0.1

/** A deployment region: two arms, a weighted proxy before them, and visitors. */
export class Region {
  #faults: readonly RegionFault[] = []
  /** arms of which nothing takes connections, by what they follow */
  #gone: readonly string[] = []
  #load: Required<RegionLoad>

  private constructor(
    private readonly plan: RegionPlan,
    private readonly apps: readonly App[],
    private readonly backend: Backend,
    private readonly proxy: RegionProxy,
    private readonly runtime: RuntimeApi,
    private readonly watch: RuntimeApi,
    private readonly admin: LoopbackServer,
    private readonly visitors: LoadGenerator,
    private readonly times: WorldTimes,
    private readonly parts: readonly { close(): Promise<void> }[],
    private baseline: string,
    rps: number,
  ) {
    this.#load = { rps, stopped: false, busy: false }
  }

  /**
   * Starts all parts and, last, the load.
   * @param rps real requests per second of its own visitors when it is busy; 0 where they come by a router before it
   */
  static async open(plan: RegionPlan, rps: number, random: Random, times: WorldTimes): Promise<Region> {
    const apps = await Promise.all(
      Object.entries(plan.arms).map(([arm, release]) => App.open(arm, release, random)),
    )
    const backend = openBackend(plan, apps)
    const [proxy, runtime, watch, admin] = await Promise.all([
      RegionProxy.open(backend, DEFAULT_SERVER_TIMEOUT_MS, plan.ports?.metrics),
      RuntimeApi.open(backend, 'admin', plan.ports?.runtime),
      RuntimeApi.open(backend, 'operator'),
      openArmsAdmin(apps, plan.ports?.admin),
    ])
    const visitors = new LoadGenerator(proxy.port, times.secondMs)
    const checks = new HealthChecks(backend, times.checkEveryMs)
    const parts = [proxy, runtime, watch, admin, checks, ...apps]
    const region = new Region(
      plan,
      apps,
      backend,
      proxy,
      runtime,
      watch,
      admin,
      visitors,
      times,
      parts,
      plan.baseline,
      rps,
    )
    await region.resetBaseline()
    region.setLoad({})
    return region
  }

  get endpoints(): RegionEndpoints {
    return {
      http: this.proxy.url,
      metrics: this.proxy.metricsUrl,
      apps: Object.fromEntries(this.apps.map((app) => [app.arm, `http://${LOOPBACK}:${app.port}`])),
      admin: this.admin.url,
      runtime: { host: LOOPBACK, port: this.runtime.port },
      backend: this.backend.name,
    }
  }

  /** The port of its front door. */
  get port(): number {
    return this.proxy.port
  }

  /** A second command port, read-only and never at fault: what the rehearsal itself looks through. */
  get watchPort(): number {
    return this.watch.port
  }

  get counts(): RegionCounts {
    return {
      ...this.visitors.counts,
      baseline: this.baseline,
      arms: this.#releases(),
      commands: [...this.runtime.changes],
    }
  }

  /** The same of all requests that came in, where the visitors are not its own. */
  get answered(): LoadCounts {
    return countsOf(this.backend)
  }

  setLoad(load: RegionLoad): void {
    this.#load = { ...this.#load, ...load }
    const { rps, stopped, busy } = this.#load
    this.visitors.setRate(stopped ? 0 : busy ? rps : rps * IDLE_SHARE)
  }

  /** These and no other faults hold from now on. */
  async setFaults(faults: readonly RegionFault[]): Promise<void> {
    this.#faults = faults
    this.runtime.setFault(faults.find((fault): fault is RouterFault => 'router' in fault))
    const metrics = faults.find((fault): fault is MetricsFault => 'metrics' in fault)
    this.proxy.setMetricsFault(metrics)
    for (const app of this.apps) app.setMetricsFault(metrics)
    // Only then a time-out in the world's own time: on a busy machine a healthy app is late by it, too.
    const hanging = faults.some((fault) => 'hangs' in fault && (fault.hangs ?? 0) > 0)
    this.proxy.setServerTimeout(hanging ? this.times.patienceMs : DEFAULT_SERVER_TIMEOUT_MS)
    await this.#strikeArms()
  }

  /** Becomes what somebody else holds: its runtime API tells it, and nothing there has changed it. */
  async follow({ weights, arms }: HeldElsewhere): Promise<void> {
    for (const server of this.backend.servers) {
      const weight = weights[server.name]
      if (weight !== undefined && weight !== server.weight) this.backend.setWeight(server, weight)
    }
    for (const app of this.apps) {
      const release = arms[app.arm]?.release
      if (release && release.digest !== app.running.digest) app.deploy(release)
    }
    this.#gone = Object.keys(arms).filter((arm) => arms[arm]?.ready === false)
    await this.#strikeArms()
  }

  /** The arm that carries all the traffic is the baseline from now on; if none does, the roles stay. */
  async resetBaseline(): Promise<void> {
    const carrying = this.backend.servers.filter(takesTraffic)
    if (carrying.length === 1 && carrying[0] !== undefined) this.baseline = carrying[0].name
    await this.#strikeArms()
  }

  /** The region as it is now, as a plan to open it again. */
  save(): RegionPlan {
    const servers = this.backend.servers
    return {
      name: this.plan.name,
      baseline: this.baseline,
      backend: this.plan.backend,
      arms: this.#releases(),
      weights: Object.fromEntries(servers.map((server) => [server.name, server.weight])),
      states: Object.fromEntries(servers.map((server) => [server.name, server.admin])),
      ports: { runtime: this.runtime.port, metrics: this.proxy.metricsPort, admin: this.admin.port },
    }
  }

  async close(): Promise<void> {
    this.visitors.close()
    await Promise.all(this.parts.map((part) => part.close()))
  }

  async #strikeArms(): Promise<void> {
    await Promise.all(this.apps.map((app) => app.setFault(this.#faultOf(app.arm))))
  }

  #faultOf(arm: string): AppFault {
    const role = arm === this.baseline ? 'baseline' : 'canary'
    const striking = this.#faults.filter(
      (fault): fault is ArmFault => 'arm' in fault && (fault.arm === arm || fault.arm === role),
    )
    return Object.assign({}, ...striking, this.#gone.includes(arm) && { refuse: true }) as AppFault
  }

  #releases(): Record<string, ArmRelease> {
    return Object.fromEntries(this.apps.map((app) => [app.arm, app.running]))
  }
}

/** Configured as the baseline was when the region was opened, then set to where it was left. */
function openBackend(plan: RegionPlan, apps: readonly App[]): Backend {
  const backend = new Backend(
    apps.map((app) => ({
      name: app.arm,
      port: app.port,
      initialWeight: app.arm === plan.baseline ? BASELINE_WEIGHT : 0,
    })),
    plan.backend,
  )
  for (const server of backend.servers) {
    backend.setWeight(server, plan.weights?.[server.name] ?? server.initialWeight)
    backend.setAdmin(server, plan.states?.[server.name] ?? 'ready')
  }
  return backend
}
