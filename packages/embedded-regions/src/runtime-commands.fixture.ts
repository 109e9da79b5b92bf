import { connect } from 'node:net'

/**
 * HAProxy 2.6.12's replies to the byte, as measured: held against the embedded proxy in the unit tests and
 * against the real one in the system tests. Each starts from blue 100, green 0, both ready.
 */
interface CommandCase {
  command: string
  reply: string
  /** For texts that go on with the list of all commands of a version. */
  firstLineOnly?: true
}

/** Brings both servers back to how they are configured. */
export const resetCommand = ['blue weight 100', 'green weight 0', 'blue state ready', 'green state ready']
  .map((change) => `set server app/${change}`)
  .join(';')

const range = 'Absolute weight can only be between 0 and 256 inclusive.\n\n'
const noNumber = 'Empty weight string empty or preceded by garbage\n'
const trailing = 'Trailing garbage in weight string\n'
const noWeight = 'Require <weight> or <weight%>.\n\n'
const noSlash = "Require 'backend/server'.\n\n"
const badState = "'set server <srv> state' expects 'ready', 'drain' and 'maint'.\n\n"
const usage =
  'usage: set server <backend>/<server> addr | agent | agent-addr | agent-port | agent-send | check-addr | check-port | fqdn | health | ssl | state | weight\n\n'
const severityUsage = "one of 'none', 'number', 'string' is a required argument\n\n"
const nearest = 'Unknown command, but maybe one of the following ones is a better match:\n'

/** `set server app/green weight VALUE` and the reply. */
const weights: [value: string, reply: string][] = [
  ['25', '\n'],
  ['0', '\n'],
  ['256', '\n'],
  ['+5', '\n'],
  ['007', '\n'],
  ['10 extra', '\n'],
  ['257', range],
  ['-1', range],
  ['99999999999', range],
  ['abc', noNumber],
  ['%', noNumber],
  ['%5', noNumber],
  ['1.5', trailing],
  ['12.5%', trailing],
  ['0x10', trailing],
  ['-5%', 'Relative weight must be positive.\n\n'],
  ['50%', '\n'],
]

export const commandCases: CommandCase[] = [
  ...weights.map(([value, reply]) => ({ command: `set server app/green weight ${value}`, reply })),
  { command: 'set server app/green weight', reply: noWeight },
  { command: 'set weight app/green', reply: noWeight },
  { command: 'set weight app/green 30;get weight app/green', reply: '\n30 (initial 0)\n\n' },
  { command: 'set server app/green state drain', reply: '\n' },
  { command: 'enable server app/green', reply: '\n' },
  { command: 'disable server app/green', reply: '\n' },
  { command: 'set server app/green health down;set server app/green health up', reply: '\n\n' },
  { command: 'set server app/nope weight 1', reply: 'No such server.\n\n' },
  { command: 'set server nope/green weight 1', reply: 'No such backend.\n\n' },
  { command: 'set server app/BLUE weight 1', reply: 'No such server.\n\n' },
  { command: 'set server app weight 1', reply: noSlash },
  { command: 'set server', reply: noSlash },
  { command: 'disable server app', reply: noSlash },
  { command: 'enable server nope/x', reply: 'No such backend.\n\n' },
  { command: 'enable server app/x', reply: 'No such server.\n\n' },
  { command: 'set server app/green', reply: usage },
  { command: 'set server app/green colour', reply: usage },
  { command: 'set server app/green state x', reply: badState },
  { command: 'set server app/green state', reply: badState },
  {
    command: 'set server app/green health x',
    reply: "'set server <srv> health' expects 'up', 'stopping', or 'down'.\n\n",
  },
  { command: 'get weight app/blue', reply: '100 (initial 100)\n\n' },
  { command: '  get   weight   app/blue', reply: '100 (initial 100)\n\n' },
  { command: 'get weight app\\/blue', reply: '100 (initial 100)\n\n' },
  { command: 'get weight app/nope', reply: 'No such server.\n\n' },
  { command: 'get weight nope/blue', reply: 'No such backend.\n\n' },
  { command: 'get weight app', reply: noSlash },
  { command: 'set server app/green weight 25; get weight app/green', reply: '\n25 (initial 0)\n\n' },
  { command: 'get weight app/blue;get weight app/green', reply: '100 (initial 100)\n\n0 (initial 0)\n\n' },
  // A percentage is one of the configured weight: 12 % of 100, 300 % clamped, 50 % of green's 0.
  { command: 'set server app/blue weight 12%;get weight app/blue', reply: '\n12 (initial 100)\n\n' },
  { command: 'set server app/blue weight 300%;get weight app/blue', reply: '\n256 (initial 100)\n\n' },
  { command: 'set server app/green weight 50%;get weight app/green', reply: '\n0 (initial 0)\n\n' },
  { command: 'show servers state nope', reply: "Can't find backend.\n\n" },
  { command: 'show stat nope 4 -1', reply: 'No such proxy.\n\n' },
  { command: 'show table', reply: '\n' },
  { command: 'show table app data.server_id lt 0', reply: 'No such table\n\n' },
  { command: 'set severity-output number', reply: '\n' },
  { command: 'set severity-output', reply: severityUsage },
  { command: 'set severity-output nope', reply: severityUsage },
  { command: 'set severity-output number;set server app/green weight 999', reply: `\n[3]: ${range}` },
  { command: 'set severity-output number;set server app/green weight abc', reply: `\n[3]: ${noNumber}` },
  { command: 'set severity-output number;set server app/green weight 5', reply: '\n\n' },
  { command: 'set severity-output number;get weight app/blue', reply: '\n100 (initial 100)\n\n' },
  { command: 'set severity-output string;get weight app/nope', reply: '\n[err]: No such server.\n\n' },
  { command: 'set severity-output number;nope', reply: `\n[6]: ${nearest}`, firstLineOnly: true },
  { command: 'nope', reply: nearest, firstLineOnly: true },
  { command: 'show', reply: nearest, firstLineOnly: true },
  { command: 'set serv app/green weight 3', reply: nearest, firstLineOnly: true },
  { command: 'SET server app/green weight 3', reply: nearest, firstLineOnly: true },
  {
    command: '; get weight app/blue',
    reply: 'Unknown command. Please enter one of the following commands only:\n',
    firstLineOnly: true,
  },
  { command: 'help', reply: 'The following commands are valid at this level:\n', firstLineOnly: true },
  { command: 'user;set server app/green weight 1', reply: '\nPermission denied\n\n' },
  { command: 'operator;get weight app/blue', reply: '\n100 (initial 100)\n\n' },
]

