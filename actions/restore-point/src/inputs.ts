import { z } from 'zod'
import { commonInputs } from '@deploy-actions/action-kit'

export const inputs = z.strictObject({
  mode: z.enum(['begin', 'commit', 'restore']).describe('begin | commit | restore').meta({ example: 'begin' }),
  config: commonInputs.config.optional(),
  region: commonInputs.region.optional(),
  service: commonInputs.service.optional(),
  environment: commonInputs.environment.optional(),
  version: commonInputs.version.optional(),
  image: commonInputs.image.optional(),
  digest: commonInputs.digest.optional(),
  predecessor: z.string().optional().describe('with begin: region whose newest transaction must be committed with this digest'),
  transaction: commonInputs.transaction.optional(),
  to: z.string().default('open').describe('with restore: `open` (what this run left open) or the id of a transaction'),
  reason: z.string().optional().describe('with restore: why, for the record; default: what failed first in this job'),
  'trusted-workflows': z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .describe('with restore: paths of workflows, beside our region.yml, whose transactions may be restored'),
  secrets: commonInputs.secrets,
  'dry-run': commonInputs['dry-run'],
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
  'correlation-id': commonInputs['correlation-id'].optional(),
})
export type Inputs = z.infer<typeof inputs>
