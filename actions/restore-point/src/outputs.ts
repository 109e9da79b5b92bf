import { z } from 'zod'

export const outputs = z.object({
  outcome: z
    .enum([
      'begun',
      'would-begin',
      'already-committed',
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
      'fenced',
      'would-fence',
      'stopped',
      'found',
      'decommissioned',
      'would-decommission',
      'said',
      'would-say',
      'invalid',
      'failed',
      'error',
      'cancelled',
    ])
    .describe(
      'begun | already-committed where an earlier attempt of this run has done it | committed | restored | traffic-restored | unverified | restore-failed | nothing-open | resolved | fenced | stopped | found | decommissioned | said; would-... with dry-run; invalid | failed | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  transaction: z.string().optional().describe('id of the transaction'),
  targets: z
    .array(z.unknown())
    .optional()
    .describe(
      'JSON, with fence and sweep: what is to be put back, a matrix of restore-region.yml; with steer: what it is said to',
    ),
  spared: z
    .array(z.unknown())
    .optional()
    .describe('JSON, with fence and sweep: regions of which nothing is put back, and why'),
  'old-arms': z
    .array(z.unknown())
    .optional()
    .describe('JSON, with sweep: transactions whose old arm is due to go, a matrix for mode: decommission'),
  attempt: z.number().optional().describe('with decommission: which try this was'),
  'baseline-arm': z.string().optional().describe('arm that carries all traffic'),
  'canary-arm': z.string().optional().describe('arm that gets the release'),
  finish: z
    .enum(['swap', 'promote'])
    .optional()
    .describe('with begin: promote where the release is to be brought onto the old arm once it is committed'),
  'serves-on': z
    .boolean()
    .optional()
    .describe(
      'with restore: true where no release was taken back, only that it was brought onto the old arm, too',
    ),
  restored: z
    .array(z.unknown())
    .optional()
    .describe('JSON: each restore point, whether it was put back, and what was read back'),
  'restore-ms': z.number().optional().describe('real milliseconds until the traffic was verified'),
})
export type Outputs = z.infer<typeof outputs>
