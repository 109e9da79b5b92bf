import { z } from 'zod'
import { ProviderError } from '@deploy-actions/action-kit'
import { normalise, sameWeights, timeLimit } from '@deploy-actions/rollout'
import { openRuntime, parseServersState, parseStat, type HaproxyServer } from './haproxy-runtime'
import { askStickiness, stickinessQuestion, type Stickiness } from './haproxy-stickiness'
import { MAX_WEIGHT, toUnits } from './haproxy-units'
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
    sticky: z
      .boolean()
      .optional()
      .describe(
        'clients are bound to servers by `cookie` or `stick`: an arm without traffic is put into maintenance; default: what HAProxy itself tells',
      ),
    timeout: timeLimit.prefault('2s').describe('for one exchange'),
  })
  .describe('HAProxy, by its runtime API over TCP')

/** Names go into a command line of HAProxy's: no blank, slash or separator may stand in them. */
function identifier(what: string) {
  return z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/, `is not a name of a ${what}`)
}

export default router({
  options,
  create({ host, port, backend, members: named, sticky, timeout }, ports, arms) {
    const where = `haproxy ${host}:${port} backend ${backend}`
    const servers = named ?? Object.fromEntries(arms.map((arm) => [arm, arm]))
    const ask = openRuntime({ where, host, port, timeoutMs: timeout }, ports)
    const serversState = `show servers state ${backend}`
    /** Of the configuration, so that it is asked once. */
    let stickiness: Stickiness | undefined = sticky === undefined ? undefined : { binds: sticky }

    const look = async (signal: AbortSignal): Promise<{ rows: Map<string, HaproxyServer> } & Stickiness> => {
      if (stickiness)
        return { rows: parseServersState(await ask(serversState, signal), where), ...stickiness }
      const answer = await ask(`${serversState}; ${stickinessQuestion(backend)}`, signal)
      const rows = parseServersState(answer, where)
      stickiness = await askStickiness(answer, { backend, where, ask, signal })
      return { rows, ...stickiness }
    }

    const serverOf = (member: string, rows: ReadonlyMap<string, HaproxyServer>): HaproxyServer => {
      const server = servers[member] ?? ''
      const row = rows.get(server)
      if (row) return row
      throw new ProviderError(
        `${where} has no server ${server} (arm ${member}); it has: ${[...rows.keys()].join(', ')}`,
        { provider: where },
      )
    }

    /** Who gets traffic and is no arm, or what must be known of the arms first: in words. */
    const strangersOf = (
      rows: ReadonlyMap<string, HaproxyServer>,
      unknown: string | undefined,
    ): string | undefined => {
      const strangers = [...rows].filter(
        ([server, { weight, admin }]) =>
          !Object.values(servers).includes(server) && weight > 0 && admin !== 'maint',
      )
      if (strangers.length === 0) return unknown
      const named = strangers.map(([server, row]) => `${server} (weight ${row.weight})`).join(', ')
      return `${where} also sends traffic to ${named}, which is not an arm: list it under members or give it weight 0`
    }

    const read = async (signal: AbortSignal): Promise<RouterState> => {
      const { rows, binds, unknown } = await look(signal)
      const members = Object.fromEntries(
        Object.keys(servers).map((member) => [member, memberOf(serverOf(member, rows), binds)]),
      )
      const units = Object.fromEntries(Object.entries(members).map(([member, { units }]) => [member, units]))
      const serving = Object.fromEntries(
        Object.entries(members).map(([member, { enabled, healthy, units }]) => [
          member,
          enabled && healthy ? units : 0,
        ]),
      )
      const states = Object.entries(servers)
        .map(([member, server]) => [server, serverOf(member, rows).admin] as const)
        .filter(([, admin]) => admin !== 'ready')
      const strangers = strangersOf(rows, unknown)
      return {
        weights: normalise(units),
        effective: normalise(serving),
        members,
        ...(states.length > 0 && { states: Object.fromEntries(states) }),
        ...(strangers !== undefined && { strangers }),
      }
    }

    /** Sends commands that answer nothing when they are carried out. */
    const command = async (commands: readonly string[], signal: AbortSignal): Promise<void> => {
      const reply = await ask(commands.join('; '), signal)
      if (reply.trim() !== '')
        throw new ProviderError(
          `${where} refused ${commands.join('; ')}: ${reply.trim().split('\n').join(' ')}`,
          { provider: where },
        )
    }
    const set = (server: string, what: string): string => `set server ${backend}/${server} ${what}`

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
      async write(wanted, expected, signal, found = {}) {
        const { rows, binds } = await look(signal)
        const units = toUnits(wanted, Object.keys(servers))
        const current = Object.fromEntries(
          Object.keys(servers).map((member) => [member, serverOf(member, rows).weight]),
        )
        const growing = (member: string): number => (units[member] ?? 0) - (current[member] ?? 0)
        // Growing before shrinking, so that at no instant traffic goes nowhere; one connection, so both follow at once.
        const weights = Object.keys(servers)
          .filter((member) => growing(member) !== 0)
          .sort((a, b) => growing(b) - growing(a))
          .map((member) => set(servers[member] ?? '', `weight ${units[member]}`))
        // After the weights: until then it may be the only one that serves.
        const states = Object.entries(servers)
          .filter(([member]) => units[member] === 0)
          .map(([member, server]) => ({
            server,
            is: serverOf(member, rows).admin,
            state: binds ? 'maint' : found[server],
          }))
          .filter(({ is, state }) => state !== undefined && state !== is)
          .map(({ server, state }) => set(server, `state ${state}`))
        if (weights.length + states.length === 0) return
        if (weights.length > 0 && !sameWeights(normalise(current), expected.weights))
          throw new Conflict(where, expected.weights, normalise(current))
        await command([...weights, ...states], signal)
      },
      async prepare(members, signal) {
        const { rows } = await look(signal)
        const commands = members
          .filter((member) => serverOf(member, rows).admin !== 'ready')
          .flatMap((member) => {
            const server = servers[member] ?? ''
            // Out of maintenance HAProxy holds a server for up until a check fails: so it has to rise by its checks.
            const mustRise = serverOf(member, rows).checked ? [set(server, 'health down')] : []
            return [set(server, 'state ready'), ...mustRise]
          })
        if (commands.length > 0) await command(commands, signal)
      },
      async reloaded(withinMs, signal) {
        const answer = await ask(`${serversState}; show info`, signal)
        const rows = parseServersState(answer, where)
        const uptime = /^Uptime_sec: (\d+)$/m.exec(answer)?.[1]
        const asConfigured = Object.keys(servers).every((member) => {
          const { weight, initialWeight } = serverOf(member, rows)
          return weight === initialWeight
        })
        return uptime !== undefined && Number(uptime) * 1_000 <= withinMs && asConfigured
      },
      async requests(signal) {
        const rows = parseStat(await ask(`show stat ${backend} 4 -1`, signal))
        return Object.fromEntries(
          Object.entries(servers).map(([member, server]) => [
            member,
            Number(rows.find(({ svname }) => svname === server)?.['stot'] ?? 0),
          ]),
        )
      },
    }
  },
})

/** What HAProxy tells of an arm. */
function memberOf({ admin, up, weight }: HaproxyServer, binds: boolean): RouterMember {
  const idle = binds && weight === 0
  return {
    enabled: admin === 'ready',
    healthy: up,
    units: weight,
    ...(idle && (admin === 'maint' ? { parked: true as const } : { lingers: true as const })),
  }
}
