import { z } from 'zod'
import { lazily, runRef } from '@deploy-actions/rollout'

/** One call to another system: what was asked, what came back and how long it took, in real milliseconds. */
export const call = z.strictObject({
  system: z.string(),
  what: z.string(),
  status: z.union([z.number(), z.string()]),
  /** in words, where the status does not say it */
  answer: z.string().optional(),
  ms: z.number(),
})
export type Call = z.infer<typeof call>

/** One action run. The records of a job form a chain: each names the sha256 of the canonical JSON of the one before. */
export const evidenceRecord = z.strictObject({
  v: z.literal(1),
  /** the job as its chain names it, `deploy` or `deploy (eu-west)` */
  job: z.string(),
  seq: z.int().min(0),
  previous: z.string().nullable(),
  action: z.string(),
  actionRef: z.string(),
  startedAt: z.iso.datetime(),
  endedAt: z.iso.datetime(),
  service: z.string().optional(),
  region: z.string().optional(),
  environment: z.string().optional(),
  transaction: z.string().optional(),
  run: runRef,
  /** secrets are left out, not masked */
  inputs: z.record(z.string(), z.unknown()),
  outcome: z.string(),
  reason: z.string(),
  facts: z.unknown(),
  calls: z.array(call),
})
export type EvidenceRecord = z.infer<typeof evidenceRecord>

/** What a job uploads beside its records: which job of the run this chain belongs to. */
export const chainManifest = lazily(() =>
  z.strictObject({
    v: z.literal(1),
    /** the job's id in GitHub's API (its check run); null where the runner does not tell it */
    jobId: z.int().nullable(),
    job: z.string(),
    region: z.string().nullable(),
    attempt: z.int(),
    records: z.int().min(0),
    /** sha256 of the last record, null when there is none */
    head: z.string().nullable(),
  }),
)
export type ChainManifest = z.infer<ReturnType<typeof chainManifest>>
