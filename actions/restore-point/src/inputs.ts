import { z } from 'zod'
import { commonInputs, targetInputs, writerInputs } from '@deploy-actions/action-kit'

export const inputs = z.strictObject({
  mode: z
    .enum(['begin', 'commit', 'restore'])
    .describe('begin | commit | restore')
    .meta({ example: 'begin' }),
  ...targetInputs,
  predecessor: z
    .string()
    .optional()
    .describe('with begin: region whose newest transaction must be committed with this digest'),
  transaction: commonInputs.transaction.optional(),
  to: z
    .string()
    .default('open')
    .describe('with restore: `open` (what this run left open) or the id of a transaction'),
  reason: z
    .string()
    .optional()
    .describe('with restore: why, for the record; default: what failed first in this job'),
  'trusted-workflows': z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .describe('with restore: paths of workflows, beside our region.yml, whose transactions may be restored'),
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
