import { escapeText, InputError, type Ports } from '@deploy-actions/action-kit'
import { committedWith, serving, type Ledger } from '@deploy-actions/ledger'
import { holdingStates, type Arms } from '@deploy-actions/rollout'
import { armsOf } from '@deploy-actions/transaction'
import type { Outputs } from './outputs'
import type { CanarySettings } from './settings'

/**
 * Why nothing is to be moved: the release serves there already, by the ledger and by the router. The arms change places
 * with each rollout, so that a step which is run again would give all the traffic back to the release before.
 */
export async function needless(
  { target, release }: CanarySettings,
  arms: Arms,
  ledger: Ledger,
): Promise<string | undefined> {
  const found = await serving(ledger, target.environment)
  if (found?.release.digest !== release.digest) return undefined
  const { entry } = found
  // Of another region it tells nothing, and of a target that is held the one who holds it is to be told of.
  if (entry.record.region !== target.region || holdingStates.includes(entry.state)) return undefined
  const done = committedWith(entry, release.digest)
  const then = armsOf(entry.record)
  // Weights that were set by hand since may have given the traffic to the other arm.
  if (then && (entry.state === 'committed' ? then.canary : then.baseline) !== arms.baseline) return undefined
  const why = done ?? `by its transaction ${entry.record.id}, which is ${entry.state}, this digest serves`
  return `${target.region} needs nothing: ${why}`
}

/** Ends well, with the traffic as it is. */
export function skipped(reason: string, ports: Ports): Outputs {
  ports.log.info(reason)
  ports.summary.add(`### Nothing moved\n\n${escapeText(reason)}.`)
  return { outcome: 'skipped', verdict: 'pass', reason }
}

/** @throws InputError when the release is said to be on an arm that gets no traffic by this step */
export function mustBeOnCanary(arm: string | undefined, { baseline, canary }: Arms): void {
  if (arm === undefined || arm === canary) return
  const why =
    arm === baseline
      ? `${arm} carries the traffic, and it is ${canary} that gets some now: bring the release onto ${canary} first`
      : `${arm} is not an arm here; known: ${baseline}, ${canary}`
  throw new InputError([{ where: 'input `arm`', message: `${why}. Nothing was written` }])
}
