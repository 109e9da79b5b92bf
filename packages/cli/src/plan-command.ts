import { Command } from 'commander'
import {
  infrastructureInWords,
  limitsInWords,
  planStages,
  shareInWords,
  type RegionConfig,
} from '@deploy-actions/config'
import { formatDuration, formatPercent } from '@deploy-actions/rollout'
import { readConfig } from './validate-command'

export function planCommand(): Command {
  return new Command('plan')
    .description('show what a rollout.yml means: order, stages, times')
    .argument('[config]', 'path of rollout.yml', 'rollout.yml')
    .action(async (path: string) => {
      const { file, configs } = await readConfig(path)
      console.log(describePlan(file.service, configs).join('\n'))
    })
}

/** The order of the regions and the stages of each, as lines of text. */
export function describePlan(service: string, configs: readonly RegionConfig[]): string[] {
  const order = configs[0]?.order
  const wait =
    order?.kind === 'delayed' ? `, each watched for ${formatDuration(order.delay ?? 0)} before the next` : ''
  return [
    `${service}: ${order?.kind ?? ''}${wait}`,
    '',
    ...configs.flatMap((config, index) => [...describeRegion(config, index), '']),
  ]
}

function describeRegion(config: RegionConfig, index: number): string[] {
  const { region, canary, metrics } = config
  const words = [shareInWords(config), infrastructureInWords(config.infrastructure)]
  const stages = planStages(canary.stages, canary.analysis, metrics).map(
    ({ weight, watchMs, maxWatchMs, minRequests, ...limits }) =>
      `     ${[`${formatPercent(weight).padStart(5)}  watched ${formatDuration(watchMs)} to ${formatDuration(maxWatchMs)}`, `at least ${minRequests} requests`, ...limitsInWords(limits)].join(', ')}`,
  )
  return [
    `  ${index + 1}. ${region.name} (${region.environment}, guard ${region['guard-environment']})`,
    ...words.filter((one) => one !== undefined).map((one) => `     ${one}`),
    ...stages,
  ]
}
