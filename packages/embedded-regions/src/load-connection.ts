import { connect, type Socket } from 'node:net'
import { ARM_HEADER } from './app'
import { LOOPBACK } from './loopback-server'

/** How a request ended; `proxy` means that the proxy answered 5xx itself, `connection` that nothing did. */
export type Ending = 'ok' | 'app' | 'proxy' | 'connection'

const REQUEST = `GET / HTTP/1.1\r\nHost: ${LOOPBACK}\r\n\r\n`
const END_OF_HEAD = '\r\n\r\n'
const CONTENT_LENGTH = /^content-length: *(\d+)/im
const OF_THE_APP = new RegExp(`^${ARM_HEADER}:`, 'im')

/**
 * A kept-alive connection of the load generator: one request at a time on a raw socket. Node's HTTP client
 * would cost more than the proxy under test.
 */
export class LoadConnection {
  readonly #socket: Socket
  #input = ''
  #ended: ((ending: Ending) => void) | undefined

  constructor(port: number) {
    this.#socket = connect({ port, host: LOOPBACK, noDelay: true })
    this.#socket.setEncoding('latin1')
    this.#socket.on('data', (text: string) => this.#read(text))
    this.#socket.on('error', () => this.#socket.destroy())
    this.#socket.on('close', () => this.#finish('connection'))
  }

  /** Whether another request may be sent. */
  get usable(): boolean {
    return !this.#socket.destroyed && !this.#socket.readableEnded
  }

  send(ended: (ending: Ending) => void): void {
    this.#ended = ended
    this.#socket.write(REQUEST)
  }

  destroy(): void {
    this.#ended = undefined
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#input += text
    const headEnd = this.#input.indexOf(END_OF_HEAD)
    if (headEnd < 0) return
    const head = this.#input.slice(0, headEnd)
    const length = Number(CONTENT_LENGTH.exec(head)?.[1] ?? 0)
    if (this.#input.length < headEnd + END_OF_HEAD.length + length) return
    this.#input = ''
    this.#finish(endingOf(head))
  }

  #finish(ending: Ending): void {
    const ended = this.#ended
    this.#ended = undefined
    ended?.(ending)
  }
}

/** `HTTP/1.1 503 ...`: the code stands at the ninth character. */
function endingOf(head: string): Ending {
  if (Number(head.slice(9, 12)) < 500) return 'ok'
  return OF_THE_APP.test(head) ? 'app' : 'proxy'
}
