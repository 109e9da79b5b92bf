// First, since a schema reads the settings when it is made.
import './zod-settings'
import { z } from 'zod'
import { createArtifacts } from './artifacts'
import { ambientOf, createChildProcesses } from './child-processes'
import { clockFromEnvironment } from './clock'
import { readContext } from './context'
import { ActionError, Cancelled, causesOf, GateFailed, messageOf } from './errors'
import { collectEvidence } from './evidence-collector'
import { createGitHub } from './github'
import { createHttp } from './http'
import { readInputs, recordedInputs, type InputSchema } from './inputs'
import { createLog } from './log'
import { fenced } from './markdown'
import type { Oidc, Ports } from './ports'
import { OIDC_TOKEN, OIDC_URL } from './script'
import { formsOf, secretLines, type Secrets } from './secrets'
import { createSummary } from './summary'
import { createTcp } from './tcp'
import { saveState, setOutput } from './workflow-commands'

export type OutputSchema = z.ZodObject<Record<string, z.ZodType>>

export interface ActionSchemas<I extends InputSchema, O extends OutputSchema> {
  inputs: I
  /** what main gives; `evidence-path` and `duration-ms` are added by the kit */
  outputs: O
}

/**
 * What an action is: its schemas and its two functions. Each is imported by the run that needs it, together with the
 * schemas: a post does not load what only main needs.
 */
export interface ActionParts<I extends InputSchema, O extends OutputSchema> {
  schemas: () => Promise<ActionSchemas<I, O>>
  main: () => Promise<{ main: Main<I, O> }>
  /** runs at the end of the job, however main ended */
  post?: () => Promise<Post>
}

type Main<I extends InputSchema, O extends OutputSchema> = (
  inputs: z.infer<I>,
  ports: Ports,
) => Promise<z.infer<O>>
type Post = (ports: Ports) => Promise<PostResult>

/** What a post did, for the evidence; undefined when there was nothing to do. */
export type PostResult = { outcome: string; reason: string } | undefined

export interface Action {
  readonly hasPost: boolean
  schemas(): Promise<ActionSchemas<InputSchema, OutputSchema>>
  /**
   * Runs main, or post when the runner calls for it, and ends the process with the right exit code.
   * @param name for logs and evidence
   */
  run(name: string): Promise<never>
}

/** Outputs that every action has beside its own. */
export const standardOutputs = z.object({
  'evidence-path': z.string().describe('file with the evidence record of this run'),
  'duration-ms': z.number().describe('how long it took, in milliseconds'),
})

/** Makes of its parts an action that the suite can run. Nothing happens at import. */
export function action<I extends InputSchema, O extends OutputSchema>({
  schemas,
  main,
  post,
}: ActionParts<I, O>): Action {
  return {
    hasPost: post !== undefined,
    schemas,
    async run(name) {
      if (post && process.env['STATE_started'] === 'true') {
        const [{ inputs }, run] = await Promise.all([schemas(), post()])
        return exit(await runPost(name, inputs, run))
      }
      if (post) saveState('started', 'true')
      const [loaded, { main: run }] = await Promise.all([schemas(), main()])
      return exit(await runMain(name, loaded, run))
    },
  }
}

async function runMain<I extends InputSchema, O extends OutputSchema>(
  name: string,
  schemas: ActionSchemas<I, O>,
  main: Main<I, O>,
): Promise<number> {
  const { ports, close } = openPorts(schemas.inputs)
  const started = ports.clock.realMs()
  let outputs: Record<string, unknown>
  let exitCode = 0
  try {
    outputs = await main(readInputs(schemas.inputs, process.env), ports)
  } catch (thrown) {
    exitCode = 1
    outputs = failureOutputs(schemas.outputs, thrown)
    report(name, thrown, ports)
  }
  const file = await close(name, String(outputs['outcome']), String(outputs['reason']))
  writeOutputs({
    ...outputs,
    'evidence-path': file,
    'duration-ms': Math.round(ports.clock.realMs() - started),
  })
  return exitCode
}

async function runPost(name: string, inputs: InputSchema, post: Post): Promise<number> {
  const { ports, close } = openPorts(inputs)
  try {
    const result = await post(ports)
    if (result) await close(`${name} post`, result.outcome, result.reason)
    return 0
  } catch (thrown) {
    report(`${name} (post)`, thrown, ports)
    await close(`${name} post`, 'failed', messageOf(thrown))
    return 1
  }
}

/** Everything real behind the ports, and how the run is closed: evidence record and summary are written. */
function openPorts(schema: InputSchema) {
  const { env } = process
  const clock = clockFromEnvironment(env)
  const context = readContext(env)
  const log = createLog()
  const summary = createSummary(env['GITHUB_STEP_SUMMARY'])
  const evidence = collectEvidence(context, log.redact)
  const signal = cancelledBySignals(log)
  const token = env['INPUT_GITHUB-TOKEN'] ?? ''
  const secrets = handedOver(env['INPUT_SECRETS'])
  const oidc = oidcOf(env)
  for (const secret of [token, ...secrets.values(), oidc?.token ?? ''])
    for (const form of formsOf(secret)) log.mask(form)
  const ports: Ports = {
    log,
    clock,
    signal,
    http: createHttp(clock, evidence),
    tcp: createTcp(clock, evidence),
    process: createChildProcesses(clock, evidence),
    ambient: ambientOf(process.env),
    secrets,
    oidc,
    github: createGitHub({
      token,
      apiUrl: env['GITHUB_API_URL'] ?? 'https://api.github.com',
      context,
      clock,
      signal,
      evidence,
      log,
    }),
    artifacts: createArtifacts(token, context),
    summary,
    evidence,
    context,
    state: { save: saveState, get: (key) => env[`STATE_${key}`] },
  }
  const startedAt = clock.now()
  const close = async (action: string, outcome: string, reason: string): Promise<string> => {
    const inputs = recordedInputs(schema, env)
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

/** The runner's variables for OIDC, which an action of a job with `id-token: write` has. */
function oidcOf(env: NodeJS.ProcessEnv): Oidc | undefined {
  const [url, token] = [env[OIDC_URL], env[OIDC_TOKEN]]
  return url && token ? { url, token } : undefined
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
