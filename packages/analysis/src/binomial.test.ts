import { describe, expect, it } from '@jest/globals'
import { binomialQuantile } from './binomial'

describe('the quantile of a binomial distribution', () => {
  it.each([
    // Of two trials with 1/2: none with 1/4, one with 1/2, two with 1/4.
    [0.24, 2, 0.5, 0],
    [0.26, 2, 0.5, 1],
    [0.74, 2, 0.5, 1],
    [0.76, 2, 0.5, 2],
    // No success in ten with probability 0.9^10 = 0.3487.
    [0.3486, 10, 0.1, 0],
    [0.3488, 10, 0.1, 1],
    // All of three with probability 0.9^3 = 0.729.
    [0.27, 3, 0.9, 2],
    [0.272, 3, 0.9, 3],
    [0.5, 0, 0.5, 0],
    [0.5, 7, 0, 0],
    [0.5, 7, 1, 7],
  ])('for %p, %p trials with probability %p is %p', (luck, trials, probability, successes) =>
    expect(binomialQuantile(luck, trials, probability)).toBe(successes),
  )

  it('has the mean and the spread of many trials, however far out their terms underflow', () => {
    const [trials, probability, steps] = [100_000, 0.3, 1000]
    const drawn = Array.from({ length: steps }, (_, step) =>
      binomialQuantile((step + 0.5) / steps, trials, probability),
    )
    const mean = drawn.reduce((sum, one) => sum + one, 0) / steps
    const spread = Math.sqrt(drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / steps)
    expect(mean).toBeCloseTo(trials * probability, 0)
    expect(spread / Math.sqrt(trials * probability * (1 - probability))).toBeCloseTo(1, 2)
  })

  it('grows with the probability, of the same luck', () => {
    for (const luck of [0.001, 0.3, 0.7, 0.999]) {
      const drawn = [0, 0.001, 0.01, 0.1, 0.4, 0.6, 0.9, 0.99, 1].map((probability) =>
        binomialQuantile(luck, 300, probability),
      )
      expect(drawn).toEqual(drawn.toSorted((a, b) => a - b))
    }
  })
})
