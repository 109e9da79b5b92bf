import { GateFailed } from '@deploy-actions/action-kit'
import { withoutManifests, type Ended } from './failure'
import type { Writing } from './flags'
import { isUninstalled, standsAt, type Revision } from './history'
import type { HelmRelease } from './release'

/** What a release is put back to: a revision that was recorded before anything was written. */
export interface Pin {
  /** 0 where there was no release */
  revision: number
  /** when it was deployed: after an uninstall Helm counts from 1 again */
  updated?: string | undefined
}

/** How it went back, by what Helm says of itself: live objects were not looked at. */
export interface WentBack extends Ended {
  /** false where it stood there already */
  changed: boolean
  /** the last revision as it was read back; undefined where there is none */
  last?: Revision | undefined
}

/**
 * Puts a release back to the pinned revision, by its number, never to "the one before", which may be one that failed.
 * Then Helm is asked what it has. The same call twice is one change.
 * @throws GateFailed when its history cannot be read, or that revision is another one by now
 */
export async function goBack(
  release: HelmRelease,
  pin: Pin,
  writing: Writing,
  signal: AbortSignal,
): Promise<WentBack> {
  const before = await release.history(signal)
  return pin.revision === 0
    ? removeAgain(release, before, writing, signal)
    : rollBack(release, before, pin, writing, signal)
}

async function removeAgain(
  release: HelmRelease,
  before: readonly Revision[],
  writing: Writing,
  signal: AbortSignal,
): Promise<WentBack> {
  const name = release.where.release
  if (isUninstalled(before)) return unchanged(`${name} is not installed, as it was found`)
  const gone = await release.uninstall(writing, signal)
  if (gone.ended !== 'done') return { ...gone, changed: true }
  const left = await release.history(signal)
  return isUninstalled(left)
    ? { ...gone, changed: true, detail: `${name} was uninstalled: there was none` }
    : notBack(`after it was uninstalled ${name} is ${told(left.at(-1))}`, gone, left.at(-1))
}

async function rollBack(
  release: HelmRelease,
  before: readonly Revision[],
  { revision, updated }: Pin,
  writing: Writing,
  signal: AbortSignal,
): Promise<WentBack> {
  const name = release.where.release
  const recorded = before.find((one) => one.revision === revision)
  if (recorded?.updated && updated && Date.parse(recorded.updated) !== Date.parse(updated))
    throw new GateFailed(
      `revision ${revision} of ${name} is not the one that was found, but of ${recorded.updated}: it was uninstalled meanwhile, and what ran is gone`,
    )
  if (standsAt(before.at(-1), revision))
    return unchanged(`${name} stands at revision ${revision}, as it was found`, before.at(-1))
  const back = await release.rollback(revision, writing, signal)
  if (back.ended !== 'done') return { ...back, changed: true }
  const last = (await release.history(signal)).at(-1)
  return standsAt(last, revision)
    ? {
        ...back,
        ...{ changed: true, last },
        detail: `${name} is back at revision ${revision} (now ${last?.revision}, ${last?.status})`,
      }
    : notBack(`after the rollback to revision ${revision} ${name} is ${told(last)}`, back, last)
}

const unchanged = (detail: string, last?: Revision): WentBack => ({
  ...{ ended: 'done', changed: false, detail, output: '', last },
  facts: { exitCode: 0, ms: 0 },
})

const notBack = (detail: string, back: Ended, last: Revision | undefined): WentBack => ({
  ...back,
  ...{ ended: 'failed', reason: 'rollback-failed', changed: true, detail, last },
})

const told = (last: Revision | undefined): string =>
  last
    ? `at ${last.revision} (${last.status}: ${withoutManifests(last.description)})`
    : 'not installed: somebody else is at work on it'
