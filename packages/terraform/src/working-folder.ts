import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ChildResult, Lasting, ProviderPorts } from '@deploy-actions/action-kit'
import { z } from 'zod'
import { failureReasonOf, type FailureReason, type Step } from './failure'
import { lockInfoIn, type LockInfo } from './lock-info'
import { readPlanJson, type PlanJson } from './plan-json'
import type { Program } from './program'
import { sensitiveTextsOf, type SensitiveTexts } from './sensitive'
import { readStream, type Applied, type Diagnostic, type Progress } from './stream'

/** A step of the tool did not succeed. */
export class StepFailed extends Error {
  constructor(
    message: string,
    readonly reason: FailureReason,
    /** all that the tool said; values may be in it */
    readonly said: string,
    readonly lock?: LockInfo,
  ) {
    super(message)
  }

  /** The same, for another reason. */
  as(reason: FailureReason): StepFailed {
    return new StepFailed(this.message, reason, this.said, this.lock)
  }

  /** The same, of a tool that said this. */
  saying(said: string): StepFailed {
    return new StepFailed(this.message, this.reason, said, this.lock)
  }
}

/** What a state is known by. One that is not there yet has no lineage. */
export interface StateMark {
  lineage: string
  serial: number
}

/** The backend that the tool has set up, with all of its settings. */
export interface Backend {
  type: string
  settings: Record<string, unknown>
}

/** What is planned. */
export interface Planning {
  varFiles: readonly string[]
  targets: readonly string[]
  replaces: readonly string[]
  destroy: boolean
  /** false: the state is not locked, for an identity that may only read */
  lock: boolean
  lockTimeoutMs: number
  parallelism?: number | undefined
}

/** A folder with a configuration, as the tool sees it. */
export interface WorkingFolder {
  init(settings: { backendConfig: readonly string[]; readonlyLockFile: boolean }): Promise<void>
  /** @throws StepFailed */
  workspace(): Promise<string>
  selectWorkspace(name: string): Promise<void>
  /** @throws StepFailed when it cannot be read */
  state(): Promise<StateMark>
  backend(): Promise<Backend>
  /** @returns what the tool complained of without failing */
  plan(planning: Planning, file: string): Promise<Diagnostic[]>
  show(file: string): Promise<PlanJson>
  /** Applies a plan to its own end, and tells what was done, whatever the end. */
  apply(file: string, how: Applying): Promise<Ended>
  outputs(): Promise<Record<string, { sensitive: boolean; value: unknown }>>
  /** What the state holds of secrets by now: an apply makes some that no plan knows. @throws StepFailed */
  secretsOfState(): Promise<SensitiveTexts>
  /** Brings a state that could not be saved to the backend. @throws StepFailed */
  push(file: string, timeoutMs?: number): Promise<void>
  /**
   * Who holds the lock of the state at this moment; undefined where nobody does. @throws StepFailed when it cannot be asked
   * @param varFiles of the plan
   */
  lockHolder(varFiles: readonly string[]): Promise<LockInfo | undefined>
  /** Takes a lock away from whoever holds it. @throws StepFailed, also where the lock is another one by now */
  unlock(id: string): Promise<void>
}

export interface Applying {
  lockTimeoutMs: number
  parallelism?: number | undefined
  timeoutMs: number
  /** variables whose values are not in the plan, and which the tool needs once more */
  ephemeral: readonly string[]
  lasting: Omit<Lasting, 'output'>
  progress: Progress
}

/** How an apply ended. */
export interface Ended {
  applied: Applied
  exitCode: number | null
  ended: ChildResult['ended']
  stderr: string
}

/** The tool reads providers from the network for the first time. */
const INIT_MS = 15 * 60_000
const STATE_MS = 5 * 60_000
const PLAN_MS = 2 * 60 * 60_000
/** Whoever is asked to stop frees its lock first; a runner that cancels a step waits for ten seconds. */
const GRACE_MS = 8_000
/** Plans and states are taken whole, or not at all. */
const WHOLE = 256 * 1024 * 1024

/**
 * What of the job's environment the tool does not get: arguments that nobody would see, settings that this decides, logs that
 * hold secrets, and what makes a proxy of tenv write outputs of the step.
 */
