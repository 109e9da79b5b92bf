import type { FailureReason, HelmRelease } from '@deploy-actions/helm'

/** What live objects say of a release. */
export interface Observation {
  ok: boolean
  /** one line for people: what is so, or what is not */
  summary: string
  /** where it is not so */
  reason?: FailureReason
  /** for the evidence; secrets left out */
  facts?: Record<string, unknown>
}

/** Which revision of which release is looked at, and what has to run there. */
export interface Watched {
  helm: HelmRelease
  revision: number
  /** that some of its containers have to run */
  digest?: string | undefined
}

/**
 * Looks at live objects, which Helm does not. Without one nothing is said to be verified: what Helm says of itself is all
 * that is known.
 */
export interface Observer {
  /** Whether all that the manifest of a revision names runs as it says. Never throws for what the cluster says. */
  verify(watched: Watched, signal: AbortSignal): Promise<Observation>
  /** Why what Helm has given up on is not ready; undefined where nothing is known. Never throws. */
  diagnose(watched: Watched, signal: AbortSignal): Promise<Observation | undefined>
}
