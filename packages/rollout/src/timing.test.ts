import { expect, it } from '@jest/globals'
import {
  expectedMs,
  GUARD_LIMIT_MS,
  JOB_LIMIT_MS,
  PLAN_LIMIT_MS,
  PREPARE_LIMIT_MS,
  worstCaseMs,
} from './timing'

const minutes = (count: number): number => count * 60_000
const NO_HOOKS = { beforeStageMs: 0, duringStageMs: 0, afterStageMs: 0, finishedMs: 0 }
const region = {
  hooks: NO_HOOKS,
  deploy: { snapshotMs: minutes(1), deployMs: minutes(20), restoreMs: minutes(9) },
  infrastructureMs: 0,
  share: false,
  metricsLagMs: 0,
  gates: [
    { timeoutMs: minutes(15), greenForMs: minutes(2) },
    { timeoutMs: minutes(5), greenForMs: 0 },
  ],
  stages: [
    { watchMs: minutes(5), maxWatchMs: minutes(15), confirmMs: 0, stepBackMs: 0 },
    { watchMs: minutes(30), maxWatchMs: minutes(90), confirmMs: 0, stepBackMs: 0 },
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
  const alone = { ...region, deploy, gates: [], stages: [] }
  expect(worstCaseMs(alone)).toBe(3_000 + minutes(1 + 5 + 2))
})

it('applies the infrastructure, too, which is not put back', () => {
  const infrastructureMs = minutes(70)
  expect(worstCaseMs({ ...region, infrastructureMs }) - worstCaseMs(region)).toBe(minutes(70))
})

it('drains the share of the region, gives it back, and at worst tries that for ten minutes more', () => {
  expect(worstCaseMs({ ...region, share: true }) - worstCaseMs(region)).toBe(2 * 31_000 + minutes(10))
})

it('lets every stage last so much longer as its metrics are late', () => {
  const late = { ...region, metricsLagMs: minutes(2) }
  // Two stages of 2 min more each.
  expect(expectedMs(late) - expectedMs(region)).toBe(minutes(4))
  expect(worstCaseMs(late) - worstCaseMs(region)).toBe(minutes(4))
})

it('waits for each yes, and steps back from one stage at most', () => {
  const [first, second] = region.stages as [(typeof region.stages)[0], (typeof region.stages)[0]]
  const stages = [
    { ...first, confirmMs: minutes(60), stepBackMs: minutes(30) },
    { ...second, confirmMs: minutes(10), stepBackMs: minutes(20) },
  ]
  expect(worstCaseMs({ ...region, stages }) - worstCaseMs(region)).toBe(minutes(60 + 10 + 30))
  expect(expectedMs({ ...region, stages })).toBe(expectedMs(region))
})

it('gives each stage the time of its hooks, and what runs beside a watch only as far as it is longer', () => {
  const worstWith = (hooks: Partial<typeof NO_HOOKS>): number =>
    worstCaseMs({ ...region, metricsLagMs: minutes(1), hooks: { ...NO_HOOKS, ...hooks } }) -
    worstCaseMs({ ...region, metricsLagMs: minutes(1) })
  // Twice, for the two stages.
  expect(worstWith({ beforeStageMs: minutes(10) })).toBe(minutes(20))
  expect(worstWith({ afterStageMs: minutes(7) })).toBe(minutes(14))
  // Watched for at most 15 + 1 and 90 + 1 min.
  expect(worstWith({ duringStageMs: minutes(16) })).toBe(0)
  expect(worstWith({ duringStageMs: minutes(20) })).toBe(minutes(4))
  expect(worstWith({ finishedMs: minutes(10) })).toBe(minutes(10))
})

it('leaves room for what ends a job within the time that the job has', () => {
  // A hosted job has six hours, that of the plan is given one, those of prepare and guard two; the guard's traffic may take 50 min of them.
  expect(JOB_LIMIT_MS).toBe(minutes(6 * 60 - 30))
  expect(PLAN_LIMIT_MS).toBe(minutes(60 - 15))
  expect(PREPARE_LIMIT_MS).toBe(minutes(2 * 60 - 10))
  expect(GUARD_LIMIT_MS).toBe(minutes(2 * 60 - 50 - 20))
})
