import { z } from 'zod'
import { configuredInputs, script, writerInputs } from '@deploy-actions/action-kit'
import { duration } from '@deploy-actions/rollout'

export const inputs = z.strictObject({
  hook: z
    .enum(['deploy'])
    .optional()
    .describe('deploy: the script deploy.script.run of rollout.yml')
    .meta({ example: 'deploy' }),
  run: script
    .optional()
    .describe('instead of hook: a script of the repository and fixed arguments')
    .meta({ example: 'ops/warm-cache.sh' }),
  timeout: duration.optional().describe('with run: how long it may take; default 10m'),
  ...configuredInputs,
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
