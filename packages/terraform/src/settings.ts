import { z } from 'zod'
import { script } from '@deploy-actions/action-kit'
import { timeLimit } from '@deploy-actions/rollout'

// What an input of plan-apply and a key of rollout.yml have in common.

/** A file or folder of the repository; `infra/` is `infra`. */
export const inRepository = z
  .string()
  .regex(/^(?!-)(?!\/)(?!.*(^|\/)\.\.(\/|$)).+$/, 'is not a path inside the repository')
  .overwrite((path) => path.replace(/(?<!\/)\/+$/, ''))

/** Settings that are credentials: the tool keeps what it is told this way in the plan and in its folder. */
const CREDENTIAL = /key_id|access_key|secret|password|token|sas|credential|conn_str|certificate/i
/** These say which key encrypts a state, and which of a cluster's secrets it is. */
const NO_CREDENTIAL = /^(?:kms_key_id|secret_suffix)$/
const isCredential = (name: string): boolean => CREDENTIAL.test(name) && !NO_CREDENTIAL.test(name)
export const backendSetting = z
  .string()
  .regex(/^[A-Za-z_][A-Za-z0-9_.]*=.*$/s, 'is not NAME=VALUE')
  .refine((setting) => !isCredential(setting.split('=')[0] ?? ''), {
    error:
      'is a credential, which would be kept in the plan; hand it over by the environment that the backend reads',
  })

/** Addresses that are protected: `*` within a part, `**` for any. */
export const addressPattern = z
  .string()
  .regex(/^[A-Za-z_*].*$/s, 'is not a pattern of addresses such as module.db.** or azurerm_key_vault.*')

export const secretName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a secret')

export const workspaceName = z.string().regex(/^(?!-)[A-Za-z0-9_.-]+$/, 'is not a workspace')

/** terraform, tofu, or a path to one. */
export const programName = z.string().regex(/^(?!-)\S+$/, 'is not a program')

export const exactVersion = z
  .string()
  .regex(/^\d+\.\d+\.\d+(-[0-9A-Za-z.]+)?$/, 'is not an exact version such as 1.15.7')

/** Beside it the job has stages to walk, and six hours. */
const APPLY_TIMEOUT = '1h'
const LOCK_TIMEOUT = '5m'

/** How an infrastructure is planned and applied, as rollout.yml has it. */
export const settings = {
  tool: z.enum(['terraform', 'tofu']).default('terraform').describe('what plans and applies it'),
  version: exactVersion
    .optional()
    .describe(
      'the version of it, which is set up where the runner has another one or none; left out: what the runner has',
    ),
  workspace: workspaceName.default('default').describe('workspace of the state, which has to be there'),
  'backend-config': z
    .record(z.string(), z.string('is not a text: put numbers, true and false into quotes'))
    .superRefine((settings, context) => {
      for (const [name, value] of Object.entries(settings))
        for (const { message } of backendSetting.safeParse(`${name}=${value}`).error?.issues ?? [])
          context.addIssue({ code: 'custom', path: [name], message })
    })
    .default({})
    .describe('settings of the backend, by name; no credentials'),
  'backend-config-files': z.array(inRepository).default([]).describe('files of such settings'),
  'var-files': z.array(inRepository).default([]).describe('files of variables; the last one wins'),
  policy: z
    .strictObject({
      'max-destroy': z
        .int()
        .min(0)
        .optional()
        .describe('objects that a plan may destroy, replaced ones among them; default any'),
      'max-replace': z.int().min(0).optional().describe('objects that it may replace; default any'),
      protected: z
        .array(addressPattern)
        .default([])
        .describe(
          'addresses that it may neither destroy, replace nor forget, with all beneath them; * within a part, ** for any',
        ),
      'fail-on-check': z.boolean().default(false).describe('refuses a plan in which a check fails'),
      'fail-on-drift': z
        .boolean()
        .default(false)
        .describe('refuses a plan where something was changed outside'),
      script: script
        .optional()
        .describe(
          'a script that is handed the plan as JSON, in clear, in the file DEPLOY_PLAN, and refuses it by an exit code other than 0: for conftest, OPA and the like',
        ),
    })
    .prefault({})
    .describe('what a plan may do'),
  'plan-key-secret': secretName.describe(
    'name of the secret by which the plan is sealed until it is approved, at least 32 characters',
  ),
  'plan-max-age': timeLimit.prefault('24h').describe('how long a plan may be applied'),
  'tool-secrets': z
    .array(secretName)
    .default([])
    .describe('names of secrets that the tool gets as variables of its environment'),
  oidc: z
    .boolean()
    .default(false)
    .describe('the tool may ask GitHub for tokens of the job, as backends and providers with use_oidc do'),
  verify: z
    .enum(['replan', 'state'])
    .default('replan')
    .describe(
      'replan: planned once more before it is applied, and refused where any change is another one; state: the state alone is compared',
    ),
  'lock-timeout': timeLimit
    .prefault(LOCK_TIMEOUT)
    .describe('how long a lock that somebody holds is waited for'),
  timeout: timeLimit
    .prefault(APPLY_TIMEOUT)
    .describe('how long an apply may take; then the tool is asked to stop, once, and waited for'),
}
