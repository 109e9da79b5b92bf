/** What takes time in the deploy job of a region, in milliseconds. */
export interface RegionTiming {
  /** at worst: the snapshot, the deploy, and putting it back */
  deploy: { snapshotMs: number; deployMs: number; restoreMs: number }
  /** at worst: the apply of its infrastructure, which is not put back */
  infrastructureMs: number
  gates: readonly { timeoutMs: number; greenForMs: number }[]
  /** `confirmMs`: how long it may wait for a person's yes; `stepBackMs`: how long it is watched at less when it has failed */
  stages: readonly { watchMs: number; maxWatchMs: number; confirmMs: number; stepBackMs: number }[]
  /** at worst: what is run at each stage, and once all is committed */
  hooks: { beforeStageMs: number; duringStageMs: number; afterStageMs: number; finishedMs: number }
  /** its share of the global traffic is drained before the deploy, and given back after it */
  share: boolean
  /** how long after a window's end its metrics are there: every stage lasts so much longer than its watch */
  metricsLagMs: number
}

/** A weight must have taken effect, and held, within this. */
const SHIFT_MS = 31_000
/** Putting the traffic back, tried for a minute by the stage and for five by the restore step, and one green round. */
const RESTORE_MS = 60_000 + 300_000 + 120_000

/** Draining the share and giving it back, and where that fails giving it back at the end, which is tried for ten minutes. */
const SHARE_MS = 2 * SHIFT_MS + 600_000

/** GitHub ends a hosted job after six hours; half an hour is kept for the restore and the runner itself. */
export const JOB_LIMIT_MS = 330 * 60_000

/** What the plan job (1 h) leaves for what is asked of the release before anything begins. */
export const PLAN_LIMIT_MS = 45 * 60_000

/** What the prepare job (2 h) leaves for the gate before anything is touched. */
export const PREPARE_LIMIT_MS = 110 * 60_000

/** What the guard job (2 h) leaves for putting the deploy back, beside traffic (at most 50 min) and health. */
export const GUARD_LIMIT_MS = 50 * 60_000

/** How long the deploy job of a region takes when all goes well, and infrastructure, deploy and hooks are instant. */
export function expectedMs({ gates, stages, metricsLagMs }: RegionTiming): number {
  return (
    sum(gates.map(({ greenForMs }) => greenForMs)) + sum(stages.map(({ watchMs }) => watchMs + metricsLagMs))
  )
}

/**
 * The longest that the deploy job of a region may take: the infrastructure, the deploy (with its snapshot, and put back), every gate,
 * every stage and every hook use all of their time, and at the end everything is put back.
 */
export function worstCaseMs({
  deploy,
  infrastructureMs,
  gates,
  stages,
  hooks,
  share,
  metricsLagMs,
}: RegionTiming): number {
  const { beforeStageMs, duringStageMs, afterStageMs, finishedMs } = hooks
  // What runs beside a watch only makes it longer where it takes longer than the watch.
  const watched = (maxWatchMs: number): number => Math.max(maxWatchMs + metricsLagMs, duringStageMs)
  return (
    sum(Object.values(deploy)) +
    infrastructureMs +
    sum(gates.map(({ timeoutMs }) => timeoutMs)) +
    sum(
      stages.map(
        ({ maxWatchMs, confirmMs }) =>
          beforeStageMs + SHIFT_MS + watched(maxWatchMs + confirmMs) + afterStageMs,
      ),
    ) +
    // One of them fails at most.
    Math.max(0, ...stages.map(({ stepBackMs }) => stepBackMs)) +
    RESTORE_MS +
    (share ? SHARE_MS : 0) +
    finishedMs
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
