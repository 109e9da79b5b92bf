import type { Clock } from './clock'
import { Cancelled, messageOf, ProviderError, wasNotSent } from './errors'
import type { EvidenceCollector, Tcp, TcpAnswer, TcpExchange } from './ports'

/** An answer is a few lines or pages; more than this is a mistake or an attack on our memory. */
const MAX_REPLY_CHARACTERS = 1024 * 1024
/** How much of an answer goes into the evidence. */
const SHOWN_CHARACTERS = 100

/** TCP by node:net, loaded at the first exchange. */
export function createTcp(clock: Clock, evidence: Pick<EvidenceCollector, 'call'>): Tcp {
  return {
    async exchange(request) {
      const started = clock.realMs()
      const note = (status: string): void =>
        evidence.call({
          system: `${request.system} ${request.host}:${request.port}`,
          what: request.send?.trim() ?? 'connect',
          status,
          ms: Math.round(clock.realMs() - started),
        })
      try {
        const reply = await exchange(request, clock.ioTimeout(request.timeoutMs))
        note(reply.trim().slice(0, SHOWN_CHARACTERS) || 'ok')
        return { reply, ms: Math.round(clock.realMs() - started) } satisfies TcpAnswer
      } catch (error) {
        note(messageOf(error))
        throw error
      }
    },
  }
}

async function exchange(
  { system, host, port, send, signal }: TcpExchange,
  timeoutMs: number,
): Promise<string> {
  const { Socket } = await import('node:net')
  const where = `${system} ${host}:${port}`
  const asked = send === undefined ? '' : ` to: ${send.trim()}`
  return new Promise((resolve, reject) => {
    const socket = new Socket()
    let reply = ''
    const settle = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      socket.destroy()
    }
    const fail = (error: Error): void => {
      settle()
      reject(error)
    }
    const answer = (): void => {
      settle()
      resolve(reply)
    }
    const onAbort = (): void => fail(new Cancelled('the run was cancelled', { cause: signal.reason }))
    const timer = setTimeout(
      () =>
        fail(
          new ProviderError(`${where} gave no answer within ${Math.round(timeoutMs)} ms${asked}`, {
            provider: where,
            retryable: true,
          }),
        ),
      timeoutMs,
    )
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    socket.setEncoding('utf8')
    socket.on('data', (text: string) => {
      reply += text
      if (reply.length > MAX_REPLY_CHARACTERS)
        fail(new ProviderError(`${where} answered more than 1 MiB${asked}`, { provider: where }))
    })
    socket.on('error', (cause) =>
      fail(
        new ProviderError(`${where} could not be reached: ${cause.message}; is it open to this runner?`, {
          provider: where,
          cause,
          retryable: true,
          notCarriedOut: wasNotSent(cause),
        }),
      ),
    )
    socket.on('end', answer)
    socket.connect(port, host, () => (send === undefined ? answer() : void socket.write(send)))
  })
}
