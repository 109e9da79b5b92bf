import { setTimeout as sleep } from 'node:timers/promises'
import type { AdminState, Backend, ProxyServer } from './backend'
import { openCommandPort } from './command-port'
import type { LoopbackServer } from './loopback-server'
import type { RouterFault } from './region-fault'
import { runtimeCommands, type ServerWriter } from './runtime-commands'
import { runLine, type Command, type Level } from './runtime-line'

const DEFAULT_SLOW_MS = 1500
const DEFAULT_REVERT_MS = 300

/** The runtime API of a backend: what stands behind its command port, and what is wrong with it. */
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

  /** @param port where it was before */
  static async open(backend: Backend, level: Level, port?: number): Promise<RuntimeApi> {
    const api = new RuntimeApi(backend, level)
    api.#server = await openCommandPort({
      accepts: () => api.#fault?.router !== 'refuse',
      answer: (line) => api.#answer(line),
      port,
    })
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
    if (fault?.router === 'reload' && this.#fault?.router !== 'reload') this.backend.reload()
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

  async #answer(line: string): Promise<string> {
    if (this.#fault?.router === 'slow')
      await sleep(this.#fault.delayMs ?? DEFAULT_SLOW_MS, undefined, { ref: false })
    const changed = (command: string): void => void this.#changes.push(command)
    return runLine(line, this.#commands, { level: this.level, severity: 'none', changed })
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
