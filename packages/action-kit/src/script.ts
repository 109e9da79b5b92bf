import { isAbsolute, join, normalize, sep } from 'node:path'
import { z } from 'zod'
import type { ChildResult, ProviderPorts } from './ports'
import { schemaAt } from './schema-path'

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

/** True where the options of a provider take a script line at this path. */
export const isScriptLine = (options: z.ZodType, path: readonly PropertyKey[]): boolean =>
  schemaAt(options, path)?.meta()?.[KIND] === SCRIPT

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

/** Runs a script of the repository with nothing but `DEPLOY_*` (and PATH and the like) in its environment. */
export function runScript(
  { path, args }: Script,
  { process, workspace, variables }: Pick<ProviderPorts, 'process' | 'workspace' | 'variables'>,
  options: {
    timeoutMs: number
    signal: AbortSignal
    /** beside those of the ports */
    variables?: Readonly<Record<string, string>>
  },
): Promise<ChildResult> {
  return process.run({
    command: [join(workspace, path), ...args],
    cwd: workspace,
    env: { ...variables, ...options.variables },
    timeoutMs: options.timeoutMs,
    signal: options.signal,
  })
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
  }
  /** everything it printed */
  output: string
  stdout: string
}

/** Runs a script and tells how it ended. @throws ProviderError when it cannot be started */
export async function runScriptToEnd(
  one: Script,
  ports: Parameters<typeof runScript>[1],
  options: Parameters<typeof runScript>[2],
): Promise<ScriptEnding> {
  const result = await runScript(one, ports, options)
  const { exitCode, ended, stdout, stderr } = result
  const failure = scriptFailure(one, result)
  const variables = { ...ports.variables, ...options.variables }
  return {
    ended: failure === undefined ? 'done' : ended === 'cancelled' ? 'cancelled' : 'failed',
    detail: failure ?? `${one.path} succeeded`,
    facts: { script: one.path, args: one.args, variables, exitCode },
    output: `${stdout}${stderr}`,
    stdout,
  }
}
