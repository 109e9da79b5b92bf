import { ProviderError } from '@deploy-actions/action-kit'
import type { Release, TransactionState } from '@deploy-actions/rollout'
import type { TransactionRecord } from './record'

/**
 * What is said of the arm that a committed release has replaced. `begun`: its decommission is about to run. Nothing is given
 * back to that arm from then on, whatever comes of it. `done`: the hook has worked. `failed`: it has not, and may have
 * removed a part. `left`: it was not run after all.
 */
export const oldArmPhases = ['begun', 'done', 'failed', 'left'] as const
export type OldArmPhase = (typeof oldArmPhases)[number]

/** What is said of an old arm, to its transaction. */
export interface OldArmWord {
  phase: OldArmPhase
  arm: string
  /** which try this is, from 1 */
  attempt: number
  why?: string | undefined
}

/** The old arm of a transaction whose decommission has begun: what of it is proven. */
export interface OldArm extends Pick<OldArmWord, 'phase' | 'arm' | 'attempt'> {
  /** when the first try began, by GitHub's own clock; ISO 8601 */
  since: string
  /** when the last word was said */
  saidAt: string
  /** the run that said it */
  run: number
}

/** A hook that fails is tried again by later sweeps, so often in all: what failed three times is a person's. */
export const MAX_DECOMMISSIONS = 3

/**
 * So long a decommission that has begun and said nothing since keeps rollouts from beginning: longer than its job may last,
 * of which nobody knows whether it died.
 */
export const DECOMMISSION_LASTS_MS = 65 * 60_000

const WRITTEN: Record<OldArmPhase, string> = {
  begun: 'decommissioning',
  done: 'decommissioned',
  failed: 'decommission-failed',
  left: 'decommission-left',
}

/** `decommission-failed: blue, try 2: why`, cut to what a ledger keeps. */
export function describeOldArm({ phase, arm, attempt, why }: OldArmWord, longest: number): string {
  const text = `${WRITTEN[phase]}: ${arm}, try ${attempt}${why === undefined ? '' : `: ${why.replace(/\s+/g, ' ')}`}`
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}

/** Reads what {@link describeOldArm} wrote; undefined for any other text. */
export function readOldArm(text: string): OldArmWord | undefined {
  const groups = /^(?<said>[a-z-]+): (?<arm>[A-Za-z0-9-]+), try (?<attempt>[1-9]\d?)(?:: (?<why>.*))?$/.exec(
    text,
  )?.groups
  const phase = oldArmPhases.find((one) => WRITTEN[one] === groups?.['said'])
  if (groups === undefined || phase === undefined) return undefined
  return { phase, arm: groups['arm'] ?? '', attempt: Number(groups['attempt']), why: groups['why'] }
}

/** A word in a deployment's statuses, and the run that says to have posted it: whoever does names any. */
export interface PostedOldArm extends OldArmWord {
  run: number | undefined
  saidAt: string
}

/** The artifact that a run uploads before it says a word; its names in the order in which they are tried. */
export const oldArmArtifacts = (id: string, { phase, arm, attempt }: OldArmWord): string[] => {
  const name = `old-arm-${id}-${arm}-${attempt}-${phase}`
  return [name, `${name}-2`, `${name}-3`]
}

/**
 * What the words come to, oldest first and all of them proven: nothing where no try was made after all. A run says the same
 * once, and ends what it has begun itself, once: what is posted again, or ahead, in its name is somebody's repetition.
 */
export function oldArmBy(words: readonly (PostedOldArm & { run: number })[]): OldArm | undefined {
  const tries = new Map<string, OldArm>()
  for (const { phase, arm, attempt, run, saidAt } of words) {
    const name = `${run} ${attempt} ${arm}`
    const known = tries.get(name)
    if (phase === 'begun') tries.set(name, known ?? { phase, arm, attempt, run, saidAt, since: saidAt })
    else if (known?.phase === 'begun') tries.set(name, { ...known, phase, saidAt })
  }
  const made = [...tries.values()].filter(({ phase }) => phase !== 'left')
  const [first, last] = [made[0], made.at(-1)]
  return first && last && { ...last, since: first.since }
}

/** Whether somebody may be at work on an old arm now. */
export const isBeingRemoved = (oldArm: OldArm | undefined, now: Date): boolean =>
  oldArm?.phase === 'begun' && now.getTime() - Date.parse(oldArm.saidAt) < DECOMMISSION_LASTS_MS

/** Why a decommission is to be tried no more, or not now; undefined where it may be. */
export function whyNoDecommission(oldArm: OldArm | undefined, now: Date): string | undefined {
  if (oldArm === undefined) return undefined
  if (oldArm.phase === 'done') return `${oldArm.arm} was decommissioned by run ${oldArm.run}`
  if (isBeingRemoved(oldArm, now)) return `run ${oldArm.run} is decommissioning ${oldArm.arm}`
  return oldArm.attempt >= MAX_DECOMMISSIONS
    ? `the decommission of ${oldArm.arm} was tried ${oldArm.attempt} times, and is not tried again`
    : undefined
}

const WHAT: Record<OldArmPhase, string> = {
  begun: 'is being decommissioned',
  done: 'is gone',
  failed: 'may be gone: its decommission failed',
  left: 'is there',
}

/** Why a release cannot be taken back, and what can be done instead; undefined where its old arm is there. */
export function whyArmGone({
  oldArm,
  record: { release, finishes, previous },
  state,
}: {
  oldArm?: OldArm
  record: TransactionRecord
  state: TransactionState
}): string | undefined {
  if (finishes && state === 'committed')
    return `${release.version} was brought onto both arms (it followed ${finishes.id}), ${bringAgain(finishes.replaced)}`
  if (oldArm === undefined) return undefined
  return `its old arm ${oldArm.arm} ${WHAT[oldArm.phase]} (since ${oldArm.since}, run ${oldArm.run}), ${bringAgain(previous)}`
}

const UNKNOWN: Release = { version: 'the release before it', digest: 'of that release' }

const bringAgain = ({ version, digest } = UNKNOWN): string =>
  `so there is nothing to give the traffic back to; bring ${version} again: run the rollout with digest ${digest} and allow-older: true`

/** A rollout deploys onto the arm that somebody is removing: nothing of it begins meanwhile. */
export class ArmBeingRemoved extends ProviderError {
  constructor({ service, region, id }: TransactionRecord, { arm, run, saidAt }: OldArm) {
    const until = new Date(Date.parse(saidAt) + DECOMMISSION_LASTS_MS).toISOString()
    super(
      `${arm} of ${service} in ${region} is being decommissioned by run ${run} (transaction ${id}, since ${saidAt}), and a release would be deployed onto it. Nothing was written. Start again when that run has ended; if it was lost, after ${until}`,
      { provider: 'ledger' },
    )
  }
}

/** A release is not taken back to an arm that is gone. */
export class ArmGone extends ProviderError {
  constructor(id: string, { arm, phase, since }: OldArm) {
    super(
      `transaction ${id} cannot be put back: its old arm ${arm} ${WHAT[phase]} since ${since}. Nothing was written; roll out the old digest instead`,
      { provider: 'ledger' },
    )
  }
}
