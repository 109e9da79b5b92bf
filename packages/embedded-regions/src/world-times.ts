/** Times of a region that pass `speed` times faster than real ones, in real milliseconds. */
export interface WorldTimes {
  /** what its clients count as one second */
  secondMs: number
  /** between two health checks of a server: HAProxy's default `inter 2s` */
  checkEveryMs: number
  /** how long the proxy waits for a server that hangs on purpose: `timeout server 30s` */
  patienceMs: number
}

/** A check costs a connection; they must not be what the machine is busy with. */
const LEAST_CHECK_MS = 20
/** An app that is merely slow must not read as one that hangs: its latencies are real. */
const LEAST_PATIENCE_MS = 1_000

export const worldTimes = (speed: number): WorldTimes => ({
  secondMs: 1_000 / speed,
  checkEveryMs: Math.max(LEAST_CHECK_MS, 2_000 / speed),
  patienceMs: Math.max(LEAST_PATIENCE_MS, 30_000 / speed),
})
