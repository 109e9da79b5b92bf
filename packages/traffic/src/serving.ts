import { normalise, type Weights } from '@deploy-actions/rollout'
import type { RouterMember, RouterState } from './router'

/**
 * Unknown health counts as serving: only what the router says is down, drained or in maintenance does not serve. Of a
 * parked member nothing is known before it is ready.
 */
export const serves = ({ enabled, healthy, parked }: RouterMember): boolean =>
  parked === true || (enabled && healthy !== false)

/** Members that are to get traffic, and have to be made ready for it. */
export const parkedOf = ({ members }: Pick<RouterState, 'members'>, wanted: Weights): string[] =>
  Object.keys(members).filter((member) => members[member]?.parked && (wanted[member] ?? 0) > 0)

/** The members that do not serve in one reading. */
const downIn = ({ members }: Pick<RouterState, 'members'>): string[] =>
  Object.entries(members)
    .filter(([, member]) => !serves(member))
    .map(([name]) => name)

/**
 * Of members that are to get traffic the ones that get none: beside those that do not serve, one of several servers of which
 * only that one has weight that is out, as with a share of one unit.
 */
export const getNothing = (state: RouterState): string[] => {
  const down = downIn(state)
  return Object.keys(state.members).filter(
    (name) => down.includes(name) || (state.effective[name] ?? 0) === 0,
  )
}

/** `blue is down`, `blue and green are down` */
export const areDown = (arms: readonly string[]): string =>
  `${arms.join(' and ')} ${arms.length > 1 ? 'are' : 'is'} down`

/**
 * Remembers from reading to reading who did not serve. A member is down when two readings in a row say so: one may be a
 * health check that flapped.
 */
export interface DownWatch {
  /** Takes the next reading and gives who is down, and who may be: seen down now, but not in the reading before. */
  next(state: RouterState): { down: ReadonlySet<string>; doubted: ReadonlySet<string> }
}

/** @param down who does not serve by one reading */
export function watchDown(down: (state: RouterState) => readonly string[] = downIn): DownWatch {
  let before: ReadonlySet<string> = new Set()
  return {
    next(state) {
      const last = before
      const now = down(state)
      before = new Set(now)
      return {
        down: new Set(now.filter((member) => last.has(member))),
        doubted: new Set(now.filter((member) => !last.has(member))),
      }
    },
  }
}

/**
 * The vector that a restore may write now. Weight stands on a serving arm whenever one serves that carried traffic when
 * the restore began: while no arm that is to get traffic serves, such an arm keeps what it has, and gets it all back
 * where it has nothing. Where none serves, the recorded vector is as good as any.
 */
export function safeVector(
  recorded: Weights,
  { weights, members }: Pick<RouterState, 'weights' | 'members'>,
  { down, carrying }: { down: ReadonlySet<string>; carrying: ReadonlySet<string> },
): Weights {
  const serving = Object.keys(members).filter((member) => !down.has(member))
  const reaches = (vector: Weights): boolean => serving.some((member) => (vector[member] ?? 0) > 0)
  if (reaches(recorded)) return recorded
  if (reaches(weights)) return weights
  const trusted = serving.filter((member) => carrying.has(member))
  if (trusted.length === 0) return recorded
  const even = Object.keys(members).map((member): [string, number] => [
    member,
    trusted.includes(member) ? 1 : 0,
  ])
  return normalise(Object.fromEntries(even))
}
