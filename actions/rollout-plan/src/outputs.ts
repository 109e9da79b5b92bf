import { z } from 'zod'
import { plannedRegion, rolloutPlan } from '@deploy-actions/rollout'

export const outputs = z.object({
  outcome: z
    .enum(['planned', 'proceed', 'stop', 'invalid', 'failed', 'error', 'cancelled'])
    .describe(
      'planned; with region: proceed | stop; invalid | failed | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  service: z.string().optional().describe('service of rollout.yml'),
  regions: z
    .array(plannedRegion)
    .optional()
    .describe('JSON: the regions to roll out, in order, for a matrix'),
  order: z.string().optional().describe('serial | delayed | parallel'),
  'max-parallel': z.number().optional().describe('how many regions at once'),
  delay: z.string().optional().describe('how long a region is watched before the next, such as 30m'),
  'delay-minutes': z.number().optional().describe('the same in minutes, rounded up'),
  'config-digest': z.string().optional().describe('sha256 of rollout.yml'),
  plan: rolloutPlan.optional().describe('JSON: the whole plan, for audit-summary'),
  'estimated-duration': z
    .string()
    .optional()
    .describe('how long it takes when all goes well, without approvals'),
  proceed: z.boolean().optional().describe('with region: true when it may go ahead'),
  'predecessor-transaction': z
    .string()
    .optional()
    .describe("with region: id of the predecessor's newest transaction"),
  'predecessor-commit': z
    .string()
    .optional()
    .describe('with region: commit whose rollout.yml and scripts restore it'),
  'predecessor-arm': z.string().optional().describe('with region: the arm on which the predecessor serves'),
  'predecessor-infra': z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "JSON, with predecessor: what the predecessor's infrastructure gave when its release began, where rollout.yml lists outputs",
    ),
  proven: z
    .string()
    .optional()
    .describe('what was proven of the ledger, for the input of that name in later jobs of this run'),
})
export type Outputs = z.infer<typeof outputs>
