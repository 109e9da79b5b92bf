/** Times of a region that pass `speed` times faster than real ones, in real milliseconds. */
export interface WorldTimes {
  /** what its clients count as one second */
  secondMs: number
  /** between two health checks of a server: HAProxy's default `inter 2s` */
  checkEveryMs: number
  /** how long a server may take to begin its answer: `timeout server 30s` */
  serverTimeoutMs: number
}

/** A check costs a connection; they must not be what the machine is busy with. */
const LEAST_CHECK_MS = 20
/** A stall of this machine must not read as a server that hangs. */
const LEAST_TIMEOUT_MS = 1_000

export const worldTimes = (speed: number): WorldTimes => ({
  secondMs: 1_000 / speed,
  checkEveryMs: Math.max(LEAST_CHECK_MS, 2_000 / speed),
  serverTimeoutMs: Math.max(LEAST_TIMEOUT_MS, 30_000 / speed),
})
