import { z } from 'zod'

export const outputs = z.object({
  outcome: z
    .enum(['collecting', 'succeeded', 'reported', 'invalid', 'failed', 'error', 'cancelled'])
    .describe(
      'collecting; with report: succeeded (every planned region is promoted or skipped, or all that was to be taken back is), reported (neither was given) or failed; invalid | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  'artifact-id': z
    .number()
    .optional()
    .describe('with report: id of the artifact that holds evidence.json and report.md'),
  'artifact-digest': z.string().optional().describe('with report: its sha256'),
  'chain-head': z
    .string()
    .optional()
    .describe('with report: one sha256 over the heads of all chains of the run'),
  complete: z.boolean().optional().describe('with report: false when a job of the rollout left no evidence'),
  regions: z.array(z.unknown()).optional().describe('JSON: what became of each planned region'),
})
export type Outputs = z.infer<typeof outputs>
