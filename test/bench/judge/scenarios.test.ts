import { describe, expect, it } from '@jest/globals'
import { allCells, cellOf, isBeyondMargin, withoutFault } from './scenarios'

describe('a cell', () => {
  it('knows its twin without the fault', () => {
    const cell = cellOf('x10 from minute 25 after a blip of both', 0.001, 100)
    const twin = withoutFault(cell)!
    expect(twin.name).toBe('outage of both 20% 1 min, 0.1% at 100 rps')
    const { fault, ...rest } = cell.world
    expect(fault).toEqual({ fromMs: 25 * 60_000, times: 10, plus: 0 })
    expect(twin.world).toEqual(rest)
  })

  it.each([
    // Twice 0.1 % is within 1.25 times it and 0.1 %, 0.225 %; twice 1 % is beyond 1.35 %.
    ['x2 from the start', 0.001, false],
    ['x2 from the start', 0.01, true],
    ['boundary', 0.01, false],
    ['healthy', 0.01, false],
  ])('%s of %p: beyond the margin is %p', (scenario, rate, is) => {
    const cell = cellOf(scenario, rate, 100)
    expect(isBeyondMargin(cell.world)).toBe(is)
    expect(withoutFault(cell) !== undefined).toBe(is)
  })

  it('gives each stage its limit', () => {
    const { schedule } = cellOf('five limits', 0.001, 100).world
    expect(schedule.map(({ errorRate }) => errorRate)).toEqual([0.005, 0.0045, 0.004, 0.0035, 0.003])
  })

  it('is of a scenario that exists', () => {
    expect(() => cellOf('x11', 0.001, 100)).toThrow('there is no scenario "x11"')
  })

  it('has a name of its own', () => {
    const names = allCells().map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})
