import { setMaxListeners } from 'node:events'
import { tmpdir } from 'node:os'
import { createChildProcesses, inheritedOf } from './child-processes'
import { clockFromEnvironment } from './clock'
import { readContext } from './context'
import { Cancelled, GateFailed } from './errors'
import { createHttp } from './http'
import type { EvidenceCollector, Log, Ports } from './ports'
import { redact, type Secrets } from './secrets'
import { createTcp } from './tcp'

/** What is GitHub's is not there. */
const away = (): Promise<never> =>
  Promise.reject(new GateFailed('this is done from a terminal, without GitHub'))

const nothing = (): void => undefined

/**
 * The world as a person's terminal has it, for a day on which GitHub is away: routers, clocks and scripts are real, lines
 * go to the terminal without any of the secrets, and nothing is kept.
 * @param write takes one line
 */
export function terminalPorts(secrets: Secrets, write: (line: string) => void): Ports {
  const clock = clockFromEnvironment(process.env)
  const stop = new AbortController()
  // Of the regions of a service each is asked at the same time.
  setMaxListeners(0, stop.signal)
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => stop.abort(new Cancelled(`${name}: stopped`)))
  const masked = new Set(secrets.values())
  const line =
    (mark: string) =>
    (text: string): void =>
      write(`${mark}${redact(text, masked)}`)
  const info = line('')
  const lines = (title: string, all: readonly string[]): void => [title, ...all].forEach((one) => info(one))
  const log: Log = {
    ...{ info, debug: nothing, notice: info, warning: line('! '), error: line('!! ') },
    group: lines,
    foreign: (title, output) => lines(title, output.trimEnd().split('\n')),
    mask: (secret) => void masked.add(secret),
  }
  const evidence: EvidenceCollector = {
    ...{ about: nothing, facts: nothing, call: nothing, progress: nothing },
    folder: tmpdir(),
  }
  return {
    ...{ log, clock, signal: stop.signal, secrets, oidc: undefined, evidence },
    http: createHttp(clock, evidence),
    tcp: createTcp(clock, evidence),
    process: createChildProcesses(clock, evidence),
    ambient: inheritedOf(process.env),
    github: { request: away, list: away },
    artifacts: { upload: away, list: away, download: away },
    summary: { add: nothing },
    context: readContext(process.env),
    state: { save: nothing, get: () => undefined },
  }
}
