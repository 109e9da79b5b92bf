import { z } from 'zod'
import { GateFailed } from '@deploy-actions/action-kit'
import { lazily } from '@deploy-actions/rollout'

const history = lazily(() =>
  z.array(
    z.looseObject({
      revision: z.int(),
      // Helm 4 leaves out what is zero, and Helm 3 prints nothing for it.
      updated: z.string().default(''),
      status: z.string(),
      /** `NAME-VERSION`, or `MISSING` */
      chart: z.string().default(''),
      app_version: z.string().default(''),
      description: z.string().default(''),
      /** of Helm 4.3 and later: which one a rollback has brought back */
      rollback_revision: z.int().optional(),
    }),
  ),
)
export type Revision = z.infer<ReturnType<typeof history>>[number]

/**
 * What `helm history --output json` printed, oldest first. A wrapper of Helm may have said something before.
 * @throws GateFailed without what it says
 */
export function historyOf(stdout: string, release: string): Revision[] {
  try {
    return history().parse(JSON.parse(stdout.slice(stdout.search(/^\[[{\]]/m))))
  } catch {
    throw new GateFailed(`the history of ${release} cannot be read: what Helm printed is no history in JSON`)
  }
}

const UNFINISHED = ['pending-install', 'pending-upgrade', 'pending-rollback', 'uninstalling']

/** The last revision where somebody is at work on it, or was killed over it. One in the middle of a history blocks nothing. */
export function unfinished(revisions: readonly Revision[]): Revision | undefined {
  const last = revisions.at(-1)
  return last && UNFINISHED.includes(last.status) ? last : undefined
}

/**
 * What runs now: the newest revision that was deployed, whatever was tried after it. Two that are deployed come of two
 * Helms at once, and Helm itself takes the newest.
 */
export const lastGood = (revisions: readonly Revision[]): Revision | undefined =>
  isUninstalled(revisions)
    ? undefined
    : (revisions.findLast(({ status }) => status === 'deployed') ??
      revisions.findLast(({ status }) => status === 'superseded'))

/** Its history may have been kept (`helm uninstall --keep-history`). */
export const isUninstalled = (revisions: readonly Revision[]): boolean =>
  (revisions.at(-1)?.status ?? 'uninstalled') === 'uninstalled'

/** The last good revision before what runs now, by what was really brought: a rollback counts as the one it brought back. */
export function goodBefore(revisions: readonly Revision[]): Revision | undefined {
  const now = lastGood(revisions)
  if (!now) return undefined
  const origin = originOf(now, revisions)
  return revisions.findLast(
    ({ revision, status }) => revision < origin && (status === 'superseded' || status === 'deployed'),
  )
}

/** The revision whose manifest it has: of a rollback the one that was brought back, through all that did so before. */
export function originOf({ revision, ...rest }: Revision, revisions: readonly Revision[]): number {
  const from = broughtBack(rest)
  if (from === undefined || from >= revision) return revision
  const source = revisions.find((one) => one.revision === from)
  return source ? originOf(source, revisions) : from
}

/** That the last revision is the wanted one, or one that brought it back. */
export const standsAt = (last: Revision | undefined, revision: number): boolean =>
  last?.status === 'deployed' && (last.revision === revision || broughtBack(last) === revision)

/** Before Helm 4.3 only the description says so. */
const broughtBack = ({
  rollback_revision,
  description,
}: Pick<Revision, 'rollback_revision' | 'description'>): number | undefined => {
  const [, told] = /^Rollback to (\d+)$/.exec(description) ?? []
  return rollback_revision ?? (told === undefined ? undefined : Number(told))
}
