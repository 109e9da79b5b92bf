import type { ArmSample, Sample } from '@deploy-actions/analysis'

/** One stage of a rollout: how much of the traffic the canary has, for how long. */
export interface PlannedStage {
  /** share of the canary, 0 to 1; at 1 there is no baseline beside it */
  weight: number
  watchMs: number
  /** highest error rate that a person wrote down for it, 0 to 1 */
  errorRate?: number
}

export type Schedule = readonly PlannedStage[]

/** Error rates, 0 to 1. */
export interface Rates {
  baseline: number
  canary: number
}

/** What a rule knows of a rollout before it begins. */
export interface Rollout {
  schedule: Schedule
  /** Both true rates during the newest sample. Nobody knows them but an oracle. */
  rates(): Rates
}

/** Decides over one rollout. It is asked once with each sample, in order. */
export interface Rule {
  /** Baseline traffic from before the rollout, where the rule makes use of it. */
  learn?(baseline: ArmSample, windowMs: number): void
  /** Does it take the release back now that it knows this sample of stage `stage` (from 0)? */
  takesBack(sample: Sample, stage: number): boolean
}

export type NewRule = (rollout: Rollout) => Rule
