import { z } from 'zod'
import { providerPorts, ProviderError, type Ports } from '@deploy-actions/action-kit'
import type { Ledger, TransactionName } from '@deploy-actions/ledger'
import { stagedSteps, type StagedStep } from '@deploy-actions/rollout'
import { routers, type ObservedRouter } from '@deploy-actions/traffic'
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

/**
 * The steps in which a person may take a release back, as they were kept, or why there are none that could be taken: that
 * keeps nothing from going back at once.
 */
export function keptSteps({ staged }: RestoreSettings): StagedStep[] | string {
  if (staged === undefined)
    return 'no steps were kept of it: its rollout.yml had no rollback.staged, or an older version opened it'
  const read = stagedSteps().safeParse(staged)
  return read.success
    ? read.data
    : `the steps that were kept of it cannot be taken: ${z.prettifyError(read.error)}`
}

/** The router that settings lead to, with the arms that they name. */
export const openRouter = async (
  { router, arms: { baseline, canary } }: RestoreSettings,
  ports: Ports,
): Promise<ObservedRouter> => (await routers.configure(router)).open(providerPorts(ports), [baseline, canary])
