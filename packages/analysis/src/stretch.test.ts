import { expect, it } from '@jest/globals'
import { newestStretch, type Stretch } from './stretch'

const calm = [-0.1, -0.2]
const bad = [2, 3]
const arm = (errors: number) => ({ requests: 100, errors })
const play = (stretch: Stretch, samples: readonly (readonly number[])[]): Stretch => {
  for (const factors of samples)
    stretch.add({ canary: arm(factors === bad ? 9 : 1), baseline: arm(1) }, 10_000, factors)
  return stretch
}

it('tells of what came since the samples began to speak against the canary', () =>
  expect(play(newestStretch(), [calm, calm, bad, bad]).told(100)).toEqual({
    canary: { requests: 200, errors: 18 },
    baseline: { requests: 200, errors: 2 },
    words: ' in the last 20s',
  }))

it('goes on over a calm sample, and begins anew where the calm has outweighed it', () => {
  expect(play(newestStretch(), [calm, bad, calm, bad]).told(100)?.words).toBe(' in the last 30s')
  const long = Array.from({ length: 40 }, () => calm)
  expect(play(newestStretch(), [bad, ...long, bad]).told(100)?.words).toBe(' in the last 10s')
})

it('has nothing apart to tell of a fault that was there from the beginning, of little evidence, or of none', () => {
  expect(play(newestStretch(), [bad, bad]).told(100)).toBeUndefined()
  expect(play(newestStretch(), [calm, bad]).told(9)).toBeUndefined()
  expect(play(newestStretch(), [calm]).told(100)).toBeUndefined()
})
