import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { lazily } from '@deploy-actions/rollout'
import type { Ports } from '@deploy-actions/action-kit'

/** What main leaves for post while an apply goes on: enough to find it, to wait for it, and to save what it leaves. No secrets. */
const underWay = lazily(() =>
  z.strictObject({
    pid: z.int(),
    /** when that process was started, as the system counts it: numbers are given again; absent where the system does not tell */
    startedAt: z.string().optional(),
    program: z.strictObject({ path: z.string(), kind: z.enum(['terraform', 'tofu']), version: z.string() }),
    /** where the tool runs */
    folder: z.string(),
    /** the folder of this step alone, with the plan in clear and what the tool writes */
    files: z.string(),
    began: z.iso.datetime(),
    /** names of the secrets that the tool gets, and of the one that seals */
    toolSecrets: z.array(z.string()),
    planKeySecret: z.string(),
    store: z.string(),
    place: z.string(),
    /** files of variables, as the tool takes them */
    varFiles: z.array(z.string()),
    oidc: z.boolean(),
    /** which state it is of */
    home: z.strictObject({ path: z.string(), workspace: z.string(), backend: z.string() }),
  }),
)
export type UnderWay = z.infer<ReturnType<typeof underWay>>

const [BEGAN, INTERRUPTED, ENDED] = ['apply', 'apply-interrupted', 'apply-ended'] as const
const FOLDER = 'private-folder'

export const saveUnderWay = ({ state }: Pick<Ports, 'state'>, one: UnderWay): void =>
  state.save(BEGAN, JSON.stringify(underWay().parse(one)))

/** The tool was asked to stop: once more would have it drop everything where it stands. */
export const saveInterrupted = ({ state }: Pick<Ports, 'state'>): void => state.save(INTERRUPTED, 'true')
export const wasInterrupted = ({ state }: Pick<Ports, 'state'>): boolean => state.get(INTERRUPTED) === 'true'

/** The tool has come to its end while main was there, and main has told what came of it. */
export const saveEnded = ({ state }: Pick<Ports, 'state'>): void => state.save(ENDED, 'true')

/** Where the step keeps its plan in clear, before it is there. */
export const saveFolder = ({ state }: Pick<Ports, 'state'>, folder: string): void =>
  state.save(FOLDER, folder)
export const folderOf = ({ state }: Pick<Ports, 'state'>): string | undefined => state.get(FOLDER)

/** An apply that main has begun and not seen the end of. */
export function underWayOf({ state }: Pick<Ports, 'state'>): UnderWay | undefined {
  const text = state.get(BEGAN)
  return text === undefined || state.get(ENDED) === 'true' ? undefined : underWay().parse(JSON.parse(text))
}

/** When a process was started, of which Linux tells; undefined where it is gone, or nobody tells. */
export async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  // The name of the program, in brackets, may hold anything; of what follows it is the twentieth.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
}
