import { z } from 'zod'
import { commonInputs, targetInputs, writerInputs } from '@deploy-actions/action-kit'

export const inputs = z.strictObject({
  ...targetInputs,
  transaction: commonInputs.transaction.optional(),
  router: z
    .string()
    .optional()
    .describe('YAML as traffic.canary.router of rollout.yml; with it no rollout.yml is read'),
  arms: z.string().optional().describe('YAML as arms of rollout.yml'),
  arm: z
    .string()
    .optional()
    .describe(
      'the arm that the release was brought onto; nothing is moved where that one carries the traffic',
    )
    .meta({ example: 'green' }),
  metrics: z.string().optional().describe('YAML as metrics of rollout.yml; needed with router'),
  stages: z.string().optional().describe('YAML as canary.stages of rollout.yml'),
  analysis: z.string().optional().describe('YAML as canary.analysis of rollout.yml'),
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
