import { describe, expect, it } from '@jest/globals'
import { argo, assess, evaluate } from './argo'
import { repeated, takenBackAfter } from './sample.fixture'

const rollout = { schedule: [], rates: () => ({ baseline: 0, canary: 0 }) }

describe("Argo's measurement", () => {
  it.each([
    [1, 'Successful'],
    [0.99, 'Successful'],
    [0.9899, 'Failed'],
    [NaN, 'Failed'],
    [undefined, 'Error'],
  ])('of %p is %s', (result, measured) => expect(evaluate(result)).toBe(measured))
})

describe("Argo's metric", () => {
  it.each([
    [0, ['Failed'], 'Failed'],
    [3, ['Failed', 'Failed', 'Failed'], 'Running'],
    [3, ['Failed', 'Successful', 'Failed', 'Successful', 'Failed', 'Failed'], 'Failed'],
    [0, ['Error', 'Error', 'Error', 'Error'], 'Running'],
    [0, ['Error', 'Error', 'Error', 'Error', 'Error'], 'Error'],
    [0, ['Error', 'Error', 'Error', 'Error', 'Successful', 'Error'], 'Running'],
    [0, ['Failed', 'Error', 'Error', 'Error', 'Error', 'Error'], 'Error'],
  ] as const)('with failure limit %p after %j is %s', (failureLimit, all, phase) => {
    const next = assess(failureLimit)
    expect(all.map((measured) => next(measured)).at(-1)).toBe(phase)
  })

  it('fails a minute with its own failure, and four of them with a limit of 3', () => {
    // 2 of 100 in each 10 s: 98 % of each minute.
    const bad = repeated(60, { requests: 100, errors: 2 })
    expect(takenBackAfter(argo(0)(rollout), bad)).toBe(60)
    expect(takenBackAfter(argo(3)(rollout), bad)).toBe(240)
  })

  it('fails without requests, which make NaN', () => {
    expect(takenBackAfter(argo(0)(rollout), repeated(6, { requests: 0, errors: 0 }))).toBe(60)
  })

  it('asks again after 10 s when there is no data, and errs with the fifth time', () => {
    expect(takenBackAfter(argo(3)(rollout), repeated(60))).toBe(60 + 4 * 10)
  })
})