/** What levels `operator` and `user` are told. */
export const unprivilegedCases: CommandCase[] = [
  { command: 'get weight app/blue', reply: '100 (initial 100)\n\n' },
  { command: 'set server app/blue weight 1', reply: 'Permission denied\n\n' },
  { command: 'set weight app/blue 1', reply: 'Permission denied\n\n' },
  { command: 'disable server app/blue', reply: 'Permission denied\n\n' },
  { command: 'enable server app/blue', reply: 'Permission denied\n\n' },
  {
    command: 'set severity-output number;set server app/blue weight 1',
    reply: '\n[3]: Permission denied\n\n',
  },
]

/** Changes and then blue's row of `show servers state`: op state, admin state, weight, configured weight. */
export const stateCases: { change: string; blue: string }[] = [
  { change: 'set server app/blue state ready', blue: '2 0 100 100' },
  { change: 'set server app/blue weight 25', blue: '2 0 25 100' },
  { change: 'set server app/blue state drain', blue: '2 8 100 100' },
  { change: 'set server app/blue state maint', blue: '0 1 100 100' },
  { change: 'disable server app/blue', blue: '0 1 100 100' },
  { change: 'set server app/blue state drain;disable server app/blue', blue: '0 1 100 100' },
  { change: 'set server app/blue state maint;enable server app/blue', blue: '2 0 100 100' },
  { change: 'set server app/blue health down', blue: '0 0 100 100' },
]

/** Sends a line and gives all that comes until the connection ends. */
export function askRuntime(port: number, command: string): Promise<string> {
  return new Promise((answered, failed) => {
    const socket = connect(port, '127.0.0.1')
    let reply = ''
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => (reply += text))
    socket.on('end', () => answered(reply))
    socket.on('error', failed)
    socket.write(`${command}\n`)
  })
}

/** The part of a reply that a case tells of. */
export function compared(reply: string, { reply: expected, firstLineOnly }: CommandCase): string {
  return firstLineOnly === true ? reply.slice(0, expected.length) : reply
}

/** Op state, admin state, weight and configured weight of a server in `show servers state`. */
export function stateOf(table: string, server: string): string | undefined {
  const row = table.split('\n').find((line) => line.split(' ')[3] === server)
  return row?.split(' ').slice(5, 9).join(' ')
}