const NEVER = /^(TF_CLI_ARGS.*|TF_WORKSPACE|TF_INPUT|TF_IN_AUTOMATION|TF_DATA_DIR|TF_LOG.*|GITHUB_ACTIONS)$/
/** Whether the tool is kept from a variable of the job's environment. */
export const isWithheld = (name: string): boolean => NEVER.test(name)
const VARIABLE = 'TF_VAR_'

/** @param environment what the tool gets beside the job's own, such as secrets */
export function openFolder(
  program: Program,
  { folder, environment }: { folder: string; environment: Readonly<Record<string, string>> },
  ports: Pick<ProviderPorts, 'process'>,
  signal: AbortSignal,
): WorkingFolder {
  const settings = { ...environment, TF_IN_AUTOMATION: '1', TF_INPUT: '0', CHECKPOINT_DISABLE: '1' }
  const run = (args: readonly string[], timeoutMs: number): Promise<ChildResult> =>
    ports.process.run({
      ...{ command: [program.path, ...args], cwd: folder, env: settings, timeoutMs, signal },
      ...{ jobEnvironment: (name) => !isWithheld(name), keep: WHOLE, graceMs: GRACE_MS },
    })
  const done = async (step: Step, args: readonly string[], timeoutMs: number): Promise<string> => {
    const result = await run(args, timeoutMs)
    if (result.ended === 'exit' && result.exitCode === 0) return result.stdout
    throw failureOf(step, program, result)
  }
  const workspace = async (): Promise<string> => (await done('init', ['workspace', 'show'], STATE_MS)).trim()
  return {
    async init({ backendConfig, readonlyLockFile }) {
      const lockFile = readonlyLockFile ? ['-lockfile=readonly'] : []
      const backend = backendConfig.map((setting) => `-backend-config=${setting}`)
      await done(
        'init',
        ['init', '-input=false', '-no-color', '-reconfigure', ...lockFile, ...backend],
        INIT_MS,
      )
    },
    workspace,
    async selectWorkspace(name) {
      if ((await workspace()) === name) return
      await done('init', ['workspace', 'select', '-no-color', name], STATE_MS)
    },
    async state() {
      const pulled = (await done('state', ['state', 'pull'], STATE_MS)).trim()
      if (pulled === '') return { lineage: '', serial: 0 }
      const read = stateMark.safeParse(JSON.parse(pulled))
      if (!read.success)
        throw new StepFailed('the state that the backend holds cannot be read', 'init-failed', '')
      return { lineage: read.data.lineage, serial: read.data.serial }
    },
    backend: () => readBackend(folder),
    async plan(planning, file) {
      // The tool would let everybody read it, and secrets are in it in clear; it keeps the mode of a file that is there.
      await writeFile(file, '', { mode: 0o600 })
      const result = await run(['plan', '-json', ...planFlags(planning), `-out=${file}`], PLAN_MS)
      const stream = readStream()
      stream.take(result.stdout)
      const { diagnostics } = stream.end()
      if (result.ended === 'exit' && result.exitCode === 0) return diagnostics
      const failure = failureOf('plan', program, result, diagnostics)
      // A plan that could not be finished is written all the same.
      const { size } = await stat(file)
      throw size > 0 && failure.reason === 'plan-failed' ? failure.as('plan-errored') : failure
    },
    show: async (file) => readPlanJson(await done('show', ['show', '-json', '-no-color', file], STATE_MS)),
    async apply(file, { lockTimeoutMs, parallelism, timeoutMs, ephemeral, lasting, progress }) {
      const stream = readStream(progress)
      const args = [
        'apply',
        '-input=false',
        '-json',
        ...lockFlags(lockTimeoutMs),
        ...parallel(parallelism),
        file,
      ]
      // Planned values are in the plan. Terraform before 1.14 prints a sensitive variable that is another one at the apply;
      // OpenTofu does not, and may need them to read its encrypted state.
      const isHandedOn = (name: string): boolean =>
        program.kind === 'tofu' ||
        !name.startsWith(VARIABLE) ||
        ephemeral.includes(name.slice(VARIABLE.length))
      const { exitCode, ended, stderr } = await ports.process.run({
        ...{ command: [program.path, ...args], cwd: folder, timeoutMs, signal },
        env: Object.fromEntries(Object.entries(settings).filter(([name]) => isHandedOn(name))),
        jobEnvironment: (name) => !isWithheld(name) && isHandedOn(name),
        lasting: { ...lasting, output: stream.take },
      })
      return { applied: stream.end(), exitCode, ended, stderr }
    },
    async secretsOfState() {
      const { values } = shownState.parse(JSON.parse(await done('show', ['show', '-json'], STATE_MS)))
      return sensitiveTextsOf({ format_version: '1.0', terraform_version: '', planned_values: values })
    },
    async push(file, timeoutMs = STATE_MS) {
      await done('state', ['state', 'push', file], timeoutMs)
    },
    async lockHolder(varFiles) {
      // A lock that is held is refused before anything is read.
      const result = await run(
        [
          ...['plan', '-json', '-input=false', '-lock-timeout=0s', '-refresh=false'],
          ...varFiles.map((path) => `-var-file=${path}`),
        ],
        STATE_MS,
      )
      const stream = readStream()
      stream.take(result.stdout)
      const { lock, diagnostics } = stream.end()
      if (lock || (result.ended === 'exit' && result.exitCode === 0)) return lock
      throw failureOf('plan', program, result, diagnostics)
    },
    async unlock(id) {
      await done('state', ['force-unlock', '-force', id], STATE_MS)
    },
    outputs: async () =>
      outputs.parse(JSON.parse(await done('state', ['output', '-json', '-no-color'], STATE_MS))),
  }
}

