import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createClock } from './clock'
import { Cancelled, ProviderError } from './errors'
import { createHttp } from './http'
import type { HttpRequest } from './ports'

let server: Server | undefined
afterEach(() => {
  server?.closeAllConnections()
  server?.close()
  server = undefined
})

async function listen(answer: RequestListener): Promise<string> {
  server = createServer(answer).listen(0, '127.0.0.1')
  await new Promise((resolve) => server?.once('listening', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const calls: unknown[] = []
const http = createHttp(createClock(), { call: ({ ms: _, ...call }) => void calls.push(call) })
const never = new AbortController().signal
async function ask(request: Omit<HttpRequest, 'signal'> & { signal?: AbortSignal }) {
  calls.length = 0
  return http.request({ signal: never, ...request })
}
const failure = async (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error as ProviderError,
  )

describe('a request', () => {
  it('goes out as it was given', async () => {
    const url = await listen((request, response) => {
      let body = ''
      request.on('data', (text: Buffer) => (body += text.toString()))
      request.on('end', () =>
        response
          .writeHead(201, {
            'x-seen': `${request.method} ${request.url} ${request.headers['x-key']} ${request.headers['user-agent']}`,
          })
          .end(body),
      )
    })
    expect(
      await ask({ method: 'POST', url: `${url}/hook?x=1`, headers: { 'x-key': 'v' }, body: '{"a":1}' }),
    ).toMatchObject({
      status: 201,
      headers: { 'x-seen': 'POST /hook?x=1 v deploy-actions' },
      body: '{"a":1}',
      ms: expect.any(Number),
    })
    expect(calls).toEqual([{ system: url, what: 'POST /hook', status: 201 }])
  })

  it('keeps a query, and an address that is a secret, out of evidence', async () => {
    const url = await listen((_, response) => response.end())
    await ask({ method: 'POST', url: `${url}/T0/B1/swordfish?token=swordfish`, hidePath: true })
    expect(calls).toEqual([{ system: url, what: 'POST (path not shown)', status: 200 }])
  })

  it('takes any status for an answer, and follows no redirect', async () => {
    const url = await listen((request, response) =>
      response.writeHead(request.url === '/' ? 302 : 500, { location: '/elsewhere' }).end(),
    )
    expect(await ask({ url })).toMatchObject({ status: 302, headers: { location: '/elsewhere' } })
    expect(await ask({ url: `${url}/x` })).toMatchObject({ status: 500 })
  })
})

describe('no answer', () => {
  it('in time is told, whether nothing came or not all', async () => {
    const url = await listen((request, response) => {
      if (request.url === '/half') response.writeHead(200).write('half')
    })
    for (const path of ['', '/half']) {
      const error = await failure(ask({ url: `${url}${path}`, timeoutMs: 100 }))
      expect(error).toBeInstanceOf(ProviderError)
      expect(error).toMatchObject({
        message: `${url} gave no answer within 100 ms`,
        provider: url,
        retryable: true,
        notCarriedOut: false,
      })
    }
    expect(calls).toEqual([{ system: url, what: 'GET /half', status: `${url} gave no answer within 100 ms` }])
  })

  it('at all is told', async () => {
    const url = await listen(() => {})
    server?.close()
    await new Promise((resolve) => server?.once('close', resolve))
    expect(await failure(ask({ url }))).toMatchObject({
      message: expect.stringMatching(/could not be reached: .*ECONNREFUSED/),
      retryable: true,
      notCarriedOut: true,
    })
  })

  it('says nothing of an address that is a secret, neither in its text nor in its cause', async () => {
    const url = await listen((request) => request.socket.destroy())
    const error = await failure(ask({ method: 'POST', url: `${url}/T0/B1/swordfish`, hidePath: true }))
    expect(error).toMatchObject({ message: expect.stringMatching(`${url} could not be reached: .+`) })
    expect(inspect(error, { depth: 10 })).not.toMatch('swordfish')
  })

  it('of a connection that is cut may have been preceded by the work', async () => {
    const url = await listen((request) => request.socket.destroy())
    expect(await failure(ask({ url, method: 'POST' }))).toMatchObject({
      retryable: true,
      notCarriedOut: false,
    })
  })

  it('of more than 16 MiB is taken', async () => {
    const url = await listen((_, response) => response.end(Buffer.alloc(16 * 1024 * 1024 + 1)))
    expect(await failure(ask({ url }))).toMatchObject({
      message: expect.stringMatching(/could not be reached: content size at .* over limit: 16777216/),
    })
  })

  it('is waited for when the run is cancelled', async () => {
    const run = new AbortController()
    const url = await listen(() => run.abort(new Error('stop')))
    expect(await failure(ask({ url, signal: run.signal }))).toBeInstanceOf(Cancelled)
  })
})
