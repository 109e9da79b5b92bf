import { createHash } from 'node:crypto'
import { mkdtemp, readFile, stat, writeFile } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Command } from 'commander'
import { InputError } from '@deploy-actions/action-kit'
import type { RolloutFile } from '@deploy-actions/config'
import { formatDuration, formatPercent, formatWeights } from '@deploy-actions/rollout'
import {
  canRedraw,
  type EmergencyRequest,
  type Example,
  examples,
  exampleBase,
  folderFor,
  liveView,
  namedScenario,
  parseScenario,
  plainView,
  type RegionResult,
  type RehearsalResult,
  rehearse,
  repositoryOf,
  type Scenario,
  scenarioNames,
} from '@deploy-actions/rehearsal'

interface Options {
  scenario: string
  example: string
  systems: string
  config?: string
  workflow?: string
  speed: string
  release: string
  digest?: string
  regions: string
  world?: string
  emergency?: string
  reason?: string
  staged?: boolean
  result?: string
  output?: string
  releaseTree?: string
}

export function rehearseCommand(): Command {
  return new Command('rehearse')
    .description('roll a release out over embedded regions, or take one back there, by the real workflows')
    .option(
      '--scenario <name or file>',
      `what goes wrong: ${scenarioNames.join(', ')}, or a YAML file`,
      'healthy',
    )
    .option(
      '--example <name>',
      `which ready config: ${Object.entries(examples)
        .map(([name, { about }]) => `${name} (${about})`)
        .join(', ')}`,
      'haproxy',
    )
    .option(
      '--systems <folder>',
      'where the servers and tools of examples are, which test/systems/install builds',
      '.cache/systems',
    )
    .option('--config <path>', 'a rollout.yml of your own; routers, sources, scripts and sinks are replaced')
    .option('--workflow <path>', 'a workflow of your own instead of the ready caller')
    .option('--speed <number>', 'how much faster than real time', '60')
    .option('--release <version>', 'version to roll out', '1.1.0')
    .option('--digest <digest>', 'its digest; default: made from the version')
    .option('--regions <names>', 'all, or names separated by commas', 'all')
    .option('--world <folder>', 'keep the world there, so that a second rehearsal follows the first')
    .option(
      '--emergency <what>',
      'take back instead what was rolled out in a kept world: previous, open or the id of a transaction',
    )
    .option('--reason <text>', 'with --emergency: why')
    .option('--staged', 'with --emergency: in the steps of rollback.staged')
    .option('--result <file>', 'write what happened as JSON')
    .option('--output <folder>', 'where logs, summaries and evidence go; default: a new folder in .rehearsal')
    .option('--release-tree <folder>', 'the assembled suite; default: the one this command is part of')
    .action((options: Options, command: Command) =>
      run(
        options,
        emergencyOf(options, (name) => command.getOptionValueSource(name) === 'cli'),
      ),
    )
}

/** What of a rollout is asked for means nothing where one is taken back. */
const OF_A_ROLLOUT = ['scenario', 'example', 'config', 'workflow', 'release', 'digest'] as const

/** @param isGiven whether somebody wrote that option @throws InputError with everything that does not fit together */
function emergencyOf(
  { emergency: to, reason = '', staged = false, world, regions }: Options,
  isGiven: (name: keyof Options) => boolean,
): EmergencyRequest | undefined {
  const said: [boolean, string, string][] =
    to === undefined
      ? (['reason', 'staged'] as const).map((name) => [isGiven(name), name, 'belongs to --emergency'])
      : [
          [
            world === undefined,
            'world',
            'is missing; --emergency takes back what was rolled out in a kept world',
          ],
          [reason.trim() === '', 'reason', 'is missing; whoever takes a release back says why'],
          [regions.includes(','), 'regions', 'names several; an emergency is of one region, or of all'],
          ...OF_A_ROLLOUT.map((name): [boolean, string, string] => [
            isGiven(name),
            name,
            'is of a rollout, and --emergency takes back what the world has',
          ]),
        ]
  const problems = said.flatMap(([wrong, name, message]) => (wrong ? [{ where: `--${name}`, message }] : []))
  if (problems.length > 0) throw new InputError(problems)
  return to === undefined ? undefined : { to, region: regions, reason, staged }
}

async function run(options: Options, emergency: EmergencyRequest | undefined): Promise<void> {
  const example = exampleOf(options)
  const repository =
    options.config === undefined
      ? fileURLToPath(new URL('./example', exampleBase()))
      : repositoryOf(options.config)
  if (options.result !== undefined) await mustBeWritable(options.result)
  const output = options.output ?? (await newOutput())
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort(new InputError('the rehearsal was stopped before its end')))
  const view = canRedraw(process.stdout, process.env)
    ? liveView(process.stdout)
    : plainView((text) => process.stdout.write(text))
  const result = await rehearse({
    releaseTree: options.releaseTree ?? fileURLToPath(new URL('../', exampleBase())),
    repository,
    config: options.config === undefined ? example.config : relative(repository, resolve(options.config)),
    ...(example.cluster && { cluster: example.cluster }),
    systems: options.systems,
    own: options.config !== undefined,
    ...(options.workflow === undefined ? {} : { workflow: resolve(options.workflow) }),
    release: { version: options.release, digest: options.digest ?? digestOf(options.release) },
    regions: options.regions,
    scenario: (file) => scenarioFor(options.scenario, file),
    speed: speedOf(options.speed),
    ...(options.world === undefined ? {} : { worldFolder: options.world }),
    ...(emergency && { emergency }),
    output,
    view,
    signal: stop.signal,
  }).catch((error: unknown) => {
    view.end()
    throw error
  })
  view.end(result)
  console.log(conclude(result, output).join('\n'))
  if (options.result !== undefined) await writeFile(options.result, `${JSON.stringify(result, null, 2)}\n`)
  // A bad day that did not happen proves nothing.
  process.exitCode = result.conclusion === 'success' && result.notStruck.length === 0 ? 0 : 1
}

