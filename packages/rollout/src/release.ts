import { z } from 'zod'

/** An image digest as registries write it. */
export const DIGEST = /^sha256:[0-9a-f]{64}$/

/** A version of a service: its name for people, its digest for machines. */
export const release = z.strictObject({
  version: z.string().min(1),
  digest: z.string().regex(DIGEST, 'a digest is sha256: and 64 hexadecimal digits'),
})
export type Release = z.infer<typeof release>

/** Which run wrote something. */
export const runRef = z.strictObject({
  id: z.int(),
  attempt: z.int(),
  /** `OWNER/REPO/.github/workflows/deploy.yml@refs/heads/main` */
  workflowRef: z.string(),
  actor: z.string(),
})
export type RunRef = z.infer<typeof runRef>
