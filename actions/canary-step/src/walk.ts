import type { Ports } from '@deploy-actions/action-kit'
import type { ArmSample } from '@deploy-actions/analysis'
import { formatPercent } from '@deploy-actions/rollout'
import type { Outputs, StageResult } from './outputs'
import type { CanarySettings } from './settings'
import type { StageHooks } from './stage-hooks'
import type { Standstill } from './standstill'
import type { Steering } from './steering'
import type { JudgedSample, Trail } from './trail'

/** What a walk has come to so far; evidence and outputs are made of it, however it ends. */
export interface Walk {
  settings: CanarySettings
  stages: StageResult[]
  /** the first weight was written: from then on something is to be put back */
  moved?: true
  trail: Trail
  /** stage events on their way to the sinks; none rejects */
  told: Promise<void>[]
  standstill: Standstill
  /** what people said to it, once there is a transaction to say it to */
  steering?: Steering
  hooks: StageHooks
}

/** Where the walk stands, as outputs. */
export function position({ stages }: Walk): Pick<Outputs, 'stage' | 'weight' | 'stages'> {
  return { stage: stages.length, weight: formatPercent(stages.at(-1)?.weight ?? 0), stages }
}

/** Keeps the walk in the evidence. */
export function note(walk: Walk, ports: Ports, more: Record<string, unknown>): void {
  const { stages, trail, settings, steering } = walk
  const leftOut = trail.leftOut()
  const said = steering?.heard.all ?? []
  ports.evidence.facts({
    ...{ stages, samples: trail.samples().map(kept), analysis: settings.analysis },
    ...(leftOut > 0 && { samplesLeftOut: leftOut }),
    ...(said.length > 0 && { instructions: said }),
    ...more,
  })
}

/** A sample as evidence keeps it: the bounds of its buckets are keys, of which one is infinite. */
function kept({ sample, ...judged }: JudgedSample): Record<string, unknown> {
  const { baseline, canary } = sample
  return {
    ...judged,
    sample: {
      ...sample,
      ...(baseline && { baseline: armKept(baseline) }),
      ...(canary && { canary: armKept(canary) }),
    },
  }
}

const armKept = ({ latency, ...arm }: ArmSample): Record<string, unknown> => ({
  ...arm,
  ...(latency && {
    latency: Object.fromEntries(latency.map(({ le, count }) => [Number.isFinite(le) ? le : '+Inf', count])),
  }),
})
