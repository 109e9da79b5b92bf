import { expect, it } from '@jest/globals'
import type { ArmSample, Sample } from './sample'
import { countStages } from './stage-counts'

const sample = (canary: ArmSample, baseline?: ArmSample): Sample => ({
  at: '',
  windowMs: 10_000,
  canary,
  ...(baseline ? { baseline } : {}),
  problems: [],
})
const none = { requests: 0, errors: 0 }

it('counts each stage apart, and those asked for together', () => {
  const counts = countStages(3)
  counts.add(sample({ requests: 10, errors: 1 }, { requests: 90, errors: 2 }), 0)
  counts.add(sample({ requests: 20, errors: 3 }), 1)
  counts.add(sample({ requests: 40, errors: 5 }), 2)
  expect([0, 1].map((stage) => counts.of(stage))).toEqual([
    { canary: { requests: 10, errors: 1 }, baseline: { requests: 90, errors: 2 } },
    { canary: { requests: 20, errors: 3 }, baseline: none },
  ])
  expect(counts.over((stage) => stage !== 1)).toEqual({
    canary: { requests: 50, errors: 6 },
    baseline: { requests: 90, errors: 2 },
  })
})

it('has nothing of a stage that does not exist', () => {
  const counts = countStages(1)
  counts.add(sample({ requests: 10, errors: 1 }), 1)
  expect([counts.of(1), counts.over(() => true)]).toEqual(
    Array.from({ length: 2 }, () => ({ canary: none, baseline: none })),
  )
})

it('gives counts that later samples leave alone, without what an arm measured', () => {
  const counts = countStages(1)
  const arm = { requests: 10, errors: 1, latency: [{ le: 100, count: 9 }], values: { cpu: 0.5 } }
  counts.add(sample(arm), 0)
  const before = counts.of(0)
  counts.add(sample(arm), 0)
  expect(before.canary).toEqual({ requests: 10, errors: 1, latency: [{ le: 100, count: 9 }] })
  expect(counts.of(0).canary).toEqual({ requests: 20, errors: 2, latency: [{ le: 100, count: 18 }] })
})
