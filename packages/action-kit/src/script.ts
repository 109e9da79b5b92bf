import { access, constants } from 'node:fs/promises'
import { isAbsolute, join, normalize, sep } from 'node:path'
import { z } from 'zod'
import { INHERITED, MAX_OUTPUT } from './child-processes'
import { InputError, type Problem } from './errors'
import type { ChildResult, ProviderPorts } from './ports'
import { alternativesOf, schemaAt } from './schema-path'
import { redact } from './secrets'

/** Says of a schema what kind of value it takes. */
const KIND = 'x-kind'
const SCRIPT = 'script'

/** A script of the repository: its path and fixed arguments. */
export interface Script {
  path: string
  args: readonly string[]
}

/** Ends each argument of a filled line, as `xargs -0` has it: no argument of a process can hold it. */
const END = '\0'

/** Everything between blanks; a variable is one thing, whatever stands in its braces. */
const PARTS = /(?:\$\{[^}]*\}|\S)+/g
const VARIABLES = /(?<!\$)\$\{[^}]*\}/g

/**
 * A line of a config with its variables filled. It is split first and each part is filled apart, so that a value is
 * never more than one argument, nor less, whatever is in it: blanks, quotes or nothing at all.
 * @param fill fills the variables of a part; no value of one holds a NUL, since no environment can
 */
export function fillLine(line: string, fill: (part: string) => string): string {
  // What no line may hold is refused where it is parsed; quotes and the like in a value are no part of the line.
  if (SHELL.test(line.replace(VARIABLES, ''))) return fill(line)
  return (line.match(PARTS) ?? []).map((part) => fill(part) + END).join('')
}

/**
 * `ops/deploy.sh --fast`: a path inside the repository and fixed arguments, split at blanks, or a line that was filled.
 * No shell reads it, so quotes, variables and pipes mean nothing and are refused rather than passed on.
 */
export const script = z
  .string()
  .meta({
    description: 'a script of the repository and fixed arguments, such as ops/deploy.sh --fast',
    [KIND]: SCRIPT,
  })
  .transform((line, context): Script => {
    const filled = line.endsWith(END)
    const [path, ...args] = filled ? line.slice(0, -1).split(END) : line.trim().split(/\s+/)
    const problem = (filled ? undefined : shellSyntax(line)) ?? refusal(path)
    if (problem === undefined && path) return { path, args }
    const shown = filled ? [path, ...args].join(' ') : line
    context.addIssue({ code: 'custom', message: `${JSON.stringify(shown)} ${problem}` })
    return z.NEVER
  })

/** True where options take a script line at this path, be it alone or in place of a map. */
export function isScriptLine(options: z.ZodType, path: readonly PropertyKey[]): boolean {
  const found = schemaAt(options, path)
  return found !== undefined && alternativesOf(found).some((one) => one.meta()?.[KIND] === SCRIPT)
}

const SHELL = /["'`$|&;<>(){}*?\\]/

const shellSyntax = (line: string): string | undefined =>
  SHELL.test(line)
    ? 'is not run by a shell: write a path and plain arguments; variables reach the script as DEPLOY_*'
    : undefined

function refusal(path: string | undefined): string | undefined {
  if (!path) return 'names no script'
  if (path.startsWith('-')) return 'begins with -, which is not a path'
  if (isAbsolute(path) || normalize(path).split(sep).includes('..')) return 'lies outside the repository'
  return undefined
}

/** That a script is not there, which is found now and not at three in the morning; undefined when it can be run. */
export async function missingScript({ path }: Script, workspace: string): Promise<string | undefined> {
  const executable = await access(join(workspace, path), constants.X_OK).then(
    () => true,
    () => false,
  )
  return executable
    ? undefined
    : `${path} is not in the repository or not executable (chmod +x, git add --chmod=+x)`
}

/** As the runner calls them for actions: the tools that fetch OIDC tokens look for these. */
export const OIDC_URL = 'ACTIONS_ID_TOKEN_REQUEST_URL'
export const OIDC_TOKEN = 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'

/** Variables that a script has already: a secret of such a name would stand for something else, or be lost. */
const TAKEN = new RegExp(`^(DEPLOY_.*|${[OIDC_URL, OIDC_TOKEN, ...INHERITED].join('|')})$`)

/** What a script may have beyond its variables: options of every provider that runs scripts. */
export const scriptAccess = {
  'env-secrets': z
    .array(
      z
        .string()
        .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'is not the name of a secret; write KEY of a KEY=VALUE line')
        .refine(
          (name) => !TAKEN.test(name),
          'is the name of a variable that every script has; rename the secret',
        ),
    )
    .default([])
    .describe('secrets of DEPLOY_SECRETS that the scripts get, as variables of the same names; no others'),
  oidc: z
    .boolean()
    .default(false)
    .describe('the scripts get ACTIONS_ID_TOKEN_REQUEST_URL and _TOKEN, to ask GitHub for OIDC tokens'),
}

/** What a script gets, as its options say. */
export interface ScriptAccess {
  'env-secrets': readonly string[]
  oidc: boolean
}

/** How a script ended. Secrets that it was given are taken out of its output, and what else is not to be shown. */
export interface ScriptResult extends ChildResult {
  /** a secret stood in what it wrote to stdout */
  leaked?: boolean
}

interface ScriptOptions {
  timeoutMs: number
  signal: AbortSignal
  /** beside those of the ports */
  variables?: Readonly<Record<string, string>>
  /** default: nothing beyond its variables */
  access?: ScriptAccess
  /** takes out of its output what else is not to be shown, before anything is made of it */
  clean?: (text: string) => string
}

