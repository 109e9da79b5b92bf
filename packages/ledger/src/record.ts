import { z } from 'zod'
import { release, runRef } from '@deploy-actions/rollout'

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
  release,
  /** image of the release without tag or digest, where it was given */
  image: z.string().optional(),
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
