import { z } from 'zod'

export const outputs = z.object({
  outcome: z
    .enum(['told', 'invalid', 'failed', 'error', 'cancelled'])
    .describe('told; invalid | failed | error | cancelled when it did not succeed'),
  reason: z.string().describe('why, in one sentence'),
  delivered: z.array(z.unknown()).optional().describe('JSON: each sink, whether it was told, and its status'),
})
export type Outputs = z.infer<typeof outputs>
