import { describe, expect, it } from '@jest/globals'
import golden from './golden/mann-whitney.json' with { type: 'json' }
import { ranked, shiftBetween } from './mann-whitney'

describe('the shift between two samples', () => {
  it.each(golden.cases)('is that of Kayenta: $name', ({ experiment, control, confidence, expected }) => {
    const { lo, hi, estimate } = shiftBetween(experiment, control, confidence)
    expect(Math.abs(lo - expected.lo)).toBeLessThan(1e-6)
    expect(Math.abs(hi - expected.hi)).toBeLessThan(1e-6)
    expect(Math.abs(estimate - expected.est)).toBeLessThan(1e-4)
  })

  it('knows no quantile but those of the confidences that are in use', () => {
    expect(() => shiftBetween([1], [2], 0.9)).toThrow('no normal quantile for a confidence of 0.9')
  })
})

describe('ranks', () => {
  it('are shared by equal values', () => {
    // 1, 2, 2, 2, 3: the three 2 share the ranks 2, 3 and 4, so each has 3. Of the experiment are 2, 2 and 3: 3 + 3 + 5.
    expect(ranked([2, 3, 2], [2, 1])).toEqual({ sum: 11, ties: 3 ** 3 - 3 })
  })
})
