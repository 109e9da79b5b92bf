import { z } from 'zod'
import { commonInputs, script } from '@deploy-actions/action-kit'
import { duration } from '@deploy-actions/rollout'

export const inputs = z.strictObject({
  hook: z.enum(['deploy']).optional().describe('deploy: the script deploy.script.run of rollout.yml').meta({ example: 'deploy' }),
  run: script.optional().describe('instead of hook: a script of the repository and fixed arguments').meta({ example: 'ops/warm-cache.sh' }),
  timeout: duration.optional().describe('with run: how long it may take; default 10m'),
  config: commonInputs.config.optional(),
  region: commonInputs.region.optional(),
  version: commonInputs.version.optional(),
  image: commonInputs.image.optional(),
  digest: commonInputs.digest.optional(),
  transaction: commonInputs.transaction.optional(),
  secrets: commonInputs.secrets,
  'dry-run': commonInputs['dry-run'],
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
  'correlation-id': commonInputs['correlation-id'].optional(),
})
export type Inputs = z.infer<typeof inputs>
