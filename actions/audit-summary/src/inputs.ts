import { z } from 'zod'
import { commonInputs } from '@deploy-actions/action-kit'
import { rolloutPlan } from '@deploy-actions/rollout'

const plan = z.string().transform((text, context) => {
  try {
    return rolloutPlan.parse(JSON.parse(text))
  } catch (cause) {
    context.addIssue({
      code: 'custom',
      message: `is not a plan (${(cause as Error).message.split('\n')[0]}); pass the output plan of rollout-plan`,
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
  plan: plan
    .optional()
    .describe('with report: the output plan of rollout-plan; every region of it must be promoted or skipped'),
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
})
export type Inputs = z.infer<typeof inputs>
