import { cp } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { unsupported } from '../workflow/workflow-error'
import type { BuiltIn } from './built-in'

const understood = ['path', 'persist-credentials', 'fetch-depth', 'show-progress']

/** `actions/checkout`: copies the repository, without its history, into the workspace. */
export const checkout: BuiltIn = async ({ inputs, workspace, repository, run, log }) => {
  for (const [name, value] of Object.entries(inputs)) {
    const own =
      (name === 'ref' && value === run.headSha) || (name === 'repository' && value === run.repository)
    if (!own && value !== '' && !understood.includes(name))
      throw new Error(unsupported(`The input '${name}: ${value}' of actions/checkout`))
  }
  const target = join(workspace, inputs.path ?? '')
  await cp(repository, target, { recursive: true, filter: (file) => basename(file) !== '.git' })
  log(`${run.repository} at ${run.headSha}`)
  return { ref: run.headBranch, commit: run.headSha }
}
