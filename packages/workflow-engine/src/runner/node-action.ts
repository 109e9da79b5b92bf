import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { ActionFile } from '../action-file'
import { evaluateText, evaluateTexts } from '../expressions'
import type { Value } from '../template'
import { runChild } from './child-process'
import type { PostStep, StepContext, StepResult } from './job-session'
import { stepEnvironment } from './step-environment'

/** Variables that only actions see, not scripts; source: NodeScriptActionHandler.cs of actions/runner. */
const ID_TOKEN_VARIABLE = /^ACTIONS_ID_TOKEN_/

/**
 * Runs main or post of an action under Node 24.
 * @param state what main saved, for post
 */
export async function runNodeAction(
  action: PostStep['action'],
  entry: string,
  state: Record<string, string>,
  context: StepContext,
): Promise<StepResult> {
  const { session, definition, log, signal } = context
  const { job, environment } = session.request
  const directory =
    action.kind === 'node'
      ? join(action.source.directory, action.path)
      : join(session.folders.workspace, action.path)
  if (action.kind === 'workspace' && !existsSync(directory))
    throw new Error(
      `Can't find 'action.yml', 'action.yaml' or 'Dockerfile' under '${directory}'. Did you forget to run actions/checkout before running your local action?`,
    )

  const given = evaluateTexts(definition.action?.with ?? new Map(), context.contexts)
  if (entry === action.file.main) warnAboutInputs(action.file, given, context)
  const inputs = { ...defaults(action.file, given, context), ...given }
  const tokens = Object.entries(environment).filter(
    ([name]) =>
      name.startsWith('ACTIONS_') &&
      (!ID_TOKEN_VARIABLE.test(name) || job.permissions['id-token'] === 'write'),
  )
  const env = {
    ...stepEnvironment(context, githubOfAction(action, directory)),
    ...Object.fromEntries(tokens),
    ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [inputVariable(name), value])),
    ...Object.fromEntries(Object.entries(state).map(([name, value]) => [`STATE_${name}`, value])),
  }
  log.print(`##[group]Run ${definition.action?.uses}`)
  if (Object.keys(given).length > 0) log.print('with:')
  for (const [name, value] of Object.entries(given))
    for (const line of `${name}: ${value}`.split('\n')) log.print(`  ${line}`)
  log.print('##[endgroup]')

  const { node, cancellation } = session.options
  const cwd = session.folders.workspace
  const onLine = (line: string) => log.write(line)
  const kill = session.killed.signal
  const args = [join(directory, entry)]
  return { ok: (await runChild({ command: node, args, cwd, env, onLine, signal, cancellation, kill })) === 0 }
}

/** GitHub does not enforce `required`; it only warns of what the action does not know. */
function warnAboutInputs(file: ActionFile, given: Record<string, string>, { log }: StepContext): void {
  const known = (name: string) => file.inputs.find((input) => input.name.toLowerCase() === name.toLowerCase())
  const unexpected = Object.keys(given).filter((name) => !known(name))
  const quote = (names: string[]) => names.map((name) => `'${name}'`).join(', ')
  if (unexpected.length > 0)
    log.annotate(
      'warning',
      `Unexpected input(s) ${quote(unexpected)}, valid inputs are [${quote(file.inputs.map(({ name }) => name))}]`,
    )
  for (const name of Object.keys(given)) {
    const message = known(name)?.deprecationMessage
    if (message !== undefined)
      log.annotate('warning', `Input '${name}' has been deprecated with message: ${message}`)
  }
}

function defaults(
  file: ActionFile,
  given: Record<string, string>,
  { contexts }: StepContext,
): Record<string, string> {
  const names = new Set(Object.keys(given).map((name) => name.toLowerCase()))
  const missing = file.inputs.filter(
    (input) => input.default !== undefined && !names.has(input.name.toLowerCase()),
  )
  return Object.fromEntries(missing.map((input) => [input.name, evaluateText(input.default, contexts)]))
}

function inputVariable(name: string): string {
  return `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`
}

function githubOfAction(action: PostStep['action'], directory: string): { [name: string]: Value } {
  if (action.kind === 'workspace') return { action_path: directory }
  const { repository, ref } = action.source
  return {
    action_path: directory,
    action_repository: repository,
    action_ref: ref.replace(/^refs\/(heads|tags)\//, ''),
  }
}
