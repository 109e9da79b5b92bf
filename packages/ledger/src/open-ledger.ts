import { createFileLedger } from './file-ledger'
import { createGitHubLedger, type LedgerPorts } from './github-ledger'
import type { Ledger } from './ledger'

/**
 * Opens the ledger that an input names: `github` or `file:DIR`.
 * @param trustedWorkflows paths of workflows, beside ours and that of this run, whose transactions may be restored
 */
export function openLedger(
  spec: string,
  service: string,
  ports: LedgerPorts,
  trustedWorkflows: readonly string[] = [],
): Ledger {
  return spec.startsWith('file:')
    ? createFileLedger(spec.slice('file:'.length), service, ports.context.runId)
    : createGitHubLedger(service, ports, trustedWorkflows)
}
