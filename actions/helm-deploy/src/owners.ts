import { createHash } from 'node:crypto'
import { foundOrUndefined, runUrl, type GitHub, type RunContext } from '@deploy-actions/action-kit'
import type { HelmRelease } from '@deploy-actions/helm'

/** Labels of a revision, as Helm keeps them with it. */
export type Labels = Readonly<Record<string, string>>

/** Tells the labels of a revision that may still be pending; undefined where they cannot be told. */
export type AskLabels = (
  helm: HelmRelease,
  revision: number,
  signal: AbortSignal,
) => Promise<Labels | undefined>

/** By Helm itself: 4 prints them, 3 does not. */
export const labelsByHelm: AskLabels = async (helm, revision, signal) =>
  (await helm.metadataOf(revision, signal))?.labels

const [RUN, ATTEMPT, REPOSITORY, REVISION] = [
  'gha-run-id',
  'gha-run-attempt',
  'gha-repo',
  'gha-revision',
] as const

type Self = Pick<RunContext, 'runId' | 'attempt' | 'owner' | 'repo'>

/**
 * What an upgrade leaves with its revision, to say whose it is while it is pending. The number is a part of it: an upgrade
 * by somebody else takes the labels of the release before over, and a rollback those of the revision that it brings back.
 */
export const ownLabels = (self: Self, revision: number): Labels => ({
  [RUN]: String(self.runId),
  [ATTEMPT]: String(self.attempt),
  [REPOSITORY]: repositoryLabel(self),
  [REVISION]: String(revision),
})

/** A label has no room for a slash, nor for more than 63 characters. */
function repositoryLabel({ owner, repo }: Pick<Self, 'owner' | 'repo'>): string {
  const name = `${owner}.${repo}`.replace(/[^A-Za-z0-9]+$/, '')
  if (name.length <= 63) return name
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 12)
  return `${name.slice(0, 50)}-${hash}`
}

/** Whose a pending revision is. */
export type Owner =
  /** nobody knows: it carries no labels of its own */
  { known: false } | { known: true; state: 'over' | 'at-work' | 'unknown'; who: string }

/** Reads from the labels of a revision whose it is, and asks GitHub whether that run is still at work. */
export async function ownerOf(
  labels: Labels | undefined,
  revision: number,
  self: Pick<RunContext, 'runId' | 'attempt' | 'owner' | 'repo' | 'serverUrl'>,
  github: GitHub,
): Promise<Owner> {
  const [run, attempt] = [Number(labels?.[RUN]), Number(labels?.[ATTEMPT])]
  if (labels?.[REVISION] !== String(revision) || !Number.isInteger(run) || !Number.isInteger(attempt))
    return { known: false }
  if (labels[REPOSITORY] !== repositoryLabel(self))
    return {
      known: true,
      state: 'unknown',
      who: `run ${run} of ${labels[REPOSITORY] ?? 'another repository'}`,
    }
  const who = `${runUrl({ ...self, runId: run })}/attempts/${attempt}`
  // An attempt begins when the one before is over.
  if (run === self.runId && attempt < self.attempt) return { known: true, state: 'over', who }
  if (run === self.runId) return { known: true, state: 'at-work', who: `${who} (this very run)` }
  const found = await foundOrUndefined(
    github.request<{ status: string | null; run_attempt?: number }>(
      'GET /repos/{owner}/{repo}/actions/runs/{run_id}',
      { run_id: run },
      { permission: 'actions: read' },
    ),
  )
  // GitHub deletes what is over, and nothing else.
  const over = found === undefined || found.status === 'completed' || (found.run_attempt ?? attempt) > attempt
  return { known: true, state: over ? 'over' : 'at-work', who }
}
