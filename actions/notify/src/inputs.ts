import { z } from 'zod'
import { commonInputs, flag, targetInputs } from '@deploy-actions/action-kit'
import { eventKinds } from '@deploy-actions/notifiers'

export const inputs = z.strictObject({
  event: z.enum(eventKinds).describe('what happened').meta({ example: 'completed' }),
  status: z.string().optional().describe('how things stand, in a few words; default: the event'),
  cause: z.string().optional().describe('why'),
  impact: z.string().optional().describe('whom it touches'),
  next: z.string().optional().describe('what happens next'),
  sinks: z
    .string()
    .optional()
    .describe('YAML as notifications of rollout.yml; with it no rollout.yml is read'),
  'fail-on-error': flag(false).describe('fail when a sink could not be told'),
  ...targetInputs,
  secrets: commonInputs.secrets,
  'github-token': commonInputs['github-token'],
  'correlation-id': commonInputs['correlation-id'].optional(),
})
export type Inputs = z.infer<typeof inputs>
