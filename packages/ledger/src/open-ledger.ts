import { runUrl, type Clock, type GitHub, type RunContext } from '@deploy-actions/action-kit'
import { createFileLedger } from './file-ledger'
import { createGitHubLedger } from './github-ledger'
import type { Ledger } from './ledger'

/** Opens the ledger that an input names: `github` or `file:DIR`. */
export function openLedger(
  spec: string,
  service: string,
  ports: { github: GitHub; context: RunContext; clock: Clock; signal: AbortSignal },
): Ledger {
  return spec.startsWith('file:')
    ? createFileLedger(spec.slice('file:'.length), service)
    : createGitHubLedger(ports.github, service, { ...ports, logUrl: runUrl(ports.context) })
}
