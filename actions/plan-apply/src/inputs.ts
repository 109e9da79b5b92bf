import { z } from 'zod'
import { commonInputs, flag, script } from '@deploy-actions/action-kit'
import { defined, timeLimit } from '@deploy-actions/rollout'
import {
  addressPattern,
  backendSetting,
  exactVersion,
  inRepository,
  programName,
  secretName,
  stackName,
  workspaceName,
} from '@deploy-actions/terraform'

/** Lines, each one item: addresses hold commas and blanks in their keys. */
const lines = z.string().transform((text) =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean),
)

const address = z
  .string()
  .regex(/^(?!-)[A-Za-z_].*$/s, 'is not an address such as module.db.aws_db_instance.main')
const limit = z.coerce.number().int().min(0)

/** Stands for the commit of the newest run that succeeded, so that nothing is forgotten that a later one did not bring. */
export const LAST_SUCCESS = 'last-success'

/** Names, separated by commas or blanks. */
const names = z.string().transform((text) => text.split(/[\s,]+/).filter(Boolean))

export const inputs = z.strictObject({
  mode: z
    .enum(['plan', 'apply', 'drift', 'recover', 'regions', 'outputs'])
    .describe(
      'plan: plans, judges, and keeps the plan sealed for the approval; apply: applies exactly the plan that was approved; drift: tells what is not as it was planned, and keeps and locks nothing; recover: brings a state to the backend that an apply could not save and has kept sealed; regions: tells what a rollout.yml has of infrastructures, region by region, each stack after those that it needs; outputs: reads from the states of a region what rollout.yml may name of its infrastructure',
    )
    .meta({ example: 'plan' }),
  config: commonInputs.config
    .optional()
    .describe(
      'path of a rollout.yml, whose infrastructure says for the region what the other inputs leave out; one that is given wins',
    )
    .meta({ example: 'rollout.yml' }),
  tool: programName
    .optional()
    .describe(
      'terraform (the default), tofu, or a path to one; without version it is one that the runner has',
    ),
  version: exactVersion
    .optional()
    .describe(
      'exact version of it; where the runner has another one or none, it is taken from its publisher, held against its digest, and kept in the tool cache',
    )
    .meta({ example: '1.15.7' }),
  path: inRepository
    .optional()
    .describe('folder of the configuration in the repository; default its root')
    .meta({ example: 'infrastructure' }),
  region: z.string().default('').describe('region that the plan is bound to').meta({ example: 'eu-west' }),
  service: commonInputs.service
    .optional()
    .describe('with config: service that is meant; refused where rollout.yml is of another one')
    .meta({ example: 'shop' }),
  stack: stackName
    .optional()
    .describe('which of the stacks of rollout.yml, where it has several')
    .meta({ example: 'network' }),
  needs: names
    .prefault('')
    .pipe(z.array(stackName))
    .describe(
      'with plan: stacks of the region, separated by commas, that this run has to have applied, or found unchanged, before',
    ),
  regions: z.string().default('all').describe('with regions: all, or names separated by commas'),
  stacks: z.string().default('all').describe('with regions: all, or names separated by commas'),
  'changed-since': z
    .string()
    .regex(/^(?!-)\S*$/, 'is not a commit')
    .default('')
    .describe(
      'with regions: a commit, or last-success for that of the newest run of this workflow that succeeded and began by the same event; left out are stacks of whose files, and whose part of rollout.yml, nothing has changed since, and that need none which has, so such runs have to be for the same regions and stacks each time; the checkout has to hold it (fetch-depth: 0). With last-success, also with plan and apply: refused where a newer commit has succeeded since',
    )
    .meta({ example: 'last-success' }),
  environment: z
    .string()
    .optional()
    .describe('GitHub environment that the plan is bound to')
    .meta({ example: 'production-eu-west' }),
  workspace: workspaceName
    .optional()
    .describe('workspace of the state, which has to be there; default that of the name default'),
  'backend-config': lines
    .pipe(z.array(backendSetting))
    .optional()
    .describe('settings of the backend, one NAME=VALUE a line; no credentials')
    .meta({ example: 'key=tfstate/prod/eu-west/infra.tfstate' }),
  'backend-config-files': lines
    .pipe(z.array(inRepository))
    .optional()
    .describe('files of such settings in the repository, one a line'),
  'var-files': lines
    .pipe(z.array(inRepository))
    .optional()
    .describe('with plan: files of variables in the repository, one a line; the last one wins')
    .meta({ example: 'environments/prod-eu-west.tfvars' }),
  'local-state': flag(false).describe(
    'the configuration has no backend, and its state is a file in the checkout, which the next steps keep; refused otherwise, since it is gone with the runner',
  ),
  'tool-secrets': names
    .pipe(z.array(secretName))
    .optional()
    .describe('names of secrets that the tool gets as variables of its environment')
    .meta({ example: 'TF_VAR_db_password' }),
  oidc: z
    .stringbool()
    .optional()
    .describe(
      'the tool may ask GitHub for tokens of this job, as backends and providers with use_oidc do; the job needs id-token: write',
    ),
  target: lines
    .prefault('')
    .pipe(z.array(address))
    .describe(
      'with plan: only these addresses, one a line; such a plan is not the whole, which require-complete refuses',
    ),
  replace: lines
    .prefault('')
    .pipe(z.array(address))
    .describe('with plan: addresses that are replaced although nothing of them changes, one a line'),
  destroy: flag(false).describe('with plan: plans to destroy everything'),
  lock: flag(true).describe(
    'with plan: false: the state is not locked, for an identity that may only read; the apply looks again under the lock',
  ),
  'lock-timeout': timeLimit
    .optional()
    .describe('how long a lock that somebody holds is waited for; default 5m'),
  parallelism: z.coerce
    .number()
    .int()
    .min(1)
    .max(100)
    .optional()
    .describe('objects at once; default 10, by the tool'),
  timeout: timeLimit
    .optional()
    .describe(
      'with apply: how long it may take, by default 2h; then the tool is asked to stop, once, and waited for',
    ),
  'plan-store': z
    .string()
    .regex(/^(artifact|none|file:.+)$/, 'is not a store; write artifact, file:DIR or none')
    .default('artifact')
    .describe('where the sealed plan is kept: an artifact of the run, a folder, or nowhere'),
  'plan-key-secret': secretName
    .optional()
    .describe(
      'name of the secret by which the plan is sealed, at least 32 characters; needed unless plan-store is none',
    )
    .meta({ example: 'PLAN_KEY' }),
  'plan-max-age': timeLimit.optional().describe('with plan: how long it may be applied; default 24h'),
  'plan-id': z
    .string()
    .optional()
    .describe('with apply: `plan-id` of the plan; with recover: the id that the apply said'),
  'plan-run': z.coerce
    .number()
    .int()
    .min(1)
    .optional()
    .describe('with recover: id of the run whose apply kept it; default this run'),
  'plan-sha256': z
    .string()
    .regex(/^sha256:[0-9a-f]{64}$/, 'is not a digest')
    .optional()
    .describe('with apply: `plan-sha256` of the plan, handed over by the job and not by the store'),
  verify: z
    .enum(['replan', 'state'])
    .optional()
    .describe(
      'with apply: replan (the default): planned once more and refused where any change is another one, since the tool does not notice what changed outside; state: the state alone is compared',
    ),
  'max-destroy': limit
    .optional()
    .describe(
      'objects that the plan may destroy, replaced ones among them; default any; judged when it is planned and, where it is given there, when it is applied',
    ),
  'max-replace': limit.optional().describe('objects that it may replace; default any'),
  protected: lines
    .pipe(z.array(addressPattern))
    .optional()
    .describe(
      'addresses that it may neither destroy, replace nor forget, with all beneath them, one a line; * within a part, ** for any; a resource without module. before it is meant in all modules',
    )
    .meta({ example: 'azurerm_key_vault.*' }),
  'require-complete': flag(true).describe('refuses a plan that is not the whole, as with target'),
  'fail-on-check': z.stringbool().optional().describe('refuses a plan in which a check fails'),
  'fail-on-drift': z.stringbool().optional().describe('refuses a plan where something was changed outside'),
  'policy-script': script
    .optional()
    .describe(
      'with plan: a script of the repository that is handed the plan as JSON, in clear, in the file DEPLOY_PLAN, and refuses it by an exit code other than 0: for conftest, OPA and the like',
    )
    .meta({ example: 'ops/policy.sh' }),
  'export-outputs': lines
    .prefault('')
    .describe(
      'with apply: outputs of the configuration that `outputs` gets, one a line; a sensitive one is refused',
    ),
  infra: commonInputs.infra.describe(
    'with outputs: JSON: what it was told to be, `infra` of an earlier step; refused where it is something else by now',
  ),
  'give-outputs': flag(false).describe(
    'with plan: gives what rollout.yml may name of the configuration (infra), as it will be once the plan is applied, and refuses a plan that changes it, or before whose apply nobody knows it',
  ),
  comment: flag(false).describe(
    'with plan: keeps one comment with the plan beneath the pull request of this run, or of its merge queue; the job needs pull-requests: write',
  ),
  issue: flag(false).describe(
    'with drift: keeps one open issue while something drifts, and closes it when nothing does; the job needs issues: write',
  ),
  transaction: commonInputs.transaction
    .optional()
    .describe(
      'with apply: the transaction of restore-point begin in this job; nothing is applied once it is no longer open',
    ),
  secrets: commonInputs.secrets,
  'dry-run': commonInputs['dry-run'],
  'github-token': commonInputs['github-token'],
})
/** The inputs as they were given. */
export type Given = z.infer<typeof inputs>

const HOUR_MS = 3_600_000

/** What a rollout.yml may say, too, and what is taken where neither does. */
const DEFAULTS = {
  tool: 'terraform',
  path: '.',
  environment: '',
  workspace: 'default',
  'backend-config': [] as string[],
  'backend-config-files': [] as string[],
  'var-files': [] as string[],
  'tool-secrets': [] as string[],
  oidc: false,
  'lock-timeout': HOUR_MS / 12,
  timeout: 2 * HOUR_MS,
  'plan-max-age': 24 * HOUR_MS,
  verify: 'replan' as 'replan' | 'state',
  protected: [] as string[],
  'fail-on-check': false,
  'fail-on-drift': false,
  // Of rollout.yml alone: what it lists, and what of it is looked at before an apply.
  outputs: {} as Record<string, string>,
  earlyOutputs: [] as string[],
}

/** The inputs by which a step works. */
export type Inputs = Omit<Given, keyof typeof DEFAULTS> & typeof DEFAULTS

/** @param said what a rollout.yml says; an input that was given wins, also where it is as by default */
export const completed = (given: Given, said: Partial<Inputs> = {}): Inputs => ({
  ...DEFAULTS,
  ...said,
  ...defined(given),
})
