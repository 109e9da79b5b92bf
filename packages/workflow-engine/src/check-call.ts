import type { CallJob } from './job-definition'
import { excessPermissions } from './permissions'
import type { Permissions } from './run-view'
import type { TemplateMap } from './template'
import type { WorkflowFile } from './workflow-file'

/**
 * Checks a call as GitHub does before the run starts.
 * @param ref `OWNER/NAME/PATH@REF` of the called file
 * @param allowed what the calling job may do
 * @returns what is wrong, in GitHub's words
 */
export function checkCall(job: CallJob, file: WorkflowFile, ref: string, allowed: Permissions): string[] {
  if (!file.call) return ['workflow_call key is not defined in the referenced workflow.']
  const { inputs, secrets } = file.call
  const missing = (given: TemplateMap, wanted: { name: string; required: boolean }[]) =>
    wanted.filter(({ name, required }) => required && !has(given, name)).map(({ name }) => name)
  const unknown = (given: TemplateMap, known: { name: string }[]) =>
    [...given.keys()].filter((name) => !known.some((item) => item.name.toLowerCase() === name.toLowerCase()))
  const named = job.secrets === 'inherit' ? undefined : job.secrets

  const requests = [
    { who: 'The workflow', excess: excessPermissions(file.permissions ?? {}, allowed) },
    ...file.jobs.map(({ key, permissions }) => ({
      who: `The nested job '${key}'`,
      excess: excessPermissions(permissions ?? {}, allowed),
    })),
  ]
  return [
    ...missing(job.with, inputs).map((name) => `Input ${name} is required, but not provided while calling.`),
    ...unknown(job.with, inputs).map(
      (name) => `Invalid input, ${name} is not defined in the referenced workflow.`,
    ),
    ...(named ? missing(named, secrets) : []).map(
      (name) => `Secret ${name} is required, but not provided while calling.`,
    ),
    ...(named ? unknown(named, secrets) : []).map(
      (name) => `Invalid secret, ${name} is not defined in the referenced workflow.`,
    ),
    ...requests.flatMap(({ who, excess }) =>
      excess ? [`Error calling workflow '${ref}'. ${who} ${excess}.`] : [],
    ),
  ]
}

function has(given: TemplateMap, name: string): boolean {
  return [...given.keys()].some((key) => key.toLowerCase() === name.toLowerCase())
}
