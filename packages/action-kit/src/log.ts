import { randomUUID } from 'node:crypto'
import type { Log } from './ports'
import { redact } from './secrets'
import { command, plain, print } from './workflow-commands'

/** The log of a step on GitHub; what it masks it can take out of other texts, too. */
export function createLog(): Log & { redact(text: string): string } {
  const masked = new Set<string>()
  const folded = (title: string, printLines: () => void): void => {
    command('group', title)
    printLines()
    command('endgroup')
  }
  return {
    info: (line) => print(plain(line)),
    debug: (line) => command('debug', line),
    notice: (message) => command('notice', message),
    warning: (message) => command('warning', message),
    error: (message) => command('error', message),
    group: (title, lines) => folded(title, () => lines.forEach((line) => print(plain(line)))),
    foreign(title, output) {
      if (output.trim() === '') return
      const token = randomUUID()
      folded(title, () => {
        print(`::stop-commands::${token}`)
        for (const line of output.trimEnd().split('\n')) print(line)
        print(`::${token}::`)
      })
    },
    mask(secret) {
      masked.add(secret)
      command('add-mask', secret)
    },
    redact: (text) => redact(text, masked),
  }
}
