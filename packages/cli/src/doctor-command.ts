import { Command } from 'commander'
import { terminalPorts } from '@deploy-actions/action-kit'
import { repositoryOf } from '@deploy-actions/rehearsal'
import { doctor } from './doctor/doctor'
import { doctorText } from './doctor/text'
import { repositoryAccess } from './repository-access'
import { readSecrets } from './secrets-file'

interface Options {
  repository?: string
  secrets?: string
  json?: true
}

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('what is missing or wrong in a repository and its settings, and what mends it')
    .argument('[config]', 'path of rollout.yml', 'rollout.yml')
    .option('--repository <owner/name>', 'the repository at GitHub; default: GITHUB_REPOSITORY')
    .option(
      '--secrets <file>',
      'what DEPLOY_SECRETS was set from, KEY=VALUE lines: whether it has all that is named',
    )
    .option('--json', 'print it for machines')
    .action(run)
}

/** What could not be checked is not fine: a machine can tell it from what is wrong. */
const UNCHECKED = 2

async function run(config: string, options: Options): Promise<void> {
  const entries = options.secrets === undefined ? undefined : await readSecrets(options.secrets)
  const ports = terminalPorts(entries ?? new Map(), (line) => console.error(line))
  const access = repositoryAccess(options, process.env, ports)
  const report = await doctor({ config, repository: repositoryOf(config), access, entries }, access.ports)
  console.log(options.json ? JSON.stringify(report, null, 2) : doctorText(report).join('\n'))
  if (report.findings.length > 0) process.exitCode = 1
  else process.exitCode = report.unchecked.length > 0 ? UNCHECKED : 0
}
