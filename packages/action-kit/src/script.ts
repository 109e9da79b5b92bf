import { isAbsolute, join, normalize, sep } from 'node:path'
import { z } from 'zod'
import type { ChildResult, ProviderPorts } from './ports'

/** A script of the repository: its path and fixed arguments. */
export interface Script {
  path: string
  args: readonly string[]
}

/**
 * `ops/deploy.sh --fast`: a path inside the repository and fixed arguments, split at blanks.
 * No shell reads it, so quotes, variables and pipes mean nothing and are refused rather than passed on.
 */
export const script = z
  .string()
  .meta({ description: 'a script of the repository and fixed arguments, such as ops/deploy.sh --fast' })
  .transform((line, context): Script => {
    const [path, ...args] = line.trim().split(/\s+/)
    const problem = refusal(line, path)
    if (problem === undefined && path) return { path, args }
    context.addIssue({ code: 'custom', message: `${JSON.stringify(line)} ${problem}` })
    return z.NEVER
  })

function refusal(line: string, path: string | undefined): string | undefined {
  if (!path) return 'names no script'
  if (/["'`$|&;<>(){}*?\\]/.test(line))
    return 'is not run by a shell: write a path and plain arguments; variables reach the script as DEPLOY_*'
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
