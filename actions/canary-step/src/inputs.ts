import { z } from 'zod'
import { commonInputs } from '@deploy-actions/action-kit'

export const inputs = z.strictObject({
  config: commonInputs.config.optional(),
  region: commonInputs.region.optional(),
  service: commonInputs.service.optional(),
  environment: commonInputs.environment.optional(),
  version: commonInputs.version.optional(),
  image: commonInputs.image.optional(),
  digest: commonInputs.digest.optional(),
  transaction: commonInputs.transaction.optional(),
  router: z.string().optional().describe('YAML as traffic.canary.router of rollout.yml; with it no rollout.yml is read'),
  arms: z.string().optional().describe('YAML as arms of rollout.yml'),
  metrics: z.string().optional().describe('YAML as metrics of rollout.yml; needed with router'),
  stages: z.string().optional().describe('YAML as canary.stages of rollout.yml'),
  analysis: z.string().optional().describe('YAML as canary.analysis of rollout.yml'),
  secrets: commonInputs.secrets,
  'dry-run': commonInputs['dry-run'],
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
  'correlation-id': commonInputs['correlation-id'].optional(),
})
export type Inputs = z.infer<typeof inputs>
