import { describe, expect, it } from '@jest/globals'
import { dispersion } from './dispersion'

const samples = (...errors: number[]) => errors.map((count) => ({ requests: 100, errors: count }))

describe('dispersion', () => {
  it('is the Pearson statistic, drawn towards 1 while blocks are few', () => {
    // 4 errors in 200 requests: 2 expected in each. (0-2)^2/2 + (4-2)^2/2 = 4 with one degree of freedom: 4.
    // Drawn to 1 by 1/(1+4): 1 + 3/5 = 1.6.
    expect(dispersion(samples(0, 4))).toBeCloseTo(1.6, 12)
    // 8 samples, 7 degrees of freedom: statistic 16, 16/7; 1 + (16/7 - 1) 7/11 = 1 + 9/11.
    expect(dispersion(samples(0, 4, 0, 4, 0, 4, 0, 4))).toBeCloseTo(1 + 9 / 11, 12)
  })

  it('sees noise that lasts in blocks of six', () => {
    // One minute without, one minute with two errors a sample. By sample: 12 x 1 with 11 degrees, 1 + (1/11)(11/15).
    // By six: 6 expected, 36/6 twice = 12 with one degree, 1 + 11/5 = 3.2, which is the larger.
    expect(dispersion(samples(0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 2, 2))).toBeCloseTo(3.2, 12)
  })

  it('is 1 where nothing scatters more than chance, or nothing can be told', () => {
    for (const calm of [samples(), samples(5), samples(2, 2, 2, 2), samples(0, 0, 0)])
      expect(dispersion(calm)).toBe(1)
  })

  it('leaves intervals without traffic out', () => {
    expect(dispersion([{ requests: 0, errors: 0 }, ...samples(0, 4)])).toBeCloseTo(1.6, 12)
  })
})
