import { writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { evaluateText } from '../expressions'
import { unsupported } from '../workflow-error'
import { runChild } from './child-process'
import type { StepContext, StepResult } from './job-session'
import { stepEnvironment } from './step-environment'

/** How GitHub calls the shells; source: workflow syntax, `jobs.<job_id>.steps[*].shell`. */
const SHELLS: Record<string, { command: string; args: string[] }> = {
  '': { command: 'bash', args: ['-e'] },
  bash: { command: 'bash', args: ['--noprofile', '--norc', '-eo', 'pipefail'] },
  sh: { command: 'sh', args: ['-e'] },
}

/** Runs a `run` step. */
export async function runScript(context: StepContext): Promise<StepResult> {
  const { session, definition, contexts, log, signal } = context
  const { definition: job, tree } = session.request
  const setting = (own: typeof definition.shell, name: string) =>
    evaluateText(own ?? job.defaults.get(name) ?? tree.file.defaults.get(name), contexts)
  const name = setting(definition.shell, 'shell')
  const shell = SHELLS[name]
  if (!shell) throw new Error(unsupported(`The shell '${name}'`))

  const script = evaluateText(definition.run, contexts)
  const folder = dirname(context.commandFiles.GITHUB_OUTPUT ?? session.folders.temp)
  const file = join(session.folders.temp, `script-${basename(folder)}.sh`)
  await writeFile(file, script)
  log.print(`##[group]Run ${script.trim().split('\n')[0]}`)
  for (const line of script.trimEnd().split('\n')) log.print(`  ${line}`)
  log.print('##[endgroup]')

  const code = await runChild({
    command: shell.command,
    args: [...shell.args, file],
    cwd: resolve(session.folders.workspace, setting(definition.workingDirectory, 'working-directory')),
    env: stepEnvironment(context),
    onLine: (line) => log.write(line),
    signal,
    cancellation: session.options.cancellation,
    kill: session.killed.signal,
  })
  if (code !== 0 && code !== null) log.annotate('error', `Process completed with exit code ${code}.`)
  return { ok: code === 0 }
}
