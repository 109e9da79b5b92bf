import { z } from 'zod'
import { lazily, release, runRef } from '@deploy-actions/rollout'

/**
 * Everything one rollout does to one target, written ahead of the first change. Data only: no command, URL or
 * credential, since whoever may write deployments may plant one.
 */
export const transactionRecord = z.strictObject({
  v: z.literal(1),
  /** RUNID-ATTEMPT-SERVICE-REGION-N, N counting within the job */
  id: z.string(),
  service: z.string(),
  region: z.string(),
  environment: z.string(),
  /** where its restorers run, which asks nobody; absent when an action is used alone */
  guardEnvironment: z.string().optional(),
  release,
  /** image of the release without tag or digest, where it was given */
  image: z.string().optional(),
  /** how the regions of its rollout followed each other */
  order: z.enum(['serial', 'delayed', 'parallel']).optional(),
  /** how long its old arm stays once it is committed; absent where nothing decommissions it */
  keepOldMs: z.int().min(0).optional(),
  /** once it is committed, another one is to bring its release onto the old arm, too: until then its target is not done */
  finish: z.literal('promote').optional(),
  /** it brings the release of that transaction onto the old arm, too; `replaced` is what was there until then */
  finishes: z.strictObject({ id: z.string(), replaced: release.optional() }).optional(),
  /** the weights were set by hand: no release was rolled out by this */
  weightsOnly: z.literal(true).optional(),
  previous: release.optional(),
  commit: z.string(),
  /** absent when an action is used alone: its settings are then in the run's artifact */
  config: z.strictObject({ path: z.string(), digest: z.string() }).optional(),
  run: runRef,
  correlationId: z.string(),
  openedAt: z.iso.datetime(),
  /** in the order in which to restore; what a kind holds is known to whoever restores it, not to the ledger */
  restore: z.array(z.looseObject({ kind: z.string() })),
})
export type TransactionRecord = z.infer<typeof transactionRecord>

/** What every version writes, so that an older one can tell that its target is held, and put back what it knows. */
const recordOfAnyVersion = lazily(() =>
  z.object({
    ...transactionRecord.shape,
    v: z.unknown().transform(() => 1 as const),
    release: z.object(release.shape),
    previous: z.object(release.shape).optional().catch(undefined),
    finish: z.literal('promote').optional().catch(undefined),
    finishes: z
      .object({ id: z.string(), replaced: z.object(release.shape).optional() })
      .optional()
      .catch(undefined),
    weightsOnly: z.literal(true).optional().catch(undefined),
    keepOldMs: z.int().min(0).optional().catch(undefined),
    image: z.string().optional().catch(undefined),
    order: z.enum(['serial', 'delayed', 'parallel']).optional().catch(undefined),
    guardEnvironment: z.string().optional().catch(undefined),
    config: z.object({ path: z.string(), digest: z.string() }).optional().catch(undefined),
    run: z.object(runRef.shape),
  }),
)

/** A record, and in words what of it this version cannot read. */
export interface ReadRecord {
  record: TransactionRecord
  unread?: string
}

/**
 * Reads a record of this version or of another: one that an older version overlooked would be a transaction that holds
 * nothing.
 * @returns undefined for what is no record at all
 */
export function readRecord(value: unknown): ReadRecord | undefined {
  const exact = transactionRecord.safeParse(value)
  if (exact.success) return { record: exact.data }
  const known = recordOfAnyVersion().safeParse(value)
  if (!known.success) return undefined
  const said = exact.error.issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join('.')}: ${message}`,
  )
  return { record: known.data, unread: said.join('; ') }
}
