import type { HttpResponse } from '@deploy-actions/action-kit'
import { lognormal, seededRandom } from '@deploy-actions/embedded-regions'
import type { FakeClock } from './fake-clock'
import { startFakeHaproxy, type FakeHaproxy } from './fake-haproxy'
import { poisson } from './poisson'
import { simulateClients, type ClientsOptions } from './simulated-clients'

export interface SimulatedRegionOptions {
  clock: FakeClock
  seed: number
  /** of both arms together */
  requestsPerSecond: number
  /** share of failing requests per arm, at a moment of the simulated time (milliseconds since the start) */
  errorRate: (arm: string, elapsedMs: number) => number
  /**
   * how many milliseconds half of an arm's requests take no longer than; the others follow a lognormal distribution of
   * sigma 0.5. Without it nobody measures how long they take
   */
  medianMs?: (arm: string, elapsedMs: number) => number
  /** default: every request goes by the weights, whoever sends it */
  clients?: ClientsOptions
  /** the servers of each arm; default: one that is called as the arm */
  members?: Readonly<Record<'blue' | 'green', readonly string[]>>
}

/** In seconds: those of Prometheus' clients. */
const BOUNDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** A region with blue and green whose counters grow with the fake clock: traffic follows the proxy's weights. */
export interface SimulatedRegion {
  haproxy: FakeHaproxy
  /** answers `GET /metrics` */
  metrics: () => Partial<HttpResponse>
  /** the inputs of an action that works on this region without a rollout.yml */
  inputs: { router: string; metrics: string }
  close(): Promise<void>
}

export async function simulateRegion({
  clock,
  seed,
  requestsPerSecond,
  errorRate,
  medianMs,
  clients: bound,
  members = { blue: ['blue'], green: ['green'] },
}: SimulatedRegionOptions): Promise<SimulatedRegion> {
  const weightsOf = (servers: readonly string[], weight: number): Record<string, number> =>
    Object.fromEntries(servers.map((server) => [server, weight]))
  const haproxy = await startFakeHaproxy({
    ...weightsOf(members.blue, 100),
    ...weightsOf(members.green, 0),
  })
  const random = seededRandom(seed)
  const began = clock.now().getTime()
  const nothing = () => ({ good: 0, bad: 0, within: BOUNDS.map(() => 0) })
  const counted: Record<string, ReturnType<typeof nothing>> = { blue: nothing(), green: nothing() }
  let last = began
  const clients = bound && simulateClients(bound, requestsPerSecond, random)

  const byWeight = (ms: number): Record<string, number> => {
    const serving = ([server]: [string, number]): boolean => (haproxy.states[server] ?? 'ready') === 'ready'
    const weights = Object.entries(haproxy.weights).filter(serving)
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
    return Object.fromEntries(
      weights.map(([server, weight]) => [
        server,
        poisson((requestsPerSecond * ms * weight) / total / 1000, random),
      ]),
    )
  }

  const time = (within: number[], requests: number, median: number): void => {
    for (let request = 0; request < requests; request++) {
      const seconds = lognormal(random, median, 0.5) / 1000
      BOUNDS.forEach((bound, index) => (within[index] = (within[index] ?? 0) + (seconds <= bound ? 1 : 0)))
    }
  }
  const histogram = (arm: string, { good, bad, within }: ReturnType<typeof nothing>): string[] =>
    [...BOUNDS, '+Inf'].map(
      (bound, index) => `seconds_bucket{arm="${arm}",le="${bound}"} ${within[index] ?? good + bad}`,
    )

  const grow = (): void => {
    const now = clock.now().getTime()
    const ms = now - last
    const arrived = clients?.requests(haproxy.weights, { elapsedMs: now - began, ms }) ?? byWeight(ms)
    for (const [server, requests] of Object.entries(arrived))
      haproxy.sessions = { ...haproxy.sessions, [server]: (haproxy.sessions?.[server] ?? 0) + requests }
    for (const [arm, servers] of Object.entries(members)) {
      const counts = (counted[arm] ??= nothing())
      const requests = servers.reduce((sum, server) => sum + (arrived[server] ?? 0), 0)
      const errors = Math.min(requests, poisson(requests * errorRate(arm, now - began), random))
      counts.good += requests - errors
      counts.bad += errors
      if (medianMs) time(counts.within, requests, medianMs(arm, now - began))
    }
    last = now
  }

  const timed = medianMs ? `, latency: { source: proxy, sum: ['seconds_bucket{arm="\${arm}"}'] }` : ''
  const sum = (...codes: string[]): string =>
    codes.map((code) => `'requests_total{arm="\${arm}",code="${code}"}'`).join(', ')
  return {
    haproxy,
    metrics() {
      grow()
      const lines = Object.entries(counted).flatMap(([arm, counts]) => [
        `requests_total{arm="${arm}",code="2xx"} ${counts.good}`,
        `requests_total{arm="${arm}",code="5xx"} ${counts.bad}`,
        ...(medianMs ? histogram(arm, counts) : []),
      ])
      return { status: 200, body: `${lines.join('\n')}\n` }
    },
    inputs: {
      router: `{ type: haproxy, host: 127.0.0.1, port: ${haproxy.port}, backend: app, members: ${JSON.stringify(members)} }`,
      metrics: `{ sources: { proxy: { type: scrape, pages: ['http://127.0.0.1:1/metrics'] } }, requests: { source: proxy, sum: [${sum('2xx', '5xx')}] }, errors: { source: proxy, sum: [${sum('5xx')}] }${timed} }`,
    },
    close: () => haproxy.close(),
  }
}
