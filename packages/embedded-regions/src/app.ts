import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppMetrics } from './app-metrics'
import { listenOnLoopback, type LoopbackServer } from './loopback-server'
import { sendMetrics } from './metrics-page'
import type { AppFault, MetricsFault } from './region-fault'
import { lognormal, type Random } from './seeded-random'
import type { ArmRelease } from './world-plan'

/** What a healthy version does: lognormal around 20 ms, one error in a thousand. */
const HEALTHY = { medianMs: 20, sigma: 0.5, errors: 0.001 }

/** What is in the tail takes so many times as long. */
const SLOW_TIMES = 10

/** Longer than any rehearsal: Node's 5 s would cut a canary's idle connections under the proxy's hands. */
export const KEEP_ALIVE_TIMEOUT_MS = 600_000

/** The header by which an answer of the app is told from one the proxy made up. */
export const ARM_HEADER = 'x-arm'

/** An arm of a region: a place where one version of the app runs at a time. */
export class App {
  #fault: AppFault = {}
  #metricsFault: MetricsFault | undefined
  #metrics: AppMetrics
  #server: LoopbackServer | undefined
  #port = 0

  private constructor(
    readonly arm: string,
    private release: ArmRelease,
    private readonly random: Random,
  ) {
    this.#metrics = new AppMetrics(arm)
  }

  /** Starts the arm on a free port. */
  static async open(arm: string, release: ArmRelease, random: Random): Promise<App> {
    const app = new App(arm, release, random)
    await app.#listen()
    return app
  }

  get port(): number {
    return this.#port
  }

  /** What runs here now. */
  get running(): ArmRelease {
    return { ...this.release }
  }

  /** Puts another version on the arm: its counters start at zero. */
  deploy(release: ArmRelease): void {
    this.release = { ...release }
    this.#metrics = new AppMetrics(this.arm)
  }

  /** Replaces what is wrong with the arm; `{}` heals it. */
  async setFault(fault: AppFault): Promise<void> {
    this.#fault = fault
    if (fault.refuse === true) await this.close()
    else if (this.#server === undefined) await this.#listen()
  }

  setMetricsFault(fault: MetricsFault | undefined): void {
    this.#metricsFault = fault
  }

  async close(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.close()
  }

  /** An arm that comes back listens where it did before: its address is in the proxy and in rollout.yml. */
  async #listen(): Promise<void> {
    this.#server = await listenPatiently(() => this.#createServer(), this.#port)
    this.#port = this.#server.port
  }

  #createServer(): Server {
    const server = createServer((request, response) => this.#answer(request, response))
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS
    return server
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    if (request.url === '/healthz') this.#sendHealth(response)
    else if (request.url === '/metrics') void sendMetrics(response, this.#metrics.page(), this.#metricsFault)
    else this.#serve(response)
  }

  #sendHealth(response: ServerResponse): void {
    const broken = this.#fault.unhealthy === true
    sendJson(response, broken ? 503 : 200, {
      status: broken ? 'broken' : 'ok',
      ...this.release,
      arm: this.arm,
    })
  }

  #serve(response: ServerResponse): void {
    const { errors = HEALTHY.errors, latencyMs = 0, slowTail = 0, hangs = 0 } = this.#fault
    if (hangs > 0 && this.random() < hangs) return
    const { release, arm } = this
    const metrics = this.#metrics
    const code = this.random() < errors ? 500 : 200
    const began = performance.now()
    const times = slowTail > 0 && this.random() < slowTail ? SLOW_TIMES : 1
    setTimeout(
      () => {
        metrics.count(code, (performance.now() - began) / 1000)
        sendJson(response, code, { ...release, arm }, { [ARM_HEADER]: arm })
      },
      times * lognormal(this.random, HEALTHY.medianMs, HEALTHY.sigma) + latencyMs,
    ).unref()
  }
}

function sendJson(
  response: ServerResponse,
  code: number,
  body: unknown,
  headers?: Record<string, string>,
): void {
  const text = `${JSON.stringify(body)}\n`
  const length = Buffer.byteLength(text)
  response
    .writeHead(code, { 'content-type': 'application/json', 'content-length': length, ...headers })
    .end(text)
}

/** While an arm refused connections, an outgoing one may have borrowed its port for a moment. */
async function listenPatiently(create: () => Server, port: number): Promise<LoopbackServer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenOnLoopback(create(), port)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt === 50) throw error
      await sleep(100)
    }
  }
}
