import { createServer, type Socket } from 'node:net'
import type { AdminState, Backend, ProxyServer } from './backend'
import { listenOnLoopback, type LoopbackServer } from './loopback-server'
import type { RouterFault } from './region-fault'
import { runtimeCommands, type ServerWriter } from './runtime-commands'
import { runLine, type Command, type Level } from './runtime-line'

/** HAProxy's `stats timeout`: an idle connection is closed. */
const IDLE_MS = 10_000

const DEFAULT_SLOW_MS = 1500
const DEFAULT_REVERT_MS = 300

/**
 * HAProxy's command port over TCP: a line, its replies, the end. Only the first line of a connection is run,
 * as newer versions do; a line without its newline is not run at all.
 */
export class RuntimeApi implements ServerWriter {
  #fault: RouterFault | undefined
  #server!: LoopbackServer
  readonly #commands: readonly Command[]
  readonly #changes: string[] = []
  /** Weights the other controller is about to put back. */
  readonly #reverts = new Map<ProxyServer, NodeJS.Timeout>()

  private constructor(
    private readonly backend: Backend,
    private readonly level: Level,
  ) {
    this.#commands = runtimeCommands(backend, this)
  }

  static async open(backend: Backend, level: Level): Promise<RuntimeApi> {
    const api = new RuntimeApi(backend, level)
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => api.#converse(socket))
    api.#server = await listenOnLoopback(server)
    return api
  }

  get port(): number {
    return this.#server.port
  }

  /** The commands so far that changed something, oldest first; reads and refused ones are not among them. */
  get changes(): readonly string[] {
    return this.#changes
  }

  setFault(fault: RouterFault | undefined): void {
    this.#fault = fault
    if (fault?.router !== 'revert') this.#forgetReverts()
  }

  async close(): Promise<void> {
    this.#forgetReverts()
    await this.#server.close()
  }

  setWeight(server: ProxyServer, weight: number): void {
    if (this.#fault?.router === 'lie') return
    if (this.#fault?.router === 'revert') this.#revertLater(server, this.#fault.delayMs ?? DEFAULT_REVERT_MS)
    this.backend.setWeight(server, weight)
  }

  setAdmin(server: ProxyServer, admin: AdminState): void {
    if (this.#fault?.router !== 'lie') this.backend.setAdmin(server, admin)
  }

  setHealth(server: ProxyServer, health: ProxyServer['health']): void {
    if (this.#fault?.router !== 'lie') this.backend.setHealth(server, health)
  }

  #converse(socket: Socket): void {
    // A client that resets the connection has nothing more to be told.
    socket.on('error', () => socket.destroy())
    if (this.#fault?.router === 'refuse') {
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
      if (end >= 0) this.#answer(socket, input.slice(0, end))
    })
  }

  #answer(socket: Socket, line: string): void {
    const changed = (command: string): void => void this.#changes.push(command)
    const answer = () => {
      if (!socket.destroyed)
        socket.end(runLine(line, this.#commands, { level: this.level, severity: 'none', changed }))
    }
    if (this.#fault?.router === 'slow') setTimeout(answer, this.#fault.delayMs ?? DEFAULT_SLOW_MS).unref()
    else answer()
  }

  /** Of several writes in a row it is the weight before the first that comes back. */
  #revertLater(server: ProxyServer, delayMs: number): void {
    if (this.#reverts.has(server)) return
    const before = server.weight
    const revert = () => {
      this.#reverts.delete(server)
      this.backend.setWeight(server, before)
    }
    this.#reverts.set(server, setTimeout(revert, delayMs).unref())
  }

  #forgetReverts(): void {
    for (const timer of this.#reverts.values()) clearTimeout(timer)
    this.#reverts.clear()
  }
}
