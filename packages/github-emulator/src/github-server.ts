import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Faults, type Fault } from './faults'
import { Refusal, type Answer, type Door, type HttpCall } from './http-call'

/** One request that came, and what became of it. */
export interface RecordedCall {
  method: string
  path: string
  /** As in the address, without the question mark. */
  query: string
  /** What was answered; 0 when the connection was cut. */
  status: number
  /** Id of the job whose token came with it; absent when no token was known. */
  job?: number
  /** The fault that struck. */
  fault?: Fault['then']
}

/** Largest body that is read, above any artifact of ours. */
const MAXIMUM_BODY = 256 * 1024 * 1024

/** The loopback server: reads requests, lets faults strike, asks the door and writes what it answers. */
export class GitHubServer {
  readonly calls: RecordedCall[] = []
  readonly faults = new Faults()
  readonly url: string
  readonly port: number
  #number = 0

  private constructor(private readonly server: Server) {
    this.port = (server.address() as AddressInfo).port
    this.url = `http://127.0.0.1:${this.port}`
  }

  static async listen(): Promise<GitHubServer> {
    const server = createServer()
    await new Promise<void>((listening, failed) => {
      server.once('error', failed)
      server.listen(0, '127.0.0.1', listening)
    })
    return new GitHubServer(server)
  }

  /** Answers requests from now on. */
  serve(door: Door): void {
    this.server.on('request', (request, response) => {
      this.#serve(door, request, response).catch(() => request.socket.destroy())
    })
  }

  async close(): Promise<void> {
    await new Promise<void>((closed) => {
      this.server.close(() => closed())
      this.server.closeAllConnections()
    })
  }

  async #serve(door: Door, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request).catch(() => undefined)
    if (!body) return void request.socket.destroy()
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', this.url)
    const call: HttpCall = { method: request.method ?? 'GET', path, query, headers: request.headers, body }
    const fault = this.faults.strike(call)
    const answer = await this.#answer(door, call, fault)
    this.calls.push({
      method: call.method,
      path,
      query: query.toString(),
      status: answer?.status ?? 0,
      ...(call.job === undefined ? {} : { job: call.job }),
      ...(fault ? { fault: fault.then } : {}),
    })
    if (answer) write(response, answer, `C0DE:${(++this.#number).toString(16).toUpperCase()}`)
    else request.socket.destroy()
  }

  /** Undefined when the connection is to be cut */
  async #answer(door: Door, call: HttpCall, fault: Fault | undefined): Promise<Answer | undefined> {
    if (fault?.then === 'refuse') return undefined
    if (fault?.then === '500') return { status: 500, body: { message: 'Server Error', status: '500' } }
    if (fault?.then === 'forge') return fault.answer
    if (fault?.then === 'slow') await sleep(fault.ms ?? 3_000)
    const answer = await ask(door, call)
    if (fault?.then === 'drop') return undefined
    return fault?.then === 'lie' ? fault.answer(answer) : answer
  }
}

async function ask(door: Door, call: HttpCall): Promise<Answer> {
  try {
    return await door(call)
  } catch (error) {
    if (error instanceof Refusal) return error.answer
    // A defect of the emulator; it must not pass for an answer of GitHub.
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error)
    return { status: 500, body: { message: `the emulator failed: ${message}` } }
  }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > MAXIMUM_BODY) throw new Error(`a request of more than ${MAXIMUM_BODY} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function write(response: ServerResponse, { status, headers = {}, body }: Answer, requestId: string): void {
  const raw = Buffer.isBuffer(body)
    ? body
    : Buffer.from(body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body))
  const type = Buffer.isBuffer(body)
    ? 'application/octet-stream'
    : typeof body === 'string'
      ? 'text/plain'
      : 'application/json; charset=utf-8'
  response.writeHead(status, {
    ...(body === undefined ? {} : { 'content-type': type }),
    'x-github-request-id': requestId,
    ...headers,
    'content-length': raw.length,
  })
  response.end(raw)
}
