import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readActionFile } from './action-file'
import { checkCall } from './check-call'
import { parseFile, type ParsedFile } from './github-parser'
import type { CallJob, PlainJob } from './job-definition'
import { defaultPermissions, mostOf } from './permissions'
import type { Permissions } from './run-view'
import { Expression, mapping, type Template } from './template'
import { readWorkflowFile, type WorkflowFile } from './workflow-file'

/** Where the files of a suite lie on this machine. */
export interface SuiteFolders {
  /** reusable workflows, `NAME.yml` */
  workflows: string
  /** actions, `NAME/action.yml` */
  actions: string
}

/** What a workflow or a job says of its concurrency; texts as they are written, expressions in `${{ }}`. */
export interface WrittenConcurrency {
  group: string
  cancelInProgress: string
}

/** A job that calls a workflow of the suite, or a step that uses one of its actions. */
export interface SuiteCall {
  kind: 'workflow' | 'action'
  job: string
  /** `FILE (Line: 3, Col: 5)` */
  at: string
  /** `OWNER/NAME` of the suite */
  suite: string
  /** `rollout.yml` or `canary-step` */
  name: string
  /** what GitHub would refuse, in its words */
  refusals: string[]
  /** whether the suite has it at all */
  isKnown: boolean
  /** what the job may do, and what of it comes from no file but from the repository's setting */
  granted: Permissions
  isGrantWritten: boolean
  /** what the called jobs ask for */
  needed: Permissions
  /** the secrets that are handed over, as they are written */
  secrets: 'inherit' | Readonly<Record<string, string>>
  /** the inputs that are passed, as they are written */
  inputs: Readonly<Record<string, string>>
  /** of the file and of the job */
  concurrency: WrittenConcurrency[]
}

/** A workflow of a repository and what of the suite it uses. */
export interface InspectedCaller {
  path: string
  /** what GitHub's parser says; of a file with errors no calls are known */
  errors: string[]
  /** names of the events it starts on */
  events: string[]
  calls: SuiteCall[]
}

export interface InspectionOptions {
  folders: SuiteFolders
  /** whether `OWNER/NAME` is the suite */
  isSuite(repository: string): boolean
  /** the repository's setting: what a job may do of which no file says anything; default `read` */
  byDefault?: 'read' | 'write' | undefined
}

/**
 * Reads a workflow as GitHub does and checks what it calls of the suite, without running anything.
 * @param path in its repository, for messages
 */
export async function inspectCaller(
  path: string,
  text: string,
  options: InspectionOptions,
): Promise<InspectedCaller> {
  const parsed = await parseFile('workflow', path, text)
  if (parsed.errors.length > 0) return { path, errors: parsed.errors, events: [], calls: [] }
  // What a rehearsal does not support may be right all the same.
  const file = readWorkflowFile(path, parsed, [])
  const reader = new CallReader(parsed, file, options)
  const calls = await Promise.all(
    file.jobs.map((job) => (job.kind === 'call' ? reader.workflow(job) : reader.actions(job))),
  )
  return { path, errors: [], events: [...file.events], calls: calls.flat() }
}

class CallReader {
  constructor(
    private readonly parsed: ParsedFile,
    private readonly file: WorkflowFile,
    private readonly options: InspectionOptions,
  ) {}

  async workflow(job: CallJob): Promise<SuiteCall[]> {
    const at = this.parsed.position(['jobs', job.key, 'uses'])
    const [, suite = '', name = ''] =
      /^([^/@]+\/[^/@]+)\/\.github\/workflows\/([^/@]+)@.+$/.exec(job.uses) ?? []
    if (!this.options.isSuite(suite)) return []
    const call = { ...this.ofJob(job), kind: 'workflow' as const, at, suite, name }
    const secrets = job.secrets === 'inherit' ? ('inherit' as const) : written(job.secrets)
    const given = { secrets, inputs: written(job.with) }
    const called = await this.called(name)
    if (!called) return [{ ...call, ...given, isKnown: false, needed: {}, refusals: [] }]
    const refusals = checkCall(job, called, job.uses, call.granted)
    return [{ ...call, ...given, isKnown: true, needed: neededBy(called), refusals }]
  }

  async actions(job: PlainJob): Promise<SuiteCall[]> {
    const calls = await Promise.all(
      job.steps.map(async ({ action }, index): Promise<SuiteCall[]> => {
        const [, suite = '', name = ''] = /^([^/@]+\/[^/@]+)\/([^/@]+)@.+$/.exec(action?.uses ?? '') ?? []
        if (!action || !this.options.isSuite(suite)) return []
        const at = this.parsed.position(['jobs', job.key, 'steps', index, 'uses'])
        const known = await this.inputsOf(name)
        const unknown = [...action.with.keys()].filter((key) => known?.includes(key.toLowerCase()) === false)
        return [
          {
            ...this.ofJob(job),
            ...{ kind: 'action', at, suite, name, isKnown: known !== undefined, needed: {} },
            refusals: unknown.map((key) => `Unexpected input '${key}'`),
            secrets: {},
            inputs: written(action.with),
          },
        ]
      }),
    )
    return calls.flat()
  }

  private ofJob(job: CallJob | PlainJob) {
    const says = job.permissions ?? this.file.permissions
    return {
      job: job.key,
      granted: says ?? defaultPermissions(this.options.byDefault),
      isGrantWritten: says !== undefined,
      concurrency: [this.file.concurrency, job.concurrency].flatMap(concurrencyOf),
    }
  }

  private async called(name: string): Promise<WorkflowFile | undefined> {
    const path = join(this.options.folders.workflows, name)
    if (!existsSync(path)) return undefined
    const parsed = await parseFile('workflow', name, await readFile(path, 'utf8'))
    const file = readWorkflowFile(name, parsed, [])
    return file.call && file
  }

  private async inputsOf(name: string): Promise<string[] | undefined> {
    const path = join(this.options.folders.actions, name, 'action.yml')
    if (!existsSync(path)) return undefined
    const parsed = await parseFile('action', name, await readFile(path, 'utf8'))
    return readActionFile(parsed, []).inputs.map((input) => input.name.toLowerCase())
  }
}

/** A called workflow never has more than its caller, so that has to give what any of its jobs asks for. */
const neededBy = ({ permissions = {}, jobs }: WorkflowFile): Permissions =>
  mostOf([permissions, ...jobs.map((job) => job.permissions ?? {})])

const asText = (value: Template | undefined): string =>
  value instanceof Expression
    ? `\${{ ${value.text} }}`
    : value === undefined || value === null
      ? ''
      : String(value)

const written = (map: ReadonlyMap<string, Template>): Record<string, string> =>
  Object.fromEntries([...map].map(([key, value]) => [key, asText(value)]))

function concurrencyOf(value: Template | undefined): WrittenConcurrency[] {
  if (value === undefined || value === null) return []
  if (!(value instanceof Map)) return [{ group: asText(value), cancelInProgress: '' }]
  const { group = '', 'cancel-in-progress': cancelInProgress = '' } = written(mapping(value))
  return [{ group, cancelInProgress }]
}
