import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { WHOLE } from './percent'
import { apportion, canaryWeights, findArms, formatWeights, normalise, sameWeights, weights } from './weights'

const shares = fc.dictionary(fc.string({ minLength: 1 }), fc.nat(WHOLE), { minKeys: 1, maxKeys: 8 })
const sum = (vector: Record<string, number>): number =>
  Object.values(vector).reduce((total, part) => total + part, 0)

describe('apportion', () => {
  it('gives the units that are left to the largest remainders', () => {
    // 10 units: 4.7, 3.1, 2.2 -> 4, 3, 2 and the one that is left to the first.
    expect(apportion({ a: 47, b: 31, c: 22 }, 10)).toEqual({ a: 5, b: 3, c: 2 })
  })

  it('looks at the remainder alone, not at the share', () => {
    // 6.1 and 3.9.
    expect(apportion({ a: 61, b: 39 }, 10)).toEqual({ a: 6, b: 4 })
    // 3, 1.5 and 1.5: nothing remains of the first.
    expect(apportion({ a: 2, b: 1, c: 1 }, 6)).toEqual({ a: 3, b: 2, c: 1 })
  })

  it('breaks ties in favour of the earlier member', () => {
    // 1/3 of 100 each: 33, 33, 33 and one left.
    expect(apportion({ a: 1, b: 1, c: 1 }, 100)).toEqual({ a: 34, b: 33, c: 33 })
  })

  it('can split nothing when all weights are 0', () => {
    expect(apportion({ a: 0, b: 0 }, 100)).toEqual({ a: 0, b: 0 })
  })

  it('always sums to the total, each part less than one unit from its exact share', () => {
    fc.assert(
      fc.property(shares, fc.integer({ min: 1, max: 100_000 }), (vector, total) => {
        const parts = apportion(vector, total)
        const whole = sum(vector)
        expect(sum(parts)).toBe(whole === 0 ? 0 : total)
        for (const [member, share] of Object.entries(vector))
          expect(Math.abs((parts[member] ?? NaN) - (whole === 0 ? 0 : (share * total) / whole))).toBeLessThan(
            1,
          )
      }),
    )
  })
})

describe('normalise', () => {
  it('makes the whole of any units', () => {
    expect(normalise({ blue: 225, green: 75 })).toEqual({ blue: 7500, green: 2500 })
    expect(normalise({ blue: 100, green: 0 })).toEqual({ blue: WHOLE, green: 0 })
  })

  it('leaves a vector that is whole as it is', () => {
    fc.assert(
      fc.property(fc.nat(WHOLE), (points) =>
        expect(normalise({ a: points, b: WHOLE - points })).toEqual({ a: points, b: WHOLE - points }),
      ),
    )
  })
})

describe('a vector', () => {
  it('is the same when every member has the same share, named or not', () => {
    expect(sameWeights({ blue: WHOLE, green: 0 }, { blue: WHOLE })).toBe(true)
    expect(sameWeights({ blue: WHOLE }, { green: 0, blue: WHOLE })).toBe(true)
    expect(sameWeights({ blue: WHOLE }, { green: WHOLE })).toBe(false)
    expect(sameWeights({ blue: 5000, green: 3000, red: 2000 }, { blue: 5000, green: 2000, red: 3000 })).toBe(
      false,
    )
    expect(sameWeights({ blue: 9000, green: 1000 }, { blue: 9001, green: 999 })).toBe(false)
  })

  it('is written in its own order', () =>
    expect(formatWeights({ blue: 9950, green: 50 })).toBe('blue 99.5%, green 0.5%'))

  it('sums to the whole or is refused', () => {
    expect(weights.safeParse({ blue: 9000, green: 1000 }).success).toBe(true)
    expect(weights.safeParse({ blue: WHOLE, green: 0 }).success).toBe(true)
    expect(weights.safeParse({ blue: 9000, green: 999 }).error?.issues[0]?.message).toBe(
      'weights must sum to 10,000 basis points',
    )
    expect(weights.safeParse({ blue: WHOLE + 1, green: -1 }).success).toBe(false)
  })
})

describe('arms', () => {
  it('are told apart by who carries everything', () => {
    expect(findArms({ blue: WHOLE, green: 0 })).toEqual({ baseline: 'blue', canary: 'green' })
    expect(findArms({ blue: 0, green: WHOLE })).toEqual({ baseline: 'green', canary: 'blue' })
  })

  it.each([[{}], [{ blue: WHOLE }], [{ blue: 9999, green: 1 }], [{ blue: WHOLE, green: 0, red: 0 }]])(
    'are not to be told in %j',
    (vector) => expect(findArms(vector as Record<string, number>)).toBeUndefined(),
  )

  it('share the whole', () => {
    expect(canaryWeights({ baseline: 'blue', canary: 'green' }, 2500)).toEqual({ blue: 7500, green: 2500 })
  })
})
