import { connect, type Socket } from 'node:net'
import type { Backend, ProxyServer } from './backend'
import { LOOPBACK } from './loopback-server'

/** HAProxy's `check` on every server: a connection that is opened and closed again tells whether anybody listens. */
export class HealthChecks {
  readonly #timer: NodeJS.Timeout
  readonly #open = new Map<ProxyServer, Socket>()

  /** @param everyMs real milliseconds from check to check */
  constructor(
    private readonly backend: Backend,
    everyMs: number,
  ) {
    this.#timer = setInterval(() => this.#checkAll(), everyMs).unref()
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const socket of this.#open.values()) socket.destroy()
  }

  #checkAll(): void {
    for (const server of this.backend.servers)
      if (server.admin !== 'maint' && !this.#open.has(server)) this.#check(server)
  }

  #check(server: ProxyServer): void {
    const socket = connect({ port: server.port, host: LOOPBACK })
    this.#open.set(server, socket)
    const found = (connected: boolean) => () => {
      this.backend.recordCheck(server, connected)
      // As HAProxy does: a reset leaves no half-closed connection behind.
      socket.resetAndDestroy()
    }
    socket.once('connect', found(true))
    socket.once('error', found(false))
    socket.once('close', () => this.#open.delete(server))
  }
}
