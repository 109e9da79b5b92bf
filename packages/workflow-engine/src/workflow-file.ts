import { QUEUE_CONFLICT } from './concurrency'
import type { ParsedFile } from './github-parser'
import { conflictingQueue, readJob, type JobDefinition } from './job-definition'
import { readPermissions } from './permissions'
import type { Permissions } from './run-view'
import { list, literal, mapping, type Template, type TemplateMap } from './template'

/** Type of an input of `workflow_dispatch` or `workflow_call`. */
type InputType = 'string' | 'boolean' | 'number' | 'choice' | 'environment'

/** A declared input. */
export interface InputDefinition {
  name: string
  type: InputType
  required: boolean
  /** May hold an expression over github, inputs and vars. */
  default: Template | undefined
  /** What a `choice` may be. */
  options: string[]
}

/** `on.workflow_call`. */
interface CallDefinition {
  inputs: InputDefinition[]
  outputs: TemplateMap
  secrets: { name: string; required: boolean }[]
}

/** A workflow file, read once per engine. */
export interface WorkflowFile {
  /** `.github/workflows/rollout.yml` */
  path: string
  name: string | undefined
  runName: Template | undefined
  /** Names of the events it starts on. */
  events: Set<string>
  dispatchInputs: InputDefinition[]
  /** Absent where nothing may call it. */
  call: CallDefinition | undefined
  permissions: Permissions | undefined
  env: TemplateMap
  defaults: TemplateMap
  concurrency: Template | undefined
  jobs: JobDefinition[]
  /** Where a part of the file is, for an error. */
  position: ParsedFile['position']
}

/** Turns a parsed file into a workflow; what the rehearsal does not support is added to `findings`, by name. */
export function readWorkflowFile(path: string, file: ParsedFile, findings: string[]): WorkflowFile {
  const root = mapping(file.root)
  const on = root.get('on')
  const triggers = on instanceof Map ? on : new Map<string, Template>()
  const events = new Set(on instanceof Map ? on.keys() : list(on).map(String))
  const call = events.has('workflow_call') ? mapping(triggers.get('workflow_call')) : undefined
  const report = (at: (string | number)[], what: string) => findings.push(`${file.position(at)}: ${what}`)
  if (conflictingQueue(root)) report(['concurrency'], QUEUE_CONFLICT)
  return {
    path,
    name: literal(root.get('name')),
    runName: root.get('run-name'),
    events,
    dispatchInputs: readInputs(mapping(triggers.get('workflow_dispatch')).get('inputs')),
    call: call && {
      inputs: readInputs(call.get('inputs')),
      outputs: new Map(
        [...mapping(call.get('outputs'))].map(([name, item]) => [name, mapping(item).get('value') ?? null]),
      ),
      secrets: [...mapping(call.get('secrets'))].map(([name, item]) => ({
        name,
        required: mapping(item).get('required') === true,
      })),
    },
    permissions: readPermissions(root.get('permissions')),
    env: mapping(root.get('env')),
    defaults: mapping(mapping(root.get('defaults')).get('run')),
    concurrency: root.get('concurrency'),
    jobs: [...mapping(root.get('jobs'))].map(([key, job]) => readJob(key, mapping(job), report)),
    position: file.position,
  }
}

function readInputs(template: Template | undefined): InputDefinition[] {
  return [...mapping(template)].map(([name, item]) => {
    const input = mapping(item)
    return {
      name,
      type: (literal(input.get('type')) ?? 'string') as InputType,
      required: input.get('required') === true,
      default: input.get('default'),
      options: ((input.get('options') ?? []) as Template[]).map(String),
    }
  })
}
