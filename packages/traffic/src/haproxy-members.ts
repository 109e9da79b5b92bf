import type { HaproxyServer } from './haproxy-runtime'
import type { RouterMember } from './router'

/** A server of an arm, by its name in the backend. */
export type NamedServer = HaproxyServer & { name: string }

export const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + number, 0)

/** It takes requests as far as its weight goes. */
export const isServing = ({ admin, up }: HaproxyServer): boolean => admin === 'ready' && up

/**
 * The servers of an arm that somebody holds out of its traffic by a weight of 0. Our own writes leave weights within an arm
 * that are equal or differ by one, so a server without weight beside one of two units or more is somebody's hand. One that
 * is drained or in maintenance is out by that, whatever it weighs.
 */
export function heldOut(servers: readonly NamedServer[]): readonly NamedServer[] {
  const most = Math.max(...servers.map(({ weight }) => weight))
  return most < 2 ? [] : servers.filter(({ weight, admin }) => weight === 0 && admin === 'ready')
}

/** An arm serves if one of its servers does; one that is held out does not count. */
export function memberOf(all: readonly NamedServer[], binds: boolean): RouterMember {
  const held = heldOut(all)
  const servers = all.filter((server) => !held.includes(server))
  const ready = servers.filter(({ admin }) => admin === 'ready')
  const units = sum(servers.map(({ weight }) => weight))
  const parked = servers.every(({ admin }) => admin === 'maint')
  const weighed = servers.filter(({ weight }) => weight > 0)
  const out = weighed.filter((server) => !isServing(server))
  return {
    enabled: ready.length > 0,
    healthy: (ready.length > 0 ? ready : servers).some(({ up }) => up),
    units,
    ...(binds && units === 0 && (parked ? { parked: true as const } : { lingers: true as const })),
    ...(out.length > 0 && out.length < weighed.length && { out: out.map(({ name }) => name) }),
  }
}
