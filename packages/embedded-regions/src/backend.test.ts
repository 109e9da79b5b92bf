import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { Backend, responseClass } from './backend'
import { checkedState, checkedStates } from './health-checks.fixture'
import { serversState, statTable } from './server-reports'

const newBackend = (blue: number, green: number) =>
  new Backend([
    { name: 'blue', port: 1, initialWeight: blue },
    { name: 'green', port: 2, initialWeight: green },
  ])

/** How many of the next requests each server gets. */
function shares(backend: Backend, requests: number): Record<string, number> {
  const counts: Record<string, number> = {}
  for (let n = 0; n < requests; n += 1) {
    const name = backend.next()?.name ?? 'none'
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

describe('Backend', () => {
  it('gives 90 and 10 of 100 requests to weights 90 and 10', () => {
    expect(shares(newBackend(90, 10), 100)).toEqual({ blue: 90, green: 10 })
  })

  it('spreads the smaller share evenly: one in every ten', () => {
    const backend = newBackend(90, 10)
    for (let round = 0; round < 10; round += 1) expect(shares(backend, 10)).toEqual({ blue: 9, green: 1 })
  })

  it('is exact over a round for any weights', () => {
    const weight = fc.integer({ min: 1, max: 256 })
    fc.assert(
      fc.property(weight, weight, (blue, green) => {
        expect(shares(newBackend(blue, green), blue + green)).toEqual({ blue, green })
      }),
    )
  })

  it('takes a new weight with the next request', () => {
    const backend = newBackend(100, 0)
    expect(shares(backend, 7)).toEqual({ blue: 7 })
    const green = backend.server('green')!
    backend.setWeight(green, 100)
    expect(shares(backend, 10)).toEqual({ blue: 5, green: 5 })
  })

  it.each(['drain', 'maint'] as const)('sends nothing to a server in %s, whose weight stays', (admin) => {
    const backend = newBackend(90, 10)
    backend.setAdmin(backend.server('blue')!, admin)
    expect(shares(backend, 20)).toEqual({ green: 20 })
    expect(backend.server('blue')?.weight).toBe(90)
  })

  it.each(['down', 'stopping'] as const)('sends nothing to a server that is %s', (health) => {
    const backend = newBackend(90, 10)
    backend.setHealth(backend.server('blue')!, health)
    expect(shares(backend, 20)).toEqual({ green: 20 })
  })

  it('has no server when all weights are 0', () => {
    expect(newBackend(0, 0).next()).toBeUndefined()
  })

  it('sorts answers into the classes of HAProxy', () => {
    expect([101, 204, 302, 404, 503, 600, 0].map(responseClass)).toEqual([
      '1xx',
      '2xx',
      '3xx',
      '4xx',
      '5xx',
      'other',
      'other',
    ])
  })
})

describe('health checks', () => {
  it('take a server down and bring it up as HAProxy does, and show it with its words', () => {
    const backend = newBackend(100, 0)
    const blue = backend.server('blue')!
    const shown = () =>
      checkedState('blue', { servers: serversState(backend), stat: statTable(backend, -1, -1) })
    const check = (connected: boolean) => {
      backend.recordCheck(blue, connected)
      return shown()
    }
    expect(check(true)).toEqual(checkedStates.up)
    expect([check(false), check(false)]).toEqual(checkedStates.dying)
    expect(backend.next()?.name).toBe('blue')
    expect([check(false), check(false)]).toEqual([checkedStates.down, checkedStates.down])
    expect(backend.next()).toBeUndefined()
    expect(check(true)).toEqual(checkedStates.returning)
    // One answered check is forgotten with the next that is missed.
    expect(check(false)).toEqual(checkedStates.down)
    expect([check(true), check(true)]).toEqual([checkedStates.returning, checkedStates.up])
    expect(backend.next()?.name).toBe('blue')

    backend.setAdmin(blue, 'maint')
    expect(shown()).toEqual(checkedStates.maintenance)
    backend.setAdmin(blue, 'ready')
    expect(shown()).toEqual(checkedStates.ready)
  })
})
