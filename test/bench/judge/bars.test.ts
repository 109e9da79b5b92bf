import { describe, expect, it } from '@jest/globals'
import { BARS, lookInto, ordersFor } from './bars'
import type { Result } from './farm'
import type { Tally } from './statistics'

const barOf = (name: string) => BARS.find((bar) => bar.name === name)!

/** 1,000 rollouts, so many of them taken back, all after so many seconds. */
const taken = (count: number, seconds = 60): Tally => ({
  ...{ runs: 1000, early: 0, lost: 0 },
  times: Array.from({ length: count }, () => seconds * 1000),
})

/** Every cell of a bar came to the same, but where `other` says so, by the name of the cell or the rule. */
function measured(
  name: string,
  usual: Tally,
  other: (cell: string, rule: string) => Tally | undefined = () => undefined,
) {
  const bar = barOf(name)
  const results = ordersFor([bar], 1000).map(({ cell, rules }): Result => ({
    cell,
    tallies: Object.fromEntries(rules.map((rule) => [rule, other(cell.name, rule) ?? usual])),
  }))
  return bar.measure(lookInto(results))
}

describe('a bar', () => {
  it('on false alarms is met while the interval reaches down to it', () => {
    const bar = 'healthy: at most 1% taken back'
    // 95 % intervals: 16 of 1,000 are 0.99 to 2.6 %, 17 are 1.06 to 2.7 %.
    expect(measured(bar, taken(16)).isMet).toBe(true)
    const missed = measured(bar, taken(0), (cell) =>
      cell === 'healthy, 1% at 10 rps' ? taken(17) : undefined,
    )
    expect(missed).toEqual({
      isMet: false,
      found: '17 cells, at most 1.7% [1.06%, 2.71%] in "healthy, 1% at 10 rps"',
    })
  })

  it('on the boundary allows three standard errors', () => {
    // 1 % and 3 sqrt(0.01 * 0.99 / 1000) = 0.94 %: 19 of 1,000, not 20.
    expect(measured('boundary of the margin: alpha 1% is kept', taken(19)).isMet).toBe(true)
    expect(measured('boundary of the margin: alpha 1% is kept', taken(20)).isMet).toBe(false)
  })

  it('on time counts what was missed as never', () => {
    expect(measured('x10 at 100 rps: median 2 min', taken(501, 120)).isMet).toBe(true)
    expect(measured('x10 at 100 rps: median 2 min', taken(1000, 121)).isMet).toBe(false)
    expect(measured('x10 at 100 rps: median 2 min', taken(500))).toEqual({ isMet: false, found: 'never' })
  })

  it('on all that is to be found is missed with one that is not', () => {
    expect(measured('x10 at 100 rps: all', taken(1000)).isMet).toBe(true)
    expect(measured('x10 at 100 rps: all', taken(999)).isMet).toBe(false)
  })

  it('beside another rule counts where that leaves what is healthy alone', () => {
    const slow = (healthy: number) =>
      measured('never later than Argo 3', taken(1000, 60), (cell, rule) => {
        if (rule === 'sequential') return taken(1000, 61)
        return cell.startsWith('healthy') || cell.startsWith('outage') ? taken(healthy) : undefined
      })
    expect(slow(10).isMet).toBe(false)
    expect(slow(10).found).toMatch(/61 s against 60 s in "x10 from the start, 0.1% at 10 rps", as is known/)
    expect(slow(11)).toEqual({ isMet: true, found: 'later in 0 of 0 cells' })
  })

  it('beside the oracle takes the median of the ratios', () => {
    const times = (ours: number) =>
      measured('from the start: at most 1.8 times the oracle', taken(1000, 100), (_, rule) =>
        rule === 'sequential' ? taken(1000, ours) : undefined,
      )
    expect(times(180).isMet).toBe(true)
    expect(times(181).isMet).toBe(false)
  })

  it('on five limits compares each pair', () => {
    const five = (seconds: number) =>
      measured('five limits: at most 15% slower than one', taken(1000, 100), (cell) =>
        cell.includes('five limits, 0.1% at 10 rps') ? taken(1000, seconds) : undefined,
      ).isMet
    expect([five(114), five(116)]).toEqual([true, false])
  })
})
