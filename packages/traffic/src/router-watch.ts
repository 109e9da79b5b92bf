import { messageOf, ProviderError, type Clock } from '@deploy-actions/action-kit'
import { formatWeights, type Weights } from '@deploy-actions/rollout'
import { described, obstacleTo, type ObservedRouter, type RouterReading, type RouterState } from './router'
import { areDown, getNothing, watchDown } from './serving'
import { asWritten, lingering } from './shift'

/** What a router says of a vector that was written to it before. */
export type Standing =
  | { state: 'holds'; found: RouterReading }
  /** one reading says otherwise; the next one decides */
  | { state: 'doubted'; reason: string }
  /** arms that are to get traffic are down */
  | { state: 'lost'; arms: string[]; reason: string }
  /** it holds what its configuration says, and its process is younger than what was written */
  | { state: 'reloaded'; reason: string; found: RouterReading }
  /** somebody else wrote, or another controller owns it now */
  | { state: 'changed'; reason: string }
  | { state: 'unreadable'; reason: string }

/** Looks at a router while what was written to it is to hold. */
export interface RouterWatch {
  /** When it was last seen to hold, in real milliseconds: a process that held it then has lost nothing since. */
  readonly heldAt: number
  /** Never throws for what the router does; the signal's reason when the run ends. */
  look(signal: AbortSignal): Promise<Standing>
}

/** @param written what the router showed when the vector had taken effect, just now */
export function watchRouter(
  router: ObservedRouter,
  written: RouterState,
  clock: Pick<Clock, 'realMs'>,
): RouterWatch {
  let heldAt = clock.realMs()
  const { weights } = written
  const getting = Object.keys(weights).filter((arm) => (weights[arm] ?? 0) > 0)
  const watch = watchDown(getNothing)
  let changedBefore = false
  return {
    get heldAt() {
      return heldAt
    },
    async look(signal) {
      try {
        const asked = clock.realMs()
        const found = await router.read(signal)
        const { down, doubted } = watch.next(found)
        const changed = changeOf(router, found, written)
        if (changed !== undefined && (await router.reloaded?.(clock.realMs() - heldAt, weights, signal))) {
          changedBefore = false
          return { state: 'reloaded', reason: lostByReload(weights, found), found }
        }
        const again = changed !== undefined && changedBefore
        changedBefore = changed !== undefined
        if (changed !== undefined) return { state: again ? 'changed' : 'doubted', reason: changed }
        heldAt = asked
        const lost = getting.filter((arm) => down.has(arm))
        if (lost.length > 0)
          return { state: 'lost', arms: lost, reason: `${areDown(lost)}: ${described(found)}` }
        const doubtful = getting.filter((arm) => doubted.has(arm))
        return doubtful.length > 0
          ? { state: 'doubted', reason: `${areDown(doubtful)}: ${described(found)}` }
          : { state: 'holds', found }
      } catch (error) {
        if (signal.aborted || !(error instanceof ProviderError)) throw error
        return { state: 'unreadable', reason: messageOf(error) }
      }
    },
  }
}

export const lostByReload = (written: Weights, found: RouterState): string =>
  `a reload put the router back to its configuration: ${formatWeights(written)} was written, and ${described(found)}`

/** What somebody else did to the router, in words. */
function changeOf(router: ObservedRouter, found: RouterState, written: RouterState): string | undefined {
  const { weights, owner } = written
  if (found.differs !== undefined || !asWritten(router, found.weights, weights))
    return `somebody else changed the weights: ${formatWeights(weights)} was written, and ${described(found)}`
  const obstacle = obstacleTo(found)
  if (obstacle !== undefined) return obstacle
  const back = lingering(found, written.weights).filter(
    (arm) => !lingering(written, written.weights).includes(arm),
  )
  if (back.length > 0)
    return `somebody else took ${back.join(' and ')} out of maintenance: ${described(found)}`
  if (found.owner !== owner)
    return `${found.owner ?? 'nobody'} owns the router now, and ${owner ?? 'nobody'} did when the stage began`
  return undefined
}
