import { evaluateTexts } from '../workflow/expressions'
import { onAbort } from '../workflow/on-abort'
import type { StepAction } from '../workflow/workflow-tree'
import type { StepContext, StepResult } from './step-context'

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
