import { expect, it } from '@jest/globals'
import { createFakeClock } from '@deploy-actions/testing'
import { watchStandstill } from './standstill'

it('is more than a minute without a beat, beyond what was waited for on purpose, and is not forgotten', () => {
  const clock = createFakeClock()
  const standstill = watchStandstill(clock)
  const after = (ms: number, dueInMs?: number): boolean => {
    const due = dueInMs === undefined ? undefined : clock.now().getTime() + dueInMs
    clock.advance(ms)
    standstill.beat(due)
    return standstill.happened
  }
  expect(after(60_000)).toBe(false)
  expect(after(660_000, 600_000)).toBe(false)
  // What was due long ago does not make it longer.
  expect(after(60_000, -600_000)).toBe(false)
  expect(after(60_001)).toBe(true)
  expect(after(1)).toBe(true)
})
