import { evaluateTexts, type Contexts } from './expressions'
import { holdGroup } from './hold-group'
import { callInputs } from './inputs'
import type { CallJob } from './job-definition'
import { addJob, concludeJob, type Ending, type LegContext } from './run-state'
import { Expression } from './template'
import { unsupported } from './workflow-error'

/** Runs one leg of a job that calls a workflow: its concurrency group, then the called file. */
export async function runCallJob(definition: CallJob, leg: LegContext, over: AbortSignal): Promise<Ending> {
  const { level, contexts, name, own, signal } = leg
  const { run } = level
  const evict = () => own.abort()
  const hold = await holdGroup(level, definition.concurrency, contexts, name, evict, over)
  if (!hold.held) {
    concludeJob(run, addJob(level, definition, name), hold.conclusion, hold.message)
    return { result: hold.conclusion, outputs: {} }
  }
  try {
    const tree = level.tree.calls.get(definition)
    if (!tree) throw new Error(`'${definition.uses}' was not loaded`)
    const defaults = { github: run.github, vars: run.options.vars }
    const inputs = callInputs(tree.file.call?.inputs ?? [], definition.with, contexts, defaults)
    const secrets = passedSecrets(definition, contexts, level.secrets)
    const callers = [...level.callers, name]
    return await run.runLevel({ run, tree, inputs, secrets, callers, held: hold.level.held, signal }, evict)
  } finally {
    hold.leave()
  }
}

function passedSecrets(
  { key, secrets }: CallJob,
  contexts: Contexts,
  own: { [name: string]: string },
): { [name: string]: string } {
  if (secrets === 'inherit') return own
  for (const template of secrets.values())
    if (template instanceof Expression && /\bGITHUB_TOKEN\b/i.test(template.text))
      throw new Error(unsupported(`GITHUB_TOKEN as a secret that job '${key}' passes on`))
  return evaluateTexts(secrets, { ...contexts, secrets: own })
}
