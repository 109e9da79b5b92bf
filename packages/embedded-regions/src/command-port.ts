import { createServer, type Socket } from 'node:net'
import { listenWhereItWas, type LoopbackServer } from './loopback-server'

/** HAProxy's `stats timeout`: an idle connection is closed. */
const IDLE_MS = 10_000

/** What stands behind a command port. */
interface CommandPort {
  /** Whether a new connection is taken; one that is not is reset. */
  accepts?(): boolean
  /** The replies to a line. Where it throws, the connection is reset instead. */
  answer(line: string): Promise<string>
  /** where it was before, if it was */
  port?: number | undefined
}

/**
 * HAProxy's command port over TCP: a line, its replies, the end. Only the first line of a connection is run, as newer
 * versions do; a line without its newline is not run at all.
 */
export function openCommandPort(port: CommandPort): Promise<LoopbackServer> {
  return listenWhereItWas(
    createServer({ allowHalfOpen: true, noDelay: true }, (socket) => converse(socket, port)),
    port.port,
  )
}

function converse(socket: Socket, { accepts, answer }: CommandPort): void {
  // A client that resets the connection has nothing more to be told.
  socket.on('error', () => socket.destroy())
  if (accepts?.() === false) {
    socket.resetAndDestroy()
    return
  }
  let input = ''
  socket.setEncoding('utf8')
  socket.setTimeout(IDLE_MS, () => socket.destroy())
  socket.on('end', () => {
    if (!input.includes('\n')) socket.end()
  })
  socket.on('data', (text: string) => {
    if (input.includes('\n')) return
    input += text
    const end = input.indexOf('\n')
    if (end < 0) return
    answer(input.slice(0, end)).then(
      (replies) => {
        if (!socket.destroyed) socket.end(replies)
      },
      () => socket.resetAndDestroy(),
    )
  })
}
