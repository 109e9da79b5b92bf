import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createClock } from './clock'
import { Cancelled, ProviderError } from './errors'
import type { EvidenceCollector, TcpExchange } from './ports'
import { createTcp } from './tcp'

let server: Server
let answer: (line: string, socket: Socket) => void
let calls: Parameters<EvidenceCollector['call']>[0][]
const tcp = createTcp(createClock(), { call: (call) => void calls.push(call) })
beforeEach(async () => {
  calls = []
  answer = (line, socket) => socket.end(`you said ${line}`)
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.setEncoding('utf8').on('data', (text: string) => answer(text, socket))
    socket.on('error', () => socket.destroy()).on('end', () => socket.end())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
})
afterEach(() => new Promise((resolve) => server.close(resolve)))

const { signal } = new AbortController()
const exchange = (more: Partial<TcpExchange> = {}) => {
  const port = (server.address() as AddressInfo | null)?.port ?? 0
  return tcp.exchange({ system: 'cache', host: '127.0.0.1', port, timeoutMs: 5_000, signal, ...more })
}

describe('an exchange over TCP', () => {
  it('sends, and reads until the other side closes', async () => {
    answer = (line, socket) => {
      socket.write('you ')
      setTimeout(() => socket.end(`said ${line}`), 10)
    }
    expect((await exchange({ send: 'hello\n' })).reply).toBe('you said hello\n')
    const { port } = server.address() as AddressInfo
    expect(calls).toMatchObject([
      { system: `cache 127.0.0.1:${port}`, what: 'hello', status: 'you said hello' },
    ])
  })

  it('with nothing to send only connects', async () => {
    expect((await exchange()).reply).toBe('')
    expect(calls).toMatchObject([{ what: 'connect', status: 'ok' }])
  })

  it('with nobody is a failure that may be tried again', async () => {
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const failure = await exchange({ port, send: 'x' }).catch((error: unknown) => error)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    expect(failure).toBeInstanceOf(ProviderError)
    expect(failure).toMatchObject({
      retryable: true,
      message: expect.stringMatching(
        /^cache 127\.0\.0\.1:\d+ could not be reached: .*; is it open to this runner\?$/,
      ),
    })
    expect(calls).toMatchObject([{ status: expect.stringContaining('could not be reached') }])
  })

  it('without an answer ends after the time-out, and says what was asked', async () => {
    answer = () => {}
    await expect(exchange({ send: 'show\n', timeoutMs: 30 })).rejects.toThrow(
      /gave no answer within 30 ms to: show$/,
    )
  })

  it('that never stops answering is left', async () => {
    answer = (_, socket) => {
      const flood = () => {
        while (socket.writable && socket.write('x'.repeat(65_536)));
        if (socket.writable) socket.once('drain', flood)
      }
      flood()
    }
    await expect(exchange({ send: 'show\n' })).rejects.toThrow(/answered more than 1 MiB to: show$/)
  })

  it('is left when the run is cancelled, and not begun after that', async () => {
    const run = new AbortController()
    answer = () => run.abort()
    await expect(exchange({ send: 'x', signal: run.signal })).rejects.toBeInstanceOf(Cancelled)
    await expect(exchange({ send: 'x', signal: run.signal })).rejects.toBeInstanceOf(Cancelled)
  })
})
