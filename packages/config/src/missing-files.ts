import { eachOnce, type Problem } from '@deploy-actions/action-kit'
import { missingHooks } from './hooks'
import { missingInfrastructure } from './infrastructure'
import type { RegionConfig } from './load'

/**
 * What the deployers, the hooks and the infrastructure of regions miss in the repository, or cannot run; regions may have
 * their own, most share theirs, and each is said once.
 */
export async function missingFiles(
  configs: readonly Pick<RegionConfig, 'deploy' | 'hooks' | 'infrastructure'>[],
  repository: string,
): Promise<Problem[]> {
  const looked = configs.flatMap(({ deploy, hooks, infrastructure }) => [
    deploy.missing(repository),
    missingHooks(hooks, repository),
    ...(infrastructure ? [missingInfrastructure(infrastructure, repository)] : []),
  ])
  return eachOnce((await Promise.all(looked)).flat())
}
