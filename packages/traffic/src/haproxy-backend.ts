import { ProviderError, type ProviderPorts } from '@deploy-actions/action-kit'
import { normalise, sameWeights } from '@deploy-actions/rollout'
import { heldOut, isServing, memberOf, sum, type NamedServer } from './haproxy-members'
import { openRuntime, parseServersState, parseStat, type HaproxyServer } from './haproxy-runtime'
import { askStickiness, type Stickiness } from './haproxy-stickiness'
import { MAX_WEIGHT, stepsTo, toUnits } from './haproxy-units'
import { Conflict, type RouterState, type TrafficRouter } from './router'

interface BackendSettings {
  host: string
  port: number
  backend: string
  /** arm -> its servers */
  servers: Readonly<Record<string, readonly string[]>>
  sticky: boolean | undefined
  /** the action's milliseconds for one exchange */
  timeoutMs: number
}

type Rows = ReadonlyMap<string, HaproxyServer>

/** What does not change while a process lives, and is asked once. */
interface Configuration extends Stickiness {
  /** `mode tcp`: HAProxy sees no requests in its connections */
  byConnection: boolean
}

/** The arms of a backend at one address of HAProxy's runtime API. */
export function openBackend(
  { host, port, backend, servers, sticky, timeoutMs }: BackendSettings,
  ports: Pick<ProviderPorts, 'tcp'>,
): TrafficRouter {
  const where = `haproxy ${host}:${port} backend ${backend}`
  const ask = openRuntime({ where, host, port, timeoutMs }, ports)
  const serversState = `show servers state ${backend}`
  const arms = Object.keys(servers)
  let known: Configuration | undefined

  const look = async (signal: AbortSignal): Promise<{ rows: Rows } & Configuration> => {
    if (known) return { rows: parseServersState(await ask(serversState, signal), where), ...known }
    const questions = [
      serversState,
      `show stat ${backend} 2 -1`,
      ...(sticky === undefined ? ['show table'] : []),
    ]
    const answer = await ask(questions.join('; '), signal)
    const rows = parseServersState(answer, where)
    const stickiness =
      sticky === undefined ? await askStickiness(answer, { backend, where, ask, signal }) : { binds: sticky }
    known = { ...stickiness, byConnection: parseStat(answer)[0]?.['mode'] === 'tcp' }
    return { rows, ...known }
  }

  /** The servers of an arm, by name. @throws ProviderError when one is missing */
  const serversOf = (arm: string, rows: Rows): NamedServer[] =>
    (servers[arm] ?? []).map((name) => {
      const row = rows.get(name)
      if (row) return { name, ...row }
      throw new ProviderError(
        `${where} has no server ${name} (arm ${arm}); it has: ${[...rows.keys()].join(', ')}`,
        { provider: where },
      )
    })
  const ofArms = <T>(of: (servers: readonly NamedServer[]) => T, rows: Rows): Record<string, T> =>
    Object.fromEntries(arms.map((arm) => [arm, of(serversOf(arm, rows))]))
  const unitsOf = (rows: Rows): Record<string, number> =>
    ofArms((servers) => sum(servers.map(({ weight }) => weight)), rows)

  const serverStats = async (signal: AbortSignal) => parseStat(await ask(`show stat ${backend} 4 -1`, signal))

  /** Who gets traffic and is no arm, or what must be known of the arms first: in words. */
  const strangersOf = async (
    { rows, unknown }: { rows: Rows } & Stickiness,
    signal: AbortSignal,
  ): Promise<string | undefined> => {
    const known = Object.values(servers).flat()
    const weighed = [...rows].filter(
      ([server, { weight, admin }]) => !known.includes(server) && weight > 0 && admin !== 'maint',
    )
    if (weighed.length === 0) return unknown
    // A `backup` server, as for a page that says sorry, gets nothing while another one serves.
    const backups = (await serverStats(signal)).filter(({ bck }) => bck === '1').map(({ svname }) => svname)
    const strangers = weighed.filter(([server]) => !backups.includes(server))
    if (strangers.length === 0) return unknown
    const named = strangers.map(([server, row]) => `${server} (weight ${row.weight})`).join(', ')
    return `${where} also sends traffic to ${named}, which is not an arm: list it under members or give it weight 0`
  }

  /** Whom somebody holds out of an arm by weight, and how else that can be said: in words. */
  const heldOutOf = (rows: Rows): string | undefined => {
    const held = arms.flatMap((arm) => heldOut(serversOf(arm, rows)).map(({ name }) => `${name} of ${arm}`))
    return held.length === 0
      ? undefined
      : `${where} holds ${held.join(' and ')} out by a weight of 0, which a rollout cannot keep: put it into maintenance (set server ${backend}/NAME state maint), give it a weight, or take it off members`
  }

  const read = async (signal: AbortSignal): Promise<RouterState> => {
    const seen = await look(signal)
    const { rows, binds, byConnection } = seen
    const serving = ofArms((servers) => sum(servers.filter(isServing).map(({ weight }) => weight)), rows)
    const states = arms
      .flatMap((arm) => serversOf(arm, rows))
      .filter(({ admin }) => admin !== 'ready')
      .map(({ name, admin }) => [name, admin] as const)
    const strangers = await strangersOf(seen, signal)
    const held = heldOutOf(rows)
    return {
      weights: normalise(unitsOf(rows)),
      effective: normalise(serving),
      members: ofArms((servers) => memberOf(servers, binds), rows),
      ...(binds && { bound: true as const }),
      ...(byConnection && { byConnection: true as const }),
      ...(states.length > 0 && { states: Object.fromEntries(states) }),
      ...(strangers !== undefined && { strangers }),
      ...(held !== undefined && { heldOut: held }),
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
      splits: 'requests',
      zero: 'weight',
      atomic: false,
      compareAndSet: false,
      effectWithin: '1s',
    },
    read,
    async write(wanted, expected, signal, found = {}) {
      const { rows, binds } = await look(signal)
      const usable = ofArms((all) => {
        const held = heldOut(all)
        return all.filter((server) => !held.includes(server)).map(({ name }) => name)
      }, rows)
      const units = toUnits(wanted, usable)
      const changes = arms
        .map((arm) => serversOf(arm, rows))
        .flatMap((all) =>
          all.map(({ name, weight }) => ({
            server: name,
            from: weight,
            to: units[name] ?? 0,
            alone: all.length === 1,
          })),
        )
      // By one connection, so that each follows at once.
      const weights = stepsTo(changes).map(({ server, weight }) => set(server, `weight ${weight}`))
      // After the weights: until then it may be the only one that serves.
      const states = arms
        .filter((arm) => (wanted[arm] ?? 0) === 0)
        .flatMap((arm) => serversOf(arm, rows))
        .map(({ name, admin }) => ({ name, admin, state: binds ? 'maint' : found[name] }))
        .filter(({ admin, state }) => state !== undefined && state !== admin)
        .map(({ name, state }) => set(name, `state ${state}`))
      if (weights.length + states.length === 0) return
      const current = normalise(unitsOf(rows))
      if (weights.length > 0 && !sameWeights(current, expected.weights))
        throw new Conflict(where, expected.weights, current)
      await command([...weights, ...states], signal)
    },
    async prepare(members, signal) {
      const { rows } = await look(signal)
      const commands = members
        .flatMap((arm) => serversOf(arm, rows))
        .filter(({ admin }) => admin !== 'ready')
        .flatMap(({ name, checked }) => [
          set(name, 'state ready'),
          // Out of maintenance HAProxy holds a server for up until a check fails: so it has to rise by its checks.
          ...(checked ? [set(name, 'health down')] : []),
        ])
      if (commands.length > 0) await command(commands, signal)
    },
    async reloaded(withinMs, _, signal) {
      const answer = await ask(`${serversState}; show info`, signal)
      const rows = parseServersState(answer, where)
      const uptime = /^Uptime_sec: (\d+)$/m.exec(answer)?.[1]
      const asConfigured = arms
        .flatMap((arm) => serversOf(arm, rows))
        .every(({ weight, initialWeight }) => weight === initialWeight)
      return uptime !== undefined && Number(uptime) * 1_000 <= withinMs && asConfigured
    },
    async requests(signal) {
      const rows = await serverStats(signal)
      const count = (arm: string, column: string): number =>
        sum(
          (servers[arm] ?? []).map((name) =>
            Number(rows.find(({ svname }) => svname === name)?.[column] ?? 0),
          ),
        )
      // In `mode http` each request is a session of its server, however many share a connection or stream over one.
      return Object.fromEntries(
        arms.map((arm) => [arm, { sent: count(arm, 'stot'), underWay: count(arm, 'scur') }]),
      )
    },
  }
}
