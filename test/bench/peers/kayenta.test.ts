import { describe, expect, it } from '@jest/globals'
import golden from './golden/kayenta-classifier.json' with { type: 'json' }
import { classify, DEFAULTS, type Settings } from './kayenta'

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
