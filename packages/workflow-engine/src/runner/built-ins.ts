import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { BuiltIn } from '../engine-options'
import { evaluateTexts } from '../expressions'
import { onAbort } from '../on-abort'
import { unsupported } from '../workflow-error'
import type { StepAction } from '../workflow-tree'
import type { StepContext, StepResult } from './job-session'

/** Plays a foreign action. A runner that is lost meanwhile does not wait for it. */
export async function playBuiltIn(
  action: StepAction & { kind: 'built-in' },
  context: StepContext,
): Promise<StepResult> {
  const { session, definition, contexts, log, signal } = context
  const { run, job } = session.request
  const play = session.options.builtIns.get(action.name)
  if (!play) throw new Error(`No built-in plays ${action.name}`)
  log.print(`${action.name}@${action.ref}: played by the rehearsal`)
  const gone = new Promise<never>((_, reject) =>
    onAbort(session.killed.signal, () => reject(new Error('The operation was canceled.'))),
  )
  const played = play({
    inputs: evaluateTexts(definition.action?.with ?? new Map(), contexts),
    workspace: session.folders.workspace,
    repository: session.options.repository,
    job,
    run,
    log: (line) => log.write(line),
    signal,
  })
  return { ok: true, outputs: (await Promise.race([played, gone])) ?? {} }
}

const UNDERSTOOD = ['path', 'persist-credentials', 'fetch-depth', 'show-progress']

const COMMIT = /^[0-9a-f]{40}$/

/**
 * Main may have gone on since the run began, and an older commit may be asked for: of a repository of git's any can be had.
 * What is none of its commits is the folder as it is, under the name that the run has for it.
 */
async function goTo(commit: string, folder: string, head: string): Promise<void> {
  const git = (...args: string[]) =>
    promisify(execFile)('git', ['-C', folder, ...args], {
      env: { PATH: process.env.PATH, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    })
  const isKnown =
    existsSync(join(folder, '.git')) &&
    (await git('cat-file', '-e', `${commit}^{commit}`).then(
      () => true,
      () => false,
    ))
  if (!isKnown && commit === head) return
  if (!isKnown) throw new Error(unsupported(`Commit ${commit}, which this repository does not have,`))
  const { stdout } = await git('rev-parse', 'HEAD')
  if (stdout.trim() !== commit) await git('checkout', '--quiet', '--force', commit)
}

/** `actions/checkout`: copies the repository into the workspace; a repository of git's stays one, apart from the original. */
export const checkout: BuiltIn = async ({ inputs, workspace, repository, run, log }) => {
  for (const [name, value] of Object.entries(inputs)) {
    const own = (name === 'ref' && COMMIT.test(value)) || (name === 'repository' && value === run.repository)
    if (!own && value !== '' && !UNDERSTOOD.includes(name))
      throw new Error(unsupported(`The input '${name}: ${value}' of actions/checkout`))
  }
  const target = join(workspace, inputs.path ?? '')
  // A link that is made absolute would lead out of the workspace.
  await cp(repository, target, { recursive: true, verbatimSymlinks: true })
  const commit = inputs.ref || run.headSha
  await goTo(commit, target, run.headSha)
  log(`${run.repository} at ${commit}`)
  return { ref: run.headBranch, commit }
}
