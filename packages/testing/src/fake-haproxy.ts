import {
  Backend,
  openCommandPort,
  runLine,
  runtimeCommands,
  type CommandSession,
  type ServerWriter,
} from '@deploy-actions/embedded-regions'

/** HAProxy's runtime API over what a test sets: the embedded regions', which is held against the real one. */
export interface FakeHaproxy {
  port: number
  weights: Record<string, number>
  /** what each server is set to, or that its check failed; `ready` unless said */
  states: Record<string, 'ready' | 'drain' | 'maint' | 'down'>
  /** the cookie that binds clients to servers, if any */
  cookie?: string
  /** the servers that are configured as `backup` */
  backups?: readonly string[]
  /** `tcp`: it says that it splits connections; `http` unless said */
  mode?: 'http' | 'tcp'
  /** the weights of its configuration file; 100 each unless said */
  configured?: Record<string, number>
  /** how long the process has been running */
  uptimeSec: number
  /** requests that each server has got so far */
  sessions?: Record<string, number>
  /** those of them that have not come to an end */
  underWay?: Record<string, number>
  /** every command so far */
  commands: string[]
  /** Called before each command; may throw to cut the connection, or say that it is not carried out. */
  before?: (command: string) => 'act' | 'lie' | undefined
  /** Called before and after each command is carried out; the reply waits for it. */
  hold?: (command: string, when: 'before' | 'after') => Promise<void>
  close(): Promise<void>
}

/** The weight that every server is configured with. */
const INITIAL_WEIGHT = 100
/** Longer than any rollout of a test. */
const LONG_SEC = 1_000_000

export async function startFakeHaproxy(weights: Record<string, number>): Promise<FakeHaproxy> {
  const server = await openCommandPort({ answer: (line) => reply(fake, line) })
  const fake: FakeHaproxy = {
    port: server.port,
    weights: { ...weights },
    states: {},
    uptimeSec: LONG_SEC,
    commands: [],
    close: () => server.close(),
  }
  return fake
}

async function reply(fake: FakeHaproxy, line: string): Promise<string> {
  const session: CommandSession = { level: 'admin', severity: 'none' }
  await fake.hold?.(line, 'before')
  const replies = line.split(';').map((command) => answer(fake, command.trim(), session))
  await fake.hold?.(line, 'after')
  return replies.join('')
}

function answer(fake: FakeHaproxy, command: string, session: CommandSession): string {
  fake.commands.push(command)
  const lies = fake.before?.(command) === 'lie'
  return runLine(command, runtimeCommands(backendOf(fake), lies ? LIAR : writerOf(fake)), session)
}

/** The backend as the test has it now: it may have changed it by hand since the last command. */
function backendOf(fake: FakeHaproxy): Backend {
  const { weights, states, cookie, mode, sessions, underWay, configured, backups = [], uptimeSec } = fake
  const backend = new Backend(
    Object.keys(weights).map((name) => ({
      name,
      port: 80,
      initialWeight: configured?.[name] ?? INITIAL_WEIGHT,
      backup: backups.includes(name),
    })),
  )
  backend.startedAt = Date.now() - uptimeSec * 1_000
  if (cookie !== undefined) backend.cookie = cookie
  if (mode !== undefined) backend.mode = mode
  for (const server of backend.servers) {
    backend.setWeight(server, weights[server.name] ?? 0)
    server.counters.sessions = sessions?.[server.name] ?? 0
    server.counters.current = underWay?.[server.name] ?? 0
    const state = states[server.name] ?? 'ready'
    if (state === 'down') backend.setHealth(server, 'down')
    else backend.setAdmin(server, state)
  }
  return backend
}

const writerOf = (fake: FakeHaproxy): ServerWriter => ({
  setWeight: ({ name }, weight) => void (fake.weights[name] = weight),
  setAdmin: ({ name }, admin) => void (fake.states[name] = admin),
  setHealth: ({ name }, health) => void (fake.states[name] = health === 'up' ? 'ready' : 'down'),
})

/** Takes every command and carries out none. */
const LIAR: ServerWriter = { setWeight: () => {}, setAdmin: () => {}, setHealth: () => {} }
