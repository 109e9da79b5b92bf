import { expect, it } from '@jest/globals'
import { expectedMs, GUARD_LIMIT_MS, JOB_LIMIT_MS, PREPARE_LIMIT_MS, worstCaseMs } from './timing'

const minutes = (count: number): number => count * 60_000
const region = {
  deploy: { snapshotMs: minutes(1), deployMs: minutes(20), restoreMs: minutes(9) },
  metricsLagMs: 0,
  gates: [
    { timeoutMs: minutes(15), greenForMs: minutes(2) },
    { timeoutMs: minutes(5), greenForMs: 0 },
  ],
  stages: [
    { watchMs: minutes(5), maxWatchMs: minutes(15) },
    { watchMs: minutes(30), maxWatchMs: minutes(90) },
  ],
}

it('expects the green time of the gates and the shortest watches', () => {
  // 2 min + 0 and 5 min + 30 min.
  expect(expectedMs(region)).toBe(minutes(37))
})

it('allows the deploy, every gate and stage all of its time, and the restore at the end', () => {
  // 1 + 20 + 9 min, 15 + 5 min, 15 + 90 min, and 31 s for each shift; 31 s and 2 min to put everything back.
  expect(worstCaseMs(region)).toBe(minutes(30 + 20 + 105) + 2 * 31_000 + minutes(1 + 5 + 2))
})

it('still needs the deploy and the restore where there is nothing else', () => {
  const deploy = { snapshotMs: 1_000, deployMs: 1_000, restoreMs: 1_000 }
  expect(worstCaseMs({ deploy, gates: [], stages: [], metricsLagMs: 0 })).toBe(3_000 + minutes(1 + 5 + 2))
})

it('lets every stage last so much longer as its metrics are late', () => {
  const late = { ...region, metricsLagMs: minutes(2) }
  // Two stages of 2 min more each.
  expect(expectedMs(late) - expectedMs(region)).toBe(minutes(4))
  expect(worstCaseMs(late) - worstCaseMs(region)).toBe(minutes(4))
})

it('leaves room for what ends a job within the time that the job has', () => {
  // A hosted job has six hours, those of prepare and guard are given two; the guard's traffic may take 50 min of them.
  expect(JOB_LIMIT_MS).toBe(minutes(6 * 60 - 30))
  expect(PREPARE_LIMIT_MS).toBe(minutes(2 * 60 - 10))
  expect(GUARD_LIMIT_MS).toBe(minutes(2 * 60 - 50 - 20))
})
