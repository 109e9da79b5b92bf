import { z } from 'zod'
import { commonInputs } from '@deploy-actions/action-kit'
import { rolloutPlan } from '@deploy-actions/rollout'
import { sparedRegions, targets } from './taken-back'

/** An output of another action, as JSON. */
const outputOf = <T>(schema: () => z.ZodType<T>, what: string, name: string) =>
  z.string().transform((text, context): T => {
    try {
      return schema().parse(JSON.parse(text))
    } catch (cause) {
      context.addIssue({
        code: 'custom',
        message: `is not ${what} (${(cause as Error).message.split('\n')[0]}); pass the output ${name}`,
      })
      return z.NEVER
    }
  })

export const inputs = z.strictObject({
  mode: z
    .enum(['collect', 'report'])
    .describe('collect: first step of a job; report: last job of a run')
    .meta({ example: 'collect' }),
  service: commonInputs.service.optional(),
  region: z.string().optional().describe('region of this job, for the name of its evidence'),
  'job-id': z.coerce
    .number()
    .int()
    .optional()
    .describe("id of this job in GitHub's API; the default knows it"),
  plan: outputOf(() => rolloutPlan, 'a plan', 'plan of rollout-plan')
    .optional()
    .describe('with report: the output plan of rollout-plan; every region of it must be promoted or skipped'),
  targets: outputOf(targets, 'what is taken back', 'targets of restore-point')
    .optional()
    .describe('with report: the output targets of restore-point; every one of them must be restored'),
  spared: outputOf(sparedRegions, 'what is not taken back', 'spared of restore-point')
    .optional()
    .describe('with targets: the output spared of restore-point; what of it was asked for fails the report'),
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
})
export type Inputs = z.infer<typeof inputs>
