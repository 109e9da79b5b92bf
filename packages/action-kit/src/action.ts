// First, since a schema reads the settings when it is made.
import './zod-settings'
import { z } from 'zod'
import { createArtifacts } from './artifacts'
import { createChildProcesses } from './child-processes'
import { clockFromEnvironment } from './clock'
import { readContext } from './context'
import { ActionError, Cancelled, causesOf, GateFailed, messageOf } from './errors'
import { collectEvidence } from './evidence-collector'
import { createGitHub } from './github'
import { createHttp } from './http'
import { readInputs, recordedInputs, type InputSchema } from './inputs'
import { createLog } from './log'
import { fenced } from './markdown'
import type { Ports } from './ports'
import { formsOf, secretLines, type Secrets } from './secrets'
import { createSummary } from './summary'
import { createTcp } from './tcp'
import { saveState, setOutput } from './workflow-commands'

export type OutputSchema = z.ZodObject<Record<string, z.ZodType>>

/** What an action is: its schemas and its two functions. */
export interface ActionSpec<I extends InputSchema, O extends OutputSchema> {
  name: string
  inputs: I
  /** what main gives; `evidence-path` and `duration-ms` are added by the kit */
  outputs: O
  main(inputs: z.infer<I>, ports: Ports): Promise<z.infer<O>>
  /** runs at the end of the job, however main ended */
  post?(ports: Ports): Promise<PostResult>
}

/** What a post did, for the evidence; undefined when there was nothing to do. */
export type PostResult = { outcome: string; reason: string } | undefined

export interface Action {
  readonly name: string
  readonly inputs: InputSchema
  readonly outputs: OutputSchema
  readonly hasPost: boolean
  /** Runs main, or post when the runner calls for it, and ends the process with the right exit code. */
  run(): Promise<never>
}

/** Outputs that every action has beside its own. */
export const standardOutputs = z.object({
  'evidence-path': z.string().describe('file with the evidence record of this run'),
  'duration-ms': z.number().describe('how long it took, in milliseconds'),
})

/** Turns a spec into something the suite can run. Nothing happens at import. */
export function action<I extends InputSchema, O extends OutputSchema>(spec: ActionSpec<I, O>): Action {
  return {
    name: spec.name,
    inputs: spec.inputs,
    outputs: spec.outputs,
    hasPost: spec.post !== undefined,
    async run() {
      const exitCode = process.env['STATE_started'] === 'true' ? await runPost(spec) : await runMain(spec)
      return exit(exitCode)
    },
  }
}

async function runMain<I extends InputSchema, O extends OutputSchema>(
  spec: ActionSpec<I, O>,
): Promise<number> {
  if (spec.post) saveState('started', 'true')
  const { ports, close } = openPorts(spec)
  const started = ports.clock.realMs()
  let outputs: Record<string, unknown>
  let exitCode = 0
  try {
    outputs = await spec.main(readInputs(spec.inputs, process.env), ports)
  } catch (thrown) {
    exitCode = 1
    outputs = failureOutputs(spec.outputs, thrown)
    report(spec.name, thrown, ports)
  }
  const file = await close(spec.name, String(outputs['outcome']), String(outputs['reason']))
  writeOutputs({
    ...outputs,
    'evidence-path': file,
    'duration-ms': Math.round(ports.clock.realMs() - started),
  })
  return exitCode
}

async function runPost<I extends InputSchema, O extends OutputSchema>(
  spec: ActionSpec<I, O>,
): Promise<number> {
  const { ports, close } = openPorts(spec)
  try {
    const result = await spec.post?.(ports)
    if (result) await close(`${spec.name} post`, result.outcome, result.reason)
    return 0
  } catch (thrown) {
    report(`${spec.name} (post)`, thrown, ports)
    await close(`${spec.name} post`, 'failed', messageOf(thrown))
    return 1
  }
}

/** Everything real behind the ports, and how the run is closed: evidence record and summary are written. */
function openPorts(spec: { name: string; inputs: InputSchema }) {
  const { env } = process
  const clock = clockFromEnvironment(env)
  const context = readContext(env)
  const log = createLog()
  const summary = createSummary(env['GITHUB_STEP_SUMMARY'])
  const evidence = collectEvidence(context, log.redact)
  const signal = cancelledBySignals(log)
  const token = env['INPUT_GITHUB-TOKEN'] ?? ''
  const secrets = handedOver(env['INPUT_SECRETS'])
  for (const secret of [token, ...secrets.values()]) for (const form of formsOf(secret)) log.mask(form)
  const ports: Ports = {
    log,
    clock,
    signal,
    http: createHttp(clock, evidence),
    tcp: createTcp(clock, evidence),
    process: createChildProcesses(clock, evidence),
    secrets,
    github: createGitHub({
      token,
      apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
      context,
      clock,
      signal,
      evidence,
    }),
    artifacts: createArtifacts(token, context),
    summary,
    evidence,
    context,
    state: { save: saveState, get: (key) => env[`STATE_${key}`] },
  }
  const startedAt = clock.now()
  const close = async (action: string, outcome: string, reason: string): Promise<string> => {
    const inputs = recordedInputs(spec.inputs, env)
    const file = await evidence.close({ action, startedAt, endedAt: clock.now(), inputs, outcome, reason })
    await summary.write()
    return file
  }
  return { ports, close }
}

/** The first SIGINT or SIGTERM aborts; writers checkpoint at once, and what is to be restored is restored by post. */
function cancelledBySignals(log: Ports['log']): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.on(name, () => {
      if (controller.signal.aborted) return
      log.warning(`${name}: the run was cancelled; stopping`)
      controller.abort(new Cancelled('the run was cancelled'))
    })
  return controller.signal
}

/** The secrets of the input of that name; what is wrong with its lines is said when the inputs are read. */
function handedOver(lines: string | undefined): Secrets {
  const parsed = secretLines.safeParse(lines ?? '')
  return parsed.success ? parsed.data : new Map()
}

/** Outputs after a failure: what the error carries, and always an outcome (or verdict) and a reason. */
function failureOutputs(schema: OutputSchema, thrown: unknown): Record<string, unknown> {
  const known = thrown instanceof ActionError ? thrown : undefined
  const verdict = thrown instanceof GateFailed ? 'fail' : 'error'
  return {
    outcome: known?.outcome ?? 'error',
    reason: messageOf(thrown),
    ...('verdict' in schema.shape ? { verdict } : {}),
    ...known?.outputs,
  }
}

function report(name: string, thrown: unknown, ports: Ports): void {
  const message = messageOf(thrown)
  ports.log.error(`${name}: ${message}`)
  const causes = causesOf(thrown)
  const stack = thrown instanceof Error && !(thrown instanceof ActionError) ? [thrown.stack ?? ''] : []
  if (causes.length + stack.length > 0)
    ports.log.group(
      'Why (details)',
      [...stack, ...causes].flatMap((cause) => cause.split('\n')),
    )
  if (!(thrown instanceof GateFailed)) ports.summary.add(`### ${name} did not succeed\n\n${fenced(message)}`)
}

/** Objects become JSON; undefined is left out. */
function writeOutputs(outputs: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(outputs))
    if (value !== undefined) setOutput(key, typeof value === 'string' ? value : JSON.stringify(value))
}

/** Ends at once with this code: a forgotten socket must not hold the job (actions/cache#370). */
function exit(code: number): Promise<never> {
  process.exitCode = code
  return new Promise<never>(() => {
    process.stdout.write('', () => process.stderr.write('', () => process.exit()))
  })
}