type ScriptPorts = Pick<ProviderPorts, 'process' | 'workspace' | 'variables' | 'secrets' | 'oidc'>

/**
 * Runs a script of the repository with nothing but `DEPLOY_*`, what its access says, and PATH and the like in its
 * environment. @throws InputError when it cannot have what its access says
 */
export async function runScript(
  one: Script,
  ports: ScriptPorts,
  { timeoutMs, signal, variables, access, clean = (text) => text }: ScriptOptions,
): Promise<ScriptResult> {
  const { process, workspace } = ports
  const secret = secretVariables(one, ports, access)
  const result = await process.run({
    command: [join(workspace, one.path), ...one.args],
    cwd: workspace,
    env: { ...secret, ...ports.variables, ...variables },
    timeoutMs,
    signal,
  })
  const values = Object.entries(secret).flatMap(([name, value]) => (name === OIDC_URL ? [] : [value]))
  const [stdout, stderr] = [wholeLines(result.stdout, result), wholeLines(result.stderr, result)]
  const shown = redact(stdout, values)
  return {
    ...{ ...result, stdout: clean(shown), stderr: clean(redact(stderr, values)) },
    ...(shown !== stdout && { leaked: true }),
  }
}

/**
 * Where the beginning of an output was cut, or a script was stopped while it wrote, a line may hold half of a secret, which
 * nobody would know as one.
 */
function wholeLines(output: string, { ended }: ChildResult): string {
  const begun = output.length < MAX_OUTPUT ? output : output.slice(output.indexOf('\n') + 1 || output.length)
  return ended === 'exit' ? begun : begun.slice(0, begun.lastIndexOf('\n') + 1)
}

/** What a script would get, by its access, and cannot have in this job: all of it at once. */
export function missingAccess(
  { path }: Script,
  { secrets, oidc }: Pick<ScriptPorts, 'secrets' | 'oidc'>,
  access: ScriptAccess,
): Problem[] {
  const missing = access['env-secrets'].filter((name) => !secrets.get(name))
  const problems = missing.map((name) => ({
    where: 'env-secrets',
    message: `the secret ${name}, which ${path} gets, was not handed over; add ${name}=... to the secrets input (DEPLOY_SECRETS)`,
  }))
  if (access.oidc && !oidc)
    problems.push({
      where: 'oidc',
      message: `${path} gets to ask for OIDC tokens, but this job may not: give it, and every job that calls it, id-token: write`,
    })
  return problems
}

function secretVariables(
  one: Script,
  ports: ScriptPorts,
  access: ScriptAccess = { 'env-secrets': [], oidc: false },
): Record<string, string> {
  const problems = missingAccess(one, ports, access)
  if (problems.length > 0) throw new InputError(problems)
  const { secrets, oidc } = ports
  return {
    ...Object.fromEntries(access['env-secrets'].map((name) => [name, secrets.get(name) ?? ''])),
    ...(access.oidc && oidc && { [OIDC_URL]: oidc.url, [OIDC_TOKEN]: oidc.token }),
  }
}

/** `vars.probe-url` -> `DEPLOY_VARS_PROBE_URL`. */
export function deployVariables(values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `DEPLOY_${name.toUpperCase().replace(/[^A-Z0-9]+/g, '_')}`,
      value,
    ]),
  )
}

/** How a script ended, in words; undefined when it succeeded. */
export function scriptFailure(
  { path }: Script,
  { ended, exitCode, stderr, stdout }: ChildResult,
): string | undefined {
  if (ended === 'timeout') return `${path} did not end in time and was stopped`
  if (ended === 'cancelled') return `${path} was stopped because the run was cancelled`
  if (exitCode === 0) return undefined
  const lastLine = (stderr.trim() || stdout.trim()).split('\n').at(-1) ?? ''
  return `${path} ended with exit code ${exitCode ?? 'none (killed)'}${lastLine ? `: ${lastLine.slice(0, 300)}` : ''}`
}

/** How a script ended, for people and for the evidence. */
export interface ScriptEnding {
  ended: 'done' | 'failed' | 'cancelled'
  /** one line: that it succeeded, or why not */
  detail: string
  facts: {
    script: string
    args: readonly string[]
    variables: Record<string, string>
    exitCode: number | null
    /** names of the secrets that it got */
    envSecrets?: readonly string[]
    oidc?: true
  }
  /** everything it printed, secrets taken out */
  output: string
  stdout: string
  /** a secret stood in what it wrote to stdout */
  leaked: boolean
}

/** Runs a script and tells how it ended. @throws ProviderError when it cannot be started, InputError as `runScript` */
export async function runScriptToEnd(
  one: Script,
  ports: ScriptPorts,
  options: ScriptOptions,
): Promise<ScriptEnding> {
  const result = await runScript(one, ports, options)
  const { exitCode, ended, stdout, stderr, leaked } = result
  const failure = scriptFailure(one, result)
  const variables = { ...ports.variables, ...options.variables }
  return {
    ended: failure === undefined ? 'done' : ended === 'cancelled' ? 'cancelled' : 'failed',
    detail: failure ?? `${one.path} succeeded`,
    facts: {
      script: one.path,
      args: one.args,
      variables,
      exitCode,
      ...(options.access && options.access['env-secrets'].length > 0
        ? { envSecrets: options.access['env-secrets'] }
        : {}),
      ...(options.access?.oidc ? { oidc: true as const } : {}),
    },
    output: `${stdout}${stderr}`,
    stdout,
    leaked: leaked === true,
  }
}
