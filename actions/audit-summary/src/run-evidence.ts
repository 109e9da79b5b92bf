import type { Approval } from '@deploy-actions/action-kit'
import type { RolloutPlan } from '@deploy-actions/rollout'
import type { GatheredChain } from './chains'
import type { InfrastructureResult } from './infrastructure'
import type { JobSummary } from './jobs'
import type { RegionResult } from './regions'
import type { SparedRegion, TakenBack } from './taken-back'

/** Everything a run left behind, in one document. */
export interface RunEvidence {
  v: 1
  run: { id: number; attempt: number; workflowRef: string; actor: string; commit: string }
  plan: RolloutPlan | null
  regions: RegionResult[]
  /** what was planned and applied of the regions' infrastructure, where they have one */
  infrastructure: InfrastructureResult[]
  /** what became of what was to be put back, with the service that a person named; null in a report of anything else */
  takenBack: { service: string | null; targets: TakenBack[]; spared: SparedRegion[] } | null
  jobs: (JobSummary & { head: string | null; records: number })[]
  approvals: Approval[]
  chains: GatheredChain[]
  complete: boolean
  problems: string[]
  /** sha256 over the sorted heads of all chains */
  root: string
}
