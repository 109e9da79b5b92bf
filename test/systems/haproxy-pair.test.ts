import { createServer } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createClock } from '@deploy-actions/action-kit'
import { listenOnLoopback } from '@deploy-actions/embedded-regions'
import { createFakePorts } from '@deploy-actions/testing'
import { restoreWeights, routers, shift, watchRouter, type ObservedRouter } from '@deploy-actions/traffic'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// An active-active pair of the real HAProxy, each with two servers for the old release and three for the new one.

const FAST = { timeoutMs: 5_000, settleMs: 0, pollMs: 100 }
const BLUE = { blue: 10_000, green: 0 }
const TEN = { blue: 9_000, green: 1_000 }
const ports = { clock: createClock(), signal: new AbortController().signal }
const members = { blue: ['blue', 'blue2'], green: ['green', 'green2', 'green3'] }

let one: RealHaproxy
let two: RealHaproxy
let router: ObservedRouter
let parts: { close(): Promise<void> }[] = []
beforeEach(async () => {
  const app = (name: string) => listenOnLoopback(createServer((_, response) => response.end(name)))
  const [blue, green] = [await app('blue'), await app('green')]
  const lines = [
    `server blue2 127.0.0.1:${blue.port} weight 100`,
    `server green2 127.0.0.1:${green.port} weight 0`,
    `server green3 127.0.0.1:${green.port} weight 0`,
  ]
  const servers = { blue: blue.port, green: green.port }
  one = await startRealHaproxy(servers, 300, { lines })
  two = await startRealHaproxy(servers, 300, { lines })
  parts = [one, two, blue, green]
  const hosts = [one, two].map(({ ports: { admin } }) => `127.0.0.1:${admin}`)
  const configured = await routers.configure({ type: 'haproxy', hosts, port: 9999, backend: 'app', members })
  router = configured.open(createFakePorts({ real: true }), ['blue', 'green'])
})
afterEach(() => Promise.all(parts.map((part) => part.close())))

const read = () => router.read(ports.signal)
async function shareOf({ http }: RealHaproxy): Promise<number> {
  let green = 0
  for (let request = 0; request < 120; request++)
    if ((await (await fetch(http, { headers: { connection: 'close' } })).text()) === 'green') green++
  return green / 120
}

describe('a pair of the real HAProxy', () => {
  it('gives the new release its share at each, over all its servers', async () => {
    expect((await shift(router, TEN, await read(), ports, FAST)).weights).toEqual(TEN)
    for (const proxy of [one, two]) {
      expect(await shareOf(proxy)).toBeCloseTo(0.1, 1)
      const weights = await Promise.all(
        Object.values(members)
          .flat()
          .map((server) => askRuntime(proxy.ports.admin, `get weight app/${server}`)),
      )
      const [b1, b2, ...green] = weights.map((answer) => Number(answer.split(' ')[0]))
      expect(new Set([b1, b2]).size + new Set(green).size).toBe(2)
    }
  })

  it('shows the old split on the other, and a restore puts each back', async () => {
    const held = await shift(router, TEN, await read(), ports, FAST)
    const watch = watchRouter(router, held, ports.clock)
    expect(await watch.look(ports.signal)).toMatchObject({ state: 'holds' })
    await askRuntime(two.ports.admin, 'set server app/green weight 0')
    expect((await watch.look(ports.signal)).state).toBe('doubted')
    expect(await watch.look(ports.signal)).toMatchObject({
      state: 'changed',
      reason: expect.stringMatching(
        /its addresses differ: .* holds blue 90%, green 10%, and .* holds blue 9/,
      ),
    })
    expect((await restoreWeights(router, BLUE, ports, { withinMs: 5_000 })).weights).toEqual(BLUE)
    for (const proxy of [one, two]) expect(await shareOf(proxy)).toBe(0)
  })

  it('of which one has gone is put back at the other all the same', async () => {
    await shift(router, TEN, await read(), ports, FAST)
    await two.close()
    parts = parts.filter((part) => part !== two)
    await expect(restoreWeights(router, BLUE, ports, { withinMs: 500 })).rejects.toThrow(
      String(two.ports.admin),
    )
    expect(await shareOf(one)).toBe(0)
  })

  it('of which one is reloaded is written again', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const watch = watchRouter(router, await shift(router, TEN, await read(), ports, FAST), ports.clock)
    await two.reload()
    const seen = await watch.look(ports.signal)
    if (seen.state !== 'reloaded') throw new Error(JSON.stringify(seen))
    expect((await shift(router, TEN, seen.found, ports, FAST)).weights).toEqual(TEN)
  })
})
