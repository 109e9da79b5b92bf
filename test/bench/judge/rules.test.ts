import { describe, expect, it } from '@jest/globals'
import type { Counts, Sample } from '@deploy-actions/analysis'
import type { Rule } from '../peers/rule'
import { sequential } from './rules'

const schedule = [0.1, 0.5].map((weight) => ({ weight, watchMs: 60_000 }))
const sample = (canary: Counts, baseline?: Counts): Sample => ({
  ...{ at: '', windowMs: 10_000, problems: [], canary },
  ...(baseline && { baseline }),
})
/** After an hour of a baseline without errors. */
function begun(): Rule {
  const rule = sequential(0.01)({ schedule, rates: () => ({ baseline: 0, canary: 0 }) })
  rule.learn?.({ requests: 360_000, errors: 0 }, 3_600_000)
  return rule
}

// 40 % fail, which is no gross failure; a baseline without errors beside it makes it overwhelming.
const bad = { requests: 1000, errors: 400 }
const good = { requests: 1000, errors: 0 }

describe('our judge as a rule', () => {
  it('takes back what is worse than its baseline', () => {
    expect(begun().takesBack(sample(bad, good), 0)).toBe(true)
  })

  it('holds counts without a counterpart, but not into another stage', () => {
    const [same, next] = [begun(), begun()]
    for (const rule of [same, next]) expect(rule.takesBack(sample(bad), 0)).toBe(false)
    expect(same.takesBack(sample(good, good), 0)).toBe(true)
    expect(next.takesBack(sample(good, good), 1)).toBe(false)
  })
})
