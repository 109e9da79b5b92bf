import { describe, expect, it } from '@jest/globals'
import { rootBetween } from './brent'

describe('a root', () => {
  it.each([
    ['of a line', (x: number) => x - 0.3, 0.3],
    ['of a cube', (x: number) => x ** 3 - 0.5, 0.5 ** (1 / 3)],
    ['of a step', (x: number) => (x < 0.7 ? -1 : 1), 0.7],
  ])('%s is found, from either side', (_, f, root) => {
    expect(Math.abs(rootBetween(f, [0, 1], 1e-6) - root)).toBeLessThan(1e-6)
    expect(Math.abs(rootBetween((x) => -f(x), [0, 1], 1e-6) - root)).toBeLessThan(1e-6)
  })
})
