import { randomUUID } from 'node:crypto'
import type { Log } from './ports'
import { redact } from './secrets'
import { command, print } from './workflow-commands'

/** The log of a step on GitHub; what it masks it can take out of other texts, too. */
export function createLog(): Log & { redact(text: string): string } {
  const masked = new Set<string>()
  const group = (title: string, lines: readonly string[]): void => {
    command('group', title)
    for (const line of lines) print(line)
    command('endgroup')
  }
  return {
    info: print,
    debug: (line) => command('debug', line),
    notice: (message) => command('notice', message),
    warning: (message) => command('warning', message),
    error: (message) => command('error', message),
    group,
    foreign(title, output) {
      if (output.trim() === '') return
      const token = randomUUID()
      group(title, [`::stop-commands::${token}`, ...output.trimEnd().split('\n'), `::${token}::`])
    },
    mask(secret) {
      masked.add(secret)
      command('add-mask', secret)
    },
    redact: (text) => redact(text, masked),
  }
}
