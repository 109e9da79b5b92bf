import { expect, it } from '@jest/globals'
import { createRandom } from '@deploy-actions/analysis'
import { bucketsOf, DEFAULT_BOUNDS } from './latencies'

const REQUESTS = 1_000_000
const shares = (slow?: { times: number; share: number }) => {
  const draw = bucketsOf({ medianMs: 20, sigma: 0.5, bounds: DEFAULT_BOUNDS, ...(slow && { slow }) })
  return draw.canary(REQUESTS, createRandom(3)).map(({ count }) => count / REQUESTS)
}

it('draws what a lognormal distribution has within each bound', () => {
  // ln(10/20)/0.5 = -1.386: 0.0828; ln(25/20)/0.5 = 0.446: 0.6723; ln(50/20)/0.5 = 1.833: 0.9666.
  const [within5, within10, within25, within50] = shares()
  expect(within5).toBeCloseTo(0.0028, 3)
  expect(within10).toBeCloseTo(0.0828, 2)
  expect(within25).toBeCloseTo(0.6723, 2)
  expect(within50).toBeCloseTo(0.9666, 2)
  expect(shares().at(-1)).toBe(1)
})

it('of a canary twice as slow what the baseline has within half of it', () => {
  // ln(50/40)/0.5 = 0.446
  expect(shares({ times: 2, share: 1 })[3]).toBeCloseTo(0.6723, 2)
})

it('of a slow tail that part alone', () => {
  // Within 100 ms 0.99936 of the others, and ln(100/200)/0.5 = -1.386, 0.0828, of the 1 % that takes ten times as long.
  expect(shares({ times: 10, share: 0.01 })[4]).toBeCloseTo(0.99 * 0.99936 + 0.01 * 0.0828, 3)
})
