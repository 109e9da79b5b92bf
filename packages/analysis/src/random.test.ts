import { describe, expect, it } from '@jest/globals'
import { createRandom } from './random'

const DRAWS = 20_000

/** Mean and variance of draws, each within five standard errors of what they should be. */
function expectMoments(draw: () => number, mean: number, variance: number): void {
  const draws = Array.from({ length: DRAWS }, draw)
  const average = draws.reduce((sum, value) => sum + value, 0) / DRAWS
  const squares = draws.map((value) => (value - mean) ** 2)
  const spread = squares.reduce((sum, value) => sum + value, 0) / DRAWS
  const spreadOfSquares = squares.reduce((sum, value) => sum + (value - spread) ** 2, 0) / DRAWS
  expect(Math.abs(average - mean)).toBeLessThan(5 * Math.sqrt(variance / DRAWS))
  expect(Math.abs(spread - variance)).toBeLessThan(5 * Math.sqrt(spreadOfSquares / DRAWS))
}

describe('draws', () => {
  it.each([0.05, 3, 25, 400, 10_000])('of a Poisson distribution with mean %p', (mean) => {
    const random = createRandom(1)
    expectMoments(() => random.poisson(mean), mean, mean)
  })

  it.each([
    [10, 0.3],
    [1000, 0.001],
    [1000, 0.4],
    [10_000, 0.03],
    [50, 0.98],
  ])('of a binomial distribution of %p trials with probability %p', (trials, probability) => {
    const random = createRandom(2)
    expectMoments(
      () => random.binomial(trials, probability),
      trials * probability,
      trials * probability * (1 - probability),
    )
  })

  it.each([0.5, 4, 100])('of a gamma distribution with shape %p', (shape) => {
    const random = createRandom(3)
    expectMoments(() => random.gamma(shape), shape, shape)
  })

  it('are certain where the probability is 0 or 1', () => {
    const random = createRandom(4)
    expect([random.binomial(100, 0), random.binomial(100, 1), random.poisson(0)]).toEqual([0, 100, 0])
  })

  it('have the upper tail of a Poisson distribution where they are split', () => {
    // P(X >= 46) for a mean of 30: 1 - sum of e^-30 30^k / k! up to 45.
    let [term, below] = [Math.exp(-30), 0]
    for (let k = 0; k <= 45; term *= 30 / ++k) below += term
    const random = createRandom(5)
    let above = 0
    for (let draw = 0; draw < 10 * DRAWS; draw++) if (random.poisson(30) >= 46) above++
    const expected = 10 * DRAWS * (1 - below)
    expect(Math.abs(above - expected)).toBeLessThan(5 * Math.sqrt(expected))
  })

  it('are the same with the same seed, and others with another', () => {
    const drawn = (seed: number): number => createRandom(seed).uniform()
    expect(drawn(7)).toBe(drawn(7))
    expect(drawn(8)).not.toBe(drawn(7))
  })
})
