import { z } from 'zod'
import { commonInputs } from '@deploy-actions/action-kit'
import { duration } from '@deploy-actions/rollout'

export const inputs = z.strictObject({
  mode: z
    .enum(['plan', 'region', 'predecessor', 'reach'])
    .default('plan')
    .describe(
      'plan: the whole rollout; region: whether one region may go ahead now; predecessor: whether the region before it is done; reach: whether its router and metrics are such that a canary can be judged there, once it is known what its infrastructure gives',
    ),
  regions: z.string().default('all').describe('with plan: all, or names separated by commas'),
  order: z
    .enum(['serial', 'delayed', 'parallel'])
    .optional()
    .describe('instead of order.kind of rollout.yml'),
  delay: duration.optional().describe('instead of order.delay of rollout.yml'),
  'require-protection': z
    .enum(['off', 'warn', 'fail'])
    .default('warn')
    .describe('what an environment without reviewers or branch policy comes to'),
  again: commonInputs.again,
  'allow-older': commonInputs['allow-older'],
  'override-window': commonInputs['override-window'],
  predecessor: z
    .string()
    .optional()
    .describe('with region and predecessor: region that must be committed with this digest first'),
  config: commonInputs.config.optional(),
  region: commonInputs.region.optional(),
  version: commonInputs.version,
  image: commonInputs.image.optional(),
  digest: commonInputs.digest,
  infra: commonInputs.infra,
  secrets: commonInputs.secrets,
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
  proven: commonInputs.proven,
  'correlation-id': commonInputs['correlation-id'].optional(),
})
export type Inputs = z.infer<typeof inputs>
