import { z } from 'zod'
import { FAILURE_REASONS } from '@deploy-actions/helm'

export const outputs = z.object({
  outcome: z
    .enum([
      'deployed',
      'rolled-back',
      'recovered',
      'nothing-to-do',
      'read',
      'would-write',
      'invalid',
      'failed',
      'error',
      'cancelled',
    ])
    .describe(
      'deployed, rolled-back, recovered or read by the mode; nothing-to-do: it stands as it should; would-write with dry-run; invalid | failed | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  revision: z
    .number()
    .optional()
    .describe('last revision of the release; of several, of the one that failed or the last'),
  'previous-revision': z
    .number()
    .optional()
    .describe('the one that ran before, and is gone back to; 0 where there was none'),
  status: z.string().optional().describe('status of the last revision, as Helm calls it'),
  changed: z.boolean().optional().describe('false where the manifest is the one that ran before'),
  'rolled-back': z
    .boolean()
    .optional()
    .describe('true: after a failure it was put back, by the history of Helm'),
  'rollback-verified': z
    .boolean()
    .optional()
    .describe('whether what runs is what it was put back to; empty where nobody has looked'),
  'failure-reason': z
    .enum(FAILURE_REASONS)
    .optional()
    .describe(`why it failed, for a workflow to decide by: ${FAILURE_REASONS.join(' | ')}`),
  'failure-summary': z.string().optional().describe('why it failed, in one line for people'),
  images: z
    .record(z.string(), z.string())
    .optional()
    .describe('JSON: the containers that the chart renders, as OBJECT (CONTAINER), and their images'),
  'chart-version': z.string().optional().describe('version of the chart of the last revision'),
  'app-version': z.string().optional().describe('appVersion of that chart'),
  'apply-method': z
    .enum(['server-side', 'client-side'])
    .optional()
    .describe(
      'who merged what the last revision wrote: server-side | client-side; empty where Helm does not tell, as Helm 3',
    ),
  'diff-add': z
    .number()
    .optional()
    .describe('objects that come with it; empty where what would change was not told'),
  'diff-modify': z.number().optional().describe('objects that change'),
  'diff-remove': z.number().optional().describe('objects that go'),
  releases: z
    .array(z.record(z.string(), z.unknown()))
    .optional()
    .describe('JSON: of each release its name, namespace, revision, previous-revision, status and changed'),
})
export type Outputs = z.infer<typeof outputs>
