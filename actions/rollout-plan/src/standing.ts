import type { RegionConfig } from '@deploy-actions/config'
import {
  committedWith,
  holder,
  LiveTransaction,
  newest,
  type Ledger,
  type TransactionRecord,
} from '@deploy-actions/ledger'
import { defined } from '@deploy-actions/rollout'

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
  const live = await holder(ledger, region.environment)
  if (live)
    return live.record.run.id === runId
      ? { leftOpen: live.record }
      : { held: new LiveTransaction(live).message }
  const entry = await newest(ledger, region.environment)
  return defined({ skip: entry && committedWith(entry, digest) })
}
