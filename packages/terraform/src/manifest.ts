import { z } from 'zod'

const sha256 = z.string().regex(/^sha256:[0-9a-f]{64}$/)
const count = z.number().int().min(0)

/**
 * What a plan is bound to: everything by which an apply knows that it is the one that was approved, and for here. It lies
 * in clear beside the sealed plan, holds no values, and no byte of it can be changed without the seal noticing.
 */
export const manifest = z.strictObject({
  v: z.literal(1),
  repository: z.string(),
  runId: z.number().int(),
  runAttempt: z.number().int(),
  sha: z.string(),
  ref: z.string(),
  workflowRef: z.string(),
  actor: z.string(),
  environment: z.string(),
  region: z.string(),
  path: z.string(),
  workspace: z.string(),
  tool: z.enum(['terraform', 'tofu']),
  toolVersion: z.string(),
  /** HMAC over what the backend was told: by the step's settings, their files, and variables of addresses */
  backendSettings: z.string(),
  /** the fingerprint is an HMAC over the whole that the tool made of it: which key of which bucket, at which address */
  backend: z.strictObject({ type: z.string(), fingerprint: z.string() }),
  /** over the files of the configuration, which an apply does not read again: it applies those in the plan */
  configuration: sha256,
  /** of the dependency lock file; null where there is none */
  lockFile: sha256.nullable(),
  /** of the files of variables, by an HMAC over their contents */
  varFiles: z.array(z.strictObject({ path: z.string(), fingerprint: z.string() })),
  /** what says what is planned, of the arguments */
  planning: z.strictObject({
    targets: z.array(z.string()),
    replaces: z.array(z.string()),
    destroy: z.boolean(),
  }),
  planSha256: sha256,
  planDigest: sha256,
  counts: z.strictObject({
    add: count,
    change: count,
    destroy: count,
    replace: count,
    import: count,
    move: count,
    forget: count,
  }),
  /** what the plan was made against; a state that is not there yet has neither */
  state: z.strictObject({ lineage: z.string(), serial: count }),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
})
export type Manifest = z.infer<typeof manifest>

/** Where and by what an apply would apply a plan. */
export type Here = Pick<
  Manifest,
  | 'repository'
  | 'runId'
  | 'sha'
  | 'environment'
  | 'region'
  | 'path'
  | 'workspace'
  | 'tool'
  | 'toolVersion'
  | 'backendSettings'
  | 'backend'
  | 'lockFile'
  | 'varFiles'
>

const WORDS: { readonly [K in keyof Here]: string } = {
  repository: 'repository',
  runId: 'run',
  sha: 'commit',
  environment: 'environment',
  region: 'region',
  path: 'path',
  workspace: 'workspace',
  tool: 'tool',
  toolVersion: 'version of the tool',
  backendSettings: 'settings of the backend',
  backend: 'backend',
  lockFile: 'dependency lock file',
  varFiles: 'files of variables',
}

/** What a plan was made for and is not here, of what is known here, as sentences: all of it at once. */
export function mismatchesOf(planned: Manifest, here: Partial<Here>): string[] {
  return (Object.keys(WORDS) as (keyof Here)[])
    .filter((key) => key in here && JSON.stringify(planned[key]) !== JSON.stringify(here[key]))
    .map((key) => `${WORDS[key]}: planned for ${tell(planned, key)}, and here it is ${tell(here, key)}`)
}

/** So much of a fingerprint is shown: enough to tell two apart. */
const SHOWN = 12

function tell(one: Partial<Here>, key: keyof Here): string {
  const { backend, varFiles, backendSettings } = one
  if (key === 'backend' && backend) return `${backend.type} ${backend.fingerprint.slice(0, SHOWN)}`
  if (key === 'backendSettings' && backendSettings) return backendSettings.slice(0, SHOWN)
  if (key === 'varFiles' && varFiles)
    return (
      varFiles.map(({ path, fingerprint }) => `${path} ${fingerprint.slice(0, SHOWN)}`).join(', ') || 'none'
    )
  return String(one[key] || 'none')
}
