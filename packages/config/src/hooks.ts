import { z } from 'zod'
import {
  missingScript,
  script,
  scriptAccess,
  type Problem,
  type Script,
  type ScriptAccess,
} from '@deploy-actions/action-kit'
import { parseDuration, timeLimit } from '@deploy-actions/rollout'

/** A script that is run at a moment of a rollout, how long it may take in milliseconds, and what it may have. */
export interface Hook extends ScriptAccess {
  run: Script
  timeout: number
}

const TIMEOUT = '10m'

const settings = z.strictObject({
  run: script,
  timeout: timeLimit.prefault(TIMEOUT).describe('how long it may take; then it is stopped and has failed'),
  ...scriptAccess,
})

/** The line alone stands for a script that has nothing beyond its variables. */
const line = script.transform((run): Hook => ({
  run,
  timeout: parseDuration(TIMEOUT) as number,
  'env-secrets': [],
  oidc: false,
}))

const hook = z.union([line, settings])

/** Its job lasts an hour, and proves first that nothing reaches the arm. */
const LONGEST_DECOMMISSION_MS = 45 * 60_000

export const hooks = z.strictObject({
  'schema-compatibility': hook
    .optional()
    .describe('when the rollout is planned: does the release get on with the schema of the database?'),
  'before-stage': hook
    .optional()
    .describe('before the weight of a stage is written, for as long as the stage before is watched on'),
  'during-stage': hook
    .optional()
    .describe('once the weight of a stage is in effect, beside the watch: load, acceptance tests'),
  'after-stage': hook.optional().describe('when a stage has passed, before the next one'),
  finished: hook.optional().describe('when the release is committed; nothing is taken back when it fails'),
  decommission: hook
    .refine(({ timeout }) => timeout <= LONGEST_DECOMMISSION_MS, {
      message: 'is longer than 45m, which its job would not have left',
      path: ['timeout'],
    })
    .optional()
    .describe('by the sweeper, when the old arm was kept for arms.keep-old: removes what is on it'),
})
export type HookName = keyof z.infer<typeof hooks>
export type Hooks = { [Name in HookName]?: Hook | undefined }

/** Scripts of the hooks that are not there, or not executable: told before anything begins. */
export async function missingHooks(all: Hooks, workspace: string): Promise<Problem[]> {
  const problems = await Promise.all(
    Object.entries(all).map(async ([name, one]) => {
      const message = one && (await missingScript(one.run, workspace))
      return message === undefined ? [] : [{ where: `hooks.${name}`, message }]
    }),
  )
  return problems.flat()
}
