import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from '@jest/globals'
import { askRuntime } from './runtime-commands.fixture'
import { openWorld, type RouterReading, type World } from './world'
import type { WorldPlanInput } from './world-plan'

const release = (version: string, digit: string) => ({ version, digest: `sha256:${digit.repeat(64)}` })
const arms = { blue: release('1.0.0', '1'), green: release('0.9.0', '0') }

const plan = (rps: number): WorldPlanInput => ({
  v: 1,
  rps,
  speed: 60,
  regions: ['us', 'eu'].map((name) => ({ name, baseline: 'blue', arms })),
  router: { weights: { us: 70, eu: 30 } },
})

const open: World[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((world) => world.close()))
})

async function opened(input: WorldPlanInput): Promise<World> {
  const world = await openWorld(input, { inProcess: true })
  open.push(world)
  return world
}

const command = (world: World, line: string) => askRuntime(world.router!.runtime.port, line)

/** Reads the router, again and again until it is as wanted (bounded). */
async function until(world: World, wanted: (reading: RouterReading) => boolean): Promise<RouterReading> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const reading = await world.shares()
    if (reading && wanted(reading)) return reading
    await sleep(10)
  }
  throw new Error(`the router never came to that: ${JSON.stringify(await world.shares())}`)
}

describe('the router between the regions', () => {
  it('sends the visitors of all regions to each as its weight says, and the regions count them', async () => {
    const world = await opened(plan(300))
    const { requests, failed } = await until(world, (reading) => reading.requests >= 200)
    expect([failed.proxy, failed.connection]).toEqual([0, 0])
    const { us, eu } = await world.state()
    const all = (us?.requests ?? 0) + (eu?.requests ?? 0)
    expect(all).toBeGreaterThanOrEqual(requests)
    expect((us?.requests ?? 0) / all).toBeCloseTo(0.7, 1)
  })

  it('is steered by HAProxy’s commands, and tells which changed something', async () => {
    const world = await opened(plan(0))
    await command(world, 'set server regions/us weight 90;set server regions/eu weight 10')
    expect(await world.shares()).toMatchObject({
      weights: { us: 9_000, eu: 1_000 },
      commands: ['set server regions/us weight 90', 'set server regions/eu weight 10'],
    })
  })

  it('is set by hand beside that: no command of the rollout', async () => {
    const world = await opened(plan(0))
    await world.setShares({ us: 30 })
    expect(await world.shares()).toMatchObject({ weights: { us: 5_000, eu: 5_000 }, commands: [] })
  })

  it('sees a region whose front door is shut, and sends it nothing', async () => {
    const world = await opened(plan(0))
    await command(world, 'set server regions/eu health down')
    expect((await world.shares())?.effective).toEqual({ us: 10_000, eu: 0 })
  })

  it('is without the visitors of a region that is to have none', async () => {
    const world = await opened(plan(300))
    await until(world, ({ requests }) => requests > 10)
    for (const name of ['us', 'eu']) await world.setLoad(name, { stopped: true })
    await sleep(200)
    const { requests } = (await world.shares())!
    await sleep(200)
    expect((await world.shares())!.requests).toBe(requests)
  })

  it('goes on where it was left', async () => {
    const first = await opened(plan(0))
    await command(first, 'set server regions/us weight 95')
    const saved = JSON.parse(JSON.stringify(await first.save())) as WorldPlanInput
    await first.close()
    // 95 of 125.
    expect((await (await opened(saved)).shares())?.weights).toEqual({ us: 7_600, eu: 2_400 })
  })

  it('is not there unless it is asked for', async () => {
    const { router: _, ...without } = plan(0)
    const world = await opened(without)
    expect(world.router).toBeUndefined()
    expect(await world.shares()).toBeUndefined()
    await expect(world.setShares({ us: 1 })).rejects.toThrow('no router between its regions')
  })
})
