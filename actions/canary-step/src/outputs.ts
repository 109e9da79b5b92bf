import { z } from 'zod'

/** How long most requests took is told by this share of them. */
export const MOST = 0.95

/** What one stage came to. */
export const stageResult = z.object({
  /** what was planned for the canary arm, in basis points */
  weight: z.int(),
  /** what the router itself showed when the stage began, in basis points, and when (ISO 8601) */
  weights: z.record(z.string(), z.int()),
  readAt: z.string(),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'error', 'cancelled']),
  reason: z.string(),
  /** of a fail: the baseline fails as much, so that taking the release back may not help */
  alike: z.literal(true).optional(),
  /** a person had the stages after it left out, up to 100 % */
  skips: z.literal(true).optional(),
  /** it was watched here because the stage of that weight (basis points) had failed; it was restored whatever it showed */
  steppedBackFrom: z.int().optional(),
  durationMs: z.number(),
  requests: z.int(),
  errors: z.int(),
  /** how long 95 % of the requests took at most in each arm, as far as the buckets of its histogram tell: `100 ms` */
  p95: z.object({ canary: z.string().optional(), baseline: z.string().optional() }).optional(),
})
export type StageResult = z.infer<typeof stageResult>

export const outputs = z.object({
  outcome: z
    .enum(['promoted', 'skipped', 'would-promote', 'invalid', 'failed', 'error', 'cancelled'])
    .describe(
      'promoted; skipped where the release serves already; would-promote with dry-run; invalid | failed | error | cancelled when it did not succeed',
    ),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'error']).describe('pass | fail | inconclusive | error'),
  reason: z.string().describe('why, in one sentence with the numbers'),
  stage: z.number().optional().describe('number of the last stage, from 1'),
  weight: z.string().optional().describe('share of the traffic at the last stage, in percent'),
  stages: z
    .array(stageResult)
    .optional()
    .describe(
      'JSON: planned weight, weights read back, verdict, reason, duration, counts and latency of each stage',
    ),
  'rolled-back': z.boolean().optional().describe('true when the traffic was put back'),
  'rollback-verified': z
    .boolean()
    .optional()
    .describe('true when the router itself showed the restore point'),
  'rollback-ms': z
    .number()
    .optional()
    .describe('real milliseconds from the breaching sample to the verified read-back'),
})
export type Outputs = z.infer<typeof outputs>
