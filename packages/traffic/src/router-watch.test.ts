import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { Cancelled } from '@deploy-actions/action-kit'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import type { ObservedRouter, RouterReading } from './router'
import { watchRouter, type RouterWatch } from './router-watch'

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
let watch: RouterWatch
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 90, green: 10 })
  ports = createFakePorts()
  router = (await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })).open(ports, [
    'blue',
    'green',
  ])
  watch = watchRouter(router, await router.read(ports.signal), ports.clock)
})
afterEach(() => fake.close())

const look = () => watch.look(ports.signal)
const states = async (...happen: (() => void)[]) => {
  const seen: string[] = []
  for (const act of happen) {
    act()
    seen.push((await look()).state)
  }
  return seen
}
const nothing = () => undefined
/** Watches a backend whose arms have two servers each, of these weights. */
const watchSeveral = async (weights: Record<string, number>) => {
  fake.weights = weights
  const members = { blue: ['b1', 'b2'], green: ['g1', 'g2'] }
  const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app', members })
  const several = haproxy.open(ports, ['blue', 'green'])
  watch = watchRouter(several, await several.read(ports.signal), ports.clock)
}
const down = (...arms: string[]) => {
  fake.states = Object.fromEntries(arms.map((arm) => [arm, 'down' as const]))
}

