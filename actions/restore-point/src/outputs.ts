import { z } from 'zod'

export const outputs = z.object({
  outcome: z
    .enum([
      'begun',
      'would-begin',
      'committed',
      'would-commit',
      'restored',
      'would-restore',
      'traffic-restored',
      'unverified',
      'restore-failed',
      'resolved',
      'would-resolve',
      'nothing-open',
      'invalid',
      'failed',
      'error',
      'cancelled',
    ])
    .describe(
      'begun | committed | restored | traffic-restored | unverified | restore-failed | nothing-open | resolved; would-... with dry-run; invalid | failed | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  transaction: z.string().optional().describe('id of the transaction'),
  'baseline-arm': z.string().optional().describe('arm that carries all traffic'),
  'canary-arm': z.string().optional().describe('arm that gets the release'),
  restored: z
    .array(z.unknown())
    .optional()
    .describe('JSON: each restore point, whether it was put back, and what was read back'),
  'restore-ms': z.number().optional().describe('real milliseconds until the traffic was verified'),
})
export type Outputs = z.infer<typeof outputs>
