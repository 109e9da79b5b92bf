import { randomUUID } from 'node:crypto'
import * as core from '@actions/core'
import type { Log } from './ports'

/** The log of a step on GitHub. */
export function createLog(): Log {
  const group = (title: string, lines: readonly string[]): void => {
    core.startGroup(title)
    for (const line of lines) core.info(line)
    core.endGroup()
  }
  return {
    info: (line) => core.info(line),
    debug: (line) => core.debug(line),
    notice: (message) => core.notice(message),
    warning: (message) => core.warning(message),
    error: (message) => core.error(message),
    group,
    foreign(title, output) {
      if (output.trim() === '') return
      const token = randomUUID()
      group(title, [`::stop-commands::${token}`, ...output.trimEnd().split('\n'), `::${token}::`])
    },
    mask: (secret) => core.setSecret(secret),
  }
}
