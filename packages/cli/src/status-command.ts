import { stat } from 'node:fs/promises'
import { relative, resolve } from 'node:path'
import { Command } from 'commander'
import { InputError, terminalPorts } from '@deploy-actions/action-kit'
import { repositoryOf } from '@deploy-actions/rehearsal'
import { callersIn } from './callers'
import { readSecrets } from './secrets-file'
import { repositoryAccess } from './repository-access'
import { status } from './status/status'
import { statusText } from './status/text'
import { readConfig } from './validate-command'

interface Options {
  repository?: string
  ledger: string
  secrets?: string
  trustedWorkflow: string[]
  json?: true
}

export function statusCommand(): Command {
  return new Command('status')
    .description('what each region runs by its ledger and by its router, who holds it, and where they differ')
    .argument('[config]', 'path of rollout.yml', 'rollout.yml')
    .option(
      '--repository <owner/name>',
      'the repository whose deployments are the ledger; default: GITHUB_REPOSITORY',
    )
    .option('--ledger <ledger>', 'github, or file:DIR', 'github')
    .option('--secrets <file>', 'KEY=VALUE lines, as DEPLOY_SECRETS; the only secrets that a router can name')
    .option(
      '--trusted-workflow <path>',
      'a workflow of yours, beside those that call rollout.yml, whose transactions count; may be repeated',
      (path: string, paths: string[]) => [...paths, path],
      [],
    )
    .option('--json', 'print it for machines')
    .action(run)
}

async function run(config: string, options: Options): Promise<void> {
  const { ledger, trustedWorkflow: trustedWorkflows, json } = options
  await mustBeALedger(ledger)
  const { file, configs } = await readConfig(config)
  const secrets =
    options.secrets === undefined ? new Map<string, string>() : await readSecrets(options.secrets)
  const ports = terminalPorts(secrets, (line) => console.error(line))
  const access = ledger.startsWith('file:') ? undefined : repositoryAccess(options, process.env, ports)
  const repository = repositoryOf(config)
  const report = await status(
    {
      ...{ configs, service: file.service, ledger, trustedWorkflows, access },
      config: relative(repository, resolve(config)),
      callers: await callersIn(repository),
    },
    access?.ports ?? ports,
  )
  console.log(json ? JSON.stringify(report, null, 2) : statusText(report).join('\n'))
  process.exitCode = report.ok ? 0 : 1
}

/** A folder that is not there would look like one in which nothing was rolled out yet. @throws InputError */
async function mustBeALedger(ledger: string): Promise<void> {
  const problem = (message: string): InputError => new InputError([{ where: '--ledger', message }])
  if (ledger === 'github') return
  if (!ledger.startsWith('file:')) throw problem(`${ledger} is not a ledger; write github, or file:DIR`)
  const folder = ledger.slice('file:'.length)
  const found = await stat(folder).catch(() => undefined)
  if (!found?.isDirectory()) throw problem(`${folder} is not a folder`)
}
