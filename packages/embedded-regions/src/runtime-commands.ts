import { MAXIMAL_WEIGHT, type AdminState, type Backend, type Health, type ProxyServer } from './backend'
import { Refusal, usageList, type Command, type CommandSession, type Level } from './runtime-line'
import { processInfo, serversState, statTable } from './server-reports'

/** Changes a server's weight or state; what stands behind it decides whether it really does. */
export interface ServerWriter {
  setWeight(server: ProxyServer, weight: number): void
  setAdmin(server: ProxyServer, admin: AdminState): void
  setHealth(server: ProxyServer, health: Health): void
}

const DONE = ''
const ADMIN_STATES: readonly string[] = ['ready', 'drain', 'maint'] satisfies AdminState[]
const HEALTHS: readonly string[] = ['up', 'stopping', 'down'] satisfies Health[]
const SEVERITIES: readonly string[] = ['none', 'number', 'string'] satisfies CommandSession['severity'][]

/** HAProxy's words for what `set server` changes; the embedded proxy has no others than these three. */
const SET_SERVER_USAGE =
  'usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight\n'

/** The commands of a backend; writes go through `writer`. */
export function runtimeCommands(backend: Backend, writer: ServerWriter): readonly Command[] {
  const onServer = (path: string | undefined, then: (server: ProxyServer) => string | Refusal) => {
    const [backendName, serverName] = path?.split('/', 2) ?? []
    if (serverName === undefined) return new Refusal("Require 'backend/server'.\n")
    if (backendName !== backend.name) return new Refusal('No such backend.\n')
    const server = backend.server(serverName)
    return server === undefined ? new Refusal('No such server.\n') : then(server)
  }
  const setWeight = (server: ProxyServer, text: string | undefined) => {
    const weight = parseWeight(text, server.initialWeight)
    if (typeof weight !== 'number') return new Refusal(weight.error)
    writer.setWeight(server, weight)
    return DONE
  }
  const setAdmin = (server: ProxyServer, admin: AdminState) => {
    writer.setAdmin(server, admin)
    return DONE
  }
  const setServer = (server: ProxyServer, what: string | undefined, value: string | undefined) => {
    switch (what) {
      case 'weight':
        return setWeight(server, value)
      case 'state':
        if (value === undefined || !ADMIN_STATES.includes(value))
          return new Refusal("'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n")
        return setAdmin(server, value as AdminState)
      case 'health':
        if (value === undefined || !HEALTHS.includes(value))
          return new Refusal("'set server <srv> health' expects 'up', 'stopping', or 'down'.\n")
        writer.setHealth(server, value as Health)
        return DONE
      default:
        return new Refusal(SET_SERVER_USAGE)
    }
  }

  const commands: readonly Command[] = [
    {
      words: ['disable', 'server'],
      usage:
        "disable server (DEPRECATED)             : disable a server for maintenance (use 'set server' instead)",
      writes: true,
      run: (argument) => onServer(argument(0), (server) => setAdmin(server, 'maint')),
    },
    {
      words: ['enable', 'server'],
      usage: "enable server  (DEPRECATED)             : enable a disabled server (use 'set server' instead)",
      writes: true,
      run: (argument) => onServer(argument(0), (server) => setAdmin(server, 'ready')),
    },
    {
      words: ['get', 'weight'],
      usage: "get weight <bk>/<srv>                   : report a server's current weight",
      run: (argument) =>
        onServer(argument(0), (server) => `${server.weight} (initial ${server.initialWeight})\n`),
    },
    {
      words: ['operator'],
      usage:
        'operator                                : lower the level of the current CLI session to operator',
      run: (_, session) => lower(session, 'operator'),
    },
    {
      words: ['set', 'server'],
      usage: "set server <bk>/<srv> [opts]            : change a server's state, weight, address or ssl",
      writes: true,
      run: (argument) => onServer(argument(0), (server) => setServer(server, argument(1), argument(2))),
    },
    {
      words: ['set', 'severity-output'],
      usage:
        'set severity-output [none|number|string]: set presence of severity level in feedback information',
      run: (argument, session) => setSeverity(session, argument(0)),
    },
    {
      words: ['set', 'weight'],
      usage: "set weight <bk>/<srv>  (DEPRECATED)     : change a server's weight (use 'set server' instead)",
      writes: true,
      run: (argument) => onServer(argument(0), (server) => setWeight(server, argument(1))),
    },
    {
      words: ['show', 'info'],
      usage: 'show info [desc|json|typed|float]*      : report information about the running process',
      run: () => processInfo(backend),
    },
    {
      words: ['show', 'servers', 'state'],
      usage:
        'show servers state [<backend>]          : dump volatile server information (all or for a single backend)',
      run: (argument) =>
        argument(0) === undefined || argument(0) === backend.name
          ? serversState(backend)
          : new Refusal("Can't find backend.\n"),
    },
    {
      words: ['show', 'stat'],
      usage: 'show stat [desc|json|no-maint|typed|up]*: report counters for each proxy and server',
      run: (argument) => showStat(backend, argument),
    },
    {
      words: ['show', 'table'],
      usage:
        "show table <table> [<filter>]           : report table usage stats or dump this table's contents (see doc)",
      // The embedded proxy has no stick tables.
      run: (argument) => (argument(0) === undefined ? DONE : new Refusal('No such table\n')),
    },
    {
      words: ['user'],
      usage: 'user                                    : lower the level of the current CLI session to user',
      run: (_, session) => lower(session, 'user'),
    },
    {
      words: ['help'],
      usage: 'help [<command>]                        : list matching or all commands',
      run: () => usageList('The following commands are valid at this level:', commands),
    },
  ]
  return commands
}

