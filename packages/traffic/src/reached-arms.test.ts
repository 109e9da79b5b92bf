import { beforeEach, expect, it } from '@jest/globals'
import { createFakePorts, type FakePorts } from '@deploy-actions/testing'
import { reachedArms } from './reached-arms'
import type { ObservedRouter, RouterMember } from './router'

let ports: FakePorts
let looks: number
beforeEach(() => {
  ports = createFakePorts()
  looks = 0
})
const seconds = () => (ports.clock.now().getTime() - Date.parse('2026-11-21T10:00:00.000Z')) / 1000
const parked: RouterMember = { enabled: false, units: 0, parked: true }
const lingers: RouterMember = { enabled: true, units: 0, lingers: true }
const serves: RouterMember = { enabled: true, units: 100 }

/** A router whose counters are what they are at each second. */
function counting(members: Record<string, RouterMember>, at: (second: number) => Record<string, number>) {
  const reading = { weights: {}, effective: {}, members, readAt: ports.clock.now().toISOString() }
  const router: ObservedRouter = {
    where: 'a router',
    capabilities: {
      min: 0,
      max: 1,
      step: 1,
      splits: 'requests',
      zero: 'weight',
      atomic: true,
      compareAndSet: true,
      effectWithin: '1s',
    },
    read: () => Promise.resolve(reading),
    write: () => Promise.reject(new Error('nothing is to be written')),
    requests: () => {
      looks++
      const sent = Object.entries(at(seconds())).map(([arm, sent]) => [arm, { sent, underWay: 1 }])
      return Promise.resolve(Object.fromEntries(sent))
    },
  }
  return router
}
const reached = (router: ObservedRouter, weights: Record<string, number> = { blue: 10_000, green: 0 }) =>
  reachedArms(router, weights, ports)

it.each([
  ['parked', parked],
  ['lingering', lingers],
])('an arm that is %s is reached while its counter grows to the last look', async (_, green) => {
  const router = counting({ blue: serves, green }, (second) => ({ blue: second * 100, green: second }))
  expect(await reached(router)).toEqual(['green'])
  expect([seconds(), looks]).toEqual([10, 11])
})

it('what was under way has ended once the counter stands still, and nobody waits longer', async () => {
  const router = counting({ blue: serves, green: parked }, (second) => ({ green: Math.min(second, 3) }))
  expect(await reached(router)).toEqual([])
  expect([seconds(), looks]).toEqual([4, 5])
})

it('only the arm is reached whose counter grows', async () => {
  const members = { blue: serves, green: parked, old: parked }
  const router = counting(members, (second) => ({ green: second, old: 7 }))
  expect(await reached(router)).toEqual(['green'])
})

it.each<[string, Record<string, RouterMember>, Record<string, number>]>([
  ['arms with traffic are', { blue: serves, green: parked }, { blue: 5000, green: 5000 }],
  ['an arm is to which nobody is bound', { blue: serves, green: serves }, { blue: 10_000, green: 0 }],
])('nobody asks whether %s', async (_, members, weights) => {
  expect(
    await reached(
      counting(members, (second) => ({ green: second })),
      weights,
    ),
  ).toEqual([])
  expect(looks).toBe(0)
})

it('an arm that the weights do not name gets nothing by them', async () => {
  const router = counting({ blue: serves, old: parked }, (second) => ({ old: second }))
  expect(await reached(router)).toEqual(['old'])
})

it('a router that counts nothing is not asked', async () => {
  const { requests: _, ...router } = counting({ green: parked }, () => ({}))
  expect(await reached({ ...router, read: () => Promise.reject(new Error('not asked')) })).toEqual([])
})
