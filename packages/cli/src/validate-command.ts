import { Command } from 'commander'
import { InputError } from '@deploy-actions/action-kit'
import { blindSpot } from '@deploy-actions/metrics'
import { formatPercent } from '@deploy-actions/rollout'
import {
  judgedCanary,
  powerOf,
  powerWarnings,
  readRollout,
  resolveAll,
  type RegionConfig,
  type RolloutFile,
  type Traffic,
} from '@deploy-actions/config'
import { gathered } from './gathered'
import { trafficOf, type TrafficOptions } from './power/traffic-options'

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
    .option('--rps <number>', 'requests per second of both arms: what the stages cannot see at that traffic')
    .option('--baseline-errors <rate>', 'with --rps: how often the baseline fails, such as 0.1%')
    .action(async (path: string, options: TrafficOptions) => {
      const { traffic, problems } = trafficOf(options)
      const read = await gathered(problems, () => readConfig(path))
      if (problems.length > 0 || !read) throw new InputError(problems)
      const { file, configs } = read
      for (const warning of new Set(configs.flatMap(({ metrics }) => blindSpot(metrics) ?? [])))
        console.warn(`${path}: metrics: ${warning}`)
      for (const warning of traffic ? await unseenAt(traffic, configs) : [])
        console.warn(`${path}: ${warning}`)
      console.log(`${path}: ${file.service} in ${configs.map(regionWithShare).join(', ')}: no problem found`)
    })
}

/** What stages cannot see at this traffic, or would take for a fault. */
export async function unseenAt(traffic: Traffic, configs: readonly RegionConfig[]): Promise<string[]> {
  const warnings = await Promise.all(
    configs
      .map(judgedCanary)
      .map(async (canary) => powerWarnings(canary.stages, await powerOf(canary, traffic), traffic)),
  )
  return [...new Set(warnings.flat())]
}
