import { z } from 'zod'
import { timeLimit } from '@deploy-actions/rollout'
import { openBackend } from './haproxy-backend'
import { mirrored } from './mirrored'
import { router } from './router'

const HOST = /^(?:\[([0-9A-Fa-f:.]+)\]|([^\s:[\]]+))(?::(\d{1,5}))?$/

/** HAProxy's runtime API over TCP (`stats socket ipv4@ADDRESS:PORT level admin`). */
const options = z
  .strictObject({
    host: z.string().min(1).optional().describe('address of the stats socket; default: 127.0.0.1'),
    hosts: z
      .array(z.string().regex(HOST, 'is not written as HOST, HOST:PORT or [IPV6]:PORT'))
      .min(1)
      .optional()
      .describe('instead of host, each HAProxy of an active-active pair as HOST or HOST:PORT'),
    port: z.coerce.number().int().min(1).max(65_535).describe('port of the stats socket'),
    backend: identifier('backend').describe('name of the backend'),
    members: z
      .record(z.string().min(1), z.union([identifier('server'), z.array(identifier('server')).min(1)]))
      .optional()
      .describe(
        'arm -> server of the backend, or a list of its servers; default: servers are named as the arms',
      ),
    sticky: z
      .boolean()
      .optional()
      .describe(
        'clients are bound to servers by `cookie` or `stick`: an arm without traffic is put into maintenance; default: what HAProxy itself tells',
      ),
    timeout: timeLimit.prefault('2s').describe('for one exchange'),
  })
  .superRefine(({ host, hosts = [], members = {} }, context) => {
    if (host !== undefined && hosts.length > 0)
      context.addIssue({ code: 'custom', path: ['hosts'], message: 'stands beside host; give one of them' })
    for (const [path, names] of [
      ['hosts', hosts],
      ['members', Object.values(members).flat()],
    ] as const)
      for (const twice of new Set(names.filter((name, index) => names.indexOf(name) !== index)))
        context.addIssue({ code: 'custom', path: [path], message: `${twice} stands there twice` })
  })
  .describe('HAProxy, by its runtime API over TCP')

/** Names go into a command line of HAProxy's: no blank, slash or separator may stand in them. */
function identifier(what: string) {
  return z.string().regex(/^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/, `is not a name of a ${what}`)
}

export default router({
  options,
  armsOf: ({ members }) => members && Object.keys(members),
  create({ host = '127.0.0.1', hosts, port, backend, members, sticky, timeout }, ports, arms) {
    const servers = Object.fromEntries(
      members
        ? Object.entries(members).map(([arm, names]) => [arm, [names].flat()])
        : arms.map((arm) => [arm, [arm]]),
    )
    const shared = { backend, servers, sticky, timeoutMs: timeout }
    const addresses = hosts ? hosts.map((each) => addressOf(each, port)) : [{ host, port }]
    const [first, ...others] = addresses.map((address) => openBackend({ ...shared, ...address }, ports))
    // A list has at least one.
    if (!first || others.length === 0) return first ?? openBackend({ ...shared, host, port }, ports)
    const named = addresses.map((address) => `${address.host}:${address.port}`).join(', ')
    return mirrored(`haproxy ${named} backend ${backend}`, [first, ...others])
  },
})

/** `HOST`, `HOST:PORT` or `[IPV6]:PORT` */
function addressOf(written: string, port: number): { host: string; port: number } {
  const [, bracketed, plain, own] = HOST.exec(written) ?? []
  return { host: bracketed ?? plain ?? written, port: own === undefined ? port : Number(own) }
}
