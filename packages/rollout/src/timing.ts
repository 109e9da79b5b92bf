/** What takes time in the deploy job of a region, in milliseconds. */
export interface RegionTiming {
  /** of one run of a deploy script */
  scriptTimeoutMs: number
  gates: readonly { timeoutMs: number; greenForMs: number }[]
  stages: readonly { watchMs: number; maxWatchMs: number }[]
}

/** A weight must have taken effect, and held, within this. */
const SHIFT_MS = 31_000
/** Putting the traffic back and one green round of what serves then. */
const RESTORE_MS = 31_000 + 120_000

/** GitHub ends a hosted job after six hours; half an hour is kept for the restore and the runner itself. */
export const JOB_LIMIT_MS = 330 * 60_000

/** What the prepare job (2 h) leaves for the gate before anything is touched. */
export const PREPARE_LIMIT_MS = 110 * 60_000

/** What the guard job (1 h) leaves for the script that restores, beside traffic and health. */
export const GUARD_LIMIT_MS = 50 * 60_000

/** How long the deploy job of a region takes when all goes well and every script is instant. */
export function expectedMs({ gates, stages }: RegionTiming): number {
  return sum(gates.map(({ greenForMs }) => greenForMs)) + sum(stages.map(({ watchMs }) => watchMs))
}

/**
 * The longest that the deploy job of a region may take: every script (snapshot, deploy, restore), gate and stage uses
 * all of its time, and at the end everything is put back.
 */
export function worstCaseMs({ scriptTimeoutMs, gates, stages }: RegionTiming): number {
  return (
    3 * scriptTimeoutMs +
    sum(gates.map(({ timeoutMs }) => timeoutMs)) +
    sum(stages.map(({ maxWatchMs }) => maxWatchMs + SHIFT_MS)) +
    RESTORE_MS
  )
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0)
