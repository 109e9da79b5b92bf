import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem, RunContext } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'

/** Scripts that the config names and the checkout lacks, or that cannot be executed: found now, not at three in the morning. */
export async function missingScripts(
  configs: readonly RegionConfig[],
  { workspace }: Pick<RunContext, 'workspace'>,
): Promise<Problem[]> {
  // Regions may have scripts of their own; most share theirs, and each is looked at once.
  const named = new Map<string, string>()
  for (const { run, snapshot, restore } of configs.map(({ deploy }) => deploy.script))
    for (const [name, { path }] of Object.entries({ run, snapshot, restore }))
      named.set(path, `deploy.script.${name}`)
  const problems = await Promise.all(
    [...named].map(async ([path, where]): Promise<Problem[]> => {
      const executable = await access(join(workspace, path), constants.X_OK).then(
        () => true,
        () => false,
      )
      const message = `${path} is not in the repository or not executable (chmod +x, git add --chmod=+x)`
      return executable ? [] : [{ where, message }]
    }),
  )
  return problems.flat()
}