function lower(session: CommandSession, level: Level): string {
  if (session.level !== 'user') session.level = level
  return DONE
}

function setSeverity(session: CommandSession, wanted: string | undefined): string | Refusal {
  if (wanted === undefined || !SEVERITIES.includes(wanted))
    return new Refusal("one of 'none', 'number', 'string' is a required argument\n")
  session.severity = wanted as CommandSession['severity']
  return DONE
}

/** With all three arguments (`PROXY TYPES SID`) rows are picked; anything else shows everything. */
function showStat(backend: Backend, argument: (index: number) => string | undefined): string | Refusal {
  const [proxy, types, sid] = [argument(0), argument(1), argument(2)]
  if (proxy === undefined || types === undefined || sid === undefined) return statTable(backend, -1, -1)
  if (proxy !== backend.name && proxy !== '-1') return new Refusal('No such proxy.\n')
  return statTable(backend, Number.parseInt(types, 10), Number.parseInt(sid, 10))
}

/** What strtol(3) in base 10 makes of a text: the number it begins with, and the rest. */
const LEADING_NUMBER = /^\s*([+-]?\d+)(.*)$/s

/**
 * Reads a weight as HAProxy's `server_parse_weight_change_request` does: a whole number from 0 to 256, or a
 * percentage of the configured weight, truncated and clamped. An error is HAProxy's own text.
 */
function parseWeight(text: string | undefined, initialWeight: number): number | { error: string } {
  if (text === undefined || text === '') return { error: 'Require <weight> or <weight%>.\n' }
  const [, digits, rest] = LEADING_NUMBER.exec(text) ?? []
  if (digits === undefined) return { error: 'Empty weight string empty or preceded by garbage' }
  const number = Number(digits)
  if (rest === '%') {
    if (number < 0) return { error: 'Relative weight must be positive.\n' }
    return Math.min(Math.trunc((initialWeight * number) / 100), MAXIMAL_WEIGHT)
  }
  if (number < 0 || number > MAXIMAL_WEIGHT)
    return { error: `Absolute weight can only be between 0 and ${MAXIMAL_WEIGHT} inclusive.\n` }
  if (rest !== '') return { error: 'Trailing garbage in weight string' }
  return number
}
