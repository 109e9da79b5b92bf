import { stat } from 'node:fs/promises'
import { Command } from 'commander'
import { InputError, terminalPorts, type Ports, type Problem } from '@deploy-actions/action-kit'
import { chosen, DEFAULT_CONFIG, sections } from '@deploy-actions/config'
import { defined } from '@deploy-actions/rollout'
import { gathered } from './gathered'
import { powerOfRegions, powerOfStages, type PowerReport } from './power/power'
import { powerText } from './power/text'
import { trafficOf, type TrafficOptions } from './power/traffic-options'
import { readSecrets } from './secrets-file'
import { readConfig } from './validate-command'

export interface PowerOptions extends TrafficOptions {
  region: string
  stages?: string
  analysis?: string
  secrets?: string
}

export function powerCommand(): Command {
  return new Command('power')
    .description('what each stage finds at some traffic, how soon, and what is lost until then')
    .argument('[config]', 'path of rollout.yml', DEFAULT_CONFIG)
    .option('--rps <number>', 'requests per second of both arms; default: the live baseline is asked')
    .option(
      '--baseline-errors <rate>',
      'how often the baseline fails, such as 0.1%; default: the live baseline is asked',
    )
    .option('--region <names>', 'all, or names separated by commas', 'all')
    .option('--stages <yaml>', 'other stages than those of rollout.yml, as canary.stages of it')
    .option('--analysis <yaml>', 'another analysis, as canary.analysis of rollout.yml')
    .option(
      '--secrets <file>',
      'KEY=VALUE lines, as DEPLOY_SECRETS, for the routers and metrics that name one',
    )
    .option('--json', 'print it for machines')
    .action(async (config: string, { json, ...options }: PowerOptions & { json?: true }) => {
      const secrets =
        options.secrets === undefined ? new Map<string, string>() : await readSecrets(options.secrets)
      const report = await power(
        config,
        options,
        terminalPorts(secrets, (line) => console.error(line)),
      )
      console.log(json ? JSON.stringify(report, null, 2) : powerText(report).join('\n'))
      process.exitCode = report.unknown.length > 0 ? 1 : 0
    })
}

/** @throws InputError with every problem of the options and of rollout.yml */
export async function power(path: string, options: PowerOptions, ports: Ports): Promise<PowerReport> {
  const { traffic, problems } = trafficOf(options)
  const { stages: stagesText, analysis: analysisText } = options
  const [stages, analysis, read] = [
    stagesText === undefined ? undefined : await gathered(problems, () => sections.stages(stagesText)),
    analysisText === undefined ? undefined : await gathered(problems, () => sections.analysis(analysisText)),
    await gathered(problems, () => regionsOf(path, options)),
  ]
  if (problems.length > 0) throw new InputError(problems.map(asOption))
  if (read) return powerOfRegions(read, defined({ stages, analysis, traffic }), ports)
  if (stages && traffic) return powerOfStages(stages, analysis ?? (await sections.analysis('{}')), traffic)
  throw new InputError([
    ...(stages
      ? []
      : [{ where: path, message: 'is not there; name a rollout.yml, or give the stages by --stages' }]),
    ...(traffic
      ? []
      : ['--rps', '--baseline-errors'].map((where) => ({
          where,
          message: 'is missing; without a rollout.yml there is no live baseline that could be asked',
        }))),
  ])
}

/** What an action calls an input is an option here. */
const asOption = ({ where, message }: Problem): Problem => ({
  where: where.replace(/^input `([^`]+)`/, '--$1'),
  message,
})

/** Undefined where nobody has named a rollout.yml, and none is there. */
async function regionsOf(
  path: string,
  { region }: PowerOptions,
): Promise<Awaited<ReturnType<typeof readConfig>> | undefined> {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  )
  if (path === DEFAULT_CONFIG && !isThere) return undefined
  const { file, configs } = await readConfig(path)
  const wanted = chosen(file.regions, region, { input: 'region', noun: 'region', path })
  return { file, configs: configs.filter((config) => wanted.some(({ name }) => name === config.region.name)) }
}
