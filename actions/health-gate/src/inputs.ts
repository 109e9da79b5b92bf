import { z } from 'zod'
import { commonInputs, configuredInputs, flag } from '@deploy-actions/action-kit'
import { duration } from '@deploy-actions/rollout'

export const inputs = z.strictObject({
  mode: z
    .enum(['gate', 'watch'])
    .default('gate')
    .describe('gate: hold until green; watch: stay and fail when a check stays red'),
  gate: z
    .enum(['before', 'after-deploy', 'after-rollout'])
    .optional()
    .describe('a gate of rollout.yml: its checks and times'),
  arm: z
    .string()
    .optional()
    .describe('with gate: the arm that is asked; default: the one that the ledger says serves'),
  checks: z.string().optional().describe('YAML as checks of rollout.yml; with it no rollout.yml is read'),
  'green-for': duration
    .optional()
    .describe('how long all must be green without a break; default 0s: one round'),
  timeout: duration.optional().describe('when the gate says no; default 15m'),
  interval: duration.optional().describe('between two rounds; default 15s'),
  attempts: z.coerce.number().int().min(1).optional().describe('at most this many rounds'),
  'fail-fast': flag(false).describe('a check that is red for good ends the gate at once'),
  'on-timeout': z
    .enum(['fail', 'inconclusive'])
    .default('fail')
    .describe('verdict when the time is over; only fail ends the step as failed'),
  for: duration.optional().describe('with watch: how long'),
  'fail-after': z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('red rounds of a check in a row that fail it; default: 3 with watch, else that of the gate'),
  ...configuredInputs,
  secrets: commonInputs.secrets,
  'github-token': commonInputs['github-token'],
  ledger: commonInputs.ledger,
  'correlation-id': commonInputs['correlation-id'].optional(),
})
export type Inputs = z.infer<typeof inputs>
