import { afterEach, describe, expect, it } from '@jest/globals'
import { setTimeout as sleep } from 'node:timers/promises'
import { scrape } from './metrics-text.fixture'
import { askRuntime } from './runtime-commands.fixture'
import { openWorld, type RegionReading, type World, type WorldOptions } from './world'
import type { WorldPlanInput } from './world-plan'

const digest = (digit: string) => `sha256:${digit.repeat(64)}`
const release = (version: string, digit: string) => ({ version, digest: digest(digit) })
const arms = { blue: release('1.0.0', '1'), green: release('0.9.0', '0') }

const planOf = (rps: number, ...names: string[]): WorldPlanInput => ({
  v: 1,
  rps,
  regions: names.map((name) => ({ name, baseline: 'blue', arms })),
})

const open: World[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((world) => world.close()))
})

async function opened(plan: WorldPlanInput, options: WorldOptions = { inProcess: true }): Promise<World> {
  const world = await openWorld(plan, options)
  open.push(world)
  return world
}

const command = (world: World, region: string, line: string) =>
  askRuntime(world.regions[region]!.runtime.port, line)

/** Reads one region, again and again until it is as wanted (bounded). */
async function read(world: World, region: string, wanted: (reading: RegionReading) => boolean = () => true) {
  let reading = (await world.state())[region]!
  for (let tries = 0; tries < 1000 && !wanted(reading); tries += 1) {
    await sleep(10)
    reading = (await world.state())[region]!
  }
  expect(wanted(reading)).toBe(true)
  return reading
}

const shift = (blue: number, green: number) =>
  `set server app/blue weight ${blue};set server app/green weight ${green}`

describe('reading', () => {
  it('shows weights in basis points, effective ones, and what runs', async () => {
    const world = await opened(planOf(0, 'us', 'eu'))
    await command(world, 'eu', `${shift(90, 30)};set server app/green state drain`)
    const { us, eu } = await world.state()
    expect(us).toEqual({
      weights: { blue: 10_000, green: 0 },
      effective: { blue: 10_000, green: 0 },
      arms: {
        blue: { ...arms.blue, units: 100, state: 'ready' },
        green: { ...arms.green, units: 0, state: 'ready' },
      },
      baseline: 'blue',
      requests: 0,
      failed: { app: 0, proxy: 0, connection: 0 },
      failingSeconds: 0,
      commands: [],
    })
    // Reads are not kept, nor is what the proxy refused.
    await command(world, 'eu', 'show servers state app; set server app/blue weight 257')
    expect((await read(world, 'eu')).commands).toEqual([
      'set server app/blue weight 90',
      'set server app/green weight 30',
      'set server app/green state drain',
    ])
    // 90 of 120 and 30 of 120
    expect(eu?.weights).toEqual({ blue: 7500, green: 2500 })
    expect(eu?.effective).toEqual({ blue: 10_000, green: 0 })
    expect(eu?.arms['green']?.state).toBe('drain')
  })

  it.each([
    ['set server app/blue state maint', 'maint'],
    ['set server app/blue health down', 'down'],
  ])('after %s no traffic is left', async (line, state) => {
    const world = await opened(planOf(0, 'us'))
    await command(world, 'us', line)
    const us = await read(world, 'us')
    expect([us.weights, us.effective, us.arms['blue']?.state]).toEqual([
      { blue: 10_000, green: 0 },
      { blue: 0, green: 0 },
      state,
    ])
  })

  it('works while the command port is at fault', async () => {
    const world = await opened(planOf(0, 'us'))
    await world.setFaults('us', [{ router: 'refuse' }])
    await expect(command(world, 'us', shift(0, 100))).rejects.toThrow()
    expect((await read(world, 'us')).weights).toEqual({ blue: 10_000, green: 0 })
  })
})

it('calls the backend as it is told, in commands and metrics, and when it is opened again', async () => {
  const plan = planOf(0, 'us')
  const first = await opened({
    ...plan,
    regions: plan.regions.map((region) => ({ ...region, backend: 'shop' })),
  })
  const world = await opened(await first.save())
  const { runtime, metrics, backend } = world.regions['us']!
  expect(backend).toBe('shop')
  expect(await askRuntime(runtime.port, 'get weight shop/blue')).toBe('100 (initial 100)\n\n')
  expect(await askRuntime(runtime.port, 'get weight app/blue')).toBe('No such backend.\n\n')
  expect(await scrape(metrics)).toHaveProperty('haproxy_server_weight{proxy="shop",server="blue"}', '100')
})

