import { z } from 'zod'
import { FAILURE_REASONS } from '@deploy-actions/terraform'

const count = (what: string) => z.number().optional().describe(what)

export const outputs = z.object({
  outcome: z
    .enum([
      'planned',
      'no-changes',
      'applied',
      'would-apply',
      'in-sync',
      'drifted',
      'recovered',
      'listed',
      'read',
      'invalid',
      'failed',
      'error',
      'cancelled',
    ])
    .describe(
      'planned; no-changes: there is nothing to apply; applied; would-apply with dry-run; in-sync or drifted: by mode: drift; recovered: the state is saved; listed: by mode: regions; read: by mode: outputs; invalid | failed | error | cancelled when it did not succeed',
    ),
  reason: z.string().describe('why, in one sentence'),
  'has-changes': z.boolean().optional().describe('whether there is anything to apply'),
  applyable: z
    .boolean()
    .optional()
    .describe(
      'whether the tool would apply it; false where a version of it denies that of changes, and then no plan is kept',
    ),
  add: count('objects that are created'),
  change: count('objects that are changed in place'),
  destroy: count('objects that are destroyed and not made anew'),
  replace: count('objects that are destroyed and made anew'),
  import: count('objects that are imported, also where they are changed with it'),
  move: count('objects that get another address, also where they are changed with it'),
  forget: count('objects that the state forgets, and that stay'),
  drift: count('objects that were changed outside'),
  'checks-failed': count('checks of the configuration that fail'),
  'plan-id': z.string().optional().describe('by which `apply` finds the plan'),
  'plan-sha256': z.string().optional().describe('digest of the plan, for `apply`'),
  'plan-digest': z
    .string()
    .optional()
    .describe('digest of what the plan does: two plans of the same change have the same one'),
  'state-serial': count('serial of the state that the plan was made against, or that the apply left'),
  outputs: z
    .record(z.string(), z.unknown())
    .optional()
    .describe('JSON: the outputs of the configuration that export-outputs names'),
  infra: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      'JSON, with give-outputs or mode: outputs: what ${infra.NAME} of rollout.yml stands for, for the input infra of other actions',
    ),
  regions: z
    .array(z.record(z.string(), z.string()))
    .optional()
    .describe(
      'JSON, with mode: regions, for a matrix: what each is called (title), its region (name), environment, stack and path, and which of the others it needs, separated by commas',
    ),
  service: z.string().optional().describe('with mode: regions: the service of rollout.yml'),
  'failure-reason': z
    .enum(FAILURE_REASONS)
    .optional()
    .describe(`why it failed, for a workflow to decide by: ${FAILURE_REASONS.join(' | ')}`),
  'lock-info': z
    .record(z.string(), z.string())
    .optional()
    .describe('JSON: who holds the lock of the state, where it could not be had'),
})
export type Outputs = z.infer<typeof outputs>
