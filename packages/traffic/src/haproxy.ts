import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import {
  apportion,
  formatPercent,
  normalise,
  sameWeights,
  WHOLE,
  timeLimit,
  type Weights,
} from '@deploy-actions/rollout'
import { Conflict, router, type RouterMember, type RouterState } from './router'

/** HAProxy's runtime API over TCP (`stats socket ipv4@ADDRESS:PORT level admin`). */
const options = z
  .strictObject({
    host: z.string().min(1).default('127.0.0.1').describe('address of the stats socket'),
    port: z.coerce.number().int().min(1).max(65_535).describe('port of the stats socket'),
    backend: identifier('backend').describe('name of the backend'),
    members: z
      .record(z.string().min(1), identifier('server'))
      .optional()
      .describe('arm -> server of the backend; default: servers are named as the arms'),
    timeout: timeLimit.prefault('2s').describe('for one exchange'),
  })
  .describe('HAProxy, by its runtime API over TCP')

/** Names go into a command line of HAProxy's: no blank, slash or separator may stand in them. */
function identifier(what: string) {
  return z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/, `is not a name of a ${what}`)
}

/** HAProxy takes absolute weights of 0 to 256; all of them 0 answers 503. */
const MAX_WEIGHT = 256

/**
 * States of `show servers state` (management guide 9.3): srv_op_state 2 is running, and 1 starting: up already, its weight
 * growing over `slowstart`. Bits of srv_admin_state mean maintenance or drain.
 */
const OPERATIONAL: readonly number[] = [1, 2]
const DRAIN_BITS = 0x08 | 0x10
const MAINTENANCE_BITS = 0x01 | 0x02 | 0x04 | 0x20

export default router({
  options,
  create({ host, port, backend, members: named, timeout }, { tcp }, arms) {
    const where = `haproxy ${host}:${port} backend ${backend}`
    const servers = named ?? Object.fromEntries(arms.map((arm) => [arm, arm]))

    const ask = async (command: string, signal: AbortSignal): Promise<string> => {
      const { reply } = await tcp.exchange({
        system: 'haproxy',
        host,
        port,
        send: `${command}\n`,
        timeoutMs: timeout,
        signal,
      })
      if (reply !== '') return reply
      // Every command is answered, be it by an empty line.
      throw new ProviderError(`${where} closed the connection without an answer to: ${command}`, {
        provider: where,
        retryable: true,
      })
    }

    const read = async (signal: AbortSignal): Promise<RouterState> => {
      const rows = parseServersState(await ask(`show servers state ${backend}`, signal), where)
      const members: Record<string, RouterMember> = {}
      const serving: Record<string, number> = {}
      for (const [member, server] of Object.entries(servers)) {
        const row = rows.get(server)
        if (!row)
          throw new ProviderError(
            `${where} has no server ${server} (arm ${member}); it has: ${[...rows.keys()].join(', ')}`,
            { provider: where },
          )
        const enabled = (row.admin & (DRAIN_BITS | MAINTENANCE_BITS)) === 0
        const healthy = OPERATIONAL.includes(row.operational)
        members[member] = { enabled, healthy, units: row.weight }
        serving[member] = enabled && healthy ? row.weight : 0
      }
      const strangers = [...rows].filter(
        ([server, row]) =>
          !Object.values(servers).includes(server) && row.weight > 0 && (row.admin & MAINTENANCE_BITS) === 0,
      )
      const units = Object.fromEntries(Object.entries(members).map(([member, { units }]) => [member, units]))
      const state = { weights: normalise(units), effective: normalise(serving), members }
      if (strangers.length === 0) return state
      const named = strangers.map(([server, row]) => `${server} (weight ${row.weight})`).join(', ')
      return {
        ...state,
        strangers: `${where} also sends traffic to ${named}, which is not an arm: list it under members or give it weight 0`,
      }
    }

    return {
      where,
      capabilities: {
        min: 0,
        max: MAX_WEIGHT,
        step: 1,
        zero: 'weight',
        atomic: false,
        compareAndSet: false,
        effectWithin: '1s',
      },
      read,
      async write(wanted, expected, signal) {
        const current = await read(signal)
        const units = toUnits(wanted, Object.keys(servers))
        const growing = (member: string): number =>
          (units[member] ?? 0) - (current.members[member]?.units ?? 0)
        // Growing before shrinking, so that at no instant traffic goes nowhere; one connection, so both follow at once.
        const commands = Object.keys(servers)
          .filter((member) => growing(member) !== 0)
          .sort((a, b) => growing(b) - growing(a))
          .map((member) => `set server ${backend}/${servers[member]} weight ${units[member]}`)
        if (commands.length === 0) return
        if (!sameWeights(current.weights, expected.weights))
          throw new Conflict(where, expected.weights, current.weights)
        const reply = await ask(commands.join('; '), signal)
        if (reply.trim() !== '')
          throw new ProviderError(
            `${where} refused ${commands.join('; ')}: ${reply.trim().split('\n').join(' ')}`,
            { provider: where },
          )
      },
    }
  },
})

/** What is read back of one unit rounds to a little less than one; less than this would be about twice what was asked for. */
const LEAST_UNIT = 0.9

/** Totals to split into units, the plainest first: whole percents read as themselves on HAProxy's own page. */
const TOTALS = [100, 200, MAX_WEIGHT]

/** Basis points to absolute weights of 0 to 256, exact where a total allows it, by largest remainder where none does. */
function toUnits(wanted: Weights, members: readonly string[]): Record<string, number> {
  const shares = Object.fromEntries(members.map((member) => [member, wanted[member] ?? 0]))
  const exact = (total: number): boolean =>
    Object.values(shares).every((points) => (points * total) % WHOLE === 0)
  const units = apportion(shares, TOTALS.find(exact) ?? MAX_WEIGHT)
  for (const member of members)
    // A share too small for one unit must not silently become nothing, or a whole unit.
    if ((shares[member] ?? 0) > 0 && (shares[member] ?? 0) * MAX_WEIGHT < LEAST_UNIT * WHOLE)
      throw new ProviderError(
        `a share of ${formatPercent(shares[member] ?? 0)} for ${member} is finer than HAProxy's weights; the least is 0.4%`,
        { provider: 'haproxy' },
      )
  return units
}

interface ServerRow {
  operational: number
  admin: number
  weight: number
}

/** Reads `show servers state`: a version line, a header that names the fields, a row a server. */
function parseServersState(reply: string, where: string): Map<string, ServerRow> {
  const [version, header, ...lines] = reply.split('\n')
  if (version?.trim() !== '1' || !header?.startsWith('# '))
    throw new ProviderError(
      `${where} answered ${JSON.stringify(reply.trim().slice(0, 200))} to show servers state`,
      { provider: where },
    )
  const fields = header.slice(2).trim().split(/\s+/)
  const column = (name: string): number => {
    const index = fields.indexOf(name)
    if (index < 0)
      throw new ProviderError(`${where}: show servers state has no field ${name}`, { provider: where })
    return index
  }
  const [name, operational, admin, weight] = [
    column('srv_name'),
    column('srv_op_state'),
    column('srv_admin_state'),
    column('srv_uweight'),
  ]
  return new Map(
    lines
      .filter((line) => line.trim() !== '')
      .map((line) => line.trim().split(/\s+/))
      .map((cells) => [
        cells[name] ?? '',
        {
          operational: Number(cells[operational]),
          admin: Number(cells[admin]),
          weight: Number(cells[weight]),
        },
      ]),
  )
}
