import { z } from 'zod'

export const outputs = z.object({
  outcome: z
    .enum(['done', 'would-run', 'invalid', 'failed', 'error', 'cancelled'])
    .describe('done; would-run with dry-run; invalid | failed | error | cancelled when it did not succeed'),
  reason: z.string().describe('why, in one sentence'),
  'exit-code': z.number().optional().describe('exit code of the script'),
})
export type Outputs = z.infer<typeof outputs>
