import { readEnvironment, waitsOf, weaknessesOf, type Ports, type Problem } from '@deploy-actions/action-kit'
import type { RegionConfig } from '@deploy-actions/config'

/**
 * Every region's environment exists and is protected as it should be; every guard environment asks nobody.
 * GitHub would create a missing environment, unprotected, at the first job that names it.
 */
export async function checkEnvironments(
  configs: readonly RegionConfig[],
  require: 'off' | 'warn' | 'fail',
  ports: Ports,
): Promise<Problem[]> {
  const problems = await Promise.all(
    configs.map(async ({ region }) => [
      ...(await checkTarget(region.name, region.environment, require, ports)),
      ...(await checkGuard(region.name, region['guard-environment'], ports)),
    ]),
  )
  return problems.flat()
}

async function checkTarget(
  region: string,
  name: string,
  require: 'off' | 'warn' | 'fail',
  ports: Ports,
): Promise<Problem[]> {
  const found = await readEnvironment(name, ports)
  if (!found) return [missing(region, name)]
  const weak = weaknessesOf(found)
  if (weak.length === 0 || require === 'off') return []
  const message = `environment ${name} ${weak.join(', ')}; see docs/environments.md`
  if (require === 'fail') return [{ where: region, message }]
  ports.log.warning(`${region}: ${message}`)
  return []
}

async function checkGuard(region: string, name: string, ports: Ports): Promise<Problem[]> {
  const found = await readEnvironment(name, ports)
  if (!found) return [missing(region, name)]
  const waits = waitsOf(found)
  if (waits.length === 0) return []
  return [
    {
      where: region,
      message: `guard environment ${name} has ${waits.join(' and ')}: a restore must not wait for anybody; take them off (the branch policy stays)`,
    },
  ]
}

const missing = (region: string, name: string): Problem => ({
  where: region,
  message: `the environment ${name} does not exist; create it in the repository's settings first (GitHub would create it unprotected)`,
})
