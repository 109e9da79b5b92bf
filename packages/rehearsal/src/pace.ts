import { createClock, type Clock } from '@deploy-actions/action-kit'

/**
 * Requests per real second, over all regions, that two cores carry beside one job: measured, proxies and apps then take
 * nine tenths of one of them, as they do while a plan is made.
 */
const MAX_REAL_RPS = 3_600
/** Where several regions are worked on at once, or a cluster is there, these need as much of the machine as the traffic does. */
const SHARE_BESIDE_MORE = 0.5
/** A sample must not come more often than this in real time. */
const LEAST_INTERVAL_MS = 100
/** How fast a rehearsal may run, and why not faster. */
export interface Pace {
  speed: number
  lowered?: string
}

/**
 * Lowers the speed asked for to what the machine and the sampling interval allow. All regions have their full traffic at
 * once while the plan is made, and in parallel all the time.
 * @param load `atOnce`: how many regions are rolled out at the same time; `hops`: how many proxies a request comes by;
 * `cluster`: an API server with its controllers runs beside it
 */
export function choosePace(
  asked: number,
  {
    rps,
    regions,
    atOnce,
    intervalMs,
    hops,
    cluster,
  }: { rps: number; regions: number; atOnce: number; intervalMs: number; hops: number; cluster: boolean },
): Pace {
  const byTraffic = (MAX_REAL_RPS * (atOnce > 1 || cluster ? SHARE_BESIDE_MORE : 1)) / (rps * regions * hops)
  const byInterval = intervalMs / LEAST_INTERVAL_MS
  const speed = Math.max(1, Math.min(asked, byTraffic, byInterval))
  if (speed === asked) return { speed }
  const why =
    byTraffic < byInterval
      ? `${rps} requests/s in ${regions} regions are more than this machine carries faster`
      : `samples every ${intervalMs / 1000} s cannot come faster`
  return { speed: Math.floor(speed), lowered: `speed ${asked} is lowered to ${Math.floor(speed)}: ${why}` }
}

/** Real requests per second of each region while nobody measures them, and jobs work in all of them at once. */
export const besideJobs = (rps: number, regions: number): number =>
  Math.min(rps, (MAX_REAL_RPS * SHARE_BESIDE_MORE) / regions)

/** A clock that runs at `speed` and reads `start` (milliseconds since 1970) now. */
export function clockFrom(start: number, speed: number): { clock: Clock; epoch: number } {
  const real = Date.now()
  // now = epoch + (real - epoch) * speed, solved for the epoch at which it reads `start` at this moment.
  const epoch = speed === 1 ? real : Math.round((real * speed - start) / (speed - 1))
  return { clock: createClock({ speed, epoch }), epoch }
}
