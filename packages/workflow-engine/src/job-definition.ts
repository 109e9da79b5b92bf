import { QUEUE_CONFLICT } from './concurrency'
import { readPermissions } from './permissions'
import type { Permissions } from './run-view'
import { Expression, list, literal, mapping, type Template, type TemplateMap } from './template'
import { unsupported } from './workflow-error'

interface BaseJob {
  key: string
  name: Template | undefined
  needs: string[]
  if: Expression
  permissions: Permissions | undefined
  concurrency: Template | undefined
  strategy: TemplateMap
}

/** A job that runs steps. */
export interface PlainJob extends BaseJob {
  kind: 'plain'
  runsOn: Template | undefined
  environment: Template | undefined
  env: TemplateMap
  defaults: TemplateMap
  outputs: TemplateMap
  timeoutMinutes: Template | undefined
  continueOnError: Template | undefined
  steps: StepDefinition[]
}

/** A job that calls a workflow. */
export interface CallJob extends BaseJob {
  kind: 'call'
  uses: string
  with: TemplateMap
  /** `inherit`, or the secrets by the name the called workflow gives them. */
  secrets: 'inherit' | TemplateMap
}

export type JobDefinition = PlainJob | CallJob

/** One step of a job. */
export interface StepDefinition {
  id: string | undefined
  name: Template | undefined
  if: Expression
  env: TemplateMap
  continueOnError: Template | undefined
  timeoutMinutes: Template | undefined
  /** An action, else the script of a `run` step. */
  action: { uses: string; with: TemplateMap } | undefined
  run: Template | undefined
  shell: Template | undefined
  workingDirectory: Template | undefined
}

type Report = (path: (string | number)[], what: string) => void

const REFUSED_JOB_KEYS = ['container', 'services', 'snapshot', 'cancel-timeout-minutes']
const SUPPORTED_SHELLS = ['bash', 'sh']
const REFUSED_STEP_KEYS = ['background', 'wait', 'wait-all', 'cancel', 'parallel']

/** Reads a job; what the rehearsal does not support is reported with the path of the key. */
export function readJob(key: string, job: TemplateMap, report: Report): JobDefinition {
  const path = ['jobs', key]
  for (const name of REFUSED_JOB_KEYS)
    if (job.has(name)) report([...path, name], unsupported(`'${name}' of job '${key}'`))
  if (conflictingQueue(job)) report([...path, 'concurrency'], QUEUE_CONFLICT)
  const strategy = mapping(job.get('strategy'))
  for (const name of ['include', 'exclude'])
    if (mapping(strategy.get('matrix')).has(name))
      report([...path, 'strategy', 'matrix', name], unsupported(`'${name}' in the matrix of job '${key}'`))

  const base = {
    key,
    name: job.get('name'),
    needs: list(job.get('needs')).map(String),
    if: condition(job),
    permissions: readPermissions(job.get('permissions')),
    concurrency: job.get('concurrency'),
    strategy,
  }
  const uses = literal(job.get('uses'))
  if (uses !== undefined) {
    const secrets = job.get('secrets') === 'inherit' ? ('inherit' as const) : mapping(job.get('secrets'))
    return { ...base, kind: 'call', uses, with: mapping(job.get('with')), secrets }
  }
  for (const label of list(job.get('runs-on')))
    if (typeof label === 'string' && /^(windows|macos)/i.test(label))
      report([...path, 'runs-on'], unsupported(`The runner '${label}'`))
  return {
    ...base,
    kind: 'plain',
    runsOn: job.get('runs-on'),
    environment: job.get('environment'),
    env: mapping(job.get('env')),
    defaults: mapping(mapping(job.get('defaults')).get('run')),
    outputs: mapping(job.get('outputs')),
    timeoutMinutes: job.get('timeout-minutes'),
    continueOnError: job.get('continue-on-error'),
    steps: list(job.get('steps')).map((step, index) =>
      readStep(mapping(step), [...path, 'steps', index], report),
    ),
  }
}

function readStep(step: TemplateMap, path: (string | number)[], report: Report): StepDefinition {
  for (const name of REFUSED_STEP_KEYS)
    if (step.has(name)) report([...path, name], unsupported(`'${name}' of a step`))
  const shell = literal(step.get('shell'))
  if (shell !== undefined && !SUPPORTED_SHELLS.includes(shell))
    report([...path, 'shell'], unsupported(`The shell '${shell}'`))
  const uses = literal(step.get('uses'))
  return {
    id: literal(step.get('id')),
    name: step.get('name'),
    if: condition(step),
    env: mapping(step.get('env')),
    continueOnError: step.get('continue-on-error'),
    timeoutMinutes: step.get('timeout-minutes'),
    action: uses === undefined ? undefined : { uses, with: mapping(step.get('with')) },
    run: step.get('run'),
    shell: step.get('shell'),
    workingDirectory: step.get('working-directory'),
  }
}

/** Whether `concurrency` of a workflow or a job asks for what excludes each other; expressions are checked as they run. */
export function conflictingQueue(holder: TemplateMap): boolean {
  const concurrency = mapping(holder.get('concurrency'))
  return concurrency.get('queue') === 'max' && concurrency.get('cancel-in-progress') === true
}

function condition(holder: TemplateMap): Expression {
  const written = holder.get('if')
  return written instanceof Expression ? written : new Expression('success()')
}
