import { z } from 'zod'
import { commonInputs, flag, targetInputs, writerInputs } from '@deploy-actions/action-kit'
import { instructionKinds } from '@deploy-actions/ledger'
import { percent } from '@deploy-actions/rollout'

export const inputs = z.strictObject({
  mode: z
    .enum(['begin', 'commit', 'restore', 'resolve', 'fence', 'stop', 'sweep', 'decommission', 'steer'])
    .describe('begin | commit | restore | resolve | fence | stop | sweep | decommission | steer')
    .meta({ example: 'begin' }),
  ...targetInputs,
  infra: commonInputs.infra,
  predecessor: z
    .string()
    .optional()
    .describe('with begin: region whose newest transaction must be committed with this digest'),
  proven: commonInputs.proven,
  again: commonInputs.again.describe(
    'with begin: the release is brought although a person had it taken back',
  ),
  'allow-older': commonInputs['allow-older'].describe(
    'with begin: the release is brought although a newer one serves: it was committed before that one, or its run began before',
  ),
  'override-window': commonInputs['override-window'].describe(
    'with begin: why it begins although its windows are closed or somebody has frozen it; kept as evidence',
  ),
  order: z
    .enum(['serial', 'delayed', 'parallel'])
    .optional()
    .describe(
      'with begin: serial, delayed or parallel: how the regions of this rollout follow each other, for the record',
    ),
  finishes: z
    .string()
    .optional()
    .describe(
      'with begin: a transaction of this job that is committed, whose release is now brought onto its old arm, too',
    )
    .meta({ example: '${{ steps.begin.outputs.transaction }}' }),
  transaction: commonInputs.transaction.optional(),
  to: z
    .string()
    .default('open')
    .describe(
      'with restore: `open` (what this run left open) or the id of a transaction; with fence: `open`, `previous` (what was brought last, committed or not) or an id; with stop, resolve and decommission: an id; with steer: `open` (what is under way) or an id',
    ),
  only: z
    .enum(['traffic'])
    .optional()
    .describe(
      'with restore: traffic: the traffic alone, from what this run uploaded; needs neither a checkout nor the ledger',
    ),
  staged: flag(false).describe(
    'with restore and the id of a transaction: a release that was committed goes back in the steps of rollback.staged, as far as those were kept when it was begun; anything else, and whatever goes wrong, at once; with fence: it is said that it is not safe before that',
  ),
  reason: z
    .string()
    .optional()
    .describe(
      'with restore: why, for the record; default: what failed first in this job; with resolve: who put the target right, and how; with fence: why it is taken back; with steer: why it is said',
    ),
  say: z
    .enum(instructionKinds)
    .optional()
    .describe(
      'with steer: hold (the rollout waits at its stage, watched), release (it goes on), confirm (yes to a stage that waits for it), skip (to 100 % at once, from the reviewed environment alone) or abort (it is put back as if it had failed)',
    ),
  stage: percent
    .optional()
    .describe('with steer and say: confirm: the weight of the stage')
    .meta({ example: '25%' }),
  drill: flag(false).describe(
    'with fence: an exercise; the release may be rolled out again without being asked',
  ),
  freeze: z
    .string()
    .optional()
    .describe(
      'with fence: how long nothing begins any more, such as 4h, at most a week; in the region, or with `region: all` in the service',
    ),
  cancel: flag(true).describe(
    'with stop: cancel the run; otherwise its deploy job is waited for, which stops before its next write',
  ),
  since: z.iso
    .datetime({ offset: true })
    .optional()
    .describe(
      'with sweep: what got a transaction since then is looked at closely, whatever the ledger says of it; when the run began that has just ended otherwise than well',
    ),
  router: z
    .string()
    .optional()
    .describe('with resolve, without rollout.yml: YAML as traffic.canary.router of rollout.yml'),
  arms: z.string().optional().describe('with router: YAML as arms of rollout.yml; default blue and green'),
  'trusted-workflows': z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter(Boolean))
    .describe(
      'with restore, resolve, fence, stop, sweep, decommission and steer: paths of workflows, beside our region.yml, whose transactions may be restored',
    ),
  ...writerInputs,
})
export type Inputs = z.infer<typeof inputs>