describe('faults of arms', () => {
  it('strike the arm on trial and follow it when the baseline is reset', async () => {
    const world = await opened(planOf(0, 'us'))
    const health = async (arm: string) => (await fetch(`${world.regions['us']!.apps[arm]}/healthz`)).status
    await world.setFaults('us', [{ arm: 'canary', unhealthy: true }])
    expect([await health('blue'), await health('green')]).toEqual([200, 503])

    await command(world, 'us', shift(50, 50))
    await world.resetBaseline()
    expect([await health('blue'), await health('green')]).toEqual([200, 503])

    await command(world, 'us', shift(0, 100))
    expect([await health('blue'), await health('green')]).toEqual([200, 503])
    await world.resetBaseline()
    expect((await read(world, 'us')).baseline).toBe('green')
    expect([await health('blue'), await health('green')]).toEqual([503, 200])

    await world.setFaults('us', [{ arm: 'green', unhealthy: true }])
    expect([await health('blue'), await health('green')]).toEqual([200, 503])
  })

  it('are felt by visitors as the class they belong to', async () => {
    const world = await opened(planOf(3000, 'us'))
    await world.setFaults('us', [{ arm: 'baseline', errors: 1 }])
    await read(world, 'us', ({ failed }) => failed.app > 20)
    await world.setFaults('us', [{ arm: 'baseline', refuse: true }])
    const refusing = await read(world, 'us', ({ failed }) => failed.proxy > 60)
    expect(refusing.failed.connection).toBe(0)
    const errors = 'haproxy_server_connection_errors_total{proxy="app",server="blue"}'
    // Requests that were under way were cut (502); those that came after were refused (503).
    expect(Number((await scrape(world.regions['us']!.metrics))[errors])).toBeGreaterThan(0)
  })

  it('that refuse are taken out by the health checks, and come back by them', async () => {
    // 100 of the world's seconds are a real one, and health checks come every 20 ms.
    const world = await opened({ ...planOf(2000, 'us'), speed: 100 })
    await command(world, 'us', shift(1, 1))
    await world.setFaults('us', [{ arm: 'canary', refuse: true }])
    await read(world, 'us', ({ effective }) => effective['green'] === 0)
    const down = await read(world, 'us', ({ requests }) => requests > 100)
    expect(down.weights).toEqual({ blue: 5000, green: 5000 })
    expect(down.arms['green']?.state).toBe('down')
    await world.setFaults('us', [])
    await read(world, 'us', ({ effective }) => effective['green'] === 5000)
  })

  it('count the seconds in which most of the visitors fail', async () => {
    const world = await opened({ ...planOf(2000, 'us'), speed: 100 })
    await read(world, 'us', ({ requests }) => requests > 100)
    await world.setFaults('us', [{ arm: 'baseline', errors: 1 }])
    await read(world, 'us', ({ failingSeconds }) => failingSeconds > 5)
    await world.setFaults('us', [{ arm: 'baseline', errors: 0 }])
    const before = await read(world, 'us', ({ failingSeconds }) => failingSeconds > 5)
    // What was under way may still fail; after that no second does.
    const later = await read(world, 'us', ({ requests }) => requests > before.requests + 300)
    const last = await read(world, 'us', ({ requests }) => requests > later.requests + 300)
    expect(last.failingSeconds).toBe(later.failingSeconds)
  })

  it('hang as often as they are told, and the proxy answers 504 for them', async () => {
    const world = await opened({ ...planOf(0, 'us'), speed: 100 })
    await world.setFaults('us', [{ arm: 'baseline', hangs: 1 }])
    const answer = await fetch(world.regions['us']!.http)
    expect(answer.status).toBe(504)
    const errors = 'haproxy_server_response_errors_total{proxy="app",server="blue"}'
    expect((await scrape(world.regions['us']!.metrics))[errors]).toBe('1')
    await world.setFaults('us', [{ arm: 'baseline', hangs: 0 }])
    expect((await fetch(world.regions['us']!.http)).status).toBe(200)
  })

  it('metrics faults hit the pages of proxy and apps', async () => {
    const world = await opened(planOf(0, 'us'))
    await world.setFaults('us', [{ metrics: 'fail' }])
    const { metrics, apps } = world.regions['us']!
    const pages = [metrics, `${apps['blue']}/metrics`, `${apps['green']}/metrics`]
    const codes = async () => Promise.all(pages.map(async (page) => (await fetch(page)).status))
    expect(await codes()).toEqual([500, 500, 500])
    await world.setFaults('us', [])
    expect(await codes()).toEqual([200, 200, 200])
  })

  it('names the regions there are', async () => {
    const world = await opened(planOf(0, 'us', 'eu'))
    await expect(world.setFaults('mars', [])).rejects.toThrow('no region mars; its regions are us, eu')
  })
})

describe('load', () => {
  it('stops and starts', async () => {
    const world = await opened(planOf(2000, 'us'))
    await read(world, 'us', ({ requests }) => requests > 10)
    await world.setLoad('us', { stopped: true })
    // What is under way may still end; then the count stands still.
    await sleep(300)
    const { requests } = await read(world, 'us')
    await sleep(100)
    expect((await read(world, 'us')).requests).toBe(requests)
    await world.setLoad('us', { stopped: false })
    await read(world, 'us', (reading) => reading.requests > requests)
  })

  it('no request fails of 50 weight changes at full rate but by the app', async () => {
    const world = await opened(planOf(1200, 'us'))
    await world.setLoad('us', { busy: true })
    await read(world, 'us', ({ requests }) => requests > 1000)
    for (let change = 1; change <= 50; change += 1) {
      const green = (change * 37) % 101
      const reply = await command(world, 'us', `${shift(100 - green, green)};get weight app/green`)
      expect(reply).toBe(`\n\n${green} (initial 0)\n\n`)
      await sleep(10)
    }
    const { failed, requests } = await read(world, 'us')
    expect(requests).toBeGreaterThan(1000)
    expect([failed.proxy, failed.connection]).toEqual([0, 0])
  })
})

