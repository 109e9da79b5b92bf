import { describe, expect, it } from '@jest/globals'
import { formatSteps, stagedProblems, stagedSteps, type StagedStep } from './staged'

const MINUTE = 60_000
const steps = (...weights: number[]): StagedStep[] =>
  weights.map((weight, index) => ({
    weight: weight * 100,
    ...(index < weights.length - 1 && { watchMs: 5 * MINUTE }),
  }))
const messages = (given: readonly StagedStep[]): string[] =>
  stagedProblems(given).map(({ message }) => message)

describe('the steps in which a release is taken back', () => {
  it('fall to nothing from below all', () => {
    expect(stagedProblems(steps(75, 50, 0))).toEqual([])
    expect(stagedSteps().parse(steps(75, 50, 0))).toEqual(steps(75, 50, 0))
    expect(formatSteps(steps(75, 50, 0))).toBe('75% for 5m, 50% for 5m, 0%')
  })

  it.each<[string, StagedStep[], RegExp]>([
    ['no step before the last', steps(0), /^needs a step before the last/],
    ['none at all', [], /^needs a step before the last/],
    ['more than ten', steps(90, 80, 70, 60, 50, 40, 30, 20, 10, 5, 0), /^has 11 steps; 10 are allowed/],
    ['all of it first', steps(100, 0), /^steps must fall: 100% does not follow 100%, which the arm carries/],
    ['what does not fall', steps(50, 50, 0), /^steps must fall: 50% does not follow 50%$/],
    ['what ends with some', steps(75, 50), /^the last step must be 0%/],
    ['no watch', [{ weight: 5_000 }, { weight: 0 }], /^is missing; every step but the last is watched/],
    [
      'a watch at the end',
      [
        { weight: 5_000, watchMs: 1 },
        { weight: 0, watchMs: 1 },
      ],
      /^the last step has none/,
    ],
    [
      'more than an hour',
      [{ weight: 5_000, watchMs: 61 * MINUTE }, { weight: 0 }],
      /^is watched for 1h1m in all; the job .* has 1h for that/,
    ],
  ])('may not be %s', (_, given, said) => {
    expect(messages(given)).toEqual([expect.stringMatching(said)])
    expect(stagedSteps().safeParse(given).success).toBe(false)
  })

  it('are all told of at once, each with its place', () => {
    expect(stagedProblems([{ weight: 10_000 }, { weight: 10_000, watchMs: 1 }])).toEqual([
      { index: 0, key: 'weight', message: expect.any(String) },
      { index: 0, key: 'watch', message: expect.any(String) },
      { index: 1, key: 'weight', message: expect.stringMatching(/^steps must fall/) },
      { index: 1, key: 'weight', message: expect.stringMatching(/^the last step must be 0%/) },
      { index: 1, key: 'watch', message: expect.any(String) },
    ])
  })

  it('are believed only as far as they are numbers of ours', () => {
    for (const given of [
      null,
      [{ weight: 0.5, watchMs: 1 }, { weight: 0 }],
      [{ weight: -1 }, { weight: 0 }],
      'all',
    ])
      expect(stagedSteps().safeParse(given).success).toBe(false)
  })
})
