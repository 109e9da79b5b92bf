import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** srv_op_state and srv_admin_state of `show servers state`, as measured (../reference: haproxy and rehearsal). */
const STATES = { ready: '2 0', drain: '2 8', maint: '0 1', down: '0 0' }

/** HAProxy's runtime API as far as the router uses it; strict: what HAProxy refuses is refused, in its words. */
export interface FakeHaproxy {
  port: number
  weights: Record<string, number>
  /** what each server is set to, or that its check failed; `ready` unless said */
  states: Record<string, 'ready' | 'drain' | 'maint' | 'down'>
  /** every command so far */
  commands: string[]
  /** Called before each command; may throw to cut the connection, or say that it is not carried out. */
  before?: (command: string) => 'act' | 'lie' | undefined
  /** Called before and after each command is carried out; the reply waits for it. */
  hold?: (command: string, when: 'before' | 'after') => Promise<void>
  close(): Promise<void>
}

const HEADER =
  '# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight srv_iweight srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl srv_check_port srv_check_addr srv_agent_addr srv_agent_port'

export async function startFakeHaproxy(weights: Record<string, number>): Promise<FakeHaproxy> {
  const sockets = new Set<Socket>()
  const server: Server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket.on('close', () => sockets.delete(socket)))
    let line = ''
    socket.setEncoding('utf8').on('error', () => socket.destroy())
    socket.on('data', (text: string) => {
      line += text
      if (!line.includes('\n')) return
      void reply(fake, line.split('\n')[0] ?? '').then(
        (text) => socket.end(text),
        () => socket.destroy(),
      )
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const fake: FakeHaproxy = {
    port: (server.address() as AddressInfo).port,
    weights: { ...weights },
    states: {},
    commands: [],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        for (const socket of sockets) socket.destroy()
      }),
  }
  return fake
}

async function reply(fake: FakeHaproxy, line: string): Promise<string> {
  await fake.hold?.(line, 'before')
  const replies = line.split(';').map((command) => answer(fake, command.trim()))
  await fake.hold?.(line, 'after')
  return replies.join('')
}

function answer(fake: FakeHaproxy, command: string): string {
  fake.commands.push(command)
  const lie = fake.before?.(command) === 'lie'
  if (command === 'show servers state app') {
    const rows = Object.entries(fake.weights).map(
      ([name, weight], index) =>
        `3 app ${index + 1} ${name} 127.0.0.1 ${STATES[fake.states[name] ?? 'ready']} ${weight} 100 1 1 0 2 0 0 0 0 - 80 - 0 0 - - 0`,
    )
    return `1\n${HEADER}\n${rows.join('\n')}\n\n`
  }
  if (command.startsWith('show servers state ')) return "Can't find backend.\n\n"
  const set = /^set server app\/(\S+) weight (\S+)$/.exec(command)
  if (!set) return 'Unknown command.\n\n'
  const [, name = '', weight = ''] = set
  if (!(name in fake.weights)) return 'No such server.\n\n'
  if (!/^\d+$/.test(weight)) return 'Trailing garbage in weight string\n\n'
  if (Number(weight) > 256) return 'Absolute weight can only be between 0 and 256 inclusive.\n\n'
  if (!lie) fake.weights[name] = Number(weight)
  return '\n'
}
