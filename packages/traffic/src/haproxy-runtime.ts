import { ProviderError, type ProviderPorts } from '@deploy-actions/action-kit'
import type { AdminState } from './router'

/** One line of commands to HAProxy's runtime API, and all that it answers. */
export type Ask = (commands: string, signal: AbortSignal) => Promise<string>

/** @param timeoutMs real milliseconds for one exchange */
export function openRuntime(
  { where, host, port, timeoutMs }: { where: string; host: string; port: number; timeoutMs: number },
  { tcp }: Pick<ProviderPorts, 'tcp'>,
): Ask {
  return async (commands, signal) => {
    const { reply } = await tcp.exchange({
      system: 'haproxy',
      host,
      port,
      send: `${commands}\n`,
      timeoutMs,
      signal,
    })
    if (reply !== '') return reply
    // Every command is answered, be it by an empty line.
    throw new ProviderError(`${where} closed the connection without an answer to: ${commands}`, {
      provider: where,
      retryable: true,
    })
  }
}

/** A server of a backend by `show servers state` (management guide 9.3). */
export interface HaproxyServer {
  /** running, or starting: up already, its weight growing over `slowstart` */
  up: boolean
  admin: AdminState
  weight: number
  /** the weight of the configuration */
  initialWeight: number
  /** HAProxy checks its health */
  checked: boolean
}

/** `srv_op_state`: 2 is running, and 1 starting. */
const OPERATIONAL: readonly number[] = [1, 2]
/** Bits of `srv_admin_state`. */
const DRAIN_BITS = 0x08 | 0x10
/** Not 0x04: that a server is `disabled` by the configuration is still said when it has been made ready since. */
const MAINTENANCE_BITS = 0x01 | 0x02 | 0x20
/** `CHK_ST_ENABLED` of `srv_check_state` (include/haproxy/check-t.h). */
const CHECK_ENABLED_BIT = 0x04

/** Reads `show servers state`: a version line, a header that names the fields, a row a server, a blank line. */
export function parseServersState(reply: string, where: string): Map<string, HaproxyServer> {
  const [table = ''] = reply.split('\n\n')
  const [version, header, ...lines] = table.split('\n')
  if (version?.trim() !== '1' || !header?.startsWith('# '))
    throw new ProviderError(
      `${where} answered ${JSON.stringify(table.trim().slice(0, 200))} to show servers state`,
      { provider: where },
    )
  const fields = header.slice(2).trim().split(/\s+/)
  const column = (name: string): number => {
    const index = fields.indexOf(name)
    if (index < 0)
      throw new ProviderError(`${where}: show servers state has no field ${name}`, { provider: where })
    return index
  }
  const [name, operational, admin, weight, initial, check] = [
    column('srv_name'),
    column('srv_op_state'),
    column('srv_admin_state'),
    column('srv_uweight'),
    column('srv_iweight'),
    column('srv_check_state'),
  ]
  return new Map(
    lines
      .filter((line) => line.trim() !== '')
      .map((line) => line.trim().split(/\s+/))
      .map((cells) => [
        cells[name] ?? '',
        {
          up: OPERATIONAL.includes(Number(cells[operational])),
          admin: adminState(Number(cells[admin])),
          weight: Number(cells[weight]),
          initialWeight: Number(cells[initial]),
          checked: (Number(cells[check]) & CHECK_ENABLED_BIT) !== 0,
        },
      ]),
  )
}

function adminState(bits: number): AdminState {
  if ((bits & MAINTENANCE_BITS) !== 0) return 'maint'
  return (bits & DRAIN_BITS) !== 0 ? 'drain' : 'ready'
}

/** The rows of a `show stat` within a reply, by column. */
export function parseStat(reply: string): Record<string, string>[] {
  const table = /^# (pxname,.*)\n((?:.+\n)*)/m.exec(reply)
  const columns = table?.[1]?.split(',') ?? []
  return (table?.[2] ?? '')
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const cells = line.split(',')
      return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']))
    })
}
