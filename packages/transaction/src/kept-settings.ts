import { ProviderError } from '@deploy-actions/action-kit'
import type { Ledger, TransactionName } from '@deploy-actions/ledger'
import { restoreSettings, type RestoreSettings } from './job-transaction'

/**
 * How the target of a transaction is reached, as its own run kept it when it opened the transaction: the proof that it
 * did is the ledger's.
 * @throws Untrusted when the ledger has no such proof
 */
export async function keptSettings(ledger: Ledger, name: TransactionName): Promise<RestoreSettings> {
  return readSettings(name.id, await ledger.settings(name))
}

/** @throws ProviderError when they are those of another version, or of something else */
export function readSettings(id: string, settings: unknown): RestoreSettings {
  const read = restoreSettings().safeParse(settings)
  if (read.success) return read.data
  throw new ProviderError(
    `what was kept of ${id} does not tell how its router is reached; use the version that opened the transaction`,
    { provider: 'ledger', cause: read.error },
  )
}
