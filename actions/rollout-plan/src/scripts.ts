import { access, constants } from 'node:fs/promises'
import { join } from 'node:path'
import type { Problem, RunContext } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'

/** Scripts that the config names and the checkout lacks, or that cannot be executed: found now, not at three in the morning. */
export async function missingScripts(
  configs: readonly RegionConfig[],
  { workspace }: Pick<RunContext, 'workspace'>,
): Promise<Problem[]> {
  const { script } = configs[0]?.deploy ?? {}
  const named = script ? { run: script.run, snapshot: script.snapshot, restore: script.restore } : {}
  const problems = await Promise.all(
    Object.entries(named).map(async ([name, { path }]): Promise<Problem[]> => {
      const executable = await access(join(workspace, path), constants.X_OK).then(
        () => true,
        () => false,
      )
      return executable
        ? []
        : [
            {
              where: `deploy.script.${name}`,
              message: `${path} is not in the repository or not executable (chmod +x, git add --chmod=+x)`,
            },
          ]
    }),
  )
  return problems.flat()
}
