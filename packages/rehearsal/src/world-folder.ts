import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '@deploy-actions/action-kit'
import { gitHubState, type GitHubState } from '@deploy-actions/github-emulator'
import { worldPlan, type WorldPlan } from '@deploy-actions/embedded-regions'
import { readGiven } from './given-files'

/** Everything that a kept world remembers between two rehearsals. */
const keptWorld = z.strictObject({
  v: z.literal(1),
  world: worldPlan,
  github: gitHubState,
  /** runs and jobs of the next rehearsal count on from here */
  nextRunId: z.int(),
  /** the rehearsal's time at its end, milliseconds since 1970: the next one must not begin before it */
  endedAt: z.number(),
})
export interface KeptWorld {
  v: 1
  world: WorldPlan
  github: GitHubState
  nextRunId: number
  endedAt: number
}

/** Reads a kept world; undefined when the folder holds none yet. @throws InputError when it holds something else */
export async function readWorld(folder: string): Promise<KeptWorld | undefined> {
  const file = join(folder, 'world.json')
  if (!existsSync(file)) return undefined
  const kept = keptWorld.safeParse(parsed(await readGiven(file, 'another folder for the world')))
  if (kept.success) return kept.data
  throw new InputError([
    {
      where: file,
      message: 'is not a world that this version has kept; remove it to begin anew, or name another folder',
    },
  ])
}

/** Undefined for what is not JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export async function keepWorld(folder: string, kept: KeptWorld): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'world.json.part'), JSON.stringify(kept))
  await rename(join(folder, 'world.json.part'), join(folder, 'world.json'))
}
