import type { RegionReading } from '@deploy-actions/embedded-regions'
import type { ProgressEvent } from '@deploy-actions/evidence'
import { formatPercent, type Weights } from '@deploy-actions/rollout'
import type { EngineEvent, JobView, RunView } from '@deploy-actions/workflow-engine'
import type { RehearsalResult } from './result'

/** Shows a rehearsal while it goes on. */
export interface View {
  say(line: string): void
  /** Something happened to the run. */
  event(event: EngineEvent): void
  /** A job told how it is getting on. */
  progress(job: JobView, event: ProgressEvent): void
  /** The regions were looked at. */
  look(run: RunView, readings: Record<string, RegionReading>, now: Date): void
  /** Nothing more comes; without a result the rehearsal broke down. */
  end(result?: RehearsalResult): void
}

/** `blue 75%, green 25%` */
export const describeWeights = (weights: Weights): string =>
  Object.entries(weights)
    .map(([arm, points]) => `${arm} ${formatPercent(points)}`)
    .join(', ')

/** `25%: fail: canary 43 of 5,120 requests failed` */
export const describeVerdict = ({
  weight,
  verdict,
  reason,
}: {
  weight: number
  verdict: string
  reason: string
}): string => `${formatPercent(weight)}: ${verdict}: ${reason}`
