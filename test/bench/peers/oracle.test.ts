import { describe, expect, it } from '@jest/globals'
import { oracle } from './oracle'
import { repeated, takenBackAfter } from './sample.fixture'

const knowing = (baseline: number, canary: number) =>
  oracle({ schedule: [], rates: () => ({ baseline, canary }) })

describe('the oracle', () => {
  it('takes back when the likelihood ratio reaches 100', () => {
    // p0 = 1.25 * 0.1 % + 0.1 % = 0.225 %, p1 = 1 %; each sample of 1 error in 100 requests adds
    // ln(0.01 / 0.00225) - 100 * 0.00775 = 1.4917 - 0.775 = 0.7167: ln 100 = 4.605 is reached with the 7th.
    expect(takenBackAfter(knowing(0.001, 0.01), repeated(20, { requests: 100, errors: 1 }))).toBe(70)
  })

  it('does nothing while the canary is harmless, whatever it counts', () => {
    expect(takenBackAfter(knowing(0.001, 0.002), repeated(20, { requests: 100, errors: 50 }))).toBeUndefined()
  })
})
