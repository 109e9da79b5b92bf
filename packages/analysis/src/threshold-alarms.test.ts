import { describe, expect, it } from '@jest/globals'
import { falseAlarms, type LimitedStage } from './threshold-alarms'

type Stage = Omit<LimitedStage, 'failAfter'>
const stage = (more: Partial<Stage> = {}): Stage => ({
  ...{ samples: 30, requests: 10, rate: 0.001, limit: 0.01 },
  ...more,
})
const asked = (failAfter: LimitedStage['failAfter'], stages: readonly (Stage | undefined)[]) =>
  stages.map((one) => one && { ...one, failAfter })
const row = (inARow: number, ...stages: (Stage | undefined)[]) => asked({ inARow }, stages)
const all = (inAll: number, ...stages: (Stage | undefined)[]) => asked({ inAll }, stages)

describe('false alarms of thresholds', () => {
  it('at few requests are those of a single failure: any is above the limit', () => {
    // 10 requests fail with 0.001: one failure or more in e^-0.01 of samples not, so 1 - e^-0.01 of them break 1 %, and one of 30
    // does in 1 - e^-0.3.
    expect(falseAlarms([row(1, stage())])).toBeCloseTo(1 - Math.exp(-0.3), 3)
  })

  it('in a row: of three samples the first two or the last two', () => {
    const p = 1 - Math.exp(-0.01)
    expect(falseAlarms([row(2, stage({ samples: 3 }))])).toBeCloseTo(p * p + (1 - p) * p * p, 6)
    // Rows go on from stage to stage, and over those that do not have the limit.
    const one = stage({ samples: 1 })
    expect(falseAlarms([row(2, one, undefined, stage({ samples: 2 }))])).toBeCloseTo(
      p * p + (1 - p) * p * p,
      6,
    )
  })

  it('in all: of three samples any two', () => {
    const p = 1 - Math.exp(-0.01)
    const two = 3 * p * p * (1 - p) + p ** 3
    expect(falseAlarms([all(2, stage({ samples: 2 }), stage({ samples: 1 }))])).toBeCloseTo(two, 6)
    // Of two limits either breaks a sample.
    const q = 1 - (1 - p) ** 2
    const both = all(2, stage({ samples: 3 }))
    expect(falseAlarms([both, both])).toBeCloseTo(3 * q * q * (1 - q) + q ** 3, 6)
  })

  it('are counted by what each stage needs', () => {
    const p = 1 - Math.exp(-0.01)
    const [long, short] = [row(20, stage({ samples: 5 })), row(1, stage({ samples: 1 }))]
    // Twenty in a row never come; in the stage that needs one, any is it.
    expect(falseAlarms([[...long, ...short, ...long]])).toBeCloseTo(p, 6)
  })

  it('add up over limits that are broken apart', () => {
    const one = falseAlarms([row(1, stage())])
    expect(falseAlarms([row(1, stage()), row(1, stage())])).toBeCloseTo(1 - (1 - one) ** 2, 9)
  })

  it('of requests in plenty are none where the rate is far below the limit, and certain where it is above', () => {
    expect(falseAlarms([row(1, stage({ requests: 100_000 }))])).toBeLessThan(1e-9)
    expect(falseAlarms([row(1, stage({ requests: 100_000, rate: 0.02 }))])).toBeCloseTo(1, 9)
    // Right at the limit half of the samples are above it.
    expect(falseAlarms([row(1, stage({ samples: 1, requests: 1e6, rate: 0.01 }))])).toBeCloseTo(0.5, 2)
  })

  it('are none where nothing fails, nothing is asked, or nobody comes', () => {
    expect(falseAlarms([row(1, stage({ rate: 0 }))])).toBe(0)
    expect(falseAlarms([])).toBe(0)
    expect(falseAlarms([row(1, stage({ requests: 0 }))])).toBe(0)
  })
})
