import { z } from 'zod'

export const outputs = z.object({
  outcome: z
    .enum(['green', 'inconclusive', 'invalid', 'failed', 'error', 'cancelled'])
    .describe('green | inconclusive; invalid | failed | error | cancelled when it did not succeed'),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'error']).describe('pass | fail | inconclusive | error'),
  reason: z.string().describe('why, in one sentence'),
  checks: z
    .array(z.unknown())
    .optional()
    .describe('JSON: state, since, last value and attempts of each check'),
  'green-since': z.string().optional().describe('since when everything has been green'),
})
export type Outputs = z.infer<typeof outputs>
