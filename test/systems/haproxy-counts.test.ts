import { Agent, createServer, get } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { afterEach, expect, it } from '@jest/globals'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'
import { createFakePorts } from '@deploy-actions/testing'
import { routers, type ObservedRouter } from '@deploy-actions/traffic'
import { startRealHaproxy } from './real-haproxy'

// What the real HAProxy counts as sent to a server, and how it tells of its mode.

const signal = new AbortController().signal
let parts: { close(): Promise<unknown> }[] = []
afterEach(async () => {
  await Promise.all(parts.map((part) => part.close()))
  parts = []
})

/** HAProxy with the backends `app` and, by `mode tcp`, `raw`, before an arm that answers all but `/hang`. */
async function start() {
  const sockets = new Set<Socket>()
  const app = createServer((request, response) => {
    if (request.url !== '/hang') response.end('hello')
  }).on('connection', (socket: Socket) => void sockets.add(socket))
  const blue = await listenOnLoopback(app)
  const free = await Promise.all([0, 0].map(() => listenOnLoopback(createTcpServer())))
  const [raw = 0, h2 = 0] = free.map(({ port }) => port)
  await Promise.all(free.map((server) => server.close()))
  const haproxy = await startRealHaproxy({ blue: blue.port, green: blue.port }, 30_000, {
    lines: [
      ...['frontend streams', 'mode http', `bind 127.0.0.1:${h2} proto h2`, 'default_backend app'],
      ...['frontend lines', 'mode tcp', `bind 127.0.0.1:${raw}`, 'default_backend raw'],
      ...['backend raw', 'mode tcp', `server blue 127.0.0.1:${blue.port}`],
      `server green 127.0.0.1:${blue.port} weight 0`,
    ],
  })
  const close = () => {
    for (const socket of sockets) socket.destroy()
    return blue.close()
  }
  parts = [haproxy, { close }]
  const open = async (backend: string): Promise<ObservedRouter> =>
    (await routers.configure({ type: 'haproxy', port: haproxy.ports.admin, backend })).open(
      createFakePorts({ real: true }),
      ['blue', 'green'],
    )
  return { http: haproxy.port, raw, h2, open }
}

/** So many requests over one connection. */
async function visits(port: number, count: number): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  for (let n = 0; n < count; n++)
    await new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, agent }, (response) => response.resume().once('end', resolve)).once(
        'error',
        reject,
      )
    })
  agent.destroy()
}

it('counts each request of a connection that is kept alive and each stream of HTTP/2, and what is under way', async () => {
  const { http, h2, open } = await start()
  const router = await open('app')
  expect(await router.read(signal)).not.toHaveProperty('byConnection')
  await visits(http, 20)
  const session = connectHttp2(`http://127.0.0.1:${h2}`)
  await Promise.all(
    Array.from(
      { length: 20 },
      () => new Promise((resolve) => session.request({ ':path': '/' }).resume().once('end', resolve)),
    ),
  )
  session.close()
  expect((await router.requests?.(signal))?.['blue']).toEqual({ sent: 40, underWay: 0 })
  const hanging = get({ host: '127.0.0.1', port: http, path: '/hang' }).on('error', () => undefined)
  while ((await router.requests?.(signal))?.['blue']?.underWay !== 1);
  expect((await router.requests?.(signal))?.['blue']).toEqual({ sent: 41, underWay: 1 })
  hanging.destroy()
})

it('counts connections by `mode tcp`, and says that it does', async () => {
  const { raw, open } = await start()
  const router = await open('raw')
  expect(await router.read(signal)).toMatchObject({ byConnection: true })
  await visits(raw, 20)
  expect((await router.requests?.(signal))?.['blue']?.sent).toBe(1)
})