const shownState = z.looseObject({ values: z.unknown().optional() })
const stateMark = z.looseObject({ lineage: z.string(), serial: z.number().int() })
const outputs = z.record(
  z.string(),
  z
    .looseObject({ sensitive: z.boolean(), value: z.unknown().optional() })
    .transform(({ sensitive, value }) => ({ sensitive, value })),
)

const planFlags = ({
  varFiles,
  targets,
  replaces,
  destroy,
  lock,
  lockTimeoutMs,
  parallelism,
}: Planning): string[] => [
  '-input=false',
  ...(lock ? lockFlags(lockTimeoutMs) : ['-lock=false']),
  ...parallel(parallelism),
  ...(destroy ? ['-destroy'] : []),
  ...varFiles.map((path) => `-var-file=${path}`),
  ...targets.map((address) => `-target=${address}`),
  ...replaces.map((address) => `-replace=${address}`),
]
const lockFlags = (ms: number): string[] => [`-lock-timeout=${Math.ceil(ms / 1000)}s`]
const parallel = (many: number | undefined): string[] => (many === undefined ? [] : [`-parallelism=${many}`])

/** What `init` has noted of the backend. Without a backend block there is nothing, and the state is a file beside it. */
async function readBackend(folder: string): Promise<Backend> {
  const text = await readFile(join(folder, '.terraform', 'terraform.tfstate'), 'utf8').catch(() => undefined)
  if (text === undefined) return { type: 'local', settings: {} }
  const { backend } = noted.parse(JSON.parse(text))
  return backend ? { type: backend.type, settings: backend.config } : { type: 'local', settings: {} }
}
const noted = z.looseObject({
  backend: z.looseObject({ type: z.string(), config: z.record(z.string(), z.unknown()) }).optional(),
})

function failureOf(
  step: Step,
  { kind }: Program,
  { ended, exitCode, stdout, stderr }: ChildResult,
  diagnostics: readonly Diagnostic[] = [],
): StepFailed {
  const errors = diagnostics.filter(({ severity }) => severity === 'error')
  const said =
    errors.length > 0
      ? errors.map(({ summary, detail }) => `${summary}: ${detail}`).join('\n')
      : `${stderr}\n${step === 'init' ? stdout : ''}`
  const how =
    ended === 'timeout'
      ? 'took too long'
      : ended === 'cancelled'
        ? 'was cancelled'
        : `ended with ${exitCode ?? 'a signal'}`
  const reason = ended === 'cancelled' ? 'cancelled' : failureReasonOf(step, said)
  return new StepFailed(`${kind} ${step} ${how}`, reason, said, lockInfoIn(said))
}
