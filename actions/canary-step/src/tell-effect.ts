import type { Log } from '@deploy-actions/action-kit'
import { sameWeights } from '@deploy-actions/rollout'
import { described, outOf, type RouterState } from '@deploy-actions/traffic'

/**
 * Tells when servers of an arm are out, so that less or more is in effect than was written, or all of it rests on the
 * others; and when that is over. Gives what the router showed of it last in the stage.
 */
export function tellEffect(log: Log): (found: RouterState) => string | undefined {
  let last: string | undefined
  let isOver = true
  return (found) => {
    const said = last
    const shares = described(found)
    if (!sameWeights(found.weights, found.effective) || outOf(found).length > 0) {
      if (isOver || shares !== said)
        log.warning(`${shares}: what is in effect is what the canary is judged by`)
      last = shares
      isOver = false
    } else if (!isOver) {
      isOver = true
      log.info(`${shares}: as it was written again`)
    }
    return last
  }
}
