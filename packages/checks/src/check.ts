import type { ChildProcesses, Http } from '@deploy-actions/action-kit'

/** What one look says. `unknown` is no red: the check itself could not be made. */
export interface Reading {
  state: 'green' | 'red' | 'unknown'
  /** one line for people */
  detail: string
  value?: number
  /** a red that no waiting will turn green */
  fatal?: boolean
}

/** Something that is green or not. */
export interface HealthCheck {
  /** Never throws for what the checked system does; a cancelled run is thrown. */
  probe(signal: AbortSignal): Promise<Reading>
}

/** What a check may touch. */
export interface CheckPorts {
  http: Http
  process: ChildProcesses
  /** the repository's folder, for scripts */
  workspace: string
  /** `DEPLOY_*` variables that scripts get */
  variables: Record<string, string>
}
