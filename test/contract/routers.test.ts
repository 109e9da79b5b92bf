import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Cancelled, ProviderError } from '@deploy-actions/action-kit'
import { WHOLE, type Weights } from '@deploy-actions/rollout'
import { createFakePorts, startFakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import {
  Conflict,
  inEffect,
  openRouter,
  restoreWeights,
  routers,
  shift,
  type RouterSettings,
  type TrafficRouter,
} from '@deploy-actions/traffic'
import { openWorld } from '@deploy-actions/embedded-regions'

/** Something that a router steers, with two members: blue has all the traffic. */
interface Lab {
  settings: RouterSettings
  /** What the thing itself says, read without the router. */
  weights(): Promise<Weights>
  /** Somebody else gives blue and green these whole percents. */
  meddle(blue: number, green: number): Promise<void>
  close(): Promise<void>
}

const digest = `sha256:${'a'.repeat(64)}`

/** Every router of the registry, against everything that stands in for its provider. */
const labs: Record<keyof typeof routers, Record<string, () => Promise<Lab>>> = {
  haproxy: {
    async 'the fake'() {
      const fake = await startFakeHaproxy({ blue: 100, green: 0 })
      return {
        settings: { type: 'haproxy', port: fake.port, backend: 'app' },
        weights() {
          const { blue = 0, green = 0 } = fake.weights
          return Promise.resolve({
            blue: Math.round((WHOLE * blue) / (blue + green)),
            green: Math.round((WHOLE * green) / (blue + green)),
          })
        },
        meddle: (blue, green) => Promise.resolve(void Object.assign(fake.weights, { blue, green })),
        close: () => fake.close(),
      }
    },
    async 'an embedded region'() {
      const arms = { blue: { version: '1.0.0', digest }, green: { version: '1.1.0', digest } }
      const world = await openWorld(
        { v: 1, rps: 0, regions: [{ name: 'eu', baseline: 'blue', arms }] },
        { inProcess: true },
      )
      const runtime = world.regions['eu']?.runtime
      const settings: RouterSettings = {
        type: 'haproxy',
        host: runtime?.host,
        port: runtime?.port,
        backend: world.regions['eu']?.backend,
      }
      const meddler = createFakePorts()
      return {
        settings,
        weights: async () => (await world.state())['eu']?.weights ?? {},
        async meddle(blue, green) {
          const router = await openRouter(settings, meddler, ['blue', 'green'])
          await router.write(
            { blue: blue * 100, green: green * 100 },
            await router.read(meddler.signal),
            meddler.signal,
          )
        },
        close: () => world.close(),
      }
    },
  },
}

const cases = Object.entries(labs).flatMap(([type, places]) =>
  Object.entries(places).map(([place, open]) => ({ type: type as keyof typeof routers, place, open })),
)

it('covers every router', () => expect(Object.keys(labs)).toEqual(Object.keys(routers)))

describe.each(cases)('the $type router before $place', ({ type, open }) => {
  let lab: Lab
  let ports: FakePorts
  let router: TrafficRouter
  beforeEach(async () => {
    lab = await open()
    ports = createFakePorts()
    router = await openRouter(lab.settings, ports, ['blue', 'green'])
  })
  afterEach(() => lab.close())

  const read = () => router.read(ports.signal)
  const tenPercent = { blue: 9000, green: 1000 }

  it('parses its own options again without a change, for a restorer gets them parsed', async () => {
    const { options } = await routers[type]()
    const once = options.parse(lab.settings)
    expect(options.parse(JSON.parse(JSON.stringify(once)))).toEqual(once)
  })

  it('says what its provider can express', () => {
    const { min, max, step, effectWithin } = router.capabilities
    expect(max).toBeGreaterThan(min)
    expect(step).toBeGreaterThan(0)
    expect(effectWithin).toMatch(/\d/)
  })

  it('reads what is there: every member, shares that sum to the whole', async () => {
    const state = await read()
    expect(state.weights).toEqual({ blue: WHOLE, green: 0 })
    expect(state.effective).toEqual(state.weights)
    expect(Object.keys(state.members)).toEqual(['blue', 'green'])
  })

  it('writes the full vector, as the thing itself shows', async () => {
    await router.write(tenPercent, await read(), ports.signal)
    expect(await lab.weights()).toEqual(tenPercent)
    expect((await read()).weights).toEqual(tenPercent)
  })

  it('makes one change of the same call twice', async () => {
    await router.write(tenPercent, await read(), ports.signal)
    const after = await read()
    await router.write(tenPercent, after, ports.signal)
    expect(await read()).toEqual(after)
  })

  it('refuses to write over what somebody else wrote', async () => {
    const before = await read()
    await lab.meddle(50, 50)
    await expect(router.write(tenPercent, before, ports.signal)).rejects.toBeInstanceOf(Conflict)
    expect(await lab.weights()).toEqual({ blue: 5000, green: 5000 })
  })

  it('brings every whole percent into effect, from any other', async () => {
    const percents = fc.nat(100).map((green) => ({ blue: WHOLE - green * 100, green: green * 100 }))
    await fc.assert(
      fc.asyncProperty(percents, async (wanted) => {
        const state = await shift(router, wanted, await read(), ports)
        expect(inEffect(router, state, wanted)).toBe(true)
        expect(await lab.weights()).toEqual(wanted)
      }),
      { numRuns: 15 },
    )
  })

  it('restores whatever somebody else wrote', async () => {
    const before = await read()
    await lab.meddle(20, 80)
    expect((await restoreWeights(router, before.weights, ports)).weights).toEqual(before.weights)
    expect(await lab.weights()).toEqual(before.weights)
  })

  it('does nothing for a run that was cancelled', async () => {
    const before = await read()
    ports.cancel()
    await expect(read()).rejects.toBeInstanceOf(Cancelled)
    await expect(router.write(tenPercent, before, ports.signal)).rejects.toBeInstanceOf(Cancelled)
    expect(await lab.weights()).toEqual({ blue: WHOLE, green: 0 })
  })

  it('says that it cannot be reached, and that trying again does no harm', async () => {
    await lab.close()
    const failure = await read().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ProviderError)
    expect((failure as ProviderError).retryable).toBe(true)
    lab = await open()
  })

  it('leaves each call in the evidence', async () => {
    await router.write(tenPercent, await read(), ports.signal)
    expect(ports.recorded.calls.length).toBeGreaterThanOrEqual(3)
    for (const { system, what, ms } of ports.recorded.calls)
      expect([system, what, ms]).toEqual([
        expect.stringMatching(/\w/),
        expect.stringMatching(/\w/),
        expect.any(Number),
      ])
  })
})
