import type { RegionConfig } from '@deploy-actions/config'
import {
  committedWith,
  LiveTransaction,
  newest,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import { defined, holdingStates } from '@deploy-actions/rollout'

/** What the ledger says of a region before a rollout. */
export interface Standing {
  /** why it needs nothing */
  skip?: string
  /** which other run holds it */
  held?: string
  /** what an earlier attempt of this run left open: it is restored before anything else */
  leftOpen?: TransactionRecord
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
  const { run } = entry.record
  if (holdingStates.includes(entry.state))
    return run.id === runId ? { leftOpen: entry.record } : { held: new LiveTransaction(entry).message }
  return defined({ skip: committedWith(entry, digest) })
}