describe('a saved world', () => {
  it('goes on with its arms, versions, weights and states', async () => {
    const first = await opened(planOf(0, 'us', 'eu'))
    const next = release('1.1.0', '2')
    const { admin } = first.regions['us']!
    await fetch(`${admin}/arms/green`, { method: 'PUT', body: JSON.stringify(next) })
    await command(first, 'us', `${shift(0, 100)};set server app/blue state drain`)
    const saved = JSON.parse(JSON.stringify(await first.save())) as WorldPlanInput
    await first.close()

    const second = await opened(saved)
    const { us, eu } = await second.state()
    expect(us).toMatchObject({
      weights: { blue: 0, green: 10_000 },
      baseline: 'green',
      arms: { blue: { ...arms.blue, state: 'drain' }, green: { ...next, units: 100, state: 'ready' } },
    })
    expect(eu?.weights).toEqual({ blue: 10_000, green: 0 })
    // What names its ports leads there again.
    for (const name of ['us', 'eu']) {
      const [{ runtime, metrics, admin }, now] = [first.regions[name]!, second.regions[name]!]
      expect(now).toMatchObject({ runtime, metrics, admin })
    }
  })

  it('is opened on other ports where somebody has its own', async () => {
    const first = await opened(planOf(0, 'us'))
    const second = await opened(await first.save())
    expect(second.regions['us']?.runtime.port).not.toBe(first.regions['us']?.runtime.port)
    expect((await second.state())['us']?.weights).toEqual({ blue: 10_000, green: 0 })
  })

  it.each([
    ['a weight beyond 256', { weights: { blue: 300 } }, /256/],
    ['an arm that is not there', { weights: { red: 1 } }, /no arm red; its arms are blue and green/],
    ['one arm', { arms: { blue: arms.blue } }, /has 1 arms; it needs two/],
    ['an unknown key', { colour: 'red' }, /colour/],
  ])('is not opened with %s', async (_, wrong, reason) => {
    const plan = {
      v: 1,
      rps: 0,
      regions: [{ name: 'us', baseline: 'blue', arms, ...wrong }],
    } as WorldPlanInput
    await expect(opened(plan)).rejects.toThrow(reason)
  })

  it('is not opened with two regions of one name', async () => {
    await expect(opened(planOf(0, 'us', 'us'))).rejects.toThrow(/same name/)
  })
})

describe('in its worker thread', () => {
  it('answers as it does in process, and ends', async () => {
    const world = await opened(planOf(1000, 'us'), {})
    await command(world, 'us', shift(75, 25))
    const us = await read(world, 'us', ({ requests }) => requests > 10)
    expect(us.weights).toEqual({ blue: 7500, green: 2500 })
    await expect(world.setLoad('mars', {})).rejects.toThrow('no region mars')
    expect((await world.save()).regions[0]?.weights).toEqual({ blue: 75, green: 25 })
    await world.close()
    await expect(world.state()).rejects.toThrow('the embedded regions are closed')
    await expect(fetch(world.regions['us']!.http)).rejects.toThrow()
  })

  it('says when the worker cannot run', async () => {
    const missing = new URL('./no-such-worker.ts', import.meta.url)
    await expect(opened(planOf(0, 'us'), { workerUrl: missing })).rejects.toThrow(
      'the embedded regions broke down',
    )
  })
})

describe('following another controller', () => {
  const held = (green: number, ready: boolean, digit = '2') => ({
    weights: { blue: 100 - green, green },
    arms: { blue: { ready: true }, green: { ready, release: release('2.0.0', digit) } },
  })

  it('takes its weights and what runs on its arms, by no command of its own', async () => {
    const world = await opened(planOf(0, 'eu'))
    await world.follow('eu', held(25, true))
    const { eu } = await world.state()
    expect(eu).toMatchObject({
      weights: { blue: 7_500, green: 2_500 },
      arms: { blue: arms.blue, green: release('2.0.0', '2') },
      commands: [],
    })
  })

  it('has an arm refuse connections for as long as nothing of it is ready, whatever else is wrong', async () => {
    const world = await opened(planOf(0, 'eu'))
    const green = world.regions['eu']!.apps['green']!
    await world.follow('eu', held(0, false))
    await world.setFaults('eu', [{ arm: 'green', errors: 0.5 }])
    await expect(fetch(`${green}/healthz`)).rejects.toThrow('fetch failed')
    await world.follow('eu', held(0, true))
    expect((await fetch(`${green}/healthz`)).status).toBe(200)
  })
})
