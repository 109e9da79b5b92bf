import { z } from 'zod'
import { commonInputs, targetInputs, writerInputs } from '@deploy-actions/action-kit'

export const inputs = z.strictObject({
  mode: z
    .enum(['begin', 'commit', 'restore', 'resolve'])
    .describe('begin | commit | restore | resolve')
    .meta({ example: 'begin' }),
  ...targetInputs,
  predecessor: z
    .string()
    .optional()
    .describe('with begin: region whose newest transaction must be committed with this digest'),
  proven: commonInputs.proven,
  transaction: commonInputs.transaction.optional(),
  to: z
    .string()
    .default('open')
    .describe(
      'with restore: `open` (what this run left open) or the id of a transaction; with resolve: its id',
    ),
  only: z
    .enum(['traffic'])
    .optional()
    .describe(
      'with restore: traffic: the traffic alone, from what this run uploaded; needs neither a checkout nor the ledger',
    ),
  reason: z
    .string()
    .optional()
    .describe(
      'with restore: why, for the record; default: what failed first in this job; with resolve: who put the target right, and how',
    ),
  router: z
    .string()
    .optional()
    .describe('with resolve, without rollout.yml: YAML as traffic.canary.router of rollout.yml'),
  arms: z.string().optional().describe('with router: YAML as arms of rollout.yml; default blue and green'),
  'trusted-workflows': z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .describe(
      'with restore and resolve: paths of workflows, beside our region.yml, whose transactions may be restored',
    ),
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
