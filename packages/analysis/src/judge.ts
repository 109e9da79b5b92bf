import type { LatencyQuantile } from './limits'
import type { ArmSample, Sample } from './sample'
import type { CountsOfArms } from './stage-counts'
import type { Threshold } from './thresholds'
import type { Judgement } from './verdict'

/** What the canary must keep in a stage. */
export interface StageLimits {
  /** how long it is watched when nothing delays it */
  watchMs: number
  /** highest error rate, 0 to 1 */
  errorRate?: number
  /** what that part of the requests must not take longer than, in milliseconds */
  latency?: Partial<Record<LatencyQuantile, number>>
  /** highest share, 0 to 1, of what a ratio counts that may be bad, by its name */
  ratios?: Readonly<Record<string, number>>
  /** what each sample is held against by itself */
  thresholds?: readonly Threshold[]
  /** the canary arm has all the traffic: there is no baseline beside it any more */
  whole?: boolean
}

/** What a config asks of a stage, whatever its weight and watch. */
export type PlannedLimits = Omit<StageLimits, 'watchMs' | 'whole'>

/** What a sample came to. */
export interface SampleJudgement {
  judgements: Judgement[]
  /** requests and errors of its stage so far, this sample included when its canary answered */
  seen: CountsOfArms
}

/** The judge of one rollout of one target. It may be asked at every sample; what it knows carries over between stages. */
export interface Judge {
  /** Baseline traffic seen before any traffic moved: where its rate, and how it wanders, are first known from. */
  learn(baseline: ArmSample, windowMs: number): void
  /** The windows begin anew, as when the traffic is divided otherwise: none may reach back over that. */
  restart(): void
  /** Judges a sample taken in stage `stage` (from 0). Without baseline traffic, limits decide. */
  judge(sample: Sample, stage: number): SampleJudgement
}
