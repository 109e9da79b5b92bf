import { Agent, createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http'
import { KEEP_ALIVE_TIMEOUT_MS } from './app'
import { responseClass, type Backend, type ProxyServer } from './backend'
import { listenOnLoopback, listenWhereItWas, LOOPBACK, type LoopbackServer } from './loopback-server'
import { sendMetrics } from './metrics-page'
import { proxyMetrics } from './proxy-metrics'
import type { MetricsFault } from './region-fault'

/**
 * How long a server may take to begin its answer: HAProxy's `timeout server`, in real milliseconds. A busy machine must
 * not read as a failure of the app.
 */
export const DEFAULT_SERVER_TIMEOUT_MS = 30_000

/**
 * That time is told in beats of this thread, not by the clock: where this machine stood still for a second, so did app and
 * proxy, and that must not read as a server that hangs.
 */
const BEATS_OF_PATIENCE = 20

/** A request that a server has not answered yet. */
interface Waiting {
  beats: number
  giveUp(): void
}

/** How far a request has come. */
interface Session {
  answered: boolean
  /** the server ended its answer too early */
  cut: boolean
  /** the client is gone */
  abandoned: boolean
}

/** HAProxy 2.6's own answers, word by word. */
const OWN_ANSWERS = {
  502: '<html><body><h1>502 Bad Gateway</h1>\nThe server returned an invalid or incomplete response.\n</body></html>\n',
  503: '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
  504: "<html><body><h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n</body></html>\n",
} as const

/** Headers that belong to one connection and are not passed on. */
const OF_THE_CONNECTION = ['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade']

/**
 * An HTTP proxy that spreads requests as its {@link Backend} says and counts them as HAProxy 2.6 does with
 * `retries 0` and `option abortonclose`: a refused connection gives 503, a cut one 502, a late one 504, and none of the
 * three shows in the server's own responses; neither does a request whose client gave up before.
 */
export class RegionProxy {
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 4096 })
  #metricsFault: MetricsFault | undefined
  #http!: LoopbackServer
  #metrics!: LoopbackServer

  /** Requests without an answer. */
  readonly #waiting = new Set<Waiting>()
  #beat: NodeJS.Timeout | undefined

  private constructor(
    private readonly backend: Backend,
    serverTimeoutMs: number,
  ) {
    this.setServerTimeout(serverTimeoutMs)
  }

  /** Starts the proxy and, on a port of its own, its metrics page. @param metricsPort where that was before */
  static async open(
    backend: Backend,
    serverTimeoutMs = DEFAULT_SERVER_TIMEOUT_MS,
    metricsPort?: number,
  ): Promise<RegionProxy> {
    const proxy = new RegionProxy(backend, serverTimeoutMs)
    const front = createServer((request, response) => proxy.#forward(request, response))
    front.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS
    proxy.#http = await listenOnLoopback(front)
    proxy.#metrics = await listenWhereItWas(
      createServer((request, response) => proxy.#answerMetrics(request, response)),
      metricsPort,
    )
    return proxy
  }

  get port(): number {
    return this.#http.port
  }

  get url(): string {
    return this.#http.url
  }

  get metricsPort(): number {
    return this.#metrics.port
  }

  get metricsUrl(): string {
    return `${this.#metrics.url}/metrics`
  }

  /** Real milliseconds from now on, for what waits already, too. */
  setServerTimeout(ms: number): void {
    clearInterval(this.#beat)
    this.#beat = setInterval(() => this.#giveUpLate(), ms / BEATS_OF_PATIENCE).unref()
  }

  setMetricsFault(fault: MetricsFault | undefined): void {
    this.#metricsFault = fault
  }

  async close(): Promise<void> {
    clearInterval(this.#beat)
    await Promise.all([this.#http.close(), this.#metrics.close()])
    this.#agent.destroy()
  }

  #giveUpLate(): void {
    for (const waiting of this.#waiting) {
      waiting.beats += 1
      if (waiting.beats <= BEATS_OF_PATIENCE) continue
      this.#waiting.delete(waiting)
      waiting.giveUp()
    }
  }

  #answerMetrics(request: IncomingMessage, response: ServerResponse): void {
    if (request.url !== '/metrics') sendOwn(response, 503)
    else void sendMetrics(response, proxyMetrics(this.backend), this.#metricsFault)
  }

  #forward(request: IncomingMessage, response: ServerResponse): void {
    this.backend.counters.sessions += 1
    const server = this.backend.next()
    if (server === undefined) {
      this.backend.counters.connectionErrors += 1
      this.#answerItself(response, 503)
      return
    }
    const session = this.#beginSession(server, response)
    const outgoing = send({
      host: LOOPBACK,
      port: server.port,
      agent: this.#agent,
      method: request.method,
      path: request.url,
      headers: passedOn(request),
    })
    const waiting: Waiting = {
      beats: 0,
      giveUp: () => {
        session.answered = true
        this.#countResponseErrors(server, 1)
        this.#answerItself(response, 504)
        outgoing.destroy()
      },
    }
    this.#waiting.add(waiting)
    outgoing.once('close', () => this.#waiting.delete(waiting))
    outgoing.on('response', (answer) => {
      this.#waiting.delete(waiting)
      session.answered = true
      this.#passBack(server, answer, response)
      answer.on('error', () => {
        if (session.abandoned) return
        session.cut = true
        this.#countResponseErrors(server, 1)
        response.destroy()
      })
    })
    outgoing.on('error', (error: NodeJS.ErrnoException) => {
      if (session.answered || session.abandoned) return
      session.answered = true
      this.#countFailure(server, error)
      this.#answerItself(response, error.syscall === 'connect' ? 503 : 502)
    })
    response.on('close', () => {
      if (response.writableFinished) return
      if (!session.cut) this.#countAbort(server, request, session)
      session.abandoned = true
      outgoing.destroy()
    })
    request.pipe(outgoing)
  }

  #beginSession(server: ProxyServer, response: ServerResponse): Session {
    server.counters.sessions += 1
    for (const counters of [server.counters, this.backend.counters]) {
      counters.current += 1
      response.once('close', () => (counters.current -= 1))
    }
    return { answered: false, cut: false, abandoned: false }
  }

  #passBack(server: ProxyServer, answer: IncomingMessage, response: ServerResponse): void {
    const code = answer.statusCode ?? 0
    server.counters.responses[responseClass(code)] += 1
    this.backend.counters.responses[responseClass(code)] += 1
    response.writeHead(code, passedOn(answer))
    answer.pipe(response)
  }

  /** Where no answer had begun, the backend also counts the 400 for a client that hung up, or none for a broken request. */
  #countAbort(server: ProxyServer, request: IncomingMessage, { answered }: Session): void {
    server.counters.clientAborts += 1
    this.backend.counters.clientAborts += 1
    if (answered) return
    const broken = !request.complete || request.socket.errored !== null
    this.backend.counters.responses[broken ? 'other' : '4xx'] += 1
  }

  /** HAProxy 2.6 was seen to count a connection that is reset under a request twice, one that is closed once. */
  #countFailure(server: ProxyServer, error: NodeJS.ErrnoException): void {
    if (error.syscall !== 'connect')
      return this.#countResponseErrors(server, error.syscall === 'read' ? 2 : 1)
    server.counters.connectionErrors += 1
    this.backend.counters.connectionErrors += 1
  }

  #countResponseErrors(server: ProxyServer, errors: number): void {
    server.counters.responseErrors += errors
    this.backend.counters.responseErrors += errors
  }

  /** The blind spot: what the proxy answers itself is counted for the backend only. */
  #answerItself(response: ServerResponse, code: keyof typeof OWN_ANSWERS): void {
    this.backend.counters.responses['5xx'] += 1
    sendOwn(response, code)
  }
}

function sendOwn(response: ServerResponse, code: keyof typeof OWN_ANSWERS): void {
  const body = OWN_ANSWERS[code]
  const headers = { 'cache-control': 'no-cache', 'content-type': 'text/html', 'content-length': body.length }
  if (!response.destroyed) response.writeHead(code, headers).end(body)
}

function passedOn(message: IncomingMessage): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(message.headers))
    if (value !== undefined && !OF_THE_CONNECTION.includes(name)) headers[name] = value
  return headers
}
