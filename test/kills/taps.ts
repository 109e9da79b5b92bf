import { createServer, request as sendRequest, type IncomingMessage } from 'node:http'
import { listenOnLoopback, openCommandPort, type LoopbackServer } from '@deploy-actions/embedded-regions'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { haproxyRoute, type Call } from './call'
import type { Switchboard } from './switchboard'

/** An answer over HTTP, whole. */
export interface HttpAnswer {
  status: number
  headers: Record<string, string | string[] | undefined>
  body: Buffer
}

/** A request, whole. */
export interface HttpQuestion {
  method: string
  url: URL
  headers: IncomingMessage['headers']
  body: Buffer
}

const NO_ANSWER = '<html>\u0000 no answer of ours {{{'

const answer = (status: number, text: string, headers: Record<string, string> = {}): HttpAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(text),
})

/** Answers of a server in trouble, to any question or to this one. */
type InTrouble = (call: Omit<Call, 'phase'>) => Record<'limited' | 'error' | 'garbage', HttpAnswer>

const GITHUB_IN_TROUBLE: InTrouble = () => ({
  limited: answer(429, '{"message":"You have exceeded a secondary rate limit"}', { 'retry-after': '2' }),
  error: answer(500, '{"message":"Server Error"}'),
  garbage: answer(200, NO_ANSWER),
})

const status = (code: number, reason: string, message: string): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message, reason, code })

/**
 * Source: Kubernetes, "API Priority and Fairness" (429), and the answers of its API server while etcd is away: to a write it
 * says that it has waited in vain, to a read that it is not ready.
 */
export const KUBERNETES_IN_TROUBLE: InTrouble = ({ writes }) => ({
  limited: answer(429, status(429, 'TooManyRequests', 'too many requests, please try again later'), {
    'retry-after': '1',
  }),
  error: writes
    ? answer(500, status(500, 'InternalError', 'etcdserver: request timed out'))
    : answer(503, status(503, 'ServiceUnavailable', 'apiserver not ready')),
  // As of a proxy before it.
  garbage: answer(200, NO_ANSWER, { 'content-type': 'text/html' }),
})

/** Stands before an HTTP server: every request of a step passes the switchboard. */
export function openHttpTap(
  switchboard: Switchboard,
  callOf: (question: HttpQuestion) => Omit<Call, 'phase'>,
  forward: (question: HttpQuestion) => Promise<HttpAnswer>,
  inTrouble: InTrouble = GITHUB_IN_TROUBLE,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    void (async () => {
      const question = await read(request)
      const call = callOf(question)
      const given = await switchboard.pass(call, {
        carryOut: () => forward(question),
        troubled: inTrouble(call),
      })
      if (given) response.writeHead(given.status, given.headers).end(given.body)
      else request.socket.resetAndDestroy()
    })().catch(() => request.socket.destroy())
  })
  return listenOnLoopback(server)
}

async function read(request: IncomingMessage): Promise<HttpQuestion> {
  const { method = 'GET', url = '/', headers } = request
  return { method, url: new URL(url, 'http://tap'), headers, body: await whole(request) }
}

async function whole(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** Asks the server on that port the same. Addresses of it in the answer become those of the tap. */
export function forwardTo(
  port: number,
  tapPort: number,
  { method, url, headers, body }: HttpQuestion,
): Promise<HttpAnswer> {
  const ours = (text: string): string => text.replaceAll(`127.0.0.1:${port}/`, `127.0.0.1:${tapPort}/`)
  return new Promise((answered, failed) => {
    const onward = sendRequest(
      { host: '127.0.0.1', port, method, path: `${url.pathname}${url.search}`, headers, agent: false },
      (message) => {
        whole(message).then((raw) => {
          // It comes in one piece, whatever it came in.
          const { location, 'transfer-encoding': _, ...rest } = message.headers
          const isText = message.headers['content-type']?.startsWith('application/json') === true
          const told = isText ? Buffer.from(ours(raw.toString('utf8'))) : raw
          answered({
            status: message.statusCode ?? 502,
            headers: {
              ...rest,
              connection: 'keep-alive',
              'content-length': String(told.length),
              ...(location === undefined ? {} : { location: ours(location) }),
            },
            body: told,
          })
        }, failed)
      },
    )
    onward.on('error', failed)
    onward.end(body)
  })
}

/** Stands before HAProxy's runtime API. @param port of the HAProxy that is there just now */
export function openRuntimeTap(switchboard: Switchboard, port: () => number): Promise<LoopbackServer> {
  return openCommandPort({
    async answer(line) {
      const reply = await switchboard.pass(
        { system: 'haproxy', route: haproxyRoute(line), writes: /\bset server\b/.test(line) },
        {
          carryOut: () => askRuntime(port(), line),
          troubled: { error: 'Permission denied\n\n', garbage: '\u0007 nothing that HAProxy says\n\n' },
        },
      )
      if (reply === undefined) throw new Error('cut')
      return reply
    },
  })
}
