import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from '@jest/globals'
import { createClock } from '@deploy-actions/action-kit'
import { Backend, listenOnLoopback, RuntimeApi } from '@deploy-actions/embedded-regions'
import { createFakePorts } from '@deploy-actions/testing'
import { routers, shift, watchRouter, type ObservedRouter } from '@deploy-actions/traffic'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// A reload of the real HAProxy, and of the embedded one.

const FAST = { timeoutMs: 5_000, settleMs: 0, pollMs: 100 }
const HALF = { blue: 5_000, green: 5_000 }
const ports = { clock: createClock(), signal: new AbortController().signal }

let parts: { close(): Promise<void> }[] = []
afterEach(async () => {
  await Promise.all(parts.map((part) => part.close()))
  parts = []
})

async function start(
  more: Parameters<typeof startRealHaproxy>[2] = {},
): Promise<{ haproxy: RealHaproxy; router: ObservedRouter }> {
  const app = await listenOnLoopback(createServer((_, response) => response.end('ok')))
  const haproxy = await startRealHaproxy({ blue: app.port, green: app.port }, 300, more)
  parts = [haproxy, app]
  return { haproxy, router: await open(haproxy.ports.admin) }
}

const open = async (port: number): Promise<ObservedRouter> =>
  (await routers.configure({ type: 'haproxy', port, backend: 'app' })).open(createFakePorts({ real: true }), [
    'blue',
    'green',
  ])
const toHalf = async (router: ObservedRouter) =>
  shift(router, HALF, await router.read(ports.signal), ports, FAST)

describe('a reload of the real HAProxy', () => {
  it('is told from the hand of somebody, and what it lost can be written again', async () => {
    const { haproxy, router } = await start()
    // As long as anybody watches a stage at least: its process is older than what is written.
    await new Promise((resolve) => setTimeout(resolve, 1_100))
    const watch = watchRouter(router, await toHalf(router), ports.clock)
    expect(await watch.look(ports.signal)).toMatchObject({ state: 'holds' })
    await askRuntime(haproxy.ports.admin, 'set server app/blue weight 100;set server app/green weight 0')
    expect((await watch.look(ports.signal)).state).toBe('doubted')
    await haproxy.reload()
    const seen = await watch.look(ports.signal)
    if (seen.state !== 'reloaded') throw new Error(seen.state)
    expect(seen.found.weights).toEqual({ blue: 10_000, green: 0 })
    expect((await shift(router, HALF, seen.found, ports, FAST)).weights).toEqual(HALF)
  })

  it('keeps weights and states that a server-state file has kept, as docs/haproxy.md says', async () => {
    const { haproxy, router } = await start({
      global: ['server-state-file FOLDER/servers.state'],
      defaults: ['load-server-state-from-file global'],
    })
    await toHalf(router)
    await askRuntime(haproxy.ports.admin, 'set server app/green state maint')
    await writeFile(
      join(haproxy.folder, 'servers.state'),
      await askRuntime(haproxy.ports.admin, 'show servers state'),
    )
    await haproxy.reload()
    expect(await router.read(ports.signal)).toMatchObject({ weights: HALF, states: { green: 'maint' } })
  })
})

it('the embedded proxy is reloaded as the real one is', async () => {
  const { haproxy } = await start()
  const backend = new Backend([
    { name: 'blue', port: 80, initialWeight: 100 },
    { name: 'green', port: 80, initialWeight: 0 },
  ])
  const runtime = await RuntimeApi.open(backend, 'admin')
  parts.push(runtime)
  const change =
    'set server app/blue weight 0;set server app/green weight 100;set server app/blue state maint'
  const subjects = [
    { port: haproxy.ports.admin, reload: () => haproxy.reload() },
    { port: runtime.port, reload: () => backend.reload() },
  ]
  const told = []
  for (const { port, reload } of subjects) {
    await askRuntime(port, change)
    const changed = await rows(port)
    await reload()
    const info = await askRuntime(port, 'show info')
    told.push({
      changed,
      reloaded: await rows(port),
      young: /^Uptime_sec: [012]$/m.test(info),
      name: info.split('\n')[0],
    })
  }
  expect(told[1]).toEqual(told[0])
  expect(told[0]).toMatchObject({ changed: ['0 1 0 100', '2 0 100 0'], reloaded: ['2 0 100 100', '2 0 0 0'] })
})

/** Op state, admin state, weight and configured weight of each server. */
async function rows(port: number): Promise<string[]> {
  const table = await askRuntime(port, 'show servers state app')
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split(' ').slice(5, 9).join(' '))
}
