import { Command, Option } from 'commander'
import { InputError } from '@deploy-actions/action-kit'
import { parseRollout, resolveAll } from '@deploy-actions/config'
import { askLine, isTerminal } from './ask'
import { environmentCommands, type BranchRule } from './environment-commands'
import { command, type GhRepository } from './gh'
import { filesOf, parts, type NewFile, type Part } from './init/files'
import { completed } from './init/questions'
import { wantedBy, EXAMPLE_REGION, type GivenOptions, type Wanted } from './init/wanted'
import { writeAll } from './init/write'
import { wrapped } from './screen'
import { SAMPLE_VARIABLES } from './validate-command'

interface Options extends GivenOptions {
  repository?: string
  branch: string
  only: Part[]
  dryRun?: true
}

const ROUTER = "{ type: haproxy, host: '${vars.proxy}', port: 9999, backend: app }"
const METRICS = 'http://${vars.proxy}:8404/metrics'

const several = (value: string, before: string[]): string[] => [...before, value]

export function initCommand(): Command {
  return new Command('init')
    .description('write rollout.yml and its callers, and print what creates the environments')
    .option('--service <name>', 'name of the service')
    .option(
      '--region <name=environment>',
      `in order, with values for \${vars.NAME}: ${EXAMPLE_REGION}; may be repeated`,
      several,
      [],
    )
    .option('--suite <owner/name>', 'repository of the suite, such as acme/deploy-actions')
    .addOption(
      new Option('--order <order>', 'how regions follow each other')
        .choices(['serial', 'delayed', 'parallel'])
        .default('serial'),
    )
    .option('--delay <duration>', 'with delayed: how long the region before is watched first')
    .option('--router <yaml>', 'settings of the router', ROUTER)
    .option('--metrics-page <url>', "address of HAProxy's own metrics", METRICS)
    .option('--config <path>', 'where rollout.yml is written', 'rollout.yml')
    .option('--repository <owner/name>', 'for the commands; default: the one in which gh is run')
    .option('--branch <name>', 'the branch from which production is rolled out', 'main')
    .addOption(
      new Option('--only <part>', 'write that alone; may be repeated')
        .choices(parts)
        .argParser((value, before) => [...(Array.isArray(before) ? (before as string[]) : []), value])
        .default([]),
    )
    .option('--dry-run', 'print everything and write nothing')
    .action(async (options: Options) => {
      const lines = await init(options, { folder: '.', ask: isTerminal() ? askLine : undefined })
      console.log(lines.join('\n'))
    })
}

/**
 * Writes the files, unless it is a dry run.
 * @param ask what asks a person; undefined where there is nobody
 * @returns what is told
 * @throws InputError with all that is wrong; then nothing was written
 */
export async function init(
  options: Options,
  { folder, ask }: { folder: string; ask?: ((question: string) => Promise<string>) | undefined },
): Promise<string[]> {
  const only = options.only.length > 0 ? options.only : parts
  const given = ask ? await completed(needed(options, only), ask) : needed(options, only)
  const wanted = wantedBy(given)
  const repository = repositoryOfCommands(options.repository)
  const files = await filesOf(wanted, only)
  if (only.includes('config')) await mustBeValid(files, wanted)
  const commands = only.includes('config') ? environmentsOf(wanted, repository, options.branch) : []
  if (options.dryRun) return [...files.flatMap(shown), ...commands, ...next(wanted, only, options)]
  await writeAll(folder, files)
  const said = `written: ${files.map(({ path }) => path).join(', ')}`
  return [said, '', ...commands, ...next(wanted, only, options)]
}

/** A caller alone needs neither the service nor its regions. */
const needed = (options: Options, only: readonly Part[]): GivenOptions =>
  only.includes('config')
    ? options
    : { ...options, service: options.service ?? 'service', region: ['region=environment'] }

/** @throws InputError with the problems of a rollout.yml that was made of what was given */
async function mustBeValid(files: readonly NewFile[], { config }: Wanted): Promise<void> {
  const text = files.find(({ path }) => path === config)?.text ?? ''
  await resolveAll(await parseRollout(text, config), { variables: SAMPLE_VARIABLES })
}

function repositoryOfCommands(name: string | undefined): GhRepository {
  // gh fills these in itself, from the folder in which it is run.
  if (name === undefined) return { owner: '{owner}', repo: '{repo}' }
  const [owner = '', repo = '', ...more] = name.split('/')
  if (owner !== '' && repo !== '' && more.length === 0) return { owner, repo }
  throw new InputError([{ where: '--repository', message: `${name} is not a repository; write OWNER/NAME` }])
}

function environmentsOf({ regions }: Wanted, repository: GhRepository, branch: string): string[] {
  const rule: BranchRule = { kind: 'named', patterns: [{ name: branch, type: 'branch' }] }
  const common = { waitMinutes: 0, rule }
  return [
    '# the environments: a region asks you (put others later), its guard nobody',
    ...regions.flatMap(({ environment }) => [
      ...environmentCommands(repository, { name: environment, reviewers: ['self'], ...common }),
      ...environmentCommands(repository, { name: `${environment}-guard`, reviewers: [], ...common }),
    ]),
    '',
  ]
}

const shown = ({ path, text }: NewFile): string[] => [`# ${path}`, text]

function next(
  { suite, config }: Wanted,
  only: readonly Part[],
  { repository = 'OWNER/NAME', dryRun }: Pick<Options, 'repository' | 'dryRun'>,
): string[] {
  const npx = (name: string, ...words: (string | string[])[]): string =>
    command(['npx', `github:${suite}#v1`, name], ...words)
  const look = [
    'commit and push, then see whether all is there',
    npx('doctor', config, ['--repository', repository]),
  ] as const
  const steps: readonly (readonly [text: string, command?: string])[] = only.includes('config')
    ? [
        ['run the commands above, which create the environments'],
        [
          'write ops/deploy.sh, ops/snapshot.sh and ops/restore.sh, executable; what they get is in docs/environments.md of the suite',
        ],
        [`look at ${config}, and rehearse it`, npx('rehearse', ['--config', config])],
        look,
        ['dispatch "Emergency rollback" once, as a drill'],
      ]
    : [look]
  return [
    ...(dryRun ? ['nothing was written'] : []),
    'Next:',
    ...steps.flatMap(([text, run], index) => [
      ...wrapped(`${index + 1}. `, text),
      ...(run === undefined ? [] : run.split('\n').map((line) => `   ${line}`)),
    ]),
  ]
}
