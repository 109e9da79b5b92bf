import type { Ports } from '@deploy-actions/action-kit'
import { LEDGER_PATIENCE_MS, openLedger } from '@deploy-actions/ledger'
import { joinTransaction, mustBeOpen } from '@deploy-actions/transaction'

/**
 * A person may have taken the release back while the plan was read and made once more. @throws NotOpen, Aborted; nothing
 * was applied
 */
export async function mustStillBeOpen(id: string, ports: Ports): Promise<void> {
  const transaction = await joinTransaction(id, ports.context)
  ports.evidence.about({ transaction: id })
  const ledger = openLedger(transaction.ledger, transaction.record.service, ports, {
    patienceMs: LEDGER_PATIENCE_MS.forward,
  })
  await mustBeOpen(ledger, transaction)
}
