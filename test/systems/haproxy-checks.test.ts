import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { listenOnLoopback, type LoopbackServer } from '@deploy-actions/embedded-regions'
import { checkedState, checkedStates } from '../../packages/embedded-regions/src/health-checks.fixture'
import { askRuntime } from '../../packages/embedded-regions/src/runtime-commands.fixture'
import { startRealHaproxy, type RealHaproxy } from './real-haproxy'

// What the embedded proxy says of a server with health checks is what its unit tests hold against the same fixture.

const serve = (port?: number) =>
  listenOnLoopback(
    createServer((_, response) => response.end('ok')),
    port,
  )

let haproxy: RealHaproxy
let blue: LoopbackServer
let green: LoopbackServer
beforeEach(async () => {
  blue = await serve()
  green = await serve()
  haproxy = await startRealHaproxy({ blue: blue.port, green: green.port }, 300, {
    options: 'check inter 200ms',
  })
})
afterEach(() => Promise.all([haproxy, blue, green].map((part) => part.close())))

const command = (line: string) => askRuntime(haproxy.ports.admin, line)
const shown = async () =>
  checkedState('blue', { servers: await command('show servers state app'), stat: await command('show stat') })

/** What is shown of blue from now on until it is `last`, each once; where the two tables were read apart is left out. */
async function until(last: { state: string; stat: string }): Promise<string[]> {
  const seen: string[] = []
  for (let tries = 0; tries < 500 && seen.at(-1) !== JSON.stringify(last); tries++) {
    const [now, again] = [JSON.stringify(await shown()), JSON.stringify(await shown())]
    if (now === again && now !== seen.at(-1)) seen.push(now)
    await sleep(10)
  }
  return seen
}
const texts = (...states: unknown[]) => states.map((state) => JSON.stringify(state))

it('a server that dies and comes back goes through the states that the embedded proxy has', async () => {
  const { up, dying, down, returning, maintenance, ready } = checkedStates
  await until(up)
  await blue.close()
  expect(await until(down)).toEqual(texts(up, ...dying, down))
  expect((await fetch(haproxy.http)).status).toBe(503)
  blue = await serve(blue.port)
  expect(await until(up)).toEqual(texts(down, returning, up))
  await command('set server app/blue state maint')
  expect(await until(maintenance)).toEqual(texts(maintenance))
  await command('set server app/blue state ready')
  expect((await until(up))[0]).toBe(JSON.stringify(ready))
})
