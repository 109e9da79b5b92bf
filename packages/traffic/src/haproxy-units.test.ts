import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { normalise, WHOLE } from '@deploy-actions/rollout'
import { MAX_WEIGHT, toUnits } from './haproxy-units'

const THREE = { blue: ['b1', 'b2', 'b3'], green: ['g1', 'g2', 'g3'] }

describe('weights of the servers of an arm', () => {
  it.each([
    [{ blue: 9000, green: 1000 }, THREE, { b1: 60, b2: 60, b3: 60, g1: 20 / 3, g2: 20 / 3, g3: 20 / 3 }],
    [
      { blue: 7500, green: 2500 },
      { blue: ['b1'], green: ['g1', 'g2'] },
      { b1: 150, g1: 25, g2: 25 },
    ],
    [{ blue: WHOLE, green: 0 }, THREE, { b1: 1, b2: 1, b3: 1, g1: 0, g2: 0, g3: 0 }],
  ])('of %j on %j are even, and the share is exact', (wanted, servers, proportion) => {
    const units = toUnits(wanted, servers)
    expect(normalise(units)).toEqual(normalise(proportion))
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

  it('say a finer share with more servers, and what the least is without them', () => {
    const shares = normalise(toUnits({ blue: 9980, green: 20 }, { blue: ['b1', 'b2'], green: ['g1'] }))
    expect(shares['g1']).toBe(20)
    expect(() => toUnits({ blue: 9980, green: 20 }, { blue: ['b1'], green: ['g1', 'g2'] })).toThrow(
      "a share of 0.2% for green is finer than HAProxy's weights; the least is 0.4%",
    )
  })
})
