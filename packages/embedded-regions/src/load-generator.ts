import { FailingSeconds } from './failing-seconds'
import { LoadConnection, type Ending } from './load-connection'

/** Requests sent and answered, and the failed among them by who failed. */
export interface LoadCounts {
  /** Requests that ended, well or not. */
  requests: number
  failed: Record<Exclude<Ending, 'ok'>, number>
  /** Seconds in which more than half of the requests failed. */
  failingSeconds: number
}

/** A rate grows to its target over this time: sudden load makes a cold start look like a slow app. */
const RAMP_MS = 1500

/** Requests become due on this beat. */
const BEAT_MS = 5

/** After a stall no more than this is made up for, or the generator's own burst would be what is measured. */
const MAKE_UP_MS = 100

/** Beyond this many unanswered requests no more come: sockets are finite. */
const MAXIMAL_IN_FLIGHT = 1000

/**
 * New connections in a beat; further requests wait for one that is free. Node takes one connection of a listener in a turn
 * of its loop: whoever opens one for each request that comes in a stall fills the queue, and its tail waits for minutes.
 */
const NEW_IN_A_BEAT = 1

/** Sends `GET /` at a rate that does not depend on how fast the answers come (open loop). */
export class LoadGenerator {
  readonly #counts = { requests: 0, failed: { app: 0, proxy: 0, connection: 0 } }
  readonly #seconds: FailingSeconds
  readonly #idle: LoadConnection[] = []
  readonly #all = new Set<LoadConnection>()
  /** When those came that have no connection yet. */
  readonly #waiting: number[] = []
  #inFlight = 0
  #due = 0
  #from = 0
  #target = 0
  #changedAt = 0
  #lastBeat = 0
  #beat: NodeJS.Timeout | undefined

  /** @param secondMs real milliseconds of what its clients call a second */
  constructor(
    private readonly port: number,
    secondMs = 1000,
  ) {
    this.#seconds = new FailingSeconds(secondMs)
  }

  /** Requests ended so far. */
  get counts(): LoadCounts {
    const { requests, failed } = this.#counts
    return { requests, failed: { ...failed }, failingSeconds: this.#seconds.count }
  }

  /** Real requests per second from now on; more of them come over a ramp of 1.5 s, fewer at once. */
  setRate(rps: number): void {
    const now = performance.now()
    this.#from = Math.min(this.#rateAt(now), rps)
    this.#target = rps
    this.#changedAt = now
    if (this.#beat === undefined && rps > 0) {
      this.#lastBeat = now
      this.#beat = setInterval(() => this.#sendDue(), BEAT_MS)
    }
    if (rps === 0) this.#rest()
  }

  close(): void {
    this.#rest()
    for (const connection of this.#all) connection.destroy()
  }

  #rest(): void {
    clearInterval(this.#beat)
    this.#beat = undefined
    this.#due = 0
    this.#waiting.length = 0
  }

  #rateAt(now: number): number {
    return this.#from + (this.#target - this.#from) * Math.min(1, (now - this.#changedAt) / RAMP_MS)
  }

  #sendDue(): void {
    const now = performance.now()
    const passedMs = Math.min(now - this.#lastBeat, MAKE_UP_MS)
    this.#lastBeat = now
    this.#due += (this.#rateAt(now) * passedMs) / 1000
    for (; this.#due >= 1; this.#due -= 1)
      if (this.#inFlight + this.#waiting.length < MAXIMAL_IN_FLIGHT) this.#waiting.push(now)
    for (let mayOpen = NEW_IN_A_BEAT; this.#waiting.length > 0;) {
      const connection = this.#free() ?? (mayOpen-- > 0 ? this.#open() : undefined)
      if (!connection) break
      this.#send(connection, this.#waiting.shift() ?? now)
    }
  }

  /** @param cameAt when somebody wanted it, which may be before there was a connection */
  #send(connection: LoadConnection, cameAt: number): void {
    this.#inFlight += 1
    connection.send((ending) => {
      this.#inFlight -= 1
      this.#counts.requests += 1
      if (ending !== 'ok') this.#counts.failed[ending] += 1
      this.#seconds.add(cameAt, ending !== 'ok')
      if (!connection.usable) this.#all.delete(connection)
      else if (this.#waiting.length > 0) this.#send(connection, this.#waiting.shift() ?? cameAt)
      else this.#idle.push(connection)
    })
  }

  #free(): LoadConnection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable) return idle
      this.#all.delete(idle)
    }
    return undefined
  }

  #open(): LoadConnection {
    const fresh = new LoadConnection(this.port)
    this.#all.add(fresh)
    return fresh
  }
}
