import { Command } from 'commander'
import { blindSpot } from '@deploy-actions/metrics'
import { formatPercent } from '@deploy-actions/rollout'
import { readRollout, resolveAll, type RegionConfig, type RolloutFile } from '@deploy-actions/config'

/** Values for variables that only a run knows. */
export const SAMPLE_VARIABLES = {
  version: '0.0.0',
  digest: `sha256:${'0'.repeat(64)}`,
  image: 'registry.example.com/image',
  commit: '0'.repeat(40),
  'run-id': '1',
  'correlation-id': 'rehearsal-1-1',
}

/** Reads and checks a whole rollout.yml. @throws InputError with every problem, each with line and column */
export async function readConfig(path: string): Promise<{ file: RolloutFile; configs: RegionConfig[] }> {
  const file = await readRollout(path, { workspace: '' })
  return { file, configs: await resolveAll(file, { variables: SAMPLE_VARIABLES }) }
}

/** `eu-west`, or where regions share the traffic `eu-west 30%` */
const regionWithShare = ({ region: { name, share } }: RegionConfig): string =>
  share === undefined ? name : `${name} ${formatPercent(share)}`

export function validateCommand(): Command {
  return new Command('validate')
    .description('check a rollout.yml; every problem with its line and column')
    .argument('[config]', 'path of rollout.yml', 'rollout.yml')
    .action(async (path: string) => {
      const { file, configs } = await readConfig(path)
      for (const warning of new Set(configs.flatMap(({ metrics }) => blindSpot(metrics) ?? [])))
        console.warn(`${path}: metrics: ${warning}`)
      console.log(`${path}: ${file.service} in ${configs.map(regionWithShare).join(', ')}: no problem found`)
    })
}
