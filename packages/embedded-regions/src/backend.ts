/** The administrative state of a server: what an operator wants of it. */
export type AdminState = 'ready' | 'drain' | 'maint'

/** The health of a server: what a check, or `set server ... health`, says of it. */
export type Health = 'up' | 'stopping' | 'down'

/** HAProxy's classes of HTTP answers, in the order in which its pages list them. */
export const RESPONSE_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx', 'other'] as const
type ResponseClass = (typeof RESPONSE_CLASSES)[number]

/** What HAProxy counts for a server and, apart from it, for the whole backend. */
export interface TrafficCounters {
  sessions: number
  current: number
  /** Connections the server did not take. */
  connectionErrors: number
  /** Answers that were cut, garbled or never came. */
  responseErrors: number
  /** Requests that the client gave up, before an answer or within it. */
  clientAborts: number
  responses: Record<ResponseClass, number>
}

/** One server of the backend. */
export interface ProxyServer {
  readonly id: number
  readonly name: string
  readonly port: number
  /** The weight of the configuration: what percentages are relative to. */
  readonly initialWeight: number
  /** It gets nothing while another one may take traffic. */
  readonly backup?: boolean
  weight: number
  admin: AdminState
  health: Health
  /** HAProxy's check counter: 2 at the start, 0 after maintenance or down. */
  checkHealth: number
  /** Whether the last health check was answered; none where there are no checks. */
  connected?: boolean
  changedAt: number
  /** Where smooth weighted round robin stands. */
  credit: number
  counters: TrafficCounters
}

/** HAProxy numbers proxies; after two frontends, the backend of the reference's configuration is the fourth. */
export const BACKEND_ID = 4

/** HAProxy's defaults: checks in a row that bring a server up, and down. */
export const RISE = 2
export const FALL = 3

/** `srv_check_health` of a server that is up and has missed no check. */
export const CHECK_HEALTH_AT_BEST = RISE + FALL - 1

/** What a backend is called where nobody says otherwise. */
export const DEFAULT_BACKEND = 'app'

/** The largest weight of a server. */
export const MAXIMAL_WEIGHT = 256

/** The servers behind the proxy, their weights and states, and what was counted of them. */
export class Backend {
  counters = newCounters()
  readonly servers: readonly ProxyServer[]
  /** When the process that answers began, in real milliseconds since 1970. */
  startedAt = Date.now()
  /** The cookie that binds clients to servers, as the configuration names it. */
  cookie?: string
  /** What it says that it splits; the embedded proxy itself knows requests only. */
  mode: 'http' | 'tcp' = 'http'

  constructor(
    servers: readonly { name: string; port: number; initialWeight: number; backup?: boolean }[],
    readonly name: string = DEFAULT_BACKEND,
  ) {
    this.servers = servers.map((server, index) => ({
      ...server,
      id: index + 1,
      weight: server.initialWeight,
      admin: 'ready',
      health: 'up',
      checkHealth: 2,
      changedAt: Date.now(),
      credit: 0,
      counters: newCounters(),
    }))
  }

  server(name: string): ProxyServer | undefined {
    return this.servers.find((server) => server.name === name)
  }

  /** Takes effect with the next request. */
  setWeight(server: ProxyServer, weight: number): void {
    server.weight = weight
    server.changedAt = Date.now()
    this.#startOver()
  }

  setAdmin(server: ProxyServer, admin: AdminState): void {
    if (server.admin !== admin) server.changedAt = Date.now()
    const wasInMaintenance = server.admin === 'maint'
    server.admin = admin
    if (admin === 'maint') server.checkHealth = 0
    else if (wasInMaintenance && server.connected !== undefined) this.#bringUp(server, RISE)
    this.#startOver()
  }

  setHealth(server: ProxyServer, health: Health): void {
    if (server.health !== health) server.changedAt = Date.now()
    server.health = health
    server.checkHealth = health === 'down' ? 0 : CHECK_HEALTH_AT_BEST
    this.#startOver()
  }

  /**
   * Takes what a health check found. As measured of HAProxy 2.6: the third missed check in a row takes a server down, the
   * second answered one brings it up again, and out of maintenance it comes up at once with one check to miss.
   */
  recordCheck(server: ProxyServer, connected: boolean): void {
    server.connected = connected
    if (server.admin === 'maint') return
    if (!connected && server.checkHealth > RISE) server.checkHealth -= 1
    else if (!connected && server.checkHealth > 0) this.setHealth(server, 'down')
    else if (!connected || server.checkHealth === CHECK_HEALTH_AT_BEST) return
    else if (server.checkHealth + 1 < RISE) server.checkHealth += 1
    else this.#bringUp(server, CHECK_HEALTH_AT_BEST)
  }

  #bringUp(server: ProxyServer, checkHealth: number): void {
    if (server.health === 'down') this.setHealth(server, 'up')
    server.checkHealth = checkHealth
  }

  /**
   * A new process takes over, as `haproxy -sf` or a reload of its service makes it: weights and states are those of the
   * configuration again, and nothing has been counted yet.
   */
  reload(): void {
    this.startedAt = Date.now()
    this.counters = newCounters()
    for (const server of this.servers) {
      this.setWeight(server, server.initialWeight)
      this.setAdmin(server, 'ready')
      server.checkHealth = 2
      server.counters = newCounters()
    }
  }

  /**
   * The server for the next request, by smooth weighted round robin: shares are exact over any round of as
   * many requests as the weights add up to. Nothing when no server may take one.
   */
  next(): ProxyServer | undefined {
    const able = this.servers.filter(takesTraffic)
    const active = able.filter(({ backup }) => !backup)
    const usable = active.length > 0 ? active : able.slice(0, 1)
    const total = usable.reduce((sum, server) => sum + server.weight, 0)
    let chosen: ProxyServer | undefined
    for (const server of usable) {
      server.credit += server.weight
      if (chosen === undefined || server.credit > chosen.credit) chosen = server
    }
    if (chosen !== undefined) chosen.credit -= total
    return chosen
  }

  #startOver(): void {
    for (const server of this.servers) server.credit = 0
  }
}

/** Whether new requests may go to the server. */
export function takesTraffic(server: ProxyServer): boolean {
  return server.admin === 'ready' && server.health === 'up' && server.weight > 0
}

/** The class in which an answer is counted. */
export function responseClass(code: number): ResponseClass {
  return RESPONSE_CLASSES[Math.floor(code / 100) - 1] ?? 'other'
}

function newCounters(): TrafficCounters {
  return {
    sessions: 0,
    current: 0,
    connectionErrors: 0,
    responseErrors: 0,
    clientAborts: 0,
    responses: { '1xx': 0, '2xx': 0, '3xx': 0, '4xx': 0, '5xx': 0, other: 0 },
  }
}
