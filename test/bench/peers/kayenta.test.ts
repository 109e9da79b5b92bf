import { describe, expect, it } from '@jest/globals'
import type { Sample } from '@deploy-actions/analysis'
import golden from './golden/kayenta-classifier.json' with { type: 'json' }
import { classify, DEFAULTS, kayenta, type Settings } from './kayenta'

type Params = (typeof golden)['cases'][number]['params']

const thresholds = (pair: number[] | undefined): { decrease: number; increase: number } | undefined =>
  pair && { decrease: pair[0]!, increase: pair[1]! }

function settingsOf(params: Params): Settings {
  const { tol, conf, eff, crit, measure, direction, nan, critical } = params as Partial<Record<string, any>>
  const [allowed, atOnce] = [thresholds(eff), thresholds(crit)]
  return {
    ...{ ...DEFAULTS, tolerance: tol, confidence: conf, direction, isCritical: critical === true },
    ...{ nan: nan ?? 'remove', measure: measure ?? 'meanRatio' },
    ...(allowed && { allowed }),
    ...(atOnce && { critical: atOnce }),
  }
}

describe("Kayenta's classifier", () => {
  it('is tried with all cases of its own suite', () => expect(golden.cases).toHaveLength(34))

  it.each(golden.cases)('$name', ({ experiment, control, params, expected, critical }) => {
    const found = classify(experiment, control, settingsOf(params))
    // One case of the suite asserts the reason alone, of data that is missing.
    expect(found.label).toBe(expected ?? 'Nodata')
    if (critical !== null) expect(found.critical).toBe(critical)
  })
})

describe("Kayenta's judge as a rule", () => {
  const stage = (weight: number) => ({ weight, watchMs: 10 * 60_000 })
  const sample = (canaryErrors: number, requests = 1000): Sample => ({
    ...{ at: '', windowMs: 60_000, problems: [] },
    ...{ canary: { requests, errors: canaryErrors }, baseline: { requests, errors: 1 } },
  })
  /** With which of 20 minutes it takes back, counted from 1; 0 for none. */
  const takenBackWith = (of: (minute: number) => Sample): number => {
    const rule = kayenta({ schedule: [stage(0.1), stage(0.5)], rates: () => ({ baseline: 0, canary: 0 }) })
    const minutes = Array.from({ length: 20 }, (_, minute) => minute)
    return minutes.findIndex((minute) => rule.takesBack(of(minute), Math.floor(minute / 10))) + 1
  }

  it('is asked at the end of a stage, not before', () => {
    expect(takenBackWith(() => sample(10))).toBe(10)
  })

  it('lets the same rates pass', () => expect(takenBackWith(() => sample(1))).toBe(0))

  it('takes back what has no data', () => expect(takenBackWith(() => sample(0, 0))).toBe(10))
})
