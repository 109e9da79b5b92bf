import { defined, holdingStates, type Release } from '@deploy-actions/rollout'
import type { Mark } from './deployment'
import type { Entry, Ledger } from './ledger'

const TAKEN_BACK = 'taken back by '
const DRILL = 'a drill of '

/** The note of the mark by which a person has a transaction taken back: from then on nothing is written forward in it. */
export const takenBackNote = (by: string, reason: string): string => `${TAKEN_BACK}${by}: ${reason}`

/** The same for an exercise, after which the release is one like any other. */
export const drillNote = (by: string, reason: string): string => `${DRILL}${by}: ${reason}`

/** Whether a transaction was put back, workload and all, as an exercise. */
export const wasDrill = ({ state, note }: Pick<Entry, 'state' | 'note'>): boolean =>
  state === 'restored' && note.startsWith(`${state}: ${DRILL}`)

/** As it stands in the ledger: what a mark says of its state comes first. */
const TAKEN_BACK_MARK = new RegExp(`^(?:restor|unverified)[a-z-]*: (?:after [a-z-]+, )?(${TAKEN_BACK}.*)$`)
const DRILL_MARK = new RegExp(`^restoring: (?:after [a-z-]+, )?(${DRILL}.*)$`)

/**
 * Who had a transaction taken back, and why. The worst that a planted mark can do is that somebody has to say that the
 * release is to be rolled out again.
 */
export const takenBackIn = (marks: readonly Pick<Mark, 'note'>[]): string | undefined =>
  marks.flatMap(({ note }) => TAKEN_BACK_MARK.exec(note)?.[1] ?? []).at(-1)

/** Who had it taken back as an exercise, and what for. */
export const drillIn = (marks: readonly Pick<Mark, 'note'>[]): string | undefined =>
  marks.flatMap(({ note }) => DRILL_MARK.exec(note)?.[1] ?? []).at(-1)

/** Whether it ever came to its commit. */
export const wasCommitted = (marks: readonly Pick<Mark, 'state'>[]): true | undefined =>
  marks.some(({ state }) => state === 'committed') || undefined

/** Whether somebody said before what holds it now that it had come to an end, whether that counts or not. */
export const wasClosed = (marks: readonly Pick<Mark, 'state'>[]): true | undefined =>
  marks.some(({ state }) => !holdingStates.includes(state)) || undefined

/** As many of a service's newest transactions as one page of GitHub's holds. */
export const LOOKED_THROUGH = 30

/**
 * Why a release is not to be rolled out again unless somebody says so: a person had it taken back, and it was not brought
 * to that environment again since. Of the newest transactions alone: one call of GitHub's, mostly.
 * @param environment where it is asked of that one alone: the regions of a rollout are many, and its plan has asked of all
 * @returns undefined where nobody had
 */
export async function whyTakenBack(
  ledger: Ledger,
  { version, digest }: Release,
  environment?: string,
): Promise<string | undefined> {
  const found = await ledger.find({
    ...defined({ environment }),
    ...{ digest, rollouts: true, letIn: true, each: true },
    ...{ depth: LOOKED_THROUGH, limit: LOOKED_THROUGH },
  })
  const entry = found.find(({ takenBack }) => takenBack !== undefined)
  return (
    entry &&
    `${version} was ${entry.takenBack} (in ${entry.record.region}, transaction ${entry.record.id}); to roll it out again all the same, say so: again: true`
  )
}
