import { z } from 'zod'
import { commonInputs, targetInputs, writerInputs } from '@deploy-actions/action-kit'

export const inputs = z.strictObject({
  ...targetInputs,
  transaction: commonInputs.transaction.optional(),
  infra: commonInputs.infra,
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
  again: commonInputs.again.describe('alone: the release gets traffic although a person had it taken back'),
  'allow-older': commonInputs['allow-older'].describe(
    'alone: the release gets traffic although a newer one serves: it was committed before that one, or its run began before',
  ),
  'override-window': commonInputs['override-window'].describe(
    'alone: why it begins although its windows are closed or somebody has frozen it; kept as evidence',
  ),
  metrics: z.string().optional().describe('YAML as metrics of rollout.yml; needed with router'),
  stages: z.string().optional().describe('YAML as canary.stages of rollout.yml'),
  analysis: z.string().optional().describe('YAML as canary.analysis of rollout.yml'),
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
