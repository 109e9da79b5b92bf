/** What can be wrong with one version of the app. */
export interface AppFault {
  /** Share of requests answered 500, from 0 to 1; replaces the app's own 0.1 %. */
  errors?: number
  /** Added to every answer, in real milliseconds. */
  latencyMs?: number
  /** Share of requests that take ten times as long, from 0 to 1. */
  slowTail?: number
  /** Share of requests that are never answered, from 0 to 1: the proxy gives up on them. */
  hangs?: number
  /** Nothing listens any more: connections are refused, `/metrics` and `/healthz` included. */
  refuse?: boolean
  /** `/healthz` answers 503. */
  unhealthy?: boolean
}

/**
 * What can be wrong with the proxy's command port.
 * - `refuse`: connections are reset.
 * - `slow`: every reply comes `delayMs` late (default 1500).
 * - `lie`: writes are acknowledged and forgotten; reads are honest.
 * - `reload`: a new process takes over, once, with the weights and states of its configuration.
 * - `revert`: another controller puts the weight before a write back, `delayMs` after it (default 300).
 */
export interface RouterFault {
  router: 'refuse' | 'slow' | 'lie' | 'revert' | 'reload'
  delayMs?: number
}

/**
 * What can be wrong with the metrics pages of a region, those of the proxy and of its apps.
 * `slow` answers after `delayMs` (default 3000: longer than a rehearsal's shortest I/O timeout of 2 s).
 */
export interface MetricsFault {
  metrics: 'fail' | 'empty' | 'nan' | 'slow'
  delayMs?: number
}

/**
 * A fault of one arm. `canary` and `baseline` follow the roles the arms had when the world was opened or its
 * baseline reset; any other word is an arm's name.
 */
export type ArmFault = { arm: string } & AppFault

/** Anything that can be wrong in a region. */
export type RegionFault = ArmFault | RouterFault | MetricsFault
