import type { Ports } from '@deploy-actions/action-kit'
import { formatPercent } from '@deploy-actions/rollout'
import type { Outputs, StageResult } from './outputs'
import type { CanarySettings } from './settings'
import type { JudgedSample } from './stage'
import type { Standstill } from './standstill'

/** What a walk has come to so far; evidence and outputs are made of it, however it ends. */
export interface Walk {
  settings: CanarySettings
  stages: StageResult[]
  trail: JudgedSample[]
  /** stage events on their way to the sinks; none rejects */
  told: Promise<void>[]
  standstill: Standstill
}

/** Where the walk stands, as outputs. */
export function position({ stages }: Walk): Pick<Outputs, 'stage' | 'weight' | 'stages'> {
  return { stage: stages.length, weight: formatPercent(stages.at(-1)?.weight ?? 0), stages }
}

/** Keeps the walk in the evidence. */
export function note({ stages, trail, settings }: Walk, ports: Ports, more: Record<string, unknown>): void {
  ports.evidence.facts({ stages, samples: trail, analysis: settings.analysis, ...more })
}
