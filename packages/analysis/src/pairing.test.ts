import { expect, it } from '@jest/globals'
import { pairCounts } from './pairing'

const windowMs = 10_000
const counted = (requests: number, errors = 0) => ({ requests, errors })

it('gives what both were counted', () => {
  expect(pairCounts().add({ canary: counted(1), baseline: counted(9, 1), windowMs })).toEqual({
    canary: counted(1),
    baseline: counted(9, 1),
    windowMs,
  })
})

it('holds what one was counted until the other is known, too', () => {
  const pairs = pairCounts()
  expect(pairs.add({ canary: counted(10, 1), windowMs })).toBeUndefined()
  expect(pairs.add({ canary: counted(20), windowMs })).toBeUndefined()
  // The baseline's answer is about all of the time since its last.
  expect(pairs.add({ canary: counted(30, 2), baseline: counted(540, 5), windowMs })).toEqual({
    canary: counted(60, 3),
    baseline: counted(540, 5),
    windowMs: 30_000,
  })
  expect(pairs.add({ canary: counted(1), baseline: counted(9), windowMs })).toMatchObject({ windowMs })
})

it('holds nothing over a change of the weights', () => {
  const pairs = pairCounts()
  pairs.add({ canary: counted(100), windowMs })
  pairs.restart()
  expect(pairs.add({ canary: counted(50), baseline: counted(50), windowMs })).toEqual({
    canary: counted(50),
    baseline: counted(50),
    windowMs,
  })
})

it('leaves the samples as they are', () => {
  const pairs = pairCounts()
  const canary = counted(100)
  pairs.add({ canary, windowMs })
  pairs.add({ canary: counted(5), windowMs })
  expect(canary).toEqual(counted(100))
})
