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

/** A beat that comes as late as this was held up, and so were all that share its loop, the servers among them. */
const STALL_MS = 50

/**
 * New connections in a beat for what waits since a stall. Node takes one connection of a listener in a turn of its loop:
 * whoever opens one for each request that came due in a stall fills the queue, and its tail waits for minutes.
 */
const NEW_FOR_BACKLOG = 1

/** Sends `GET /` at a rate that does not depend on how fast the answers come (open loop), but for what a stall leaves behind. */
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
  #turn: NodeJS.Immediate | undefined
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
    clearImmediate(this.#turn)
    this.#beat = undefined
    this.#turn = undefined
    this.#due = 0
    this.#waiting.length = 0
  }

  #rateAt(now: number): number {
    return this.#from + (this.#target - this.#from) * Math.min(1, (now - this.#changedAt) / RAMP_MS)
  }

  #sendDue(): void {
    const now = performance.now()
    const sinceBeat = now - this.#lastBeat
    this.#lastBeat = now
    this.#due += (this.#rateAt(now) * Math.min(sinceBeat, MAKE_UP_MS)) / 1000
    const came = Math.floor(this.#due)
    this.#due -= came
    const backlog = this.#waiting.length
    const room = MAXIMAL_IN_FLIGHT - this.#inFlight - backlog
    for (let more = Math.min(came, room); more > 0; more -= 1) this.#waiting.push(now)
    // What comes in its time may have a connection each, however many are cut or hang.
    const inTime = sinceBeat > STALL_MS ? 0 : came
    this.#sendWaiting(inTime + (this.#waiting.length > inTime ? NEW_FOR_BACKLOG : 0))
  }

  /** @param mayOpen new connections, beside those that are free */
  #sendWaiting(mayOpen: number): void {
    for (let open = mayOpen; this.#waiting.length > 0;) {
      const connection = this.#free() ?? (open-- > 0 ? this.#open() : undefined)
      if (!connection) return
      this.#send(connection, this.#waiting.shift() ?? performance.now())
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
      else this.#idle.push(connection)
      // A turn later: whether the other side closes it is heard only after its answer.
      if (this.#waiting.length > 0)
        this.#turn ??= setImmediate(() => {
          this.#turn = undefined
          this.#sendWaiting(0)
        })
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