/** @throws InputError when there is none of that name, or a config is named beside it */
function exampleOf({ example: name, config }: Options): Example {
  const example = Object.hasOwn(examples, name) ? examples[name] : undefined
  const refused = (message: string): InputError => new InputError([{ where: '--example', message }])
  if (!example)
    throw refused(`there is no example ${name}; the examples are ${Object.keys(examples).join(', ')}`)
  if (config !== undefined && example.cluster)
    throw refused(
      'is a config of this suite, and --config names one of your own, whose workloads and routers are replaced: it needs no cluster',
    )
  return example
}

/** Before the rehearsal, and not after it. @throws InputError when the file cannot be written */
async function mustBeWritable(file: string): Promise<void> {
  await folderFor(dirname(file), 'the result')
  if ((await stat(file).catch(() => undefined))?.isDirectory())
    throw new InputError([{ where: file, message: 'is a folder; name a file for the result' }])
}

async function newOutput(): Promise<string> {
  await folderFor('.rehearsal', 'what the rehearsal leaves')
  return mkdtemp(join('.rehearsal', 'run-'))
}

async function scenarioFor(name: string, file: RolloutFile): Promise<Scenario> {
  const named = namedScenario(name, file.regions)
  if (named) return named
  const text = await readFile(name, 'utf8').catch(() => undefined)
  if (text !== undefined) return parseScenario(text, name, file.regions)
  throw new InputError([
    {
      where: '--scenario',
      message: `${name} is neither a ready scenario (${scenarioNames.join(', ')}) nor a file that can be read`,
    },
  ])
}

function speedOf(text: string): number {
  const speed = Number(text)
  if (Number.isFinite(speed) && speed >= 1) return speed
  throw new InputError([
    { where: '--speed', message: `${text} is not a speed; write a number from 1 on, such as 60` },
  ])
}

/** The same version has the same digest, so that a rehearsal of a release that runs already is one. */
const digestOf = (version: string): string => `sha256:${createHash('sha256').update(version).digest('hex')}`

function conclude(result: RehearsalResult, output: string): string[] {
  const { conclusion, regions, wallMs, speed, evidence, report, told, emergencies, notStruck } = result
  return [
    '',
    `${conclusion} after ${(wallMs / 1000).toFixed(1)} s (${formatDuration(Math.round((wallMs * speed) / 1000) * 1000)} of the rollout's own time)`,
    ...regions.flatMap(describeRegion),
    ...(result.shares ? describeShares(result.shares) : []),
    '',
    evidence.root === null
      ? 'evidence: none; no job of this run has gathered it'
      : `evidence: ${evidence.complete ? 'complete' : 'NOT complete'}, root ${evidence.root}`,
    ...emergencies.flatMap(describeEmergency),
    ...notStruck.map((fault) => `this fault never began, so it was not rehearsed: ${fault}`),
    ...(told.length > 0 ? [`told: ${told.join(', ')}`] : []),
    ...(report.markdown === null ? [] : [`report: ${report.markdown}`]),
    ...(report.json === null ? [] : [`evidence.json: ${report.json}`]),
    `job summaries: ${join(output, 'summaries')}; logs: ${join(output, 'logs')}`,
  ]
}

const describeEmergency = ({
  workflow,
  conclusion,
  safeMs,
}: RehearsalResult['emergencies'][number]): string[] => [
  `${workflow.toLowerCase()}: ${conclusion}`,
  ...Object.entries(safeMs).map(([region, ms]) =>
    ms === null ? `  ${region}: NOT safe` : `  ${region}: safe ${ms} ms after it began`,
  ),
]

const describeShares = ({
  before,
  after,
  requests,
  failed,
}: NonNullable<RehearsalResult['shares']>): string[] => [
  `  shares       ${formatWeights(before)} became ${formatWeights(after)}; ${requests} requests, ${failed} failed`,
]

function describeRegion(region: RegionResult): string[] {
  const { name, outcome, weights, rollbackMs, rollbackFrom, requests, failed, failingSeconds, stages } =
    region
  const arms = Object.entries(weights.after)
    .map(([arm, points]) => `${arm} ${formatPercent(points)}`)
    .join(', ')
  const last = stages.at(-1)
  const since = rollbackFrom === 'breach' ? 'the breach' : 'the restore began'
  return [
    `  ${name.padEnd(12)} ${outcome.padEnd(14)} ${arms}, ${requests} requests, ${failed} failed`,
    ...(last && last.verdict !== 'pass'
      ? [`    ${formatPercent(last.weight)}: ${last.verdict}: ${last.reason}`]
      : []),
    ...(failingSeconds > 0
      ? [`    more than half of the requests failed in ${failingSeconds} of its seconds`]
      : []),
    ...(rollbackMs === null ? [] : [`    taken back: verified ${rollbackMs} ms after ${since}`]),
    ...Object.entries(region.releases ?? {}).map(([release, revisions]) => {
      const now = revisions.at(-1)
      return `    ${release}: ${now ? `revision ${now.revision}, ${now.status}: ${now.description}` : 'is not there'}`
    }),
  ]
}
