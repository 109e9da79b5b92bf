import { messageOf, type Log } from '@deploy-actions/action-kit'
import { formatDuration } from '@deploy-actions/rollout'
import type { Claim, Persistence } from '@deploy-actions/traffic'

const MINUTE_MS = 60_000

/**
 * How long traffic is tried to be put back, in the action's milliseconds: by a step that has just seen a release fail,
 * by the restore step of the same job, by all posts of a job together (GitHub gives them five minutes), and by a job
 * that has nothing else to do.
 */
export const PATIENCE_MS = {
  putBack: MINUTE_MS,
  restoreStep: 5 * MINUTE_MS,
  posts: 3 * MINUTE_MS,
  guard: 50 * MINUTE_MS,
  /** and the share of a region, which is moved when the rest is done: the job has to end in time */
  share: 10 * MINUTE_MS,
} as const

/** How a restore of traffic goes on, and who hears of it while it does not succeed. */
export interface Patience {
  withinMs: number
  /** what may be overwritten; default: whatever is there */
  claim?: Claim | undefined
  /** asked again before each write: see {@link Persistence.stillOurs} */
  stillOurs?: Persistence['stillOurs']
  /** called once, when it has not succeeded for a minute: people are needed, or at least want to know */
  afterAMinute?: (why: string) => void
}

/**
 * Says at once that a try failed, and then once a minute that it goes on.
 * @param what is to be put back, in words
 */
export function persistence(
  what: string,
  { withinMs, claim, stillOurs, afterAMinute }: Patience,
  log: Log,
): Persistence {
  let saidAtMs: number | undefined
  let told = false
  return {
    withinMs,
    claim,
    stillOurs,
    onFailure({ error, sinceMs }) {
      if (saidAtMs === undefined || sinceMs - saidAtMs >= MINUTE_MS) {
        saidAtMs = sinceMs
        log.warning(
          `${what} is NOT back yet, after ${formatDuration(sinceMs - (sinceMs % 1000))} of ${formatDuration(withinMs)} in which it is tried: ${messageOf(error)}`,
        )
      }
      if (sinceMs < MINUTE_MS || told) return
      told = true
      afterAMinute?.(messageOf(error))
    },
  }
}
