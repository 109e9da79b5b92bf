import { z } from 'zod'
import { weights } from './weights'

/** An image digest as registries write it. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/

/** A version of a service: its name for people, its digest for machines. */
export const release = z.strictObject({
  version: z.string().min(1),
  digest: z.string().regex(DIGEST, 'a digest is sha256: and 64 hexadecimal digits'),
})
export type Release = z.infer<typeof release>

/** What is needed to put one written thing back. Data only: no command, URL or credential (safety.md, "Ledger"). */
export const restorePoint = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('traffic'), router: z.string(), weights }),
  z.strictObject({
    kind: z.literal('script'),
    name: z.string(),
    /** what the script's `snapshot` printed, at most 1 KiB */
    state: z.string().refine((text) => Buffer.byteLength(text) <= 1024, 'a script state is at most 1 KiB'),
  }),
])
export type RestorePoint = z.infer<typeof restorePoint>

/** Which run wrote something. */
export const runRef = z.strictObject({
  id: z.int(),
  attempt: z.int(),
  /** `OWNER/REPO/.github/workflows/deploy.yml@refs/heads/main` */
  workflowRef: z.string(),
  actor: z.string(),
})
export type RunRef = z.infer<typeof runRef>

/** Everything one rollout does to one target, written ahead of the first change. */
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
  /** in the order in which to restore */
  restore: z.array(restorePoint),
})
export type TransactionRecord = z.infer<typeof transactionRecord>

export const transactionStates = [
  'open',
  'committed',
  'restoring',
  'restored',
  'unverified',
  'restore-failed',
  'superseded',
] as const
export type TransactionState = (typeof transactionStates)[number]

/** States in which something of the transaction may still be on the target: they hold it against other rollouts. */
export const liveStates: readonly TransactionState[] = ['open', 'restoring']

/** Where each state may go. A restore may be tried again after it failed; a committed transaction may be undone. */
const next: Record<TransactionState, readonly TransactionState[]> = {
  open: ['committed', 'restoring', 'superseded'],
  committed: ['restoring'],
  restoring: ['restoring', 'restored', 'unverified', 'restore-failed'],
  restored: ['restoring'],
  unverified: ['restoring'],
  'restore-failed': ['restoring'],
  superseded: [],
}

/** True when a transaction in state `from` may be marked `to`. */
export function mayBecome(from: TransactionState, to: TransactionState): boolean {
  return next[from].includes(to)
}
