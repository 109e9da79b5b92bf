import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { readActionFile, type ActionFile } from './action-file'
import { checkCall } from './check-call'
import { parseFile } from './github-parser'
import type { CallJob, PlainJob } from './job-definition'
import { DEFAULT_PERMISSIONS } from './permissions'
import { resolveReference, type Source, type Sources } from './references'
import type { Permissions } from './run-view'
import { unsupported } from './workflow-error'
import { readWorkflowFile, type WorkflowFile } from './workflow-file'

/** What a step with `uses` runs. */
export type StepAction =
  | { kind: 'node'; file: ActionFile; source: Source; path: string }
  /** An action of the repository, run out of the job's workspace. */
  | { kind: 'workspace'; file: ActionFile; path: string }
  | { kind: 'built-in'; name: string; ref: string }

/** A workflow with all that it calls. */
export interface WorkflowTree {
  file: WorkflowFile
  source: Source
  /** `OWNER/NAME/PATH@REF` */
  ref: string
  /** What its jobs may do at most: what the calling job may. */
  allowed: Permissions
  calls: Map<CallJob, WorkflowTree>
  /** By what `uses` says. */
  actions: Map<string, StepAction>
}

/** Reads workflow and action files, each once. */
export class WorkflowLibrary {
  private readonly files = new Map<string, Promise<unknown>>()

  /** @param builtIns names of foreign actions that the rehearsal plays: `actions/checkout` */
  constructor(
    private readonly sources: Sources,
    private readonly builtIns: { has(name: string): boolean },
  ) {}

  /**
   * Loads a workflow of the caller's repository and all it calls, and checks inputs, secrets and permissions of the calls.
   * @param findings takes every error; the tree can be run if there is none
   * @param notes takes what is worth a warning
   */
  async load(path: string, findings: string[], notes: string[]): Promise<WorkflowTree | undefined> {
    const loader = new TreeLoader(this.sources, this.builtIns, this.once, findings, notes)
    return loader.workflow(this.sources.caller, path, DEFAULT_PERMISSIONS, [], path)
  }

  private readonly once: Once = <T>(key: string, read: () => Promise<T>): Promise<T> => {
    const known = this.files.get(key) ?? read()
    this.files.set(key, known)
    return known as Promise<T>
  }
}

type Once = <T>(key: string, read: () => Promise<T>) => Promise<T>

/** Levels of workflows, the top one included, and called workflows per run; source: GitHub's reference on limits. */
const MAX_LEVELS = 10
const MAX_WORKFLOWS = 50

class TreeLoader {
  private readonly called = new Set<string>()

  constructor(
    private readonly sources: Sources,
    private readonly builtIns: { has(name: string): boolean },
    private readonly once: Once,
    private readonly findings: string[],
    private readonly notes: string[],
  ) {}

  async workflow(
    source: Source,
    path: string,
    allowed: Permissions,
    callers: string[],
    calledAt: string,
  ): Promise<WorkflowTree | undefined> {
    const full = join(source.directory, path)
    if (callers.includes(full)) return this.refuse(calledAt, `'${path}' calls itself`)
    if (callers.length >= MAX_LEVELS)
      return this.refuse(calledAt, `workflows may be nested ${MAX_LEVELS} levels deep`)
    if (!existsSync(full))
      return this.refuse(calledAt, `workflow was not found: '${path}' of ${source.repository}`)
    const read = await this.once(full, async () => {
      const findings: string[] = []
      const parsed = await parseFile('workflow', path, await readFile(full, 'utf8'))
      const file = parsed.errors.length === 0 ? readWorkflowFile(path, parsed, findings) : undefined
      return { file, findings: [...parsed.errors, ...findings] }
    })
    this.add(read.findings)
    const { file } = read
    if (!file) return undefined

    const ref = `${source.repository}/${path}@${source.ref}`
    const tree: WorkflowTree = { file, source, ref, allowed, calls: new Map(), actions: new Map() }
    for (const job of file.jobs)
      if (job.kind === 'call') await this.call(tree, job, [...callers, full])
      else await this.actions(tree, job)
    return tree
  }

  private async call(tree: WorkflowTree, job: CallJob, callers: string[]): Promise<void> {
    const { file, source } = tree
    const at = file.position(['jobs', job.key, 'uses'])
    const target = resolveReference(job.uses, source, this.sources, inSource)
    if (target.kind !== 'file')
      return this.refuse(
        at,
        target.kind === 'invalid' ? target.reason : unsupported(`The workflow '${job.uses}'`),
      )
    if (target.note) this.notes.push(`${at}: ${target.note}`)
    this.called.add(target.path)
    if (this.called.size > MAX_WORKFLOWS) return this.refuse(at, `a run may call ${MAX_WORKFLOWS} workflows`)

    const allowed = job.permissions ?? file.permissions ?? tree.allowed
    const callee = await this.workflow(target.source, target.path, allowed, callers, at)
    if (!callee) return
    tree.calls.set(job, callee)
    this.add(checkCall(job, callee.file, callee.ref, allowed).map((finding) => `${at}: ${finding}`))
  }

  private async actions(tree: WorkflowTree, job: PlainJob): Promise<void> {
    for (const [index, { action }] of job.steps.entries()) {
      if (!action || tree.actions.has(action.uses)) continue
      const at = tree.file.position(['jobs', job.key, 'steps', index, 'uses'])
      const found = await this.action(action.uses, tree.source, at)
      if (found) tree.actions.set(action.uses, found)
    }
  }

  private async action(uses: string, from: Source, at: string): Promise<StepAction | undefined> {
    const target = resolveReference(uses, from, this.sources, inSource)
    if (target.kind === 'invalid') return this.refuse(at, target.reason)
    if (target.kind === 'foreign') {
      if (!this.builtIns.has(target.name)) return this.refuse(at, unsupported(`The action '${target.name}'`))
      return { kind: 'built-in', name: target.name, ref: target.ref }
    }
    const source = target.kind === 'file' ? target.source : this.sources.caller
    const file = await this.actionFile(source, target.path, at)
    if (!file) return undefined
    if (target.kind === 'workspace') return { kind: 'workspace', file, path: target.path }
    if (target.note) this.notes.push(`${at}: ${target.note}`)
    return { kind: 'node', file, source, path: target.path }
  }

  private async actionFile(source: Source, path: string, at: string): Promise<ActionFile | undefined> {
    const full = actionPath(source, path)
    if (!full)
      return this.refuse(at, `Can't find 'action.yml' or 'action.yaml' in '${path}' of ${source.repository}`)
    const read = await this.once(full, async () => {
      const findings: string[] = []
      const parsed = await parseFile('action', join(path, basename(full)), await readFile(full, 'utf8'))
      const file = parsed.errors.length === 0 ? readActionFile(parsed, findings) : undefined
      return { file, findings: [...parsed.errors, ...findings] }
    })
    this.add(read.findings)
    return read.file
  }

  private add(findings: readonly string[]): void {
    for (const finding of findings) if (!this.findings.includes(finding)) this.findings.push(finding)
  }

  private refuse(at: string, what: string): undefined {
    this.add([`${at}: ${what}`])
  }
}

function actionPath(source: Source, path: string): string | undefined {
  return ['action.yml', 'action.yaml']
    .map((name) => join(source.directory, path, name))
    .find((full) => existsSync(full))
}

function inSource(source: Source, path: string): boolean {
  return path.endsWith('.yml') || path.endsWith('.yaml')
    ? existsSync(join(source.directory, path))
    : actionPath(source, path) !== undefined
}
