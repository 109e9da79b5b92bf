import { z } from 'zod'
import { configuredInputs, flag, script, scriptAccess, writerInputs } from '@deploy-actions/action-kit'
import { duration } from '@deploy-actions/rollout'

export const inputs = z.strictObject({
  hook: z
    .enum(['deploy', 'finished', 'schema-compatibility'])
    .optional()
    .describe(
      'deploy: what deploy of rollout.yml says; finished or schema-compatibility: that one of its hooks',
    )
    .meta({ example: 'deploy' }),
  run: script
    .optional()
    .describe('instead of hook: a script of the repository and fixed arguments')
    .meta({ example: 'ops/warm-cache.sh' }),
  timeout: duration.optional().describe('with run: how long it may take; default 10m'),
  'env-secrets': z
    .string()
    .default('')
    .transform((names) => names.split(/[\s,]+/).filter(Boolean))
    .pipe(scriptAccess['env-secrets'].unwrap())
    .describe('with run: names of secrets that the script gets as variables, separated by commas')
    .meta({ example: 'REGISTRY_TOKEN' }),
  oidc: flag(false).describe(
    'with run: true lets the script ask GitHub for OIDC tokens; the job needs id-token: write',
  ),
  ...configuredInputs,
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