describe('a look at the router under a stage', () => {
  it('finds what was written', async () => expect(await states(nothing, nothing)).toEqual(['holds', 'holds']))

  it('calls an arm lost after two readings in a row, and says which', async () => {
    expect(await states(() => down('green'), nothing)).toEqual(['doubted', 'lost'])
    expect(await look()).toMatchObject({
      arms: ['green'],
      reason: expect.stringMatching(/^green is down: the router holds blue 90%, green 10%/),
    })
  })

  it('names both where both are', async () => {
    expect(await states(() => down('blue', 'green'), nothing)).toEqual(['doubted', 'lost'])
    expect(await look()).toMatchObject({ reason: expect.stringMatching(/^blue and green are down: /) })
  })

  it('forgets a reading that the next one does not confirm', async () => {
    const back = () => down()
    expect(
      await states(
        () => down('green'),
        back,
        () => down('green'),
        back,
      ),
    ).toEqual(['doubted', 'holds', 'doubted', 'holds'])
  })

  it('takes a member out of service for lost, too', async () => {
    expect(await states(() => (fake.states = { blue: 'drain' }), nothing)).toEqual(['doubted', 'lost'])
  })

  it('holds while one server of an arm is out, and shows what is in effect then', async () => {
    await watchSeveral({ b1: 45, b2: 45, g1: 5, g2: 5 })
    expect(await states(nothing, () => down('b2'), nothing)).toEqual(['holds', 'holds', 'holds'])
    expect(await look()).toMatchObject({ found: { effective: { blue: 8182, green: 1818 } } })
  })

  it('has lost an arm of which the only server is out that has weight', async () => {
    await watchSeveral({ b1: 99, b2: 100, g1: 1, g2: 0 })
    expect(await states(() => down('g1'), nothing)).toEqual(['doubted', 'lost'])
    expect(await look()).toMatchObject({ arms: ['green'] })
  })

  it('sees that somebody holds a server out of its arm by a weight of 0', async () => {
    await watchSeveral({ b1: 0, b2: 0, g1: 100, g2: 100 })
    expect(await states(() => (fake.weights = { b1: 0, b2: 0, g1: 100, g2: 0 }), nothing)).toEqual([
      'doubted',
      'changed',
    ])
    expect(await look()).toMatchObject({ reason: expect.stringContaining('holds g2 of green out') })
  })

  it('does not miss an arm that gets nothing', async () => {
    fake.weights = { blue: 0, green: 100 }
    watch = watchRouter(router, await router.read(ports.signal), ports.clock)
    expect(await states(() => down('blue'), nothing)).toEqual(['holds', 'holds'])
  })

  it('sees that somebody else took an arm without traffic out of maintenance', async () => {
    fake.cookie = 'SRV'
    fake.weights = { blue: 0, green: 100 }
    fake.states = { blue: 'maint' }
    const sticky = (
      await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app', sticky: true })
    ).open(ports, ['blue', 'green'])
    watch = watchRouter(sticky, await sticky.read(ports.signal), ports.clock)
    expect(await states(nothing, () => (fake.states = {}), nothing)).toEqual(['holds', 'doubted', 'changed'])
    expect((await look()) as object).toMatchObject({
      reason: expect.stringMatching(/^somebody else took blue out of maintenance: /),
    })
  })

  it('takes for a hand what a process holds that was seen to hold the weights before', async () => {
    fake.configured = { blue: 100, green: 0 }
    // Its weights outlive a reload, by a file of its state.
    fake.uptimeSec = 0
    const before = watch.heldAt
    await ports.clock.sleep(60_000, ports.signal)
    expect((await look()).state).toBe('holds')
    const { heldAt } = watch
    expect(heldAt - before).toBe(60_000)
    await ports.clock.sleep(600_000, ports.signal)
    fake.uptimeSec = 601
    fake.weights = { blue: 100, green: 0 }
    expect((await look()).state).toBe('doubted')
    expect((await look()).state).toBe('changed')
    expect(watch.heldAt).toBe(heldAt)
  })

  it('knows a reload from the hand of somebody', async () => {
    fake.configured = { blue: 100, green: 0 }
    ports.clock.advance(60_000)
    fake.weights = { blue: 100, green: 0 }
    expect((await look()).state).toBe('doubted')
    fake.uptimeSec = 59
    expect(await look()).toMatchObject({
      state: 'reloaded',
      reason: expect.stringMatching(
        /^a reload put the router back to its configuration: blue 90%, green 10% was written, and the router holds blue 100%, green 0%/,
      ),
    })
    // Young, but not as its file says: that was somebody.
    fake.weights = { blue: 50, green: 50 }
    expect((await look()).state).toBe('doubted')
    expect((await look()).state).toBe('changed')
  })

  it('sees weights that somebody else has changed', async () => {
    expect(await states(() => (fake.weights = { blue: 50, green: 50 }), nothing)).toEqual([
      'doubted',
      'changed',
    ])
    expect(await look()).toMatchObject({
      reason: expect.stringMatching(
        /^somebody else changed the weights: blue 90%, green 10% was written, and the router holds blue 50%, green 50%/,
      ),
    })
  })

  it('sees a controller that has taken the router over', async () => {
    const reading = await router.read(ports.signal)
    const owned: ObservedRouter = {
      ...router,
      read: () => Promise.resolve<RouterReading>({ ...reading, owner: 'argo-cd' }),
    }
    watch = watchRouter(owned, reading, ports.clock)
    await look()
    expect(await look()).toEqual({
      state: 'changed',
      reason: 'argo-cd owns the router now, and nobody did when the stage began',
    })
  })

  it('sees somebody who gets traffic beside the arms', async () => {
    expect(await states(() => (fake.weights = { blue: 90, green: 10, red: 5 }), nothing)).toEqual([
      'doubted',
      'changed',
    ])
    expect(await look()).toMatchObject({ reason: expect.stringContaining('also sends traffic to red') })
  })

  it('does not take for somebody else what was so when the stage began', async () => {
    fake.weights = { blue: 0, green: 100 }
    fake.cookie = 'SRV'
    const sticky = (await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })).open(
      ports,
      ['blue', 'green'],
    )
    const written = await sticky.read(ports.signal)
    expect(written.members['blue']).toMatchObject({ lingers: true })
    watch = watchRouter(sticky, written, ports.clock)
    expect(await states(nothing, nothing)).toEqual(['holds', 'holds'])
  })

  it('does not take a mistake of ours for a router that cannot be read', async () => {
    const mistake = new TypeError('x is undefined')
    const broken: ObservedRouter = { ...router, read: () => Promise.reject(mistake) }
    watch = watchRouter(broken, await router.read(ports.signal), ports.clock)
    await expect(look()).rejects.toBe(mistake)
  })

  it('says that the router cannot be read', async () => {
    fake.before = () => {
      throw new Error('cut')
    }
    expect(await look()).toMatchObject({ state: 'unreadable', reason: expect.stringMatching(/^haproxy /) })
  })

  it('ends with the run', async () => {
    ports.cancel()
    await expect(look()).rejects.toBeInstanceOf(Cancelled)
  })
})
