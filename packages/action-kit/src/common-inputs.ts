import { z } from 'zod'
import { DIGEST } from '@deploy-actions/rollout'
import { flag, secret } from './inputs'
import { secretLines } from './secrets'

const outputTexts = z.record(z.string(), z.string())

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Inputs that mean the same in every action; each action picks the ones it takes. */
export const commonInputs = {
  config: z.string().describe('path of rollout.yml in the repository'),
  region: z.string().describe('name of a region in rollout.yml').meta({ example: 'eu-west' }),
  environment: z.string().describe('GitHub environment of the target; from rollout.yml when that is used'),
  service: z.string().describe('name of the service; from rollout.yml when that is used'),
  version: z.string().describe('version of the release, for people').meta({ example: '1.4.0' }),
  image: z
    .string()
    .describe('image of the release without tag or digest')
    .meta({ example: 'ghcr.io/acme/api' }),
  digest: z
    .string()
    .regex(
      DIGEST,
      'is not an immutable digest; a digest is sha256: and 64 hexadecimal digits (a tag can move)',
    )
    .describe('immutable digest of the release')
    .meta({ example: 'sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }),
  transaction: z.string().describe('id of the open transaction, from restore-point begin'),
  secrets: secretLines
    .describe('KEY=VALUE lines; the only secrets that a *-secret in the config can name')
    .meta(secret),
  'dry-run': flag(false).describe('read and plan, but write nothing'),
  'github-token': z.string().default('').describe("token for GitHub's API").meta(secret),
  ledger: z
    .string()
    .regex(/^(github|file:.+)$/, 'is not a ledger; write github or file:DIR')
    .default('github')
    .describe('where transactions are recorded: github or file:DIR'),
  proven: z
    .string()
    .default('')
    .transform((text) => text.split(/\s+/).filter(Boolean))
    .describe('what an earlier job of this run has proven of the ledger: `proven` of rollout-plan'),
  again: flag(false).describe('a release that a person had taken back is rolled out again all the same'),
  'allow-older': flag(false).describe(
    'a release is brought although a newer one serves: it was committed before that one, or its run began before',
  ),
  'override-window': z
    .string()
    .regex(/\S/, 'is empty; say why')
    .optional()
    .describe('why it begins although its windows are closed or somebody has frozen it; kept as evidence'),
  'correlation-id': z.string().describe('name of this rollout in all logs; default SERVICE-RUNID-ATTEMPT'),
  infra: z
    .string()
    .transform((text, context) => {
      const read = outputTexts.safeParse(jsonOf(text.trim() || '{}'))
      if (read.success) return read.data
      context.addIssue({
        code: 'custom',
        message: 'is not a JSON object of texts such as {"host": "10.1.0.5"}',
      })
      return z.NEVER
    })
    .optional()
    .describe(
      'JSON: what ${infra.NAME} of rollout.yml stands for, `infra` of plan-apply; within a transaction as it was when that began',
    ),
} as const

/** Which target and which release, for actions that work with and without a rollout.yml. */
export const targetInputs = {
  config: commonInputs.config.optional(),
  region: commonInputs.region.optional(),
  service: commonInputs.service.optional(),
  environment: commonInputs.environment.optional(),
  version: commonInputs.version.optional(),
  image: commonInputs.image.optional(),
  digest: commonInputs.digest.optional(),
} as const

/** Which target and which release, for actions that take them from a rollout.yml or from the transaction. */
export const configuredInputs = {
  config: targetInputs.config,
  region: targetInputs.region,
  version: targetInputs.version,
  image: targetInputs.image,
  digest: targetInputs.digest,
  transaction: commonInputs.transaction.optional(),
  infra: commonInputs.infra,
} as const

/** How an action that writes reaches GitHub and the ledger. */
export const writerInputs = {
  secrets: commonInputs.secrets,
  'dry-run': commonInputs['dry-run'],
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
  'correlation-id': commonInputs['correlation-id'].optional(),
} as const
