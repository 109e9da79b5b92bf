import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { normalise, WHOLE } from '@deploy-actions/rollout'
import { MAX_WEIGHT, stepsTo, toUnits, type UnitChange } from './haproxy-units'

const THREE = { blue: ['b1', 'b2', 'b3'], green: ['g1', 'g2', 'g3'] }

describe('weights of the servers of an arm', () => {
  it.each([
    // Of 750, the largest total of which 90 % and 10 % are multiples of 3.
    [{ blue: 9000, green: 1000 }, THREE, { b1: 225, b2: 225, b3: 225, g1: 25, g2: 25, g3: 25 }],
    // Of 200, since a quarter of 100 is odd.
    [
      { blue: 7500, green: 2500 },
      { blue: ['b1'], green: ['g1', 'g2'] },
      { b1: 150, g1: 25, g2: 25 },
    ],
    [{ blue: WHOLE, green: 0 }, THREE, { b1: 256, b2: 256, b3: 256, g1: 0, g2: 0, g3: 0 }],
  ])('of %j on %j are even, and the share is exact', (wanted, servers, units) => {
    expect(toUnits(wanted, servers)).toEqual(units)
  })

  it('leave no server without any where an exact total has enough for all', () => {
    // 3 % of 100 is too few for four servers; of 200 it is six, which four cannot share evenly.
    const servers = { blue: ['b1'], green: ['g1', 'g2', 'g3', 'g4'] }
    expect(toUnits({ blue: 9700, green: 300 }, servers)).toEqual({ b1: 194, g1: 2, g2: 2, g3: 1, g4: 1 })
  })

  it('are exact where there are not enough for all', () => {
    const servers = { blue: ['b1'], green: ['g1', 'g2', 'g3'] }
    expect(toUnits({ blue: 9900, green: 100 }, servers)).toEqual({ b1: 99, g1: 1, g2: 0, g3: 0 })
  })

  it('are in range, even to one unit, and as near to the share as the finest total allows', () => {
    const counts = fc.integer({ min: 1, max: 5 })
    fc.assert(
      fc.property(fc.integer({ min: 50, max: WHOLE - 50 }), counts, counts, (green, blues, greens) => {
        const named = (arm: string, count: number) => Array.from({ length: count }, (_, n) => `${arm}${n}`)
        const servers = { blue: named('b', blues), green: named('g', greens) }
        const units = toUnits({ blue: WHOLE - green, green }, servers)
        const of = (arm: 'blue' | 'green') => servers[arm].map((server) => units[server] ?? NaN)
        for (const weights of [of('blue'), of('green')]) {
          expect(Math.max(...weights)).toBeLessThanOrEqual(MAX_WEIGHT)
          expect(Math.max(...weights) - Math.min(...weights)).toBeLessThanOrEqual(1)
        }
        const sum = (arm: 'blue' | 'green') => of(arm).reduce((total, weight) => total + weight, 0)
        const total = sum('blue') + sum('green')
        expect(Math.abs(sum('green') / total - green / WHOLE)).toBeLessThanOrEqual(0.5 / MAX_WEIGHT + 1e-9)
      }),
    )
  })

  it('are never on the way what would look like the hand of somebody: nothing beside two units or more', () => {
    const servers = { blue: ['b1', 'b2', 'b3'], green: ['g1', 'g2'] }
    const shares = fc.oneof(
      fc.constantFrom(0, 50, 100, WHOLE - 50, WHOLE),
      fc.integer({ min: 50, max: WHOLE - 50 }),
    )
    const units = (green: number) => toUnits({ blue: WHOLE - green, green }, servers)
    const looksHeld = (at: Record<string, number>): boolean =>
      Object.values(servers).some((names) => {
        const weights = names.map((name) => at[name] ?? NaN)
        return Math.max(...weights) > 1 && Math.min(...weights) === 0
      })
    fc.assert(
      fc.property(shares, shares, (before, after) => {
        const [at, to] = [units(before), units(after)]
        const changes = Object.entries(at).map(([server, from]) => ({
          server,
          from,
          to: to[server] ?? NaN,
          alone: false,
        }))
        for (const { server, weight } of stepsTo(changes)) {
          at[server] = weight
          expect(looksHeld(at)).toBe(false)
          expect(Object.values(at).some((units) => units > 0)).toBe(true)
        }
        expect(at).toEqual(to)
      }),
    )
  })

  it('are set in one step each where a server stands alone, or comes neither from nothing nor goes there', () => {
    const change = (server: string, from: number, to: number, alone = false): UnitChange => ({
      server,
      from,
      to,
      alone,
    })
    expect(stepsTo([change('blue', 100, 0, true), change('green', 0, 100, true)])).toEqual([
      { server: 'green', weight: 100 },
      { server: 'blue', weight: 0 },
    ])
    expect(
      stepsTo([change('b1', 50, 25), change('b2', 7, 7), change('g1', 0, 1), change('g2', 1, 0)]),
    ).toEqual([
      { server: 'g1', weight: 1 },
      { server: 'b1', weight: 25 },
      { server: 'g2', weight: 0 },
    ])
  })

  it('leave alone what stays at nothing, and come to one unit and from it before and after the others', () => {
    const change = (server: string, from: number, to: number) => ({ server, from, to, alone: false })
    expect(stepsTo([change('g1', 0, 0), change('g2', 0, 0)])).toEqual([])
    expect(stepsTo([change('g1', 1, 2), change('g2', 0, 1)])).toEqual([
      { server: 'g2', weight: 1 },
      { server: 'g1', weight: 2 },
    ])
    expect(stepsTo([change('g1', 5, 0), change('g2', 5, 1)])).toEqual([
      { server: 'g1', weight: 1 },
      { server: 'g2', weight: 1 },
      { server: 'g1', weight: 0 },
    ])
  })

  it('say a finer share with more servers, and what the least is without them', () => {
    const shares = normalise(toUnits({ blue: 9980, green: 20 }, { blue: ['b1', 'b2'], green: ['g1'] }))
    expect(shares['g1']).toBe(20)
    // 35 basis points of 256 are 0.9 units: from there on one unit is near enough.
    const pair = { blue: ['b1'], green: ['g1'] }
    expect(toUnits({ blue: 9964, green: 36 }, pair)).toMatchObject({ g1: 1 })
    expect(() => toUnits({ blue: 9966, green: 34 }, pair)).toThrow('is finer than')
    expect(() => toUnits({ blue: 9980, green: 20 }, { blue: ['b1'], green: ['g1', 'g2'] })).toThrow(
      "a share of 0.2% for green is finer than HAProxy's weights; the least is 0.4%",
    )
  })
})
