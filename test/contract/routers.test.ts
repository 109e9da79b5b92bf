import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Cancelled, InputError, ProviderError } from '@deploy-actions/action-kit'
import { formatWeights, WHOLE } from '@deploy-actions/rollout'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import {
  Conflict,
  inEffect,
  restoreWeights,
  routers,
  shift,
  type ConfiguredRouter,
  type ObservedRouter,
} from '@deploy-actions/traffic'
import { loadLabs } from './load-labs'
import type { OpenRouterLab, RouterLab } from './routers/router-lab'

const labs = await loadLabs<OpenRouterLab>('routers', routers)

describe.each(labs)('the $type router before $place', ({ type, open }) => {
  let lab: RouterLab
  let ports: FakePorts
  let configured: ConfiguredRouter
  let router: ObservedRouter
  const cancelReason = new Cancelled('the run was cancelled')
  beforeEach(async () => {
    lab = await open()
    ports = createFakePorts({ real: true, secrets: lab.secrets ?? {}, cancelReason })
    configured = await routers.configure(lab.settings)
    router = configured.open(ports, ['blue', 'green'])
  })
  afterEach(() => lab.close())

  const read = () => router.read(ports.signal)
  /** A vector that is not there yet: ten percent, or all where nothing else can be expressed. */
  const another = () =>
    router.capabilities.only === 'all-or-nothing' ? { blue: 0, green: WHOLE } : { blue: 9000, green: 1000 }
  const percents = () =>
    router.capabilities.only === 'all-or-nothing' ? fc.constantFrom(0, 100) : fc.nat(100)

  it('is called by its type, and opened again from what a record keeps of it', async () => {
    expect(configured.written).toEqual(lab.settings)
    expect(configured.written.type).toBe(type)
    const kept = await routers.configure(JSON.parse(JSON.stringify(configured.written)))
    expect((await kept.open(ports, ['blue', 'green']).read(ports.signal)).weights).toEqual({
      blue: WHOLE,
      green: 0,
    })
  })

  it('is not opened without its secrets, and shows them to nobody', async () => {
    if (lab.secrets) expect(() => configured.open(createFakePorts(), ['blue', 'green'])).toThrow(InputError)
    await router.write(another(), await read(), ports.signal)
    for (const secret of Object.values(lab.secrets ?? {}))
      expect(JSON.stringify([ports.recorded, configured.written])).not.toContain(secret)
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
    await router.write(another(), await read(), ports.signal)
    expect(await lab.weights()).toEqual(another())
    expect((await read()).weights).toEqual(another())
  })

  it('makes one change of the same call twice', async () => {
    await router.write(another(), await read(), ports.signal)
    const after = await read()
    await router.write(another(), after, ports.signal)
    expect(await read()).toEqual(after)
  })

  it('refuses to write over what somebody else wrote', async () => {
    const before = await read()
    const all = router.capabilities.only === 'all-or-nothing'
    const [blue, green] = all ? [0, 100] : [50, 50]
    await lab.meddle(blue, green)
    // Where there are only two vectors, what was read is the one that is not there any more.
    const wanted = all ? before.weights : another()
    await expect(router.write(wanted, before, ports.signal)).rejects.toBeInstanceOf(Conflict)
    expect(await lab.weights()).toEqual({ blue: blue * 100, green: green * 100 })
  })

  it('brings every whole percent into effect, from any other', async () => {
    const vectors = percents().map((green) => ({ blue: WHOLE - green * 100, green: green * 100 }))
    await fc.assert(
      fc.asyncProperty(vectors, async (wanted) => {
        const state = await shift(router, wanted, await read(), ports)
        expect(inEffect(router, state, wanted)).toBe(true)
        expect(await lab.weights()).toEqual(wanted)
      }),
      { numRuns: 15 },
    )
  })

  it('restores whatever somebody else wrote', async () => {
    const before = await read()
    await (router.capabilities.only === 'all-or-nothing' ? lab.meddle(0, 100) : lab.meddle(20, 80))
    expect((await restoreWeights(router, before.weights, ports, { withinMs: 60_000 })).weights).toEqual(
      before.weights,
    )
    expect(await lab.weights()).toEqual(before.weights)
  })

  it('does nothing for a run that was cancelled', async () => {
    const before = await read()
    ports.cancel()
    await expect(read()).rejects.toBeInstanceOf(Cancelled)
    await expect(router.write(another(), before, ports.signal)).rejects.toBeInstanceOf(Cancelled)
    expect(await lab.weights()).toEqual({ blue: WHOLE, green: 0 })
  })

  it('says that it cannot be reached, and that trying again does no harm', async () => {
    await lab.close()
    const failure = await read().catch((error: unknown) => error)
    expect(failure).toBeInstanceOf(ProviderError)
    expect((failure as ProviderError).retryable).toBe(true)
    lab = await open()
  })

  it('leaves what it was asked and what it answered in the evidence', async () => {
    await router.write(another(), await read(), ports.signal)
    await read()
    const own = ports.recorded.calls.filter(({ system }) => system === router.where)
    expect(own.map(({ what, status, answer }) => [what, status, answer])).toEqual([
      ['read', 'ok', 'the router holds blue 100%, green 0%, in effect blue 100%, green 0%'],
      [`write ${formatWeights(another())}`, 'ok', 'accepted'],
      ['read', 'ok', `the router holds ${formatWeights(another())}, in effect ${formatWeights(another())}`],
    ])
    // And each exchange with the system itself, whatever it is.
    expect(ports.recorded.calls.length).toBeGreaterThan(own.length)
  })
})
