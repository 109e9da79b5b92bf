import { createServer, type Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createClock } from '@deploy-actions/action-kit'
import { listenOnLoopback, type LoopbackServer } from '@deploy-actions/embedded-regions'
import { createFakePorts } from '@deploy-actions/testing'
import {
  ArmDown,
  restoreWeights,
  routers,
  shift,
  watchRouter,
  type ObservedRouter,
} from '@deploy-actions/traffic'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// The bad days of an arm, before the real HAProxy with health checks.

/** An arm that can die and come back. */
interface App {
  port: number
  die(): Promise<void>
  live(): Promise<void>
}

let haproxy: RealHaproxy
let blue: App
let green: App
let router: ObservedRouter
const ports = { clock: createClock(), signal: new AbortController().signal }

async function startApp(): Promise<App> {
  const serve = (): Server => createServer((_, response) => response.end('ok'))
  let server: LoopbackServer | undefined = await listenOnLoopback(serve())
  const { port } = server
  return {
    port,
    async die() {
      await server?.close()
      server = undefined
    },
    async live() {
      server = await listenOnLoopback(serve(), port)
    },
  }
}

beforeEach(async () => {
  blue = await startApp()
  green = await startApp()
  haproxy = await startRealHaproxy({ blue: blue.port, green: green.port }, 300, {
    options: 'check inter 50ms fall 2 rise 2 slowstart 3s',
    lines: [
      `server spare 127.0.0.1:${blue.port} weight 100 disabled`,
      `server sorry 127.0.0.1:${blue.port} weight 100 backup`,
    ],
  })
  const configured = await routers.configure({ type: 'haproxy', port: haproxy.ports.admin, backend: 'app' })
  router = configured.open(createFakePorts({ real: true }), ['blue', 'green'])
})
afterEach(() => Promise.all([haproxy.close(), blue.die(), green.die()]))

const read = () => router.read(ports.signal)
const toHalf = async () => shift(router, { blue: 5000, green: 5000 }, await read(), ports, FAST)
const FAST = { timeoutMs: 5_000, settleMs: 0, pollMs: 100 }
/** Until the health checks of HAProxy say so. */
async function until(arm: string, healthy: boolean): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if ((await read()).members[arm]?.healthy === healthy) return
    await sleep(50)
  }
  throw new Error(`${arm} did not become ${healthy ? 'healthy' : 'unhealthy'}`)
}

describe('an arm before the real HAProxy', () => {
  it('is alone with the other: a backup server, and one in maintenance, get nothing', async () => {
    expect((await read()).strangers).toBeUndefined()
    await askRuntime(haproxy.ports.admin, 'set server app/spare state ready')
    expect((await read()).strangers).toMatch(
      /also sends traffic to spare \(weight 100\), which is not an arm/,
    )
  })

  it('serves while its weight grows by slowstart, and a spare server in maintenance is nobody', async () => {
    await blue.die()
    await until('blue', false)
    await blue.live()
    await until('blue', true)
    expect((await read()).effective).toEqual({ blue: 10_000, green: 0 })
    // By HAProxy's own word it is still starting: the three seconds of its ramp are not over.
    const rows = (await askRuntime(haproxy.ports.admin, 'show servers state app')).split('\n')
    expect(rows.find((row) => row.includes(' blue '))?.split(' ')[5]).toBe('1')
  })

  it('that died keeps nothing waiting: the traffic stays with the other until it is back', async () => {
    await toHalf()
    await blue.die()
    await until('blue', false)
    const recorded = { blue: 10_000, green: 0 }
    await expect(restoreWeights(router, recorded, ports, { withinMs: 1_500 })).rejects.toBeInstanceOf(ArmDown)
    // Every request is served, by the arm that lives.
    const answers = await Promise.all(Array.from({ length: 20 }, () => fetch(haproxy.http)))
    expect(answers.map(({ status }) => status)).toEqual(Array<number>(20).fill(200))
    await blue.live()
    expect((await restoreWeights(router, recorded, ports, { withinMs: 10_000 })).weights).toEqual(recorded)
  })

  it('that dies as the canary is lost at the second look, and gets no more traffic', async () => {
    const held = await toHalf()
    const watch = watchRouter(router, held, ports.clock)
    expect(await watch.look(ports.signal)).toMatchObject({ state: 'holds' })
    await green.die()
    await until('green', false)
    expect((await watch.look(ports.signal)).state).toBe('doubted')
    expect(await watch.look(ports.signal)).toMatchObject({ state: 'lost', arms: ['green'] })
    await expect(shift(router, { blue: 0, green: 10_000 }, held, ports, FAST)).rejects.toThrow(
      /^green got no traffic: .* nothing was written$/,
    )
    expect((await read()).weights).toEqual({ blue: 5000, green: 5000 })
  })
})
