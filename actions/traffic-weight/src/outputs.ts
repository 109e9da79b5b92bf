import { z } from 'zod'

const percents = z.record(z.string(), z.string())

export const outputs = z.object({
  outcome: z
    .enum(['changed', 'unchanged', 'read', 'would-change', 'invalid', 'failed', 'error', 'cancelled'])
    .describe(
      'changed | unchanged | read; would-change with dry-run; invalid | failed | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  before: percents.optional().describe('JSON: the weights as found, in percent'),
  after: percents.optional().describe('JSON: the weights as read back'),
  effective: percents.optional().describe('JSON: what health and rounding make of them'),
  'restore-point': percents.optional().describe('JSON: what mode: restore takes to put this back'),
  changed: z.boolean().optional().describe('true when something was written'),
})
export type Outputs = z.infer<typeof outputs>
