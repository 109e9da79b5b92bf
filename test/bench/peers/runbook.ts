import type { Counts } from '@deploy-actions/analysis'
import type { NewRule } from './rule'
import { adjoiningWindows } from './windows'

/*
 * Rules as people write them into runbooks: a ratio of one window held against a limit, however few requests it is made of.
 */

const isAbove = (limit: number, counts: Counts | undefined): boolean =>
  counts !== undefined && counts.errors > limit * counts.requests

/** "Error rate above 1 % for 2 consecutive checks", a check every 10 s over the 10 s before it. */
export const consecutiveBreaches: NewRule = () => {
  const checks = adjoiningWindows(10_000)
  let breaches = 0
  return {
    takesBack(sample) {
      const check = checks(sample)
      if (!check) return false
      breaches = isAbove(0.01, check.counts) ? breaches + 1 : 0
      return breaches >= 2
    },
  }
}

const STAGE_LIMITS = [0.01, 0.005, 0.002, 0.001] as const

/** The limit of a stage; the last one goes for all later ones. */
const limitOf = (stage: number): number => STAGE_LIMITS[Math.min(stage, STAGE_LIMITS.length - 1)] as number

/** "Roll back on any breach", with limits of 1, 0.5, 0.2 and 0.1 % for the stages, a check each minute over that minute. */
export const anyBreach: NewRule = () => {
  const minutes = adjoiningWindows(60_000)
  return {
    takesBack(sample, stage) {
      const minute = minutes(sample)
      return minute !== undefined && isAbove(limitOf(stage), minute.counts)
    },
  }
}
