import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'
import type { Ports } from '@deploy-actions/action-kit'

/** What main leaves for post before it writes: enough to put everything back without it. No values, no secrets. */
const saved = lazily(() =>
  z.strictObject({
    program: z.string(),
    kubeContext: z.string().optional(),
    /** its name, not what is in it */
    kubeconfigSecret: z.string().optional(),
    major: z.literal([3, 4]),
    writing: z.strictObject({
      timeoutMs: z.number(),
      wait: z.enum(['watcher', 'legacy', 'off']),
      waitForJobs: z.boolean(),
      hooks: z.boolean(),
      historyMax: z.number(),
      serverSide: z.enum(['auto', 'true', 'false']),
      forceConflicts: z.boolean(),
    }),
    onFailure: z.enum(['rollback', 'keep']),
    firstInstallFailure: z.enum(['keep', 'uninstall']),
    /** names of the secrets with values, whose parts nothing may show */
    valuesSecrets: z.array(z.string()).default([]),
    /** in the order in which they are brought */
    releases: z.array(
      z.strictObject({
        release: z.string(),
        namespace: z.string(),
        revision: z.int(),
        updated: z.string().optional(),
        /** the number that our upgrade gets: before it nothing of ours was written */
        next: z.int(),
      }),
    ),
  }),
)
export type Saved = z.infer<ReturnType<typeof saved>>

const [UNFINISHED, ENDED] = ['helm', 'helm-ended'] as const

export const saveUnfinished = ({ state }: Pick<Ports, 'state'>, unfinished: Saved): void =>
  state.save(UNFINISHED, JSON.stringify(saved().parse(unfinished)))

/** Main has come to its verdict, and done what follows from it. */
export const saveEnded = ({ state }: Pick<Ports, 'state'>): void => state.save(ENDED, 'true')

/** What main has begun and not come to an end with. */
export function unfinishedOf({ state }: Pick<Ports, 'state'>): Saved | undefined {
  const text = state.get(UNFINISHED)
  return text === undefined || state.get(ENDED) === 'true' ? undefined : saved().parse(JSON.parse(text))
}
