import { connect } from 'node:net'
import { LOOPBACK } from './loopback-server'

/** A server as the proxy's runtime API shows it. */
export interface ArmReading {
  /** HAProxy's units, 0 to 256. */
  units: number
  state: 'ready' | 'drain' | 'maint' | 'down'
}

/** Long enough for a hogged machine: the port this is asked of never has a fault. */
const TIMEOUT_MS = 10_000

/** All of the traffic, in basis points. */
const WHOLE = 10_000

/**
 * Reads the arms of a region by `show servers state`.
 *
 * @throws when the command port does not answer, or not with a table
 */
export async function readArms(port: number, backend: string): Promise<Record<string, ArmReading>> {
  const table = await ask(port, `show servers state ${backend}`)
  const [version, header, ...rows] = table.trimEnd().split('\n')
  if (version !== '1' || header === undefined)
    throw new Error(`the proxy's reply is not a table of servers: ${table}`)
  const columns = header.slice(2).split(' ')
  return Object.fromEntries(
    rows.map((row) => {
      const values = row.split(' ')
      const column = (name: string) => values[columns.indexOf(name)] ?? ''
      const state = armState(Number(column('srv_op_state')), Number(column('srv_admin_state')))
      return [column('srv_name'), { units: Number(column('srv_uweight')), state }]
    }),
  )
}

/** Weights in basis points, as configured; all zero when no server has a weight. */
export function weightsOf(arms: Record<string, ArmReading>): Record<string, number> {
  return inBasisPoints(Object.entries(arms).map(([name, arm]) => [name, arm.units]))
}

/** Weights in basis points among the servers that do take traffic. */
export function effectiveWeightsOf(arms: Record<string, ArmReading>): Record<string, number> {
  return inBasisPoints(
    Object.entries(arms).map(([name, arm]) => [name, arm.state === 'ready' ? arm.units : 0]),
  )
}

/** What rounding leaves over goes to the last, so that the sum is the whole. */
function inBasisPoints(units: [name: string, units: number][]): Record<string, number> {
  const sum = units.reduce((total, [, n]) => total + n, 0)
  let left = sum === 0 ? 0 : WHOLE
  return Object.fromEntries(
    units.map(([name, n], index) => {
      const points = index === units.length - 1 ? left : sum === 0 ? 0 : Math.round((n / sum) * WHOLE)
      left -= points
      return [name, points]
    }),
  )
}

/** ready: op 2, admin 0; drain: op 2, admin 8; maint: op 0, admin 1; health down: op 0, admin 0. */
function armState(operational: number, admin: number): ArmReading['state'] {
  if ((admin & 1) !== 0) return 'maint'
  if (operational !== 2) return 'down'
  return admin === 0 ? 'ready' : 'drain'
}

function ask(port: number, command: string): Promise<string> {
  return new Promise((answered, failed) => {
    const socket = connect(port, LOOPBACK)
    let reply = ''
    socket.setEncoding('utf8')
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`the proxy did not answer '${command}'`)))
    socket.on('data', (text: string) => (reply += text))
    socket.on('end', () => answered(reply))
    socket.on('error', failed)
    socket.write(`${command}\n`)
  })
}
