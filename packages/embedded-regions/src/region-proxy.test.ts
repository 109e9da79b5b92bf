import { afterEach, describe, expect, it } from '@jest/globals'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { Backend } from './backend'
import { giveUp } from './giving-up.fixture'
import { listenOnLoopback, type LoopbackServer } from './loopback-server'
import { scrape, scrapeUntil } from './metrics-text.fixture'
import { RegionProxy } from './region-proxy'

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()))
})

/** A proxy whose only weighted server is `port`. */
async function proxyTo(port: number, weight = 100): Promise<{ proxy: RegionProxy; backend: Backend }> {
  const backend = new Backend([
    { name: 'blue', port, initialWeight: weight },
    { name: 'green', port: 1, initialWeight: 0 },
  ])
  const proxy = await RegionProxy.open(backend, 100)
  open.push(proxy)
  return { proxy, backend }
}

async function serve(served: Server | ((socket: Socket) => void)): Promise<LoopbackServer> {
  const server = await listenOnLoopback(typeof served === 'function' ? createServer(served) : served)
  open.push(server)
  return server
}

const gaveUp = (samples: Record<string, string>): boolean =>
  samples['haproxy_server_client_aborts_total{proxy="app",server="blue"}'] === '1'

/** The counters of server blue and of the backend that are not zero. */
async function counted(proxy: RegionProxy): Promise<string[]> {
  const samples = await scrape(proxy.metricsUrl)
  const told = /(http_responses|connection_errors|response_errors|client_aborts)_total/
  return Object.entries(samples)
    .filter(([name, value]) => told.test(name) && value !== '0')
    .map(([name, value]) => `${name.replace('haproxy_', '').replace('proxy="app"', '')} ${value}`)
}

