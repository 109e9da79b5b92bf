import type { Ports } from '@deploy-actions/action-kit'
import { findRecord, whereOf } from './find-record'
import { finishedCommit } from './finish-commit'
import type { Inputs } from './inputs'
import { nothingOpen } from './nothing-open'
import type { Outputs } from './outputs'
import { provenBack } from './proven-back'
import { restoreRecord } from './restore-record'
import { restoreTrafficFirst } from './restore-traffic'

/** Puts a target back to the restore point of one transaction. Idempotent; when no transaction is open, that is not an error. */
export async function restore(inputs: Inputs, ports: Ports): Promise<Outputs> {
  if (inputs.only === 'traffic') return restoreTrafficFirst(inputs, ports)
  const where = await whereOf(inputs, ports)
  const found = await findRecord(where, inputs, ports)
  if (!found)
    return nothingOpen(
      `this run has no open transaction${inputs.region === undefined ? '' : ` in ${inputs.region}`}`,
      ports,
    )
  const back = inputs.to === 'open' ? undefined : await provenBack(found, where.ledger, ports)
  if (back) return back
  // A job that has not come to its commit has proven nothing for it, and bad traffic waits for nobody.
  const committed =
    inputs.to === 'open' && found.inJob !== true
      ? await finishedCommit(where.ledger, found.record, ports)
      : undefined
  return committed === undefined
    ? restoreRecord(found, where.ledger, inputs, ports)
    : nothingOpen(committed, ports)
}
