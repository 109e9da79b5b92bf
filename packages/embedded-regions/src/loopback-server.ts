import type { AddressInfo, Server, Socket } from 'node:net'

/** The only address of the embedded world. */
export const LOOPBACK = '127.0.0.1'

/**
 * Connections that wait to be taken while this thread stands still: as many as Linux allows. With Node's 511 the kernel
 * drops some in a stall, and resets them a minute later, under a request.
 */
const BACKLOG = 4_096

/** A server on the loopback whose open connections end with it. */
export interface LoopbackServer {
  readonly port: number
  /** `http://127.0.0.1:PORT` */
  readonly url: string
  /** Stops listening and cuts what is open. */
  close(): Promise<void>
}

/** Listens where somebody listened before, as long as nobody else does by now; then, and without a port, on a free one. */
export async function listenWhereItWas(server: Server, port?: number): Promise<LoopbackServer> {
  if (port === undefined) return listenOnLoopback(server)
  return listenOnLoopback(server, port).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    return listenOnLoopback(server)
  })
}

/** Listens on `port` of the loopback, or on a free one. */
export async function listenOnLoopback(server: Server, port = 0): Promise<LoopbackServer> {
  const sockets = new Set<Socket>()
  const track = (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  }
  server.on('connection', track)
  await new Promise<void>((listening, failed) => {
    server.once('error', failed)
    server.listen({ port, host: LOOPBACK, backlog: BACKLOG }, () => {
      server.off('error', failed)
      listening()
    })
  })
  const bound = (server.address() as AddressInfo).port
  return {
    port: bound,
    url: `http://${LOOPBACK}:${bound}`,
    close: () =>
      new Promise((closed) => {
        server.off('connection', track)
        server.close(() => closed())
        for (const socket of sockets) socket.destroy()
      }),
  }
}
