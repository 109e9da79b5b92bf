import { randomUUID } from 'node:crypto'
import { appendFileSync } from 'node:fs'
import { EOL } from 'node:os'

/*
 * The part of @actions/core that every run needs. The library itself loads an HTTP client for OIDC first, which takes
 * longer than all the rest of an action's start (npm run bench:start); a test holds these to its bytes.
 */

/** A command to the runner, as a line of the log. */
export function command(
  name: 'add-mask' | 'debug' | 'endgroup' | 'error' | 'group' | 'notice' | 'warning',
  message = '',
): void {
  print(`::${name}::${message.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')}`)
}

/**
 * Text that the runner takes for text, whatever foreign part stands in it. The runner obeys `::` at the beginning of a
 * line, blanks aside (U+0085 is one for .NET), and `##[` anywhere in one; a carriage return ends a line for it, too
 * (ActionCommand.cs and ProcessInvoker.cs of actions/runner).
 */
export function plain(text: string): string {
  return text
    .split(/\r\n|\r|\n/)
    .map((line) => line.replace(/^([\s\u0085]*:)(?=:)/, '$1 ').replaceAll('##[', '## ['))
    .join(EOL)
}

/** A line of the log, as it is: for commands, and for what stands between fences. */
export function print(line: string): void {
  process.stdout.write(`${line}${EOL}`)
}

/** Sets an output of the step. */
export function setOutput(name: string, value: string): void {
  appendTo('GITHUB_OUTPUT', name, value)
}

/** Keeps a value for post, where it is `STATE_name`. */
export function saveState(name: string, value: string): void {
  appendTo('GITHUB_STATE', name, value)
}

/** Outside a runner there is no file; the value is shown instead. */
function appendTo(variable: 'GITHUB_OUTPUT' | 'GITHUB_STATE', name: string, value: string): void {
  const file = process.env[variable]
  if (!file) return print(plain(`${variable}: ${name}=${value}`))
  const delimiter = `ghadelimiter_${randomUUID()}`
  appendFileSync(file, `${name}<<${delimiter}${EOL}${value}${EOL}${delimiter}${EOL}`)
}