describe('RegionProxy', () => {
  it('passes a request and its answer on, whole', async () => {
    const echo = createHttpServer((request, response) => {
      response.writeHead(201, { 'x-saw': `${request.method} ${request.url} ${request.headers['x-mine']}` })
      request.pipe(response)
    })
    const app = await listenOnLoopback(echo)
    open.push(app)
    const { proxy } = await proxyTo(app.port)
    const answer = await fetch(`${proxy.url}/a?b=1`, {
      method: 'POST',
      body: 'hello',
      headers: { 'x-mine': 'yes' },
    })
    expect([answer.status, answer.headers.get('x-saw'), await answer.text()]).toEqual([
      201,
      'POST /a?b=1 yes',
      'hello',
    ])
    expect(await counted(proxy)).toEqual([
      'backend_http_responses_total{,code="2xx"} 1',
      'server_http_responses_total{,server="blue",code="2xx"} 1',
    ])
  })

  it("counts the app's own 5xx for the server", async () => {
    const app = await listenOnLoopback(createHttpServer((_, response) => response.writeHead(500).end()))
    open.push(app)
    const { proxy } = await proxyTo(app.port)
    expect((await fetch(proxy.url)).status).toBe(500)
    expect(await counted(proxy)).toEqual([
      'backend_http_responses_total{,code="5xx"} 1',
      'server_http_responses_total{,server="blue",code="5xx"} 1',
    ])
  })

  it('answers 503 for a server that refuses, which shows in connection errors only', async () => {
    const gone = await listenOnLoopback(createServer())
    await gone.close()
    const { proxy } = await proxyTo(gone.port)
    const answer = await fetch(proxy.url)
    expect(answer.status).toBe(503)
    expect(await answer.text()).toBe(
      '<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n',
    )
    expect(await counted(proxy)).toEqual([
      'backend_connection_errors_total{} 1',
      'backend_http_responses_total{,code="5xx"} 1',
      'server_connection_errors_total{,server="blue"} 1',
    ])
  })

  // HAProxy 2.6 counts a reset twice: test/systems/haproxy-reference.test.ts.
  it.each([
    ['closes', 1, (socket: Socket) => socket.end()],
    ['resets', 2, (socket: Socket) => socket.resetAndDestroy()],
  ])('answers 502 for a server that %s the connection', async (_, errors, cut) => {
    const cutting = await serve((socket) => socket.once('data', () => cut(socket)))
    const { proxy } = await proxyTo(cutting.port)
    expect((await fetch(proxy.url)).status).toBe(502)
    expect(await counted(proxy)).toEqual([
      `backend_response_errors_total{} ${errors}`,
      'backend_http_responses_total{,code="5xx"} 1',
      `server_response_errors_total{,server="blue"} ${errors}`,
    ])
  })

  it('answers 504 for a server that hangs', async () => {
    const hanging = await serve((socket) => socket.resume())
    const { proxy } = await proxyTo(hanging.port)
    expect((await fetch(proxy.url)).status).toBe(504)
    expect(await counted(proxy)).toEqual([
      'backend_response_errors_total{} 1',
      'backend_http_responses_total{,code="5xx"} 1',
      'server_response_errors_total{,server="blue"} 1',
    ])
  })

  // What the real one counts then: test/systems/haproxy-reference.test.ts.
  it.each([
    ['hangs up', '4xx'],
    ['resets', 'other'],
    ['hangs up within its request', 'other'],
  ] as const)('counts a client that %s, of a server that hangs', async (how, code) => {
    const app = createHttpServer(() => undefined)
    const { proxy } = await proxyTo((await serve(app)).port)
    proxy.setServerTimeout(30_000)
    await giveUp(proxy.port, app, how)
    await scrapeUntil(proxy.metricsUrl, gaveUp)
    expect(await counted(proxy)).toEqual([
      'backend_client_aborts_total{} 1',
      `backend_http_responses_total{,code="${code}"} 1`,
      'server_client_aborts_total{,server="blue"} 1',
    ])
  })

  it('counts both an answer and a client that gives up within it', async () => {
    const app = createHttpServer((_, response) => response.write('part'))
    const { proxy } = await proxyTo((await serve(app)).port)
    await giveUp(proxy.port, app, 'hangs up within the answer')
    await scrapeUntil(proxy.metricsUrl, gaveUp)
    expect(await counted(proxy)).toEqual([
      'backend_client_aborts_total{} 1',
      'backend_http_responses_total{,code="2xx"} 1',
      'server_client_aborts_total{,server="blue"} 1',
      'server_http_responses_total{,server="blue",code="2xx"} 1',
    ])
  })

  it('counts an answer that its server cuts as an error of the server, and of no client', async () => {
    const app = createHttpServer((_, response) => {
      response.writeHead(200, { 'content-length': 1000 }).write('part', () => response.destroy())
    })
    const { proxy } = await proxyTo((await serve(app)).port)
    await expect(fetch(proxy.url).then((answer) => answer.text())).rejects.toThrow()
    expect(await counted(proxy)).toEqual([
      'backend_response_errors_total{} 1',
      'backend_http_responses_total{,code="2xx"} 1',
      'server_response_errors_total{,server="blue"} 1',
      'server_http_responses_total{,server="blue",code="2xx"} 1',
    ])
  })

  it('answers 503 when no server has a weight, and counts it for no server', async () => {
    const { proxy } = await proxyTo(1, 0)
    expect((await fetch(proxy.url)).status).toBe(503)
    expect(await counted(proxy)).toEqual([
      'backend_connection_errors_total{} 1',
      'backend_http_responses_total{,code="5xx"} 1',
    ])
  })

  it('shows weights and states, and does not change the weight of a drained server', async () => {
    const { proxy, backend } = await proxyTo(1)
    backend.setAdmin(backend.server('blue')!, 'drain')
    expect(await scrape(proxy.metricsUrl)).toMatchObject({
      'haproxy_server_weight{proxy="app",server="blue"}': '100',
      'haproxy_server_status{proxy="app",server="blue",state="DRAIN"}': '1',
      'haproxy_server_status{proxy="app",server="blue",state="UP"}': '0',
      'haproxy_backend_weight{proxy="app"}': '0',
      'haproxy_backend_status{proxy="app",state="DOWN"}': '1',
    })
  })
})

describe('a metrics page at fault', () => {
  it('fails, is empty, or has no numbers', async () => {
    const { proxy } = await proxyTo(1)
    const get = async () => {
      const answer = await fetch(proxy.metricsUrl)
      return [answer.status, await answer.text()] as const
    }
    proxy.setMetricsFault({ metrics: 'fail' })
    expect((await get())[0]).toBe(500)
    proxy.setMetricsFault({ metrics: 'empty' })
    expect(await get()).toEqual([200, ''])
    proxy.setMetricsFault({ metrics: 'nan' })
    const values = Object.values(await scrape(proxy.metricsUrl))
    expect(values.length).toBeGreaterThan(30)
    expect(new Set(values)).toEqual(new Set(['NaN']))
    proxy.setMetricsFault({ metrics: 'slow', delayMs: 20 })
    expect((await get())[1]).toContain('haproxy_server_weight{proxy="app",server="blue"} 100\n')
  })
})
