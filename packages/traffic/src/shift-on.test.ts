import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createFakePorts, startFakeHaproxy, type FakeHaproxy, type FakePorts } from '@deploy-actions/testing'
import { routers } from './registry'
import { Conflict, outOf, type ObservedRouter } from './router'
import { NotInEffect } from './shift'
import { shiftOn, type Held } from './shift-on'

const half = { blue: 5000, green: 5000 }
const DAY_MS = 24 * 3_600_000

let fake: FakeHaproxy
let ports: FakePorts
let router: ObservedRouter
let held: Held
beforeEach(async () => {
  fake = await startFakeHaproxy({ blue: 90, green: 10 })
  // As its file has it.
  fake.configured = { blue: 100, green: 0 }
  ports = createFakePorts()
  const haproxy = await routers.configure({ type: 'haproxy', port: fake.port, backend: 'app' })
  router = haproxy.open(ports, ['blue', 'green'])
  held = { state: await router.read(ports.signal), sinceRealMs: ports.clock.realMs() }
})
afterEach(() => fake.close())

const next = () => shiftOn(router, half, held, ports)
const warnings = () => ports.recorded.log.filter(({ level }) => level === 'warning').map(({ line }) => line)

describe('the next write of a process', () => {
  it('is made over what it wrote before', async () => {
    expect((await next()).weights).toEqual(half)
    expect(warnings()).toEqual([])
  })

  it('is made over what a reload has put back since, and says so', async () => {
    fake.weights = { blue: 100, green: 0 }
    fake.uptimeSec = 0
    expect((await next()).weights).toEqual(half)
    expect(warnings()).toEqual([
      expect.stringMatching(/^a reload put the router back .*; the next weights are written over it$/),
    ])
  })

  it('is not made over the hand of somebody, nor over a reload before it last held', async () => {
    fake.weights = { blue: 100, green: 0 }
    await expect(next()).rejects.toThrow(Conflict)
    fake.uptimeSec = 3600
    held = { ...held, sinceRealMs: ports.clock.realMs() - DAY_MS }
    expect((await next()).weights).toEqual(half)

    fake.weights = { blue: 100, green: 0 }
    held = { state: await router.read(ports.signal), sinceRealMs: ports.clock.realMs() }
    fake.weights = { blue: 70, green: 30 }
    await expect(next()).rejects.toThrow(Conflict)
  })

  it('fails as any other where nobody has changed anything', async () => {
    fake.before = (command) => {
      if (!command.startsWith('set')) return 'act'
      // What is written never shows; and by then a reload has been, too.
      fake.weights = { blue: 100, green: 0 }
      fake.uptimeSec = 0
      return 'lie'
    }
    await expect(next()).rejects.toThrow(NotInEffect)
    expect(warnings()).toEqual([])
  })
})

describe('the servers that are out while others of their arm serve', () => {
  it('are those of all members', () =>
    expect(
      outOf({
        members: {
          blue: { enabled: true, units: 1, out: ['b2'] },
          green: { enabled: true, units: 1 },
        },
      }),
    ).toEqual(['b2']))
})
