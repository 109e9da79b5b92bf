import { createServer } from 'node:http'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createClock } from '@deploy-actions/action-kit'
import { listenOnLoopback, type LoopbackServer } from '@deploy-actions/embedded-regions'
import { createFakePorts } from '@deploy-actions/testing'
import {
  inEffect,
  reachedArms,
  restoreWeights,
  routers,
  shift,
  type ObservedRouter,
} from '@deploy-actions/traffic'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// Clients that are bound to an arm, before the real HAProxy.

const COOKIE = ['cookie SRV insert indirect nocache dynamic', 'dynamic-cookie-key horse']
const STICK = ['stick-table type ip size 1k expire 1m', 'stick on src']
const FAST = { timeoutMs: 10_000, settleMs: 0, pollMs: 100 }
const BLUE = { blue: 10_000, green: 0 }
const GREEN = { blue: 0, green: 10_000 }
const ports = { clock: createClock(), signal: new AbortController().signal }

let parts: { close(): Promise<void> }[] = []
let haproxy: RealHaproxy
let router: ObservedRouter
let cookie: string | undefined
afterEach(async () => {
  await Promise.all(parts.map((part) => part.close()))
  parts = []
})

async function start(
  lines: readonly string[],
  options?: string,
): Promise<Record<'blue' | 'green', LoopbackServer>> {
  const app = (name: string) =>
    listenOnLoopback(createServer((_, response) => response.setHeader('connection', 'close').end(name)))
  const arms = { blue: await app('blue'), green: await app('green') }
  const { blue, green } = arms
  haproxy = await startRealHaproxy({ blue: blue.port, green: green.port }, 300, {
    lines,
    ...(options === undefined ? {} : { options }),
  })
  parts = [haproxy, blue, green]
  cookie = undefined
  const configured = await routers.configure({ type: 'haproxy', port: haproxy.ports.admin, backend: 'app' })
  router = configured.open(createFakePorts({ real: true }), ['blue', 'green'])
  return arms
}

const read = () => router.read(ports.signal)
const to = async (wanted: Record<string, number>) => shift(router, wanted, await read(), ports, FAST)
const restore = () => restoreWeights(router, BLUE, ports, { withinMs: 10_000 })
/** One request of a client that keeps its cookie. */
async function visit(): Promise<string> {
  const response = await fetch(haproxy.http, { headers: cookie === undefined ? {} : { cookie } })
  cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? cookie
  return response.text()
}
async function visits(): Promise<string[]> {
  const seen = new Set<string>()
  for (let count = 0; count < 10; count++) seen.add(await visit())
  return [...seen]
}

describe.each([
  ['cookie', COOKIE],
  ['stick', STICK],
])('clients that are bound by %s', (_, lines) => {
  it('leave an arm with the restore, which a weight of 0 or drain does not do', async () => {
    await start(lines)
    await to(GREEN)
    expect(await visits()).toEqual(['green'])
    // What stood for a restore: weights as recorded, and the client stays with the bad release.
    await askRuntime(
      haproxy.ports.admin,
      'set server app/blue state ready;set server app/blue weight 100;set server app/green weight 0',
    )
    expect(await visits()).toEqual(['green'])
    await askRuntime(haproxy.ports.admin, 'set server app/green state drain')
    expect(await visits()).toEqual(['green'])
    expect(inEffect(router, await read(), BLUE)).toBe(false)
    const restored = await restore()
    expect(restored).toMatchObject({ weights: BLUE, states: { green: 'maint' } })
    expect(await visits()).toEqual(['blue'])
    expect(await reachedArms(router, BLUE, ports)).toEqual([])
  })

  it('come back to an arm that is in maintenance once it is ready and healthy', async () => {
    const { blue } = await start(lines, 'check inter 50ms fall 2 rise 2')
    await to(GREEN)
    expect((await read()).states).toEqual({ blue: 'maint' })
    await restore()
    expect(await visits()).toEqual(['blue'])
    await to(GREEN)
    // Dead in maintenance, where HAProxy does not look: no weight is given to it.
    await blue.close()
    parts = [haproxy, ...parts.slice(2)]
    await expect(restoreWeights(router, BLUE, ports, { withinMs: 1_000 })).rejects.toThrow(
      /^blue is down, and the traffic stays with green/,
    )
    expect((await read()).weights).toEqual(GREEN)
    expect(await visits()).toEqual(['green'])
  })
})

it('a stick table that only counts binds nobody', async () => {
  await start(['stick-table type ip size 1k expire 1m store http_req_rate(10s)'])
  const { strangers, members } = await to(GREEN)
  expect(strangers).toBeUndefined()
  expect(members['blue']).toEqual({ enabled: true, healthy: true, units: 0 })
})

it('a stick table of another section is not guessed at', async () => {
  await start([
    'stick on src table sessions',
    '',
    'backend sessions',
    '  stick-table type ip size 1k expire 1m',
  ])
  expect((await read()).strangers).toMatch(/its stick table sessions binds clients/)
})
