import { existsSync } from 'node:fs'
import { cp, mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { InputError } from '@deploy-actions/action-kit'
import { gitHubState, type GitHubState } from '@deploy-actions/github-emulator'
import { worldPlan, type WorldPlan } from '@deploy-actions/embedded-regions'
import { readGiven } from './given-files'

const keptRepository = z.strictObject({
  /** path of rollout.yml in it */
  config: z.string(),
  service: z.string(),
  /** the head of main */
  sha: z.string(),
})
/** The repository as the last rehearsal in a world has left it. */
export type KeptRepository = z.infer<typeof keptRepository>

/** Everything that a kept world remembers between two rehearsals. */
const keptWorld = z.strictObject({
  v: z.literal(1),
  world: worldPlan,
  github: gitHubState,
  /** runs and jobs of the next rehearsal count on from here */
  nextRunId: z.int(),
  /** the rehearsal's time at its end, milliseconds since 1970: the next one must not begin before it */
  endedAt: z.number(),
  /** what lies in `repository/`; a world that an older version has kept has none */
  repository: keptRepository.optional(),
  /** where its webhook was, which stands in rollout.yml */
  webhookPort: z.int().optional(),
})
export interface KeptWorld {
  v: 1
  world: WorldPlan
  github: GitHubState
  nextRunId: number
  endedAt: number
  repository?: KeptRepository | undefined
  webhookPort?: number | undefined
}

/** Where the repository of a kept world lies. */
export const repositoryIn = (folder: string): string => join(folder, 'repository')
/** Where what was uploaded in a kept world lies. */
export const artifactsIn = (folder: string): string => join(folder, 'artifacts')

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

/**
 * Keeps a world, with what the rehearsal has left beside it: `world.json` comes last, so that it names nothing that is not
 * there.
 * @param left folders of the repository and of what was uploaded
 */
export async function keepWorld(
  folder: string,
  kept: KeptWorld,
  left: { repository: string; artifacts: string },
): Promise<void> {
  await mkdir(artifactsIn(folder), { recursive: true })
  if (existsSync(left.artifacts)) await cp(left.artifacts, artifactsIn(folder), { recursive: true })
  const repository = repositoryIn(folder)
  await rm(`${repository}.part`, { recursive: true, force: true })
  // A link that is made absolute would lead back to what was copied.
  await cp(left.repository, `${repository}.part`, { recursive: true, verbatimSymlinks: true })
  await rm(repository, { recursive: true, force: true })
  await rename(`${repository}.part`, repository)
  await writeFile(join(folder, 'world.json.part'), JSON.stringify(kept))
  await rename(join(folder, 'world.json.part'), join(folder, 'world.json'))
}
