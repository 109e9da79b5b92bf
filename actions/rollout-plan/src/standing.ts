import type { RegionConfig } from '@deploy-actions/config'
import { LiveTransaction, newest, type Ledger } from '@deploy-actions/ledger'
import { holdingStates } from '@deploy-actions/rollout'

/** What the ledger says of a region before a rollout. */
export interface Standing {
  /** why it needs nothing */
  skip?: string
  /** which other run holds it */
  held?: string
}

/** Skipped when its newest transaction is committed with this digest; held when another run's transaction is live. */
export async function standing(
  ledger: Ledger,
  { region }: RegionConfig,
  digest: string,
  runId: number,
): Promise<Standing> {
  const entry = await newest(ledger, region.environment)
  if (!entry) return {}
  const { id, release, run } = entry.record
  if (holdingStates.includes(entry.state) && run.id !== runId)
    return { held: new LiveTransaction(entry).message }
  if (entry.state === 'committed' && release.digest === digest && !entry.record.weightsOnly)
    return { skip: `its newest transaction ${id} is committed with this digest` }
  return {}
}
