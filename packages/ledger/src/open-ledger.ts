import { createFileLedger } from './file-ledger'
import { createGitHubLedger, type LedgerOptions, type LedgerPorts } from './github-ledger'
import type { Ledger } from './ledger'

/** Opens the ledger that an input names: `github` or `file:DIR`. */
export function openLedger(
  spec: string,
  service: string,
  ports: LedgerPorts,
  options: LedgerOptions = {},
): Ledger {
  return spec.startsWith('file:')
    ? createFileLedger(spec.slice('file:'.length), service, ports.context.runId)
    : createGitHubLedger(service, ports, options)
}
