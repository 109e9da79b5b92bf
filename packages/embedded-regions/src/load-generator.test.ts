import { afterEach, describe, expect, it } from '@jest/globals'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type RequestListener } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { listenOnLoopback } from './loopback-server'
import { LoadGenerator } from './load-generator'

const open: { close(): unknown }[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((part) => part.close()))
})

/** Load on a server until `enough` requests have ended. */
async function loadOn(listener: RequestListener, enough: number): Promise<LoadGenerator> {
  const server = await listenOnLoopback(createServer(listener))
  open.push(server)
  return loadUntil(server.port, (load) => load.counts.requests >= enough)
}

async function loadUntil(port: number, reached: (load: LoadGenerator) => boolean): Promise<LoadGenerator> {
  const load = new LoadGenerator(port)
  open.push(load)
  load.setRate(500)
  for (let tries = 0; tries < 1000 && !reached(load); tries += 1) await sleep(5)
  load.setRate(0)
  return load
}

describe('LoadGenerator', () => {
  it('counts good answers, 4xx among them', async () => {
    const load = await loadOn((_, response) => response.writeHead(404).end('no'), 20)
    expect(load.counts.requests).toBeGreaterThanOrEqual(20)
    expect(load.counts.failed).toEqual({ app: 0, proxy: 0, connection: 0 })
  })

  it("tells the app's 5xx from the proxy's by the app's header", async () => {
    let answers = 0
    const load = await loadOn((_, response) => {
      answers += 1
      if (answers % 2 === 0) response.setHeader('X-Arm', 'blue')
      response.writeHead(503).end('<html>')
    }, 20)
    const { requests, failed } = load.counts
    expect(failed.connection).toBe(0)
    expect(failed.app + failed.proxy).toBe(requests)
    expect(Math.abs(failed.app - failed.proxy)).toBeLessThanOrEqual(answers - requests + 1)
  })

  it('counts refused and cut connections', async () => {
    const cutting = await listenOnLoopback(createTcpServer((socket) => socket.destroy()))
    const cut = await loadUntil(cutting.port, (load) => load.counts.requests >= 10)
    expect(cut.counts.failed.connection).toBe(cut.counts.requests)
    await cutting.close()
    const refused = await loadUntil(cutting.port, (load) => load.counts.requests >= 10)
    expect(refused.counts.failed).toEqual({ app: 0, proxy: 0, connection: refused.counts.requests })
  })

  it('goes on sending while answers are missing: open loop', async () => {
    let asked = 0
    const silent = await listenOnLoopback(createServer(() => (asked += 1)))
    open.push(silent)
    const load = await loadUntil(silent.port, () => asked >= 30)
    expect(asked).toBeGreaterThanOrEqual(30)
    expect(load.counts.requests).toBe(0)
  })

  it('opens no connection for each request that came due in a stall: what waits gets one after the other', async () => {
    const silent = await listenOnLoopback(createServer(() => undefined))
    open.push(silent)
    let connections = 0
    const count = (): void => {
      connections += 1
    }
    subscribe('net.client.socket', count)
    try {
      const load = new LoadGenerator(silent.port)
      open.push(load)
      load.setRate(2_000)
      // Past the ramp, and without a turn of the loop: 200 requests come due at once.
      for (const end = performance.now() + 1_600; performance.now() < end;);
      const from = performance.now()
      await sleep(20)
      // What comes in its time has one each, two in a millisecond, however late a busy machine is.
      const inTime = 2 * (performance.now() - from)
      expect(connections).toBeGreaterThan(0)
      expect(connections - inTime).toBeLessThan(100)
    } finally {
      unsubscribe('net.client.socket', count)
    }
  })

  it('keeps its rate where no connection is kept, as beside one where all are', async () => {
    const [kept, cut] = await Promise.all(
      ['keep-alive', 'close'].map((connection) =>
        listenOnLoopback(createServer((_, response) => response.writeHead(503, { connection }).end())),
      ),
    )
    const loads = [kept, cut].map((server) => new LoadGenerator(server?.port ?? 0))
    open.push(...loads, ...[kept, cut].flatMap((server) => server ?? []))
    for (const load of loads) load.setRate(600)
    const [all, some] = loads
    for (let tries = 0; tries < 2000 && (all?.counts.requests ?? 0) < 1200; tries += 1) await sleep(5)
    // One new connection a beat would be a third of it at the most; a busy machine, which stalls, leaves a part waiting.
    expect((some?.counts.requests ?? 0) / (all?.counts.requests ?? 1)).toBeGreaterThan(0.37)
  })

  it('sends nothing more once stopped', async () => {
    let asked = 0
    const load = await loadOn((_, response) => {
      asked += 1
      response.end('ok')
    }, 10)
    for (let tries = 0; tries < 200 && load.counts.requests < asked; tries += 1) await sleep(5)
    const ended = asked
    await sleep(50)
    expect([asked, load.counts.requests]).toEqual([ended, ended])
  })
})
